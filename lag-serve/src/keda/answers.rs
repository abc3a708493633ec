//! What a trigger is answered now, as messages and statuses of gRPC.

use super::{
    Keda,
    memories::Full,
    pb::{GetMetricSpecResponse, GetMetricsResponse, MetricSpec, MetricValue, ScaledObjectRef},
};
use jiff::Timestamp;
use lag_core::{
    Board,
    trigger::{NoNumber, NoNumberKind, Trigger},
};
use std::sync::Arc;
use tonic::{Result, Status};

/// What is asked for, whatever is known now: an HPA must exist in an outage too.
pub(super) fn spec(trigger: &Trigger) -> GetMetricSpecResponse {
    let spec = MetricSpec {
        metric_name: trigger.metric_name().to_owned(),
        target_size: rounded_up(trigger.target()),
        target_size_float: trigger.target(),
    };
    GetMetricSpecResponse {
        metric_specs: vec![spec],
    }
}

impl Keda {
    /// The trigger in a request. Whether it can be understood never depends on what the cloud answers.
    pub(super) fn trigger(&self, object: &ScaledObjectRef) -> Result<Trigger> {
        let pairs = object.scaler_metadata.iter();
        let trigger = Trigger::parse(pairs.map(|(key, text)| (key.as_str(), text.as_str())));
        let trigger = trigger.map_err(|error| Status::invalid_argument(error.to_string()))?;
        match trigger.key(&self.0.board.load()) {
            Err(error) if error.kind() == NoNumberKind::Invalid => Err(self.refusal(error)),
            Ok(_) | Err(_) => Ok(trigger),
        }
    }

    /// One value, under the name it was asked by.
    pub(super) fn value(&self, trigger: &Trigger, name: String) -> Result<GetMetricsResponse> {
        if !name.eq_ignore_ascii_case(trigger.metric_name()) {
            return Err(Status::invalid_argument(format!(
                "metric {:?} is not of this trigger: ask for {}",
                name.chars().take(64).collect::<String>(),
                trigger.metric_name()
            )));
        }
        let (board, now) = self.moment();
        let value = trigger.value(&board, now, self.config().max_age);
        let value = value.map_err(|error| self.refusal(error))?;
        let value = MetricValue {
            metric_name: name,
            metric_value: rounded_up(value),
            metric_value_float: value,
        };
        Ok(GetMetricsResponse {
            metric_values: vec![value],
        })
    }

    /// Whether a workload at zero replicas is wanted, by a fresh sample.
    pub(super) fn active(&self, trigger: &Trigger) -> Result<bool> {
        let (board, now) = self.moment();
        let sample = trigger.key(&board).and_then(|key| {
            let sample = trigger.sample(&board, &key, now, self.config().max_age)?;
            Ok((key, sample))
        });
        let (key, sample) = sample.map_err(|error| self.refusal(error))?;
        let active = self.0.memories.is_active(trigger, key, sample, now);
        let full = |Full| {
            Status::resource_exhausted(
                "too many triggers with sustainSeconds: leave it out where it is not needed",
            )
        };
        active.map_err(full)?.map_err(|error| self.refusal(error))
    }

    /// The board and the time, in this order: a board is never looked at from before it was made.
    fn moment(&self) -> (Arc<Board>, Timestamp) {
        let board = self.0.board.load();
        (board, (self.0.now)())
    }

    fn refusal(&self, error: NoNumber) -> Status {
        let error = if self.config().topics {
            error
        } else {
            error.without_topics()
        };
        let text = error.to_string();
        match error.kind() {
            NoNumberKind::Invalid => Status::invalid_argument(text),
            NoNumberKind::Unknown => Status::not_found(text),
            NoNumberKind::Unavailable => Status::unavailable(text),
        }
    }
}

/// A finite number from zero up as KEDA before 2.17 reads it: whole, rounded up, as large as there is room for.
fn rounded_up(value: f64) -> i64 {
    // With a precision all digits are exact; without one Display fills up with zeros.
    let digits = format!("{:.0}", value.ceil());
    digits.parse().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_up_and_only_zero_is_zero() {
        let table = [
            (0.0, 0),
            (0.001, 1),
            (1.0, 1),
            (182_345.000_1, 182_346),
            (9e15, 9_000_000_000_000_000),
            (9_223_372_036_854_774_784.0, 9_223_372_036_854_774_784),
            (9_223_372_036_854_775_808.0, i64::MAX),
            (f64::MAX, i64::MAX),
        ];
        for (value, whole) in table {
            assert_eq!(rounded_up(value), whole, "{value}");
        }
    }
}
