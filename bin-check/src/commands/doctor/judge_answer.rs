//! What the answer to the query means: keys, permission, limits, outages.

use aliyun_cms::ErrorKind;

use super::{
    facts::{Data, Facts, Problem},
    finding::{Finding, Step},
};

pub(super) fn authentication(facts: &Facts) -> Finding {
    let step = Step::Authentication;
    let problem = match judged_by_the_api(facts) {
        Ok(()) => return Finding::ok(step, "the signature is accepted"),
        Err(Judged::Not(because)) => return Finding::skipped(step, because),
        Err(Judged::By(problem)) => problem,
    };
    match problem.kind {
        ErrorKind::Credentials if problem.code.starts_with("InvalidTimeStamp") => {
            Finding::skipped(step, "the clock must be right first")
        }
        ErrorKind::Credentials => {
            let (found, advice) = refused_keys(problem);
            Finding::failed(step, format!("{found} ({})", problem.code), advice)
        }
        ErrorKind::Throttled | ErrorKind::Unavailable => {
            Finding::skipped(step, "this answer says nothing about it")
        }
        _ => Finding::ok(step, "the signature is accepted"),
    }
}

/// What a refusal of keys means, and what to do.
fn refused_keys(problem: &Problem) -> (&'static str, String) {
    let hint = |usual: &str| problem.hint.clone().unwrap_or_else(|| usual.to_owned());
    match problem.code.as_str() {
        "SignatureDoesNotMatch" | "IncompleteSignature" => (
            "the signature does not match",
            hint("check the AccessKey secret: it does not belong to this id"),
        ),
        "InvalidAccessKeyId.Inactive" => (
            "the AccessKey is disabled",
            "enable it in the RAM console, or use another".to_owned(),
        ),
        code if code.starts_with("InvalidAccessKeyId") => (
            "the AccessKey id is not known",
            hint("check the id in the RAM console"),
        ),
        "InvalidSecurityToken.Expired" => (
            "the security token has expired",
            hint("renew the temporary keys, or use a source that renews them itself"),
        ),
        "MissingSecurityToken" => (
            "the key is temporary and its security token is missing",
            "set ALIBABA_CLOUD_SECURITY_TOKEN too".to_owned(),
        ),
        code if code.starts_with("InvalidSecurityToken") => (
            "the security token is not accepted",
            "set id, secret and token from one and the same answer of STS".to_owned(),
        ),
        _ => ("the keys are refused", hint("check id, secret and token")),
    }
}

enum Judged<'f> {
    /// Nothing to judge by, and why.
    Not(&'static str),
    By(&'f Problem),
}

/// The answer of the API to the query; what a proxy or a broken connection says does not count.
fn judged_by_the_api(facts: &Facts) -> Result<(), Judged<'_>> {
    match &facts.query {
        None => Err(Judged::Not("nothing was sent")),
        Some(Ok(_)) => Ok(()),
        Some(Err(problem)) if problem.is_from_the_api() => Err(Judged::By(problem)),
        Some(Err(problem)) if problem.kind == ErrorKind::Decode => {
            Err(Judged::Not("the answer was not understood"))
        }
        Some(Err(_)) => Err(Judged::Not("CloudMonitor did not answer")),
    }
}

pub(super) fn permission(facts: &Facts) -> Finding {
    const POLICY: &str = "the system policy AliyunCloudMonitorReadOnlyAccess";
    let step = Step::Permission;
    let forbidden = |result: &Result<_, Problem>| match result {
        Err(problem) if problem.kind == ErrorKind::Forbidden => {
            problem.ram_action.clone().or(Some("not named".to_owned()))
        }
        _ => None,
    };
    let problem = match judged_by_the_api(facts) {
        Ok(()) => {
            let offered = facts
                .offered
                .as_ref()
                .map(|offered| offered.as_ref().map(|_| ()).map_err(Clone::clone));
            return match offered.as_ref().and_then(forbidden) {
                None => Finding::ok(step, "the query for lag is permitted"),
                Some(named) => Finding::warn(
                    step,
                    format!(
                        "the query for lag is permitted, the list of metrics is not (RAM action {named})"
                    ),
                    format!(
                        "to let this program compare metrics grant cms:QueryMetricMeta and cms:DescribeMetricMetaList on *, or {POLICY}"
                    ),
                ),
            };
        }
        Err(Judged::Not(because)) => return Finding::skipped(step, because),
        Err(Judged::By(problem)) => problem,
    };
    match problem.kind {
        ErrorKind::Forbidden => {
            let named = problem.ram_action.as_deref().unwrap_or("not named");
            Finding::failed(
                step,
                format!(
                    "the key may not ask for lag: missing RAM action {named} ({})",
                    problem.code
                ),
                format!(
                    "grant cms:QueryMetricList and cms:DescribeMetricList on resource * to the RAM user or role of this key, or attach {POLICY}"
                ),
            )
        }
        ErrorKind::Credentials => Finding::skipped(step, "the keys must be accepted first"),
        ErrorKind::Throttled | ErrorKind::Unavailable => {
            Finding::skipped(step, "this answer says nothing about it")
        }
        _ => Finding::ok(step, "the query for lag is permitted"),
    }
}

/// What is left: limits, outages, proxies, refusals of the query itself.
pub(super) fn answer(facts: &Facts) -> Finding {
    let step = Step::Answer;
    let problem = match &facts.query {
        None => return Finding::skipped(step, "nothing was sent"),
        Some(Ok(points)) => {
            return Finding::ok(
                step,
                format!("the query is answered, {points} points on its first page"),
            );
        }
        // The connection says why.
        Some(Err(problem)) if !problem.was_answered => {
            return Finding::skipped(step, "CloudMonitor did not answer");
        }
        Some(Err(problem)) => problem,
    };
    let (host, text) = (&facts.host, &problem.text);
    let proxy = "something between here and CloudMonitor answers in its place: check --cms.endpoint, and proxies in \
                 HTTPS_PROXY and HTTP_PROXY; a 5xx may also be an outage";
    match problem.kind {
        ErrorKind::Throttled => Finding::failed(
            step,
            format!("CloudMonitor throttles the account ({})", problem.code),
            "the limit of 50 calls a second is shared by all users of the account: find who else asks, lower \
             --cms.rate-limit or lengthen --collect.interval",
        ),
        ErrorKind::Unavailable if problem.code.is_empty() => {
            let status = problem
                .status
                .map_or(String::new(), |status| format!("HTTP {status} "));
            Finding::failed(
                step,
                format!("{host} answers {status}without an error code of the API"),
                proxy,
            )
        }
        ErrorKind::Unavailable => Finding::failed(
            step,
            format!("CloudMonitor fails: {text}"),
            "nothing is wrong here: wait, and look at https://status.alibabacloud.com",
        ),
        ErrorKind::Decode => Finding::failed(step, text, proxy),
        ErrorKind::Credentials | ErrorKind::Forbidden if problem.is_from_the_api() => {
            Finding::skipped(step, "the query must be accepted and permitted first")
        }
        // A proxy that wants a login, or none of the API's codes.
        ErrorKind::Credentials | ErrorKind::Forbidden => Finding::failed(step, text, proxy),
        ErrorKind::InvalidRequest if is_one_instance(facts) => {
            Finding::ok(step, "the query is answered, but not for every instance")
        }
        ErrorKind::InvalidRequest if is_metric_missing(facts) => {
            Finding::skipped(step, format!("refused as {}: see metric", problem.code))
        }
        ErrorKind::InvalidRequest => Finding::failed(
            step,
            format!("the query is refused: {text}"),
            problem.hint.clone().unwrap_or_else(|| {
                "check --cms.metric, --cms.instance and --collect.period".to_owned()
            }),
        ),
        _ => Finding::failed(
            step,
            text,
            problem
                .hint
                .clone()
                .unwrap_or_else(|| "see docs/reference".to_owned()),
        ),
    }
}

/// Whether the collection, which asks instances apart when it must, could read some.
fn is_one_instance(facts: &Facts) -> bool {
    let read =
        |data: &Option<Data>| matches!(data, Some(Data::Groups { .. } | Data::Nothing { .. }));
    facts.instances.iter().any(|instance| read(&instance.data))
}

/// Whether the region says that it does not have the metric.
pub(super) fn is_metric_missing(facts: &Facts) -> bool {
    matches!(&facts.offered, Some(Ok(offered)) if !offered.contains(&facts.metric))
}
