//! The one place that asks the system for the time.

use jiff::Timestamp;
use std::sync::Arc;

/// Tells the time; tests pass their own.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The clock of the machine.
#[must_use]
pub fn system_clock() -> Now {
    #[expect(
        clippy::disallowed_methods,
        reason = "the shell's clock; everything else gets it as an argument"
    )]
    Arc::new(Timestamp::now)
}
