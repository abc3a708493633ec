//! Another configuration while the program runs: all of it is made ready first, and then requests come to it.

use lag_core::port::ReloadError;
use lag_runtime::{
    Now,
    args::ScalerArgs,
    config::{ConfigError, File, LogConfig, ScalerConfig, fixed_of_scaler, process_env},
    log::LogControl,
    reload::Verdict,
};
use lag_serve::Swap;
use std::{net::SocketAddr, sync::Arc};
use tokio::sync::watch;

use crate::{
    front::Front,
    hands,
    web::{self, App, Gate, Shared},
};

/// What runs, as far as another configuration changes it.
pub(crate) struct Running {
    pub(crate) args: ScalerArgs,
    pub(crate) path: String,
    pub(crate) log: LogControl,
    pub(crate) config: ScalerConfig,
    pub(crate) front: Front,
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) routes: Swap,
    /// For whom no request asks.
    pub(crate) app: watch::Sender<App>,
    pub(crate) now: Now,
}

impl Running {
    /// Loads the configuration again. Deliveries under way end by the one that they began with; the ledger, and turns over
    /// it, are those of before.
    pub(crate) fn reload(&mut self) -> Verdict {
        match self.prepare() {
            Ok((log, config, app)) => {
                for notice in &config.notices {
                    tracing::warn!("{notice}");
                }
                let words = format!(
                    "the configuration was loaded again: alerts may change {} workloads",
                    config.policy.targets.len()
                );
                app.meters.loaded((self.now)());
                self.routes.set(web::router(app.clone()));
                self.app.send_replace(app);
                self.log.set(log);
                self.config = config;
                Ok(words)
            }
            Err(error) => {
                self.app.borrow().meters.not_loaded();
                Err(error)
            }
        }
    }

    /// Everything that can be refused, with no effect on what runs.
    fn prepare(&self) -> Result<(LogConfig, ScalerConfig, App), ReloadError> {
        let wrong = |error: ConfigError| refused(true, &error.into());
        let (args, path) = (&self.args, &self.path);
        let file = File::read(path).map_err(wrong)?;
        let log = LogConfig::resolve(&args.log, &file, Some(path), &process_env).map_err(wrong)?;
        let config = ScalerConfig::resolve(args, &file, &process_env).map_err(wrong)?;
        fixed_of_scaler(path, &self.config, &config).map_err(wrong)?;
        let gate = Gate::open(&config.webhook).map_err(|error| refused(false, &error))?;
        let checked = self.front.check(&config, &gate, &self.addresses);
        checked.map_err(|error| refused(true, &error))?;
        let notifiers = hands::notifiers(&config, &self.now);
        let notifiers = notifiers.map_err(|error| refused(false, &error))?;
        let old = self.app.borrow().clone();
        let app = Shared {
            hands: old.hands.telling(notifiers),
            policy: Arc::new(config.policy.clone()),
            gate,
            lifecycle: old.lifecycle.clone(),
            desk: old.desk.clone(),
            meters: old.meters.clone(),
            ready: old.ready.clone(),
        };
        Ok((log, config, Arc::new(app)))
    }
}

fn refused(is_mistake: bool, error: &anyhow::Error) -> ReloadError {
    ReloadError {
        is_mistake,
        words: format!("{error:#}").replace('\n', " "),
    }
}
