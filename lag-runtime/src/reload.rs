//! When the configuration is read again: SIGHUP, or somebody asks over HTTP. Who asks while one load is under way gets the
//! answer of the next, so a storm of them is two loads.

use lag_core::port::{BoxFuture, Reload, ReloadError};
use std::io;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::{mpsc, oneshot},
};

/// What a load came to.
pub type Verdict = Result<String, ReloadError>;

/// How many may wait; more wait to wait.
const WAITING: usize = 64;

/// Those who ask for a load.
#[derive(Debug)]
pub struct Reloads {
    hangup: Signal,
    asked: mpsc::Receiver<oneshot::Sender<Verdict>>,
    /// What was said last of a file that cannot be used; empty when it can.
    complaint: String,
}

/// Asks for one. Clones ask the same program.
#[derive(Debug, Clone)]
pub struct Asker(mpsc::Sender<oneshot::Sender<Verdict>>);

/// One load is wanted, and these wait to hear what came of it.
#[derive(Debug)]
pub struct Wanted(Vec<oneshot::Sender<Verdict>>);

impl Reloads {
    /// Takes SIGHUP over from now on: it ends the program no more.
    ///
    /// # Errors
    /// When the runtime cannot register a signal handler.
    pub fn listen() -> io::Result<(Self, Asker)> {
        let (asker, asked) = mpsc::channel(WAITING);
        let reloads = Self {
            hangup: signal(SignalKind::hangup())?,
            asked,
            complaint: String::new(),
        };
        Ok((reloads, Asker(asker)))
    }

    /// The next load that is wanted. May be dropped and asked again without losing one.
    pub async fn next(&mut self) -> Wanted {
        let first = tokio::select! {
            Some(()) = self.hangup.recv() => None,
            Some(asker) = self.asked.recv() => Some(asker),
        };
        let mut wanted: Vec<_> = first.into_iter().collect();
        while let Ok(asker) = self.asked.try_recv() {
            wanted.push(asker);
        }
        Wanted(wanted)
    }

    /// Tells whoever waits, and the log. The same complaint is logged once, until a load has worked.
    pub fn answer(&mut self, wanted: Wanted, verdict: &Verdict) {
        match verdict {
            Ok(words) => {
                tracing::info!("{words}");
                self.complaint.clear();
            }
            Err(error) if error.words != self.complaint => {
                tracing::error!(
                    error = error as &dyn std::error::Error,
                    "the configuration was not loaded again, the one before still holds"
                );
                self.complaint.clone_from(&error.words);
            }
            Err(_) => {}
        }
        for asker in wanted.0 {
            let _ = asker.send(verdict.clone()); // it may have gone
        }
    }
}

impl Reload for Asker {
    fn reload(&self) -> BoxFuture<'_, Verdict> {
        Box::pin(async {
            let ending = |_| ReloadError {
                is_mistake: false,
                words: "the program is ending".to_owned(),
            };
            let (sender, receiver) = oneshot::channel();
            self.0.send(sender).await.map_err(|_| ending(()))?;
            receiver.await.map_err(|_| ending(()))?
        })
    }
}
