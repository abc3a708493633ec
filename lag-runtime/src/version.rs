//! What was built from what.

/// Version of the workspace.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Commit it was built from, or `unknown`.
pub const REVISION: &str = env!("KAFKA_LAG_REVISION");
/// Branch it was built from, or `unknown`.
pub const BRANCH: &str = env!("KAFKA_LAG_BRANCH");
/// Compiler it was built with.
pub const RUST_VERSION: &str = env!("KAFKA_LAG_RUSTC");

/// What `--version` prints after the program's name.
pub const LONG: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (revision ",
    env!("KAFKA_LAG_REVISION"),
    ", branch ",
    env!("KAFKA_LAG_BRANCH"),
    ", rustc ",
    env!("KAFKA_LAG_RUSTC"),
    ")"
);
