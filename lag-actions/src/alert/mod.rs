//! Alerts to changes: the shell around [`lag_core::alert`], which decides.
//!
//! [`AlertHands::handle`] goes in the order that makes a crash harmless at any line: read the ledger, plan, read the workload,
//! begin, save, write, settle, save. Whatever is dropped, killed or unanswered in between is found again in the ledger.

mod act;
mod answer;
mod configmap;
mod file;
mod hands;
mod memory;
mod rollout;
mod store;
mod tell;

pub use answer::{AlertResult, Answer, Handled, word};
pub use configmap::ConfigMapLedger;
pub use file::FileLedger;
pub use hands::AlertHands;
pub use memory::MemoryLedger;
pub use rollout::AlertScaler;
pub use store::{LedgerStore, LedgerVersion};
