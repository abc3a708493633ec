//! What KEDA does beside the HPA it makes: between 0 and 1, and when the metric fails. Read in KEDA's source
//! (`pkg/fallback`, `pkg/scaling/executor`), not measured.

use super::{Controller, Hpa, MetricTarget, Point, number};
use crate::{Lag, LagSample};
use jiff::{SignedDuration, Timestamp};

/// A ScaledObject with one trigger.
#[derive(Debug, Clone, PartialEq)]
pub struct Keda {
    /// The HPA that KEDA makes of it. Its minimum is at least 1.
    pub hpa: Hpa,
    /// Whether it goes to 0 when nothing is to do: `minReplicaCount: 0` or `idleReplicaCount: 0`.
    pub sleeps: bool,
    /// Active while the lag is above this.
    pub activation: Lag,
    /// `pollingInterval`: how often it looks whether the trigger is active.
    pub polling: SignedDuration,
    /// `cooldownPeriod`: so long after it was last active it goes to 0.
    pub cooldown: SignedDuration,
    /// What it does when the metric fails. Only for [`MetricTarget::AverageValue`].
    pub fallback: Option<Fallback>,
    /// `ignoreNullValues` of a `prometheus` trigger, on unless it is switched off: a missing series is 0 for KEDA.
    pub missing_is_zero: bool,
}

/// `fallback`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fallback {
    /// So many failures in a row are borne.
    pub failure_threshold: u32,
    /// Replicas after one more.
    pub replicas: u32,
    /// How that number is meant.
    pub behavior: FallbackBehavior,
}

/// `fallback.behavior`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FallbackBehavior {
    /// So many.
    Static,
    /// As many as run.
    CurrentReplicas,
    /// So many, or as many as run if that is more.
    CurrentReplicasIfHigher,
    /// So many, or as many as run if that is less.
    CurrentReplicasIfLower,
}

/// What KEDA itself did at a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KedaNote {
    /// From 0 on, because the lag is above the activation value.
    Activated,
    /// To 0, because the lag was not above it for the cooldown period.
    Deactivated,
    /// The metric failed too often: the HPA was given a number that makes the fallback's replicas.
    FellBack,
    /// There was no number, and KEDA took it for 0.
    TookMissingForZero,
}

#[derive(Debug)]
pub(super) struct Operator {
    keda: Keda,
    next_poll: Option<Timestamp>,
    last_active: Option<Timestamp>,
    failures: u32,
}

impl Operator {
    pub(super) fn new(keda: Keda) -> Self {
        Self {
            keda,
            next_poll: None,
            last_active: None,
            failures: 0,
        }
    }

    /// A poll when one is due, then the HPA's sync.
    pub(super) fn sync(
        &mut self,
        controller: &mut Controller,
        at: Timestamp,
        seen: Option<LagSample>,
        ready: u32,
    ) -> (Point, Option<KedaNote>) {
        let lag = seen.map(|sample| sample.lag);
        let (lag, missing) = match lag {
            None if self.keda.missing_is_zero => {
                (Some(Lag::ZERO), Some(KedaNote::TookMissingForZero))
            }
            lag => (lag, None),
        };
        let slept = self.poll(controller, at, lag);
        let (metric, fell_back) = self.metric(lag, controller.replicas());
        let point = controller.sync(at, metric, ready);
        (point, slept.or(fell_back).or(missing))
    }

    fn poll(
        &mut self,
        controller: &mut Controller,
        at: Timestamp,
        lag: Option<Lag>,
    ) -> Option<KedaNote> {
        if self.next_poll.is_some_and(|next| at < next) {
            return None;
        }
        self.next_poll = at.saturating_add(self.keda.polling).ok();
        // A trigger that fails is neither active nor idle.
        let active = lag? > self.keda.activation;
        if active || self.last_active.is_none() {
            self.last_active = Some(at);
        }
        let idle_for = self.last_active.map(|last| at.duration_since(last));
        let replicas = controller.replicas();
        if replicas == 0 && active {
            controller.find(self.keda.hpa.bounds.min());
            Some(KedaNote::Activated)
        } else if replicas > 0
            && self.keda.sleeps
            && !active
            && idle_for.is_some_and(|idle| idle > self.keda.cooldown)
        {
            controller.find(0);
            Some(KedaNote::Deactivated)
        } else {
            None
        }
    }

    /// What the HPA is given.
    fn metric(&mut self, lag: Option<Lag>, replicas: u32) -> (Option<Lag>, Option<KedaNote>) {
        if lag.is_some() {
            self.failures = 0;
            return (lag, None);
        }
        self.failures = self.failures.saturating_add(1);
        let fallback = self.keda.fallback;
        let fallback = fallback.filter(|fallback| self.failures > fallback.failure_threshold);
        let (Some(fallback), MetricTarget::AverageValue(target)) = (fallback, self.keda.hpa.target)
        else {
            return (None, None);
        };
        let wanted = match fallback.behavior {
            FallbackBehavior::Static => fallback.replicas,
            FallbackBehavior::CurrentReplicas => replicas,
            FallbackBehavior::CurrentReplicasIfHigher => fallback.replicas.max(replicas),
            FallbackBehavior::CurrentReplicasIfLower => fallback.replicas.min(replicas),
        };
        let per_replica = number::float(target.get()) / 1000.0;
        let metric = Lag::try_from(per_replica * f64::from(wanted)).ok();
        (metric, metric.map(|_| KedaNote::FellBack))
    }
}
