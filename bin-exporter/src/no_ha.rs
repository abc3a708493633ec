//! Without the feature `ha` there is nothing to share with other replicas.

use anyhow::bail;
use lag_core::{BoardCell, Standing};
use lag_runtime::{
    Now, Permit,
    collect::BoardRules,
    config::{KubernetesConfig, LeaseConfig},
    shutdown::Shutdown,
};
use std::{convert::Infallible, sync::Arc};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

/// What a standby would fill.
#[expect(dead_code, reason = "there is no standby without the feature ha")]
pub(crate) struct Followed {
    pub(crate) board: Arc<BoardCell>,
    pub(crate) updated: watch::Sender<()>,
    pub(crate) rules: watch::Receiver<BoardRules>,
}

/// There is none.
pub(crate) struct Seat(Infallible);

impl Seat {
    pub(crate) async fn find(
        _: &LeaseConfig,
        _: &KubernetesConfig,
        _: &[TcpListener],
        _: &Now,
    ) -> anyhow::Result<Self> {
        bail!(
            "--lease needs a program that was built with the feature ha: use one, or run a single replica"
        )
    }

    pub(crate) fn take(
        self,
        _: Followed,
        _: &Now,
        _: &Shutdown,
        _: &mut JoinSet<std::io::Result<()>>,
    ) -> anyhow::Result<(Permit, Arc<Standing>)> {
        match self.0 {}
    }
}
