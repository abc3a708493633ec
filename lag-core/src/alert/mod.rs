//! Alerts to changes of workloads: what an Alertmanager webhook may cause, at most, and exactly once. Pure; time is an argument.
//!
//! Order of a delivery, and where a kill is harmless:
//!
//! 1. read the [`Ledger`] and its version, [`Payload::parse`], [`plan`];
//! 2. for each planned intent read the workload and its version, [`begin`], and save the ledger over the version of step 1;
//! 3. write the absolute number over the version of the workload that was read, or restart with the mark;
//! 4. [`settle`], save, answer.
//!
//! A conflict in 2 or 3 means that somebody was faster: start over at 1. A conflict in 4: read the ledger, settle again, save,
//! and start over if the body has more changes, since their plan is older than the ledger that they would be saved over.
//! A kill before the save of 2 has done nothing. After it the alert comes again, since it got no answer, and the intent
//! is resumed: [`begin`] compares the number found with the two of the intent and writes the same absolute number at most.
//! Also a resumed intent is saved before the write: a replica that slept since step 1 then meets a conflict, not an old number.
//!
//! Scaling back is no answer to a delivery: a timer asks [`due`], and goes on at step 2.

mod begin;
mod begun;
mod check;
mod decide;
mod decision;
mod due;
mod key;
mod ledger;
mod observe;
mod payload;
mod plan;
mod policy;
mod reason;
mod select;
mod value;
mod wire;

pub use begin::{begin, reconcile, settle};
pub use begun::{Begun, Found, Reconcile};
pub use check::PolicyError;
pub use decide::decide;
pub use decision::{Amount, Decision, Intent, Wish};
pub use due::due;
pub use key::{AlertId, Fingerprint, InvalidKey, Key};
pub use ledger::{Ledger, Sighting, StepChange, StepEntry, StepState, WorkloadLedger};
pub use observe::observe;
pub use payload::{Alert, Payload, PayloadError, Status};
pub use plan::{Plan, Planned, plan};
pub use policy::{
    Action, AlertPolicy, AllowedTarget, Confirm, Further, LabelMatcher, LabelNames, ScaleBack, Step,
};
pub use reason::{Hold, Reason};
pub use value::AlertValue;
pub use wire::LedgerError;

use jiff::{SignedDuration, Timestamp};

/// For so long a change that is begun and not settled may still be under way in another replica; a change must have an end
/// earlier than that. Only the alert that asked for it may take it up before.
pub const IN_FLIGHT: SignedDuration = SignedDuration::from_secs(60);

/// Alerts of one body that may share a step of one workload; each leaves a key.
pub const MAX_SHARED: usize = 64;

fn later(at: Timestamp, wait: SignedDuration) -> Timestamp {
    at.saturating_add(wait).unwrap_or(Timestamp::MAX)
}
