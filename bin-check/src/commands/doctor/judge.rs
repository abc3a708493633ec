//! Which fact means which verdict, and what to do about it: from keys to the first reply.

use aliyun_cms::ErrorKind;
use jiff::SignedDuration;

use super::{
    facts::{Facts, NoKeys},
    finding::{Finding, Step},
    judge_answer::{answer, authentication, permission},
    judge_data,
};
use crate::output::number;
use lag_runtime::credentials::HOW_TO_GET;

/// From here on the cloud refuses what is signed.
const REFUSED_BEYOND: SignedDuration = SignedDuration::from_mins(15);
/// From here on ages are visibly wrong.
const WORTH_A_WARNING: SignedDuration = SignedDuration::from_mins(1);
/// What a wrong clock needs.
const NTP: &str = "synchronise the clock of this machine (NTP)";
/// Keys that end so soon are worth a word.
const ENDS_SOON: SignedDuration = SignedDuration::from_mins(5);

/// Every step of one source, in order.
pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut findings = vec![
        credentials(facts),
        dns(facts),
        connection(facts),
        clock(facts),
        authentication(facts),
        permission(facts),
        answer(facts),
    ];
    findings.extend(judge_data::findings(facts));
    for finding in &mut findings {
        finding.source = Some(facts.source.clone());
    }
    findings
}

fn credentials(facts: &Facts) -> Finding {
    let step = Step::Credentials;
    match &facts.keys {
        None => Finding::skipped(step, "not looked for"),
        Some(Err(NoKeys::NotConfigured(looked))) => Finding::failed(step, looked, HOW_TO_GET),
        Some(Err(NoKeys::Broken {
            text,
            hint,
            is_retryable,
        })) => {
            let advice = match (hint, is_retryable) {
                // STS refuses what is signed at the wrong time.
                _ if text.contains("InvalidTimeStamp") => NTP,
                (Some(hint), _) => hint,
                (None, true) => {
                    "it is asked again at each collection: check that it can be reached"
                }
                (None, false) => "correct what is named; no other source of keys is tried",
            };
            Finding::failed(step, text, advice)
        }
        Some(Ok(keys)) => {
            let token = if keys.is_temporary {
                ", with a security token"
            } else {
                ""
            };
            let (id, from) = (&keys.masked_id, &keys.from);
            match keys.expires_in {
                None => Finding::ok(step, format!("key {id} from {from}{token}")),
                Some(left) if left <= SignedDuration::ZERO => Finding::failed(
                    step,
                    format!("key {id} from {from} has expired"),
                    "renew the temporary keys, or use a source that renews them itself",
                ),
                Some(left) if left < ENDS_SOON => Finding::warn(
                    step,
                    format!(
                        "key {id} from {from}{token} ends in {}",
                        number::duration(left)
                    ),
                    "see that whatever issued it renews it in time",
                ),
                Some(left) => Finding::ok(
                    step,
                    format!(
                        "key {id} from {from}{token}, good for {}",
                        number::duration(left)
                    ),
                ),
            }
        }
    }
}

fn dns(facts: &Facts) -> Finding {
    let (step, host) = (Step::Dns, &facts.host);
    match (&facts.addresses, &facts.proxy) {
        (None, _) => Finding::skipped(step, format!("{host} is an address")),
        (Some(Ok(addresses)), _) => {
            Finding::ok(step, format!("{host} is {}", addresses.join(", ")))
        }
        (Some(Err(words)), Some(proxy)) => Finding::warn(
            step,
            format!("{host} does not resolve here: {words}"),
            format!("{proxy} names a proxy, which may resolve it: see the next step"),
        ),
        (Some(Err(words)), None) => Finding::failed(
            step,
            format!("{host} does not resolve: {words}"),
            "check --cms.region or --cms.endpoint for a spelling mistake, and the DNS settings of this machine",
        ),
    }
}

/// Whether the host name is the reason why nothing else works.
fn is_dns_the_cause(facts: &Facts) -> bool {
    matches!(facts.addresses, Some(Err(_))) && facts.proxy.is_none()
}

fn connection(facts: &Facts) -> Finding {
    let (step, host) = (Step::Connection, &facts.host);
    let problem = match &facts.query {
        None if is_dns_the_cause(facts) => {
            return Finding::skipped(step, "the host does not resolve");
        }
        None => return Finding::skipped(step, "nothing can be sent without keys"),
        Some(Ok(_)) => return Finding::ok(step, format!("{host} answers")),
        Some(Err(problem)) if problem.was_answered => {
            return Finding::ok(step, format!("{host} answers"));
        }
        Some(Err(problem)) => problem,
    };
    let via = facts.proxy.map_or(String::new(), |proxy| {
        format!(" (through the proxy of {proxy})")
    });
    match problem.kind {
        ErrorKind::Timeout => Finding::failed(
            step,
            format!("{host} does not answer in time{via}"),
            "check firewalls and proxies between here and there; inside a VPC without internet use --cms.network vpc; \
             a slow network needs a longer --cms.timeout",
        ),
        // Of the failures below an answer only a certificate does not heal by asking again.
        ErrorKind::Network if !problem.is_retryable => Finding::failed(
            step,
            format!(
                "the TLS certificate of {host} is not trusted{via}: {}",
                problem.text
            ),
            "if a proxy or gateway signs TLS anew here, give its CA with --cms.ca-file; else check the endpoint, the \
             clock and the package ca-certificates",
        ),
        ErrorKind::Network if problem.text.contains("received corrupt message") => Finding::failed(
            step,
            format!("no connection to {host}{via}: {}", problem.text),
            "the server speaks no TLS there: http://?",
        ),
        ErrorKind::Network => Finding::failed(
            step,
            format!("no connection to {host}{via}: {}", problem.text),
            "check --cms.endpoint, and that a firewall or proxy lets this machine reach it",
        ),
        _ => Finding::failed(step, &problem.text, "correct what is named"),
    }
}

fn clock(facts: &Facts) -> Finding {
    let step = Step::Clock;
    let Some(offset) = facts.clock_offset else {
        return Finding::skipped(step, "no reply told the time");
    };
    let by = number::duration(offset.abs());
    let side = if offset.is_negative() {
        "behind"
    } else {
        "ahead of"
    };
    let refused =
        matches!(&facts.query, Some(Err(problem)) if problem.code.starts_with("InvalidTimeStamp"));
    if refused || offset.abs() > REFUSED_BEYOND {
        let found = format!(
            "the clock of this machine is {by} {side} CloudMonitor's, which refuses more than 15 minutes"
        );
        Finding::failed(step, found, NTP)
    } else if offset.abs() > WORTH_A_WARNING {
        let found = format!(
            "the clock of this machine is {by} {side} CloudMonitor's, so ages are wrong by as much"
        );
        Finding::warn(step, found, NTP)
    } else {
        Finding::ok(step, format!("{by} {side} CloudMonitor's"))
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
