//! A line on stderr while a query takes more than one call; gone when it is done.

use lag_core::ApiCalls;
use std::{
    io::{IsTerminal as _, Write as _, stderr},
    pin::pin,
    time::Duration,
};

/// Shorter waits need no explanation.
const TICK: Duration = Duration::from_millis(200);

/// Waits for work and shows how many calls it has made, when stderr is a terminal.
pub(crate) async fn watching<T>(calls: &ApiCalls, work: impl Future<Output = T>) -> T {
    if !stderr().is_terminal() {
        return work.await;
    }
    let before = made(calls);
    let mut work = pin!(work);
    let mut is_shown = false;
    loop {
        tokio::select! {
            biased;
            done = &mut work => {
                if is_shown {
                    say("");
                }
                return done;
            }
            () = tokio::time::sleep(TICK) => {
                let now = made(calls).saturating_sub(before);
                if now > 1 {
                    say(&format!("asking CloudMonitor: {now} calls so far"));
                    is_shown = true;
                }
            }
        }
    }
}

fn made(calls: &ApiCalls) -> u64 {
    calls.totals().values().map(|count| count.requests).sum()
}

/// Replaces the line.
fn say(text: &str) {
    let mut stderr = stderr().lock();
    let _ = write!(stderr, "\r{text}\x1b[K").and_then(|()| stderr.flush());
}
