//! Where state is kept between runs: a file, or a ConfigMap with a Lease.
//!
//! All stores keep the promise of [`lag_core::port::StateStore`]: one session at a time, and a save that is whole or not
//! at all. [`FileState`] locks a file beside the state, [`ConfigMapState`] holds a Lease, [`MemoryState`] is for dry runs
//! and tests. The text is the same everywhere, see [`render`].

mod configmap;
pub(crate) mod disk;
mod file;
mod format;
#[cfg(test)]
mod format_tests;
mod memory;
pub(crate) mod place;
#[cfg(test)]
mod strategies;
mod wire;

use jiff::Timestamp;

pub use configmap::ConfigMapState;
pub use file::FileState;
pub use format::render;
pub use memory::MemoryState;

/// A moment as a part of names of files and keys.
fn stamp(at: Timestamp) -> impl std::fmt::Display {
    at.strftime("%Y%m%dT%H%M%SZ")
}
