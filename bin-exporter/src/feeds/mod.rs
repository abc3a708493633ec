//! What autoscalers read: both ports are opened, and all that can be wrong with them is found, before anything is served.

#[cfg(feature = "external-metrics")]
mod external;
#[cfg(feature = "keda")]
mod keda;

use lag_core::BoardCell;
use lag_runtime::{Now, config::Config, shutdown::Shutdown};
use std::{io, sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinSet};

/// How long open requests may take after the first signal, on every port.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// The ports, open and silent.
pub(crate) struct Feeds {
    #[cfg(feature = "external-metrics")]
    external: Option<external::External>,
    #[cfg(feature = "keda")]
    keda: Option<keda::Keda>,
}

/// The ports, as they are served: what another configuration can change of them.
pub(crate) struct Served {
    #[cfg(feature = "external-metrics")]
    external: Option<external::Served>,
    #[cfg(feature = "keda")]
    keda: Option<keda::Served>,
}

impl Served {
    /// Serves by another configuration from now on.
    #[cfg_attr(
        not(any(feature = "external-metrics", feature = "keda")),
        expect(unused_variables, reason = "nothing is served")
    )]
    pub(crate) fn reconfigure(&self, config: &Config) -> anyhow::Result<()> {
        #[cfg(feature = "external-metrics")]
        if let Some(external) = &self.external {
            external.reconfigure(config)?;
        }
        #[cfg(feature = "keda")]
        if let Some(keda) = &self.keda {
            keda.reconfigure(config)?;
        }
        Ok(())
    }
}

/// What the feeds read, and when it has changed.
#[cfg_attr(
    not(all(feature = "external-metrics", feature = "keda")),
    allow(dead_code, reason = "each feed reads its part")
)]
pub(crate) struct Source {
    pub(crate) board: Arc<BoardCell>,
    pub(crate) updated: watch::Sender<()>,
}

impl Feeds {
    /// Opens what is configured.
    pub(crate) async fn open(config: &Config, now: &Now) -> anyhow::Result<Self> {
        #[cfg(not(feature = "external-metrics"))]
        if let Some(wanted) = &config.external_metrics {
            anyhow::bail!(
                "{}: this program was built without the feature external-metrics: leave this out, or build it with that \
                 feature",
                wanted.listen_address.place
            );
        }
        #[cfg(not(feature = "keda"))]
        if let Some(wanted) = &config.keda {
            anyhow::bail!(
                "{}: this program was built without the feature keda: leave this out, or build it with that feature",
                wanted.listen_address.place
            );
        }
        #[cfg(not(any(feature = "external-metrics", feature = "keda")))]
        let _ = now;
        Ok(Self {
            #[cfg(feature = "external-metrics")]
            external: match &config.external_metrics {
                Some(wanted) => Some(external::External::open(wanted, config, now).await?),
                None => None,
            },
            #[cfg(feature = "keda")]
            keda: match &config.keda {
                Some(wanted) => Some(keda::Keda::open(wanted, config, now).await?),
                None => None,
            },
        })
    }

    /// Serves until the end of the process.
    #[cfg_attr(
        not(any(feature = "external-metrics", feature = "keda")),
        expect(unused_variables, reason = "nothing is served")
    )]
    pub(crate) fn serve(
        self,
        source: &Source,
        now: &Now,
        shutdown: &Shutdown,
        tasks: &mut JoinSet<io::Result<()>>,
    ) -> Served {
        Served {
            #[cfg(feature = "external-metrics")]
            external: self
                .external
                .map(|external| external.serve(source, now, shutdown, tasks)),
            #[cfg(feature = "keda")]
            keda: self
                .keda
                .map(|keda| keda.serve(source, now, shutdown, tasks)),
        }
    }
}
