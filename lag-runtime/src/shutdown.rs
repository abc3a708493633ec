//! The end of a process: the first signal asks, the second insists.

use std::io;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

/// Told to every long task; becomes true once and stays so.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<bool>);

/// Makes [`Shutdown`] come true, when told to or when dropped.
#[derive(Debug)]
pub struct Trigger(watch::Sender<bool>);

/// A shutdown and what triggers it.
#[must_use]
pub fn channel() -> (Trigger, Shutdown) {
    let (sender, receiver) = watch::channel(false);
    (Trigger(sender), Shutdown(receiver))
}

impl Trigger {
    /// Asks every task to end.
    pub fn trigger(&self) {
        self.0.send_replace(true);
    }
}

impl Shutdown {
    /// Ends when the process should. May be dropped and asked again.
    pub async fn requested(&mut self) {
        // An error means that the trigger is gone, which asks for the same.
        let _ = self.0.wait_for(|requested| *requested).await;
    }
}

/// SIGINT and SIGTERM.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Takes both signals over from now on.
    ///
    /// # Errors
    /// When the runtime cannot register signal handlers.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// The name of the next signal. May be dropped and asked again without losing one.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}
