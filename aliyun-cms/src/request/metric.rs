//! `DescribeMetricList` and `DescribeMetricLast`, which take the same parameters.

use std::time::Duration;

use jiff::Timestamp;

use super::dimensions::{Dimensions, quoted};
use crate::{
    Client, Error,
    attempt::Params,
    paginate::{MetricPage, Pages, fetch},
};

/// The default of `max_pages`: 1.4 million points, if the pages are full.
const MAX_PAGES: u32 = 1000;

/// What both requests hold.
#[derive(Clone, Debug)]
struct Query {
    client: Client,
    namespace: String,
    metric: String,
    dimensions: Dimensions,
    period: Option<Duration>,
    window: Option<(Timestamp, Timestamp)>,
    length: Option<u16>,
    group_by: Vec<String>,
    max_pages: u32,
}

impl Query {
    fn new(client: Client, namespace: String, metric: String) -> Self {
        Self {
            client,
            namespace,
            metric,
            dimensions: Dimensions::default(),
            period: None,
            window: None,
            length: None,
            group_by: Vec::new(),
            max_pages: MAX_PAGES,
        }
    }

    /// Everything but the token; the numbers travel as text.
    fn params(&self, action: &str) -> Result<Params, Error> {
        let refuse = |detail: String| Error::invalid(action, detail);
        let mut params: Params = Vec::with_capacity(10);
        for (name, value) in [("Namespace", &self.namespace), ("MetricName", &self.metric)] {
            if value.trim().is_empty() {
                return Err(refuse(format!("{name} is empty")));
            }
            params.push((name.into(), value.clone()));
        }
        if let Some(period) = self.period {
            if period.as_secs() == 0 || period.subsec_nanos() != 0 {
                return Err(refuse(format!(
                    "a period of {period:?} is not a number of whole seconds"
                )));
            }
            params.push(("Period".into(), period.as_secs().to_string()));
        }
        if let Some((from, to)) = self.window {
            if from >= to {
                return Err(refuse(format!("the window from {from} to {to} is empty")));
            }
            params.push(("StartTime".into(), from.as_millisecond().to_string()));
            params.push(("EndTime".into(), to.as_millisecond().to_string()));
        }
        if let Some(json) = self.dimensions.to_json().map_err(refuse)? {
            params.push(("Dimensions".into(), json));
        }
        if let Some(length) = self.length {
            if !(1..=1440).contains(&length) {
                return Err(refuse(format!("a length of {length} is outside 1 to 1440")));
            }
            params.push(("Length".into(), length.to_string()));
        }
        if !self.group_by.is_empty() {
            let names: Vec<String> = self.group_by.iter().map(|name| quoted(name)).collect();
            let express = format!(r#"{{"groupby":[{}]}}"#, names.join(","));
            params.push(("Express".into(), express));
        }
        Ok(params)
    }
}

macro_rules! metric_request {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Values are checked when it is sent: a wrong one is [`Error::InvalidRequest`],
        /// and nothing leaves this process.
        #[derive(Clone, Debug)]
        #[must_use = "nothing happens until it is sent"]
        pub struct $name(Query);

        impl $name {
            const ACTION: &'static str = stringify!($name);

            pub(crate) fn new(client: Client, namespace: String, metric: String) -> Self {
                Self(Query::new(client, namespace, metric))
            }

            /// Narrows to one value of a dimension. Some of the metric's dimensions are
            /// enough: with the instance alone, all series of that instance are returned.
            pub fn dimension(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
                self.0.dimensions.set(key.into(), value.into());
                self
            }

            /// Narrows to these instances, at most 50: one call for all of them costs no
            /// more than one for a single instance.
            pub fn instances(mut self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
                self.0.dimensions.add_instances(ids.into_iter().map(Into::into));
                self
            }

            /// The dimensions as JSON text, an object or an array of objects, sent as it is.
            /// Cannot be combined with the other two.
            pub fn dimensions_json(mut self, json: impl Into<String>) -> Self {
                self.0.dimensions.set_json(json.into());
                self
            }

            /// The time between points, in whole seconds. Without it, the metric's own.
            pub fn period(mut self, period: Duration) -> Self {
                self.0.period = Some(period);
                self
            }

            /// Points after `from` up to and including `to`. The newest minute is seldom
            /// there yet: ask for three to five. Without a window, the default is not
            /// documented.
            pub fn window(mut self, from: Timestamp, to: Timestamp) -> Self {
                self.0.window = Some((from, to));
                self
            }

            /// Points per page, 1 to 1440. Without it, the default is not documented.
            pub fn length(mut self, length: u16) -> Self {
                self.0.length = Some(length);
                self
            }

            /// Aggregates over all dimensions but these (`Express`).
            pub fn express_group_by(
                mut self,
                dimensions: impl IntoIterator<Item = impl Into<String>>,
            ) -> Self {
                self.0.group_by.extend(dimensions.into_iter().map(Into::into));
                self
            }

            /// The bound of [`pages`](Self::pages); more pages are an error. Default 1000; zero counts as one.
            pub fn max_pages(mut self, limit: u32) -> Self {
                self.0.max_pages = limit;
                self
            }

            /// One page: the first, or the one that a token stands for.
            ///
            /// # Errors
            ///
            /// When the request is wrong, there are no credentials, the service does not
            /// answer or answers with an error, after the attempts of the client's policy.
            pub async fn send(self, next_token: Option<&str>) -> Result<MetricPage, Error> {
                let params = self.0.params(Self::ACTION)?;
                let token = next_token.filter(|token| !token.is_empty());
                fetch(&self.0.client, Self::ACTION, &params, token).await
            }

            /// All pages, one after the other. Nothing is sent before the first is asked for.
            pub fn pages(self) -> Pages {
                let params = self.0.params(Self::ACTION);
                Pages::new(self.0.client, Self::ACTION, params, self.0.max_pages)
            }
        }
    };
}

metric_request! {
    /// Asks for the points of a metric within a window.
    DescribeMetricList
}

metric_request! {
    /// Asks for the newest points of a metric, looking back from the window's end by 20
    /// minutes, 2 hours or 2 days, as the period is short or long.
    DescribeMetricLast
}
