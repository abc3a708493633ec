//! The gateway in front of every action: who calls, with which signature, how often, and which fault strikes.

use std::time::{Duration, Instant};

use http::{StatusCode, header, request::Parts};
use jiff::{SignedDuration, Timestamp};

use crate::{
    dimensions,
    errors::Refusal,
    faults::{FaultKind, GatewayFaults, RequestFacts},
    limits::TOLERANCE_MS,
    list::{self, Kind},
    meta,
    params::Incoming,
    reply::{Delivery, Reply},
    shared::Shared,
    signature::Claim,
    token::Token,
};

const VERSION: &str = "2019-01-01";

/// The actions that exist here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Data(Kind),
    Meta,
}

impl Action {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "DescribeMetricList" => Some(Self::Data(Kind::List)),
            "DescribeMetricLast" => Some(Self::Data(Kind::Last)),
            "DescribeMetricMetaList" => Some(Self::Meta),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Data(Kind::List) => "DescribeMetricList",
            Self::Data(Kind::Last) => "DescribeMetricLast",
            Self::Meta => "DescribeMetricMetaList",
        }
    }

    /// What RAM calls it, which is not what the API calls it.
    fn ram_name(self) -> &'static str {
        match self {
            Self::Data(Kind::List) => "cms:QueryMetricList",
            Self::Data(Kind::Last) => "cms:QueryMetricLast",
            Self::Meta => "cms:QueryMetricMeta",
        }
    }
}

/// One call, from the decoded request to the reply and the moment its `Date` shows.
pub(crate) fn answer(shared: &Shared, parts: &Parts, body: &[u8]) -> (Reply, Timestamp) {
    let request_id = shared.request_id();
    let now = shared.clock.now();
    let host = parts
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = host.unwrap_or("cms-sim");
    let refused = |refusal: &Refusal| Reply::refused(refusal, &request_id, host);

    let Some(incoming) = Incoming::decode(parts, body) else {
        shared.tally.arrived("other", Instant::now());
        shared.tally.ended("InvalidParameter", 0);
        return (refused(&Refusal::invalid_parameter("query")), now);
    };
    let name = incoming
        .header("authorization")
        .and(incoming.header("x-acs-action"));
    let action = Action::from_name(name.or(incoming.get("Action")).unwrap_or_default());
    shared
        .tally
        .arrived(action.map_or("other", Action::name), Instant::now());

    let facts = facts(&incoming, action);
    let gateway = shared.faults().at_gateway(&facts);
    let skewed = now
        .checked_add(SignedDuration::from_secs(gateway.skew_seconds))
        .unwrap_or(now);
    let call = Call {
        shared,
        incoming: &incoming,
        facts: &facts,
        request_id: &request_id,
        now,
    };
    let reply = match call.admit(&gateway, skewed) {
        Ok(action) => call.perform(action, refused),
        Err(refusal) => refused(&refusal),
    };
    let reply = if incoming.header("authorization").is_none() && !wants_json(&incoming) {
        reply.into_xml(action.map_or("Unknown", Action::name))
    } else {
        reply
    };
    shared.tally.ended(&reply.outcome, reply.points);
    (reply, skewed)
}

/// RPC clients must ask for JSON; the generic default is XML.
fn wants_json(incoming: &Incoming<'_>) -> bool {
    incoming
        .get("Format")
        .is_some_and(|format| format.eq_ignore_ascii_case("json"))
}

/// `YYYY-MM-DDThh:mm:ssZ` and nothing else: a fraction or another zone is badly formed to the vendor.
fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let strict = text.len() == "2026-01-15T08:30:00Z".len() && text.ends_with('Z');
    strict.then(|| text.parse().ok()).flatten()
}

fn facts(incoming: &Incoming<'_>, action: Option<Action>) -> RequestFacts {
    let filters = dimensions::parse(incoming.get("Dimensions")).unwrap_or_default();
    let token = incoming.non_empty("NextToken");
    RequestFacts {
        action: action.map_or("other", Action::name).to_owned(),
        instances: filters
            .into_iter()
            .filter_map(|filter| filter.instance)
            .collect(),
        page: token.map_or(1, |text| Token::page_of(text).unwrap_or(0)),
        has_data: matches!(action, Some(Action::Data(_))),
    }
}

struct Call<'a> {
    shared: &'a Shared,
    incoming: &'a Incoming<'a>,
    facts: &'a RequestFacts,
    request_id: &'a str,
    now: Timestamp,
}

impl Call<'_> {
    /// Checks everything that comes before the action; `clock` is what the gateway believes the time is.
    fn admit(&self, faults: &GatewayFaults, clock: Timestamp) -> Result<Action, Refusal> {
        let method = self.incoming.method;
        if method != http::Method::GET && method != http::Method::POST {
            return Err(Refusal::unsupported_method());
        }
        if self.incoming.path != "/" {
            return Err(Refusal::unknown_action());
        }
        let claim = Claim::read(self.incoming)?;
        let key = &self.shared.key;
        if faults.key_not_found || claim.key_id != key.id {
            return Err(Refusal::unknown_key());
        }
        let temporary = key.token.is_some() || key.id.starts_with("STS.");
        match claim.token {
            None if temporary => return Err(Refusal::missing("SecurityToken")),
            token if token != key.token.as_deref() => return Err(Refusal::token_mismatch()),
            _ => {}
        }
        let sent = parse_timestamp(claim.timestamp).ok_or_else(Refusal::timestamp_format)?;
        if sent.as_millisecond().abs_diff(clock.as_millisecond()) > TOLERANCE_MS.unsigned_abs() {
            return Err(Refusal::timestamp_expired());
        }
        claim.verify(self.incoming, &key.secret)?;
        if !self
            .shared
            .nonces()
            .take(claim.nonce, clock.as_millisecond())
        {
            return Err(Refusal::nonce_used());
        }
        let action = Action::from_name(claim.action).filter(|_| claim.version == VERSION);
        let action = action.ok_or_else(Refusal::unknown_action)?;
        self.shared
            .rate()
            .admit(action.name(), Instant::now())
            .map_err(|wait| Refusal::throttled(Some(wait)))?;
        Ok(action)
    }

    fn perform(&self, action: Action, refused: impl Fn(&Refusal) -> Reply) -> Reply {
        let (delay_ms, fault) = self.shared.faults().at_reply(self.facts);
        let plain = |fault| {
            let result = match action {
                Action::Data(kind) => self.list(kind, fault),
                Action::Meta => meta::answer(self.incoming, self.request_id),
            };
            result.unwrap_or_else(|refusal| refused(&refusal))
        };
        let named = |kind: FaultKind, reply| Reply {
            outcome: kind.name().into(),
            ..reply
        };
        let mut reply = match fault {
            None => plain(None),
            Some(kind) => match self.instead(kind, action, &refused) {
                Some(reply) => named(kind, reply),
                None => match plain(Some(kind)) {
                    reply if reply.outcome == "OK" => named(kind, reply),
                    // A refusal of the call itself, for example of its parameters, is not the fault's doing.
                    reply => reply,
                },
            },
        };
        if fault == Some(FaultKind::TruncatedBody) {
            reply.delivery = Delivery::Truncated;
        }
        reply.delay = Duration::from_millis(delay_ms);
        reply
    }

    fn list(&self, kind: Kind, fault: Option<FaultKind>) -> Result<Reply, Refusal> {
        let query = list::Query::read(self.incoming, kind, self.now)?;
        Ok(query.answer(self.shared, self.request_id, fault))
    }

    /// The reply of a fault that stands in place of the action's, if it is such a fault.
    fn instead(
        &self,
        kind: FaultKind,
        action: Action,
        refused: impl Fn(&Refusal) -> Reply,
    ) -> Option<Reply> {
        let id = self.request_id;
        let nothing = |delivery| Reply {
            delivery,
            ..Reply::ok(String::new())
        };
        Some(match kind {
            FaultKind::Throttling => refused(&Refusal::throttled(None)),
            FaultKind::ThrottlingRetryAfter { ms } => refused(&Refusal::throttled(Some(ms))),
            FaultKind::Http429 => refused(&Refusal::too_many_requests()),
            FaultKind::ServiceUnavailable => refused(&Refusal::unavailable()),
            FaultKind::InternalError => refused(&Refusal::internal()),
            FaultKind::Forbidden => refused(&Refusal::forbidden(action.ram_name())),
            FaultKind::InvalidParameter => refused(&Refusal::invalid_parameter("Dimensions")),
            FaultKind::Empty500 => Reply {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                ..Reply::ok(String::new())
            },
            FaultKind::Html502 => Reply {
                status: StatusCode::BAD_GATEWAY,
                content_type: "text/html",
                ..Reply::ok(BAD_GATEWAY.into())
            },
            FaultKind::SuccessFalse => Reply::ok(format!(
                r#"{{"Code":"500","Message":"The request processing has failed due to some unknown error.","Success":false,"RequestId":"{id}"}}"#
            )),
            FaultKind::CodeOnly => Reply::ok(format!(
                r#"{{"Code":"Throttling.User","Message":"Request was denied due to user flow control.","RequestId":"{id}"}}"#
            )),
            FaultKind::Reset => nothing(Delivery::Reset),
            FaultKind::Stall => nothing(Delivery::Never),
            _ => return None,
        })
    }
}

const BAD_GATEWAY: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center><h1>502 Bad Gateway</h1></center></body>\r\n</html>\r\n";
