//! One alert, where nothing was before.

use crate::world::{World, allowed, high, labels, policy, start};
use jiff::SignedDuration;
use lag_core::alert::{
    Alert, AlertPolicy, AllowedTarget, Decision, Fingerprint, Ledger, Reason, Step, decide,
};

pub(crate) fn decided(policy: &AlertPolicy, alert: &Alert) -> Decision {
    decide(policy, &Ledger::default(), alert, start())
}

pub(crate) fn reason(policy: &AlertPolicy, alert: &Alert) -> Reason {
    match decided(policy, alert) {
        Decision::Refused(reason) | Decision::Ignored(reason) => reason,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn relabelled(pairs: &[(&str, &str)]) -> Alert {
    let labels = labels(pairs);
    Alert {
        fingerprint: Fingerprint::of(&labels),
        labels,
        ..high(start())
    }
}

/// One alert, delivered once: from how many to how many replicas.
pub(crate) fn once(allowed: AllowedTarget, alert: Alert, from: u32) -> u32 {
    let mut world = World::new(from);
    world.deliver_at(&policy(allowed), 0, alert)
}

pub(crate) fn everything() -> AllowedTarget {
    AllowedTarget {
        scale_in: Some(Step::By(1)),
        set: true,
        restart: true,
        cooldown: SignedDuration::ZERO,
        ..allowed()
    }
}
