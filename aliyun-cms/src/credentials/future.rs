//! What a source returns: an answer that is there, or one that is waited for.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use super::{Credentials, CredentialsError};

type Answer = Result<Credentials, CredentialsError>;

/// What [`ProvideCredentials::provide_credentials`](super::ProvideCredentials::provide_credentials) returns.
///
/// An answer that is known costs no allocation: [`ready`](Self::ready).
pub struct CredentialsFuture<'a>(State<'a>);

enum State<'a> {
    Ready(Option<Answer>),
    Waiting(Pin<Box<dyn Future<Output = Answer> + Send + 'a>>),
}

impl<'a> CredentialsFuture<'a> {
    /// An answer that is known already.
    #[must_use]
    pub fn ready(answer: Answer) -> Self {
        Self(State::Ready(Some(answer)))
    }

    /// An answer that has to be waited for.
    #[must_use]
    pub fn new(future: impl Future<Output = Answer> + Send + 'a) -> Self {
        Self(State::Waiting(Box::pin(future)))
    }
}

impl Future for CredentialsFuture<'_> {
    type Output = Answer;

    /// # Panics
    ///
    /// When it is polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        match &mut self.0 {
            State::Ready(answer) => Poll::Ready(answer.take().expect("polled after it was ready")),
            State::Waiting(future) => future.as_mut().poll(context),
        }
    }
}

impl fmt::Debug for CredentialsFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            State::Ready(_) => "CredentialsFuture(ready)",
            State::Waiting(_) => "CredentialsFuture(waiting)",
        })
    }
}
