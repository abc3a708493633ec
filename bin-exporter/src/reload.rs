//! Another configuration while the program runs: read, compared and made ready first, and then taken in one go.

use lag_core::port::ReloadError;
use lag_runtime::{
    Accounts, Now,
    args::Args,
    config::{Config, File, LogConfig, Plan, fixed, plan, process_env},
    log::LogControl,
    reload::Verdict,
    shutdown::Shutdown,
};
use lag_serve::Exporter;
use std::io;
use tokio::task::JoinSet;

use crate::{
    collectors::{Collectors, Made},
    feeds,
    recommend::{Counting, Wanted},
    run::serve_config,
};

/// Where the configuration comes from.
#[derive(Debug)]
pub(crate) enum Origin {
    /// A file, and these flags over it.
    File {
        path: String,
        args: Box<Args>,
        log: LogControl,
    },
    /// Flags and variables alone.
    Flags,
    /// The program itself.
    #[cfg(feature = "demo")]
    Demo,
}

/// What runs, as far as another configuration changes it.
pub(crate) struct Running {
    pub(crate) origin: Origin,
    pub(crate) config: Config,
    pub(crate) exporter: Exporter,
    pub(crate) feeds: feeds::Served,
    pub(crate) counting: Counting,
    pub(crate) collectors: Collectors,
    pub(crate) now: Now,
}

/// All that can go wrong has been tried.
struct Ready {
    config: Config,
    log: (LogControl, LogConfig),
    plan: Plan,
    accounts: Accounts,
    made: Made,
    counted: Wanted,
}

impl Running {
    /// Loads the configuration again. May be dropped until it begins to take it: everything before has no effect.
    ///
    /// # Errors
    /// When what runs is broken, and the program should end.
    pub(crate) async fn reload(
        &mut self,
        shutdown: &Shutdown,
        tasks: &mut JoinSet<io::Result<()>>,
    ) -> anyhow::Result<Verdict> {
        let nothing = |words: &str| {
            Ok(Err(ReloadError {
                is_mistake: true,
                words: words.to_owned(),
            }))
        };
        match &self.origin {
            Origin::File { .. } => {}
            Origin::Flags => {
                return nothing(
                    "there is nothing to load again: no --config.file was given, and flags and variables count until a restart",
                );
            }
            #[cfg(feature = "demo")]
            Origin::Demo => {
                return nothing(
                    "there is nothing to load again: --demo brings its own configuration, and flags count until a restart",
                );
            }
        }
        match self.prepare().await {
            Ok(ready) => {
                let words = summary(&ready);
                self.take(ready, shutdown, tasks).await?;
                Ok(Ok(words))
            }
            Err(error) => {
                self.exporter.is_not_reloaded(&error.words);
                Ok(Err(error))
            }
        }
    }

    /// Everything that can be refused, with no effect on what runs.
    async fn prepare(&self) -> Result<Ready, ReloadError> {
        let Origin::File { path, args, log } = &self.origin else {
            return Err(mistake("there is no configuration file".to_owned()));
        };
        let wrong = |error: lag_runtime::config::ConfigError| mistake(error.to_string());
        let file = File::read(path).map_err(wrong)?;
        let log_config = LogConfig::resolve(&args.read.log, &file, Some(path), &process_env);
        let log_config = log_config.map_err(wrong)?;
        let config = Config::resolve(args, &file, &process_env).map_err(wrong)?;
        fixed(path, &self.config, &config).map_err(wrong)?;
        let plan = plan(&self.config, &config);
        let accounts = self.collectors.accounts.renewed(&config, &self.now);
        let accounts =
            accounts.map_err(|error| failed("the credentials cannot be set up", error.into()))?;
        let held = &self.collectors.accounts;
        let checked = accounts.check_against(held, &config).await;
        checked.map_err(|(source, error)| {
            failed(
                &format!("the keys of source {source} cannot be had"),
                error.into(),
            )
        })?;
        let starts = |name: &str| {
            let mut sources = plan.sources.iter();
            sources.any(|source| source.name == name && !source.runs_on)
        };
        let made = self.collectors.make(&config, &accounts, starts);
        let made = made.map_err(|error| failed("a source cannot be set up", error))?;
        let counted = self.counting.prepare(&config).await;
        let counted = counted.map_err(|error| failed("replicas cannot be counted", error))?;
        Ok(Ready {
            config,
            log: (log.clone(), log_config),
            plan,
            accounts,
            made,
            counted,
        })
    }

    /// Nothing in here waits for anything but the end of collectors, which have nothing to wait for.
    async fn take(
        &mut self,
        ready: Ready,
        shutdown: &Shutdown,
        tasks: &mut JoinSet<io::Result<()>>,
    ) -> anyhow::Result<()> {
        let Ready {
            config,
            log: (log, log_config),
            plan,
            accounts,
            made,
            counted,
        } = ready;
        for notice in &config.notices {
            tracing::warn!("{notice}");
        }
        self.counting
            .begin(&config, counted, &self.now, shutdown, tasks);
        let recommender = self.counting.recommender(&config)?;
        let serve = serve_config(&config, &self.now)?;
        // Before the board: what is written by the new one should be written by the new words.
        self.exporter.reconfigure(serve);
        self.feeds.reconfigure(&config)?;
        let both = (&self.config, &config);
        self.collectors
            .swap(both, &plan, (accounts, made), recommender)
            .await?;
        log.set(log_config);
        self.config = config;
        Ok(())
    }
}

fn summary(ready: &Ready) -> String {
    let sources = ready.plan.sources.iter();
    let on = sources.filter(|source| source.runs_on).count();
    format!(
        "the configuration was loaded again: of its sources {on} go on as they were, {} begin anew; {} are gone",
        ready.made.len(),
        ready.plan.ended.len()
    )
}

fn mistake(words: String) -> ReloadError {
    ReloadError {
        is_mistake: true,
        words,
    }
}

fn failed(what: &str, error: anyhow::Error) -> ReloadError {
    ReloadError {
        is_mistake: false,
        words: format!("{:#}", error.context(what.to_owned())).replace('\n', " "),
    }
}
