//! Notices when none of the replicas asks the cloud, and says so on the board.

use jiff::SignedDuration;
use lag_core::{BoardCell, Standing};
use std::{sync::Arc, time::Duration};
use tokio::{select, sync::watch, time::sleep};

use crate::{Now, shutdown::Shutdown};

/// Looks whether this replica leads, or reads one that does.
#[derive(Debug)]
pub struct Attendance {
    /// What shows it.
    pub board: Arc<BoardCell>,
    /// Is told when it does.
    pub updated: watch::Sender<()>,
    /// Where it is looked up.
    pub standing: Arc<Standing>,
    /// Between two looks.
    pub every: Duration,
    /// How long one leader may take to follow another.
    pub grace: SignedDuration,
}

impl Attendance {
    /// Looks until told to stop. Collections and the follower take back what this says.
    pub async fn run(self, now: Now, mut shutdown: Shutdown) {
        let began = now();
        loop {
            select! {
                biased;
                () = shutdown.requested() => return,
                () = sleep(self.every) => {}
            }
            let since = || {
                let stand = self.standing.look();
                stand.unattended_since(began, now(), self.grace)
            };
            let board = self.board.load();
            let Some(last) =
                since().filter(|_| !board.instances().all(|(_, one)| one.is_unattended()))
            else {
                continue;
            };
            if !board.instances().any(|(_, one)| one.is_unattended()) {
                tracing::warn!(
                    since = last.to_string(),
                    "no replica asks the cloud, as far as this one knows: it does not lead, and has read no leader since; \
                     shown values end when they are too old"
                );
            }
            // Asked again: it may lead by now, or have read one that does.
            self.board.update(|board| match since() {
                Some(since) => board.unattended(since),
                None => board.clone(),
            });
            self.updated.send_replace(());
        }
    }
}
