//! Whether this process may ask the cloud now.

use tokio::{
    select,
    sync::watch,
    time::{Instant, sleep_until},
};

/// May always, or while somebody says so, and then never beyond the moment that was said: a process that stood still must
/// not go on with what it was told before.
#[derive(Debug, Clone)]
pub struct Permit(Option<watch::Receiver<Option<Instant>>>);

impl Permit {
    /// Without a question.
    #[must_use]
    pub fn always() -> Self {
        Self(None)
    }

    /// Until the moment that was told last; `None` is no permit.
    #[must_use]
    pub fn told_by(receiver: watch::Receiver<Option<Instant>>) -> Self {
        Self(Some(receiver))
    }

    /// Ends when there is a permit. May be dropped and asked again.
    pub async fn granted(&mut self) {
        let Some(told) = &mut self.0 else { return };
        let holds = |until: &Option<Instant>| until.is_some_and(|until| until > Instant::now());
        if told.wait_for(holds).await.is_err() {
            std::future::pending().await // whoever could grant it is gone
        }
    }

    /// Ends when there is none any more. May be dropped and asked again.
    pub async fn ended(&mut self) {
        let Some(told) = &mut self.0 else {
            return std::future::pending().await;
        };
        loop {
            let until = match *told.borrow_and_update() {
                Some(until) if until > Instant::now() => until,
                Some(_) | None => return,
            };
            // Both only wait. Without a teller the last word holds until its end.
            select! {
                Ok(()) = told.changed() => {}
                () = sleep_until(until) => {}
            }
        }
    }
}
