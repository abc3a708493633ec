//! The gateway in front of every action: who calls, with which signature, how often, and which fault strikes.

use std::time::Instant;

use http::{Method, header, request::Parts};
use jiff::{SignedDuration, Timestamp};

use crate::{
    action::{Action, Service},
    dimensions,
    errors::{Origin, Refusal},
    faults::{FaultKind, GatewayFaults, RequestFacts},
    kafka,
    limits::TOLERANCE_MS,
    list::{self, Kind},
    meta,
    params::Incoming,
    plain, progress,
    reply::Reply,
    robots, shape,
    shared::Shared,
    signature::Claim,
    sts,
    token::Token,
};

/// One call, from the decoded request to the reply and the moment its `Date` shows.
pub(crate) fn answer(shared: &Shared, parts: &Parts, body: &[u8]) -> (Reply, Timestamp) {
    if let Some(kind) = robots::at(parts.uri.path()) {
        return robots::answer(shared, parts, body, kind);
    }
    if let Some(action) = plain::at(parts.uri.path()) {
        return plain::answer(shared, parts, body, action);
    }
    let request_id = shared.request_id();
    let now = shared.clock.now();
    let host = parts
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let mut origin = Origin {
        request_id: &request_id,
        host: host.unwrap_or("cms-sim"),
        product: Service::Cms.product(),
    };

    let Some(incoming) = Incoming::decode(parts, body) else {
        shared.tally.arrived("other", Instant::now());
        shared.tally.ended("InvalidParameter", 0);
        let refusal = Refusal::invalid_parameter("query");
        return (Reply::refused(&refusal, &origin), now);
    };
    let named = if incoming.header("authorization").is_some() {
        incoming.header("x-acs-action").or(incoming.get("Action"))
    } else {
        unsigned(&incoming, "Action", "x-acs-action")
    };
    let action = Action::from_name(named.unwrap_or_default());
    shared
        .tally
        .arrived(action.map_or("other", Action::name), Instant::now());

    let facts = facts(&incoming, action);
    origin.product = facts.service.product();
    let gateway = shared.faults().at_gateway(&facts);
    let skewed = now
        .checked_add(SignedDuration::from_secs(gateway.skew_seconds))
        .unwrap_or(now);
    let call = Call {
        shared,
        incoming: &incoming,
        request_id: &request_id,
        now,
    };
    let admitted = match action {
        Some(Action::AssumeRoleWithOidc) if !is_signed(&incoming) => call.admit_unsigned(skewed),
        _ => call.admit(&gateway, skewed),
    };
    let reply = match admitted {
        Ok(action) => {
            let struck = shared.faults().at_reply(&facts);
            shape::shaped(struck, action, &origin, |fault| call.perform(action, fault))
        }
        Err(refusal) => Reply::refused(&refusal, &origin),
    };
    let reply = if is_rpc(&incoming) && !wants_json(&incoming) {
        reply.into_xml(action.map_or("Unknown", Action::name))
    } else {
        reply
    };
    shared.tally.ended(&reply.outcome, reply.points);
    (reply, skewed)
}

fn is_signed(incoming: &Incoming<'_>) -> bool {
    incoming.header("authorization").is_some() || incoming.get("Signature").is_some()
}

/// What a request without a signature says of itself: by parameter as in RPC, or by header as in ACS3.
fn unsigned<'a>(incoming: &'a Incoming<'a>, name: &str, header: &str) -> Option<&'a str> {
    incoming.non_empty(name).or(incoming.header(header))
}

/// Whether the reply's format is a parameter; ACS3 clients say it by header and always get JSON.
fn is_rpc(incoming: &Incoming<'_>) -> bool {
    let by_header = incoming.get("Action").is_none() && incoming.header("x-acs-action").is_some();
    incoming.header("authorization").is_none() && !by_header
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

/// Refuses a request whose timestamp is more than 15 minutes from what the gateway takes for the present.
fn check_time(text: &str, clock: Timestamp) -> Result<(), Refusal> {
    let sent = parse_timestamp(text).ok_or_else(Refusal::timestamp_format)?;
    if sent.as_millisecond().abs_diff(clock.as_millisecond()) > TOLERANCE_MS.unsigned_abs() {
        return Err(Refusal::timestamp_expired());
    }
    Ok(())
}

fn facts(incoming: &Incoming<'_>, action: Option<Action>) -> RequestFacts {
    let filters = dimensions::parse(incoming.get("Dimensions")).unwrap_or_default();
    let token = incoming.non_empty("NextToken");
    let security_token = incoming
        .non_empty("SecurityToken")
        .or(incoming.header("x-acs-security-token"));
    RequestFacts {
        action: action.map_or("other", Action::name).to_owned(),
        service: action.map(Action::service).unwrap_or_default(),
        instances: filters
            .into_iter()
            .filter_map(|filter| filter.instance)
            .chain(incoming.get("InstanceId").map(str::to_owned))
            .collect(),
        page: token.map_or(1, |text| Token::page_of(text).unwrap_or(0)),
        has_data: matches!(action, Some(Action::Data(_))),
        has_security_token: security_token.is_some(),
        ..RequestFacts::default()
    }
}

struct Call<'a> {
    shared: &'a Shared,
    incoming: &'a Incoming<'a>,
    request_id: &'a str,
    now: Timestamp,
}

impl Call<'_> {
    /// Checks everything that comes before the action; `clock` is what the gateway believes the time is.
    fn admit(&self, faults: &GatewayFaults, clock: Timestamp) -> Result<Action, Refusal> {
        self.check_target()?;
        let claim = Claim::read(self.incoming)?;
        let key = self.shared.keys.find(claim.key_id);
        let key = key
            .filter(|_| !faults.key_not_found)
            .ok_or_else(Refusal::unknown_key)?;
        match claim.token {
            None if key.is_temporary() => return Err(Refusal::missing("SecurityToken")),
            token if token != key.token.as_deref() => return Err(Refusal::token_mismatch()),
            _ => {}
        }
        check_time(claim.timestamp, clock)?;
        claim.verify(self.incoming, &key.secret)?;
        // After the signature, so that nobody without the secret learns that the set was good once; the vendor's order
        // is not documented. By the simulator's clock: a skewed gateway does not shorten what was promised.
        if key.is_expired(self.now) || faults.token_expired {
            return Err(Refusal::token_expired());
        }
        self.take_nonce(claim.nonce, clock)?;
        self.named(claim.action, claim.version)
    }

    /// The same for the one action whose caller has no key yet. What it says of time and nonce must be right, but
    /// whether the vendor demands them here is not documented, and not all clients send a nonce.
    fn admit_unsigned(&self, clock: Timestamp) -> Result<Action, Refusal> {
        self.check_target()?;
        let said = |name, header| unsigned(self.incoming, name, header);
        if let Some(text) = said("Timestamp", "x-acs-date") {
            check_time(text, clock)?;
        }
        if let Some(nonce) = said("SignatureNonce", "x-acs-signature-nonce") {
            self.take_nonce(nonce, clock)?;
        }
        let required = |name, header| said(name, header).ok_or_else(|| Refusal::missing(name));
        let action = required("Action", "x-acs-action")?;
        self.named(action, required("Version", "x-acs-version")?)
    }

    fn check_target(&self) -> Result<(), Refusal> {
        let method = self.incoming.method;
        if method != Method::GET && method != Method::POST {
            return Err(Refusal::unsupported_method());
        }
        if self.incoming.path != "/" {
            return Err(Refusal::unknown_action());
        }
        Ok(())
    }

    fn take_nonce(&self, nonce: &str, clock: Timestamp) -> Result<(), Refusal> {
        let is_new = self.shared.nonces().take(nonce, clock.as_millisecond());
        is_new.then_some(()).ok_or_else(Refusal::nonce_used)
    }

    /// The action of this name and version, unless it was called too often.
    fn named(&self, name: &str, version: &str) -> Result<Action, Refusal> {
        let action = Action::from_name(name);
        let action = action.filter(|action| version == action.service().version());
        let action = action.ok_or_else(Refusal::unknown_action)?;
        self.shared
            .rate()
            .admit(action.name(), Instant::now())
            .map_err(|wait| Refusal::throttled(Some(wait)))?;
        Ok(action)
    }

    fn perform(&self, action: Action, fault: Option<FaultKind>) -> Result<Reply, Refusal> {
        let sts = sts::Request {
            shared: self.shared,
            incoming: self.incoming,
            request_id: self.request_id,
            now: self.now,
            fault,
        };
        match action {
            Action::Data(kind) => self.list(kind, fault),
            Action::Meta => meta::answer(self.incoming, self.request_id),
            Action::AssumeRole => sts.assume_role(),
            Action::AssumeRoleWithOidc => sts.assume_role_with_oidc(),
            Action::InstanceList => {
                kafka::instance_list(self.shared, self.incoming, self.request_id)
            }
            Action::ConsumerProgress => {
                let now = self.now.as_millisecond();
                progress::answer(self.shared, self.incoming, self.request_id, now)
            }
            // Not signed, so no API call has these: see `plain`.
            Action::Metadata | Action::CredentialsUri => Err(Refusal::unknown_action()),
        }
    }

    fn list(&self, kind: Kind, fault: Option<FaultKind>) -> Result<Reply, Refusal> {
        let query = list::Query::read(self.incoming, kind, self.now)?;
        Ok(query.answer(self.shared, self.request_id, fault))
    }
}
