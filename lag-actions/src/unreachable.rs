//! Stands in for a cluster that there is no way to.

use lag_core::{
    Effect, Target,
    port::{BoxFuture, PortError, Scalable, Scaler},
};

/// A cluster that cannot be reached: every change fails with the reason, so that people are told and the next run tries
/// again.
#[derive(Debug)]
pub struct Unreachable(pub PortError);

impl Scaler for Unreachable {
    fn restart<'a>(
        &'a self,
        _: &'a Target,
        _: &'a str,
    ) -> BoxFuture<'a, Result<Effect, PortError>> {
        Box::pin(async { Err(self.0.clone()) })
    }

    fn scalable<'a>(&'a self, _: &'a Target) -> BoxFuture<'a, Result<Scalable, PortError>> {
        Box::pin(async { Err(self.0.clone()) })
    }

    fn scale<'a>(
        &'a self,
        _: &'a Target,
        _: &'a Scalable,
        _: u32,
    ) -> BoxFuture<'a, Result<Effect, PortError>> {
        Box::pin(async { Err(self.0.clone()) })
    }

    fn record<'a>(
        &'a self,
        _: &'a Target,
        _: &'a str,
        _: &'a str,
        _: bool,
    ) -> BoxFuture<'a, Result<(), PortError>> {
        Box::pin(async { Err(self.0.clone()) })
    }
}
