//! What an autoscaler would do with a lag: the arithmetic of the HorizontalPodAutoscaler and of what feeds it, applied
//! to a series, or to a load whose lag follows from the replicas. Pure; each sync brings its time.
//!
//! Numbers are computed the way the controller computes them, in the same order and also in `f64`, because a rounding
//! decides at the edges: 0.55 × 100 ready pods is a little more than 55, so the controller asks for 56.

mod autoscaler;
mod behavior;
mod controller;
mod feed;
mod hpa;
mod keda;
mod load;
mod memory;
mod number;
mod play;
mod pods;
mod run;
mod summary;

pub use autoscaler::Autoscaler;
pub use behavior::{Behavior, Policy, PolicyKind, Rules, Select};
pub use controller::{Controller, Point, Why};
pub use hpa::{Hpa, MetricTarget};
pub use keda::{Fallback, FallbackBehavior, Keda, KedaNote};
pub use load::{Load, Span};
pub use play::{Input, Tick, Timing, play};
pub use run::{SYNC_PERIOD, simulate, syncs};
pub use summary::Summary;
