//! What goes wrong with the next messages of one robot.

use serde::{Deserialize, Serialize};

/// How a robot answers instead of as it should. In JSON the name stands in `fault`, for example
/// `{"fault":"errcode","code":-1,"times":2}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
#[non_exhaustive]
pub enum RobotFault {
    /// HTTP 200 with this code; the message is not taken. A webhook has no codes and answers 500.
    Errcode {
        /// The vendor's code, for example -1 or 130101.
        code: i64,
    },
    /// HTTP 500 without a body; the message is not taken.
    #[serde(rename = "http_500")]
    Http500,
    /// A proxy's page with status 200; the message is not taken.
    Html,
    /// No answer; the message is not taken.
    Hang,
    /// The connection is reset; the message is not taken.
    Reset,
    /// The answer comes late; the message is looked at as ever.
    Delay {
        /// Added waiting, in milliseconds.
        ms: u64,
    },
    /// The message is looked at and taken as ever, but the sender never learns of it.
    AcceptThenHang,
}

impl RobotFault {
    /// The name in JSON and in the counters.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Errcode { .. } => "errcode",
            Self::Http500 => "http_500",
            Self::Html => "html",
            Self::Hang => "hang",
            Self::Reset => "reset",
            Self::Delay { .. } => "delay",
            Self::AcceptThenHang => "accept_then_hang",
        }
    }
}

/// The JSON form of the control API.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RobotFaultSpec {
    fault: String,
    code: Option<i64>,
    ms: Option<u64>,
    times: Option<u32>,
}

impl RobotFaultSpec {
    /// The fault and how many messages it strikes, or a sentence that says which key is wrong.
    pub(crate) fn into_fault(self) -> Result<(RobotFault, u32), String> {
        let times = self.times.unwrap_or(1);
        if times == 0 {
            return Err("`times` must be at least 1; leave it out for one message".into());
        }
        let fault = match (self.fault.as_str(), self.code, self.ms) {
            ("errcode", Some(code), None) => RobotFault::Errcode { code },
            ("errcode", None, _) => return Err("`errcode` needs a `code`, for example -1".into()),
            ("delay", None, Some(ms)) => RobotFault::Delay { ms },
            ("delay", _, None) => return Err("`delay` needs `ms`, for example 500".into()),
            ("http_500", None, None) => RobotFault::Http500,
            ("html", None, None) => RobotFault::Html,
            ("hang", None, None) => RobotFault::Hang,
            ("reset", None, None) => RobotFault::Reset,
            ("accept_then_hang", None, None) => RobotFault::AcceptThenHang,
            (name, None, None) => {
                return Err(format!(
                    "unknown fault `{name}`; allowed: errcode, http_500, html, hang, reset, delay, accept_then_hang"
                ));
            }
            (name, _, _) => {
                return Err(format!(
                    "`code` goes with errcode and `ms` with delay, not with `{name}`"
                ));
            }
        };
        Ok((fault, times))
    }
}

#[cfg(test)]
mod tests {
    use super::{RobotFault, RobotFaultSpec};

    fn spec(text: &str) -> Result<(RobotFault, u32), String> {
        serde_json::from_str::<RobotFaultSpec>(text)
            .unwrap()
            .into_fault()
    }

    #[test]
    fn a_fault_is_read_as_it_is_written() {
        for fault in [
            RobotFault::Errcode { code: -1 },
            RobotFault::Http500,
            RobotFault::Html,
            RobotFault::Hang,
            RobotFault::Reset,
            RobotFault::Delay { ms: 5 },
            RobotFault::AcceptThenHang,
        ] {
            let mut json = serde_json::to_value(fault).unwrap();
            assert_eq!(json["fault"], fault.name());
            assert_eq!(spec(&json.to_string()), Ok((fault, 1)));
            json["times"] = 3.into();
            assert_eq!(spec(&json.to_string()), Ok((fault, 3)));
        }
    }

    #[test]
    fn a_fault_that_cannot_be_is_refused_with_what_would_work() {
        for (text, hint) in [
            (r#"{"fault":"hung"}"#, "allowed: errcode"),
            (r#"{"fault":"errcode"}"#, "needs a `code`"),
            (r#"{"fault":"delay"}"#, "needs `ms`"),
            (r#"{"fault":"hang","ms":5}"#, "not with `hang`"),
            (r#"{"fault":"hang","times":0}"#, "at least 1"),
        ] {
            let refused = spec(text).unwrap_err();
            assert!(refused.contains(hint), "{text}: {refused}");
        }
    }
}
