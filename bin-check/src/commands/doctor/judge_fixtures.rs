//! Facts to be judged: all is well, and what can go wrong.

use aliyun_cms::ErrorKind;
use jiff::SignedDuration;

use crate::commands::doctor::facts::{
    Collection, Data, Facts, InstanceFacts, Keys, NoKeys, Problem,
};

/// All is well.
pub(super) fn well() -> Facts {
    Facts {
        source: "main".into(),
        region: "cn-hangzhou".into(),
        host: "metrics.cn-hangzhou.aliyuncs.com".into(),
        proxy: None,
        keys: Some(Ok(Keys {
            from: "the environment".into(),
            masked_id: "LTAI****0001".into(),
            is_temporary: false,
            expires_in: None,
        })),
        addresses: Some(Ok(vec!["192.0.2.1".into()])),
        query: Some(Ok(5)),
        clock_offset: Some(SignedDuration::ZERO),
        metric: "message_accumulation".into(),
        offered: Some(Ok(vec!["message_accumulation".into()])),
        known: Some(Ok(vec![("i-1".into(), "running".into())])),
        instances: vec![InstanceFacts {
            id: "i-1".into(),
            data: Some(Data::Groups {
                fresh: 3,
                stale: 0,
                newest: SignedDuration::from_secs(83),
                published_within: SignedDuration::from_secs(23),
            }),
        }],
        collection: Some(Collection {
            calls: 1,
            points: 5,
        }),
        is_filtered: false,
        max_age: SignedDuration::from_mins(5),
        expected: Vec::new(),
    }
}

pub(super) fn problem(kind: ErrorKind, code: &str) -> Problem {
    Problem {
        kind,
        code: code.into(),
        status: Some(400),
        was_answered: true,
        is_retryable: false,
        ram_action: None,
        text: format!("the text of {code}"),
        hint: None,
    }
}

/// The query fails so, and with it all that comes later.
pub(super) fn refused(kind: ErrorKind, code: &str) -> Facts {
    Facts {
        query: Some(Err(problem(kind, code))),
        offered: None,
        known: None,
        instances: vec![InstanceFacts {
            id: "i-1".into(),
            data: None,
        }],
        collection: None,
        ..well()
    }
}

pub(super) fn broken(kind: ErrorKind, is_retryable: bool) -> Facts {
    let mut problem = problem(kind, "");
    (problem.was_answered, problem.is_retryable, problem.status) = (false, is_retryable, None);
    Facts {
        query: Some(Err(problem)),
        clock_offset: None,
        ..refused(kind, "")
    }
}

pub(super) fn with(change: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = well();
    change(&mut facts);
    facts
}

pub(super) fn off(seconds: i64) -> Facts {
    with(|facts| facts.clock_offset = Some(SignedDuration::from_secs(seconds)))
}

pub(super) fn data(data: Data) -> Facts {
    with(|facts| facts.instances[0].data = Some(data))
}

pub(super) fn broken_keys(text: &str, is_retryable: bool) -> NoKeys {
    NoKeys::Broken {
        text: text.into(),
        hint: None,
        is_retryable,
    }
}

pub(super) fn failed(kind: &'static str, text: &str) -> Data {
    Data::Failed {
        kind,
        text: text.into(),
    }
}
