//! What the HorizontalPodAutoscaler would do with a lag: its own arithmetic, applied to a series. Pure; each sync
//! brings its time.
//!
//! Numbers are computed the way the controller computes them, in the same order and also in `f64`, because a rounding
//! decides at the edges: 0.55 × 100 ready pods is a little more than 55, so the controller asks for 56.

mod behavior;
mod hpa;
mod memory;
mod number;
mod run;

pub use behavior::{Behavior, Policy, PolicyKind, Rules, Select};
pub use hpa::{Hpa, MetricTarget};
pub use run::{Point, SYNC_PERIOD, Why, simulate, syncs};
