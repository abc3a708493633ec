//! `DescribeMetricList` and `DescribeMetricLast`.

use jiff::Timestamp;

use crate::{
    dimensions::{self, Filter, Metric},
    errors::Refusal,
    faults::FaultKind,
    model::escape,
    pages::{Distortion, Points},
    params::Incoming,
    reply::Reply,
    shared::Shared,
    token::{Token, fingerprint},
    window::Window,
};

pub(crate) const NAMESPACE: &str = "acs_kafka";
const DEFAULT_LENGTH: usize = 1000;
const MOST_LENGTH: usize = 1440;

/// `DescribeMetricLast` gives more than one point per series; a client must take the newest.
const LAST_POINTS: usize = 2;

/// The two actions that serve datapoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    List,
    Last,
}

/// A query that has been understood.
#[derive(Debug)]
pub(crate) struct Query<'a> {
    kind: Kind,
    metric: Metric,
    window: Window,
    /// `None`: the text of `Dimensions` could not be parsed, which the vendor reports in a body with status 200.
    filters: Option<Vec<Filter>>,
    dimensions: &'a str,
    length: usize,
    token_text: Option<&'a str>,
    token: Token,
    bound: u64,
    now: i64,
}

impl<'a> Query<'a> {
    pub(crate) fn read(
        incoming: &'a Incoming<'a>,
        kind: Kind,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let required = |name: &str| {
            incoming
                .non_empty(name)
                .ok_or_else(|| Refusal::missing(name))
        };
        let namespace = required("Namespace")?;
        let metric = required("MetricName")?;
        let metric = Metric::from_name(metric).filter(|_| namespace == NAMESPACE);
        let metric = metric.ok_or_else(Refusal::unknown_resource)?;
        let bound = fingerprint(incoming, if kind == Kind::List { "list" } else { "last" });
        let token_text = incoming.non_empty("NextToken");
        let now = now.as_millisecond();
        let token = match token_text {
            None => Token {
                index: 0,
                page: 1,
                as_of: now,
            },
            Some(text) => {
                Token::decode(text, bound).ok_or_else(|| Refusal::invalid_parameter("NextToken"))?
            }
        };
        let window = Window::read(incoming, token.as_of)?;
        let dimensions = incoming.get("Dimensions");
        Ok(Self {
            kind,
            metric,
            window: match kind {
                Kind::List => window,
                Kind::Last => window.for_last(incoming.non_empty("StartTime").is_some()),
            },
            filters: dimensions::parse(dimensions),
            dimensions: dimensions.unwrap_or_default(),
            length: length(incoming)?,
            token_text,
            token,
            bound,
            now,
        })
    }

    pub(crate) fn answer(
        &self,
        shared: &Shared,
        request_id: &str,
        fault: Option<FaultKind>,
    ) -> Reply {
        let Some(filters) = &self.filters else {
            return self.bad_dimensions(request_id);
        };
        let model = shared.model();
        let Window {
            start,
            end,
            period_ms,
        } = self.window;
        let mut points = Points {
            runs: dimensions::select(&model, self.metric, filters),
            model: &model,
            metric: self.metric,
            times: shared
                .publication
                .times(start, end, period_ms, self.token.as_of),
            period_ms,
            order: shared.order,
            newest: (self.kind == Kind::Last).then_some(LAST_POINTS),
        };
        points.add_single(start, end, self.token.as_of);
        self.page(&points, request_id, fault)
    }

    fn page(&self, points: &Points<'_>, request_id: &str, fault: Option<FaultKind>) -> Reply {
        let length = match fault {
            Some(FaultKind::EmptyPageWithToken) => 0,
            _ => self.length,
        };
        let mut body = String::with_capacity(length * 200 + 512);
        body += &format!(
            r#"{{"Code":"200","Success":true,"Period":"{}","RequestId":"{request_id}","#,
            self.window.period_ms / 1000
        );
        let begin = body.len();
        body += r#""Datapoints":""#;
        let text = body.len();
        let written = points.write(
            &mut body,
            self.token.index,
            length,
            self.distortion(points, fault),
        );
        let served = match fault {
            Some(FaultKind::DatapointsMissing) => {
                body.truncate(begin);
                0
            }
            Some(FaultKind::DatapointsNull) => {
                body.truncate(text - 1);
                body += "null,";
                0
            }
            Some(FaultKind::DatapointsEmptyString) => {
                body.truncate(text);
                body += "\",";
                0
            }
            Some(FaultKind::DatapointsMalformed) => {
                body.pop();
                body += &escape(r#"{"timestamp":17684655"#);
                body += "\",";
                0
            }
            Some(FaultKind::DatapointsArray) => {
                let quoted = format!("{}\"", &body[text - 1..]);
                body.truncate(text - 1);
                body += &serde_json::from_str::<String>(&quoted).unwrap_or_default();
                body.push(',');
                written.points
            }
            _ => {
                body += "\",";
                written.points
            }
        };
        let next = written.next.map(|next| (next.index, next.timestamp));
        match self.next_token(points, next, fault) {
            Some(token) => body += &format!(r#""NextToken":"{token}"}}"#),
            None => {
                body.pop();
                body.push('}');
            }
        }
        Reply {
            points: served,
            ..Reply::ok(body)
        }
    }

    fn distortion(&self, points: &Points<'_>, fault: Option<FaultKind>) -> Distortion {
        let newest = points.times.last().map_or(0, |moment| moment.at);
        Distortion {
            negative: fault == Some(FaultKind::NegativeValues),
            no_statistic: fault == Some(FaultKind::NoStatistic),
            shift_ms: match fault {
                Some(FaultKind::FutureTimestamps { seconds }) => {
                    self.now - newest + seconds.saturating_mul(1000)
                }
                _ => 0,
            },
        }
    }

    fn next_token(
        &self,
        points: &Points<'_>,
        next: Option<(usize, i64)>,
        fault: Option<FaultKind>,
    ) -> Option<String> {
        let newest = points.times.last().map_or(self.now, |moment| moment.at);
        let end = (points.len(), newest);
        let (index, timestamp) = match fault {
            Some(FaultKind::RepeatedToken) => match self.token_text {
                Some(text) => return Some(text.to_owned()),
                None => next.unwrap_or(end),
            },
            Some(FaultKind::EndlessTokens) => next.unwrap_or(end),
            Some(FaultKind::EmptyPageWithToken) => (self.token.index, newest),
            _ => next?,
        };
        let token = Token {
            index,
            page: self.token.page.saturating_add(1),
            as_of: self.token.as_of,
        };
        Some(token.encode(timestamp, self.bound))
    }

    fn bad_dimensions(&self, request_id: &str) -> Reply {
        let message = escape(&format!(
            "parse param dimensions error({})",
            self.dimensions
        ));
        Reply {
            outcome: "400".into(),
            ..Reply::ok(format!(
                r#"{{"Code":"400","Message":"{message}","NextToken":"","Datapoints":"","Period":"","Success":false,"RequestId":"{request_id}"}}"#
            ))
        }
    }
}

fn length(incoming: &Incoming<'_>) -> Result<usize, Refusal> {
    let Some(text) = incoming.non_empty("Length") else {
        return Ok(DEFAULT_LENGTH);
    };
    let length = text.parse().ok();
    length
        .filter(|length| (1..=MOST_LENGTH).contains(length))
        .ok_or_else(|| Refusal::invalid_parameter("Length"))
}
