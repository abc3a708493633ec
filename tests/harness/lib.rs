//! The whole program without a process: simulated cloud, collector and exporter, with time that a test sets.

mod exporter;

pub use exporter::Exporter;
