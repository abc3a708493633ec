//! The collectors: one task per source, all writing to one board. Another configuration stops and starts those that it
//! concerns.

use anyhow::anyhow;
use jiff::SignedDuration;
use lag_core::{
    ApiCalls, Board, BoardCell, Budgets, Instance, Keep, Rewatched, Schedule, Standing,
};
use lag_runtime::{
    Accounts, CmsSource, Now, Permit, Recommender, announce,
    collect::{BoardRules, Collector, schedule},
    config::{Config, Plan, SourceConfig},
    make,
    shutdown::{self, Shutdown, Trigger},
};
use std::{collections::BTreeMap, io, sync::Arc};
use tokio::{
    sync::watch,
    task::{JoinError, JoinSet},
};

use crate::ha::{Followed, Seat};

/// What the collectors need beside the configuration.
pub(crate) struct Needs {
    pub(crate) accounts: Accounts,
    pub(crate) budgets: Arc<Budgets>,
    pub(crate) recommender: Recommender,
    /// With a seat they collect only while this replica leads.
    pub(crate) seat: Option<Seat>,
}

/// The collectors that run, and what they fill.
pub(crate) struct Collectors {
    pub(crate) board: Arc<BoardCell>,
    /// Tells that the board was replaced.
    pub(crate) updated: watch::Sender<()>,
    pub(crate) calls: Arc<ApiCalls>,
    pub(crate) budgets: Arc<Budgets>,
    pub(crate) standing: Option<Arc<Standing>>,
    pub(crate) accounts: Accounts,
    rules: watch::Sender<BoardRules>,
    permit: Permit,
    now: Now,
    /// What ends each, and its account.
    running: BTreeMap<String, (Trigger, Arc<str>)>,
    tasks: JoinSet<(String, Schedule)>,
}

/// Sources that another configuration starts, ready to be asked; nobody knows of them yet.
pub(crate) type Made = Vec<(SourceConfig, CmsSource)>;

impl Collectors {
    /// Starts one task per source, all writing to one board.
    pub(crate) fn start(
        config: &Config,
        needs: Needs,
        now: &Now,
        shutdown: &Shutdown,
        tasks: &mut JoinSet<io::Result<()>>,
    ) -> anyhow::Result<Self> {
        let updated = watch::Sender::new(());
        let board = Board::default();
        let board = config.sources.iter().fold(board, |board, source| {
            let instances = source.instances.iter().map(|id| instance(source, id));
            board.watching(&source.name, instances, now())
        });
        let board = Arc::new(BoardCell::new(board));
        let rules = watch::Sender::new(rules(config, needs.recommender)?);
        let (permit, standing) = match needs.seat {
            Some(seat) => {
                let followed = Followed {
                    board: board.clone(),
                    updated: updated.clone(),
                    rules: rules.subscribe(),
                };
                let (permit, standing) = seat.take(followed, now, shutdown, tasks)?;
                (permit, Some(standing))
            }
            None => (Permit::always(), None),
        };
        let mut collectors = Self {
            board,
            updated,
            calls: Arc::default(),
            budgets: needs.budgets,
            standing,
            accounts: needs.accounts,
            rules,
            permit,
            now: now.clone(),
            running: BTreeMap::new(),
            tasks: JoinSet::new(),
        };
        let made = collectors.make(config, &collectors.accounts, |_| true)?;
        for (source, asked) in made {
            collectors.run(config, &source, asked, schedule(config.collect));
        }
        Ok(collectors)
    }

    /// Makes the sources that `are_wanted`. Nothing is sent, and nothing else changes.
    pub(crate) fn make(
        &self,
        config: &Config,
        accounts: &Accounts,
        are_wanted: impl Fn(&str) -> bool,
    ) -> anyhow::Result<Made> {
        let settings = (&config.cms, config.collect, config.lag);
        let wanted = config.sources.iter().filter(|one| are_wanted(&one.name));
        wanted
            .map(|source| {
                let account = accounts.of(source);
                let made = make(source, settings, &account, &self.calls, self.now.clone())?;
                Ok((source.clone(), made))
            })
            .collect()
    }

    fn run(&mut self, config: &Config, source: &SourceConfig, asked: CmsSource, when: Schedule) {
        let account = self.accounts.of(source);
        announce(source, config.collect, &account, &self.calls, (self.now)());
        let collector = Collector {
            name: source.name.as_str().into(),
            source: Arc::new(asked),
            schedule: when,
            board: self.board.clone(),
            rules: self.rules.subscribe(),
            updated: self.updated.clone(),
            account: account.name.clone(),
            budgets: self.budgets.clone(),
        };
        let (trigger, end) = shutdown::channel();
        let (name, now, permit) = (source.name.clone(), self.now.clone(), self.permit.clone());
        self.tasks.spawn(async move {
            let learned = collector.run_while(permit, now, end).await;
            (name, learned)
        });
        self.running
            .insert(source.name.clone(), (trigger, account.name));
    }

    /// Goes on by another configuration: ends what it does not have or asks otherwise, and begins what is new. No source is
    /// asked by two at any time, and readers see the board of before or the one after.
    pub(crate) async fn swap(
        &mut self,
        (old, new): (&Config, &Config),
        plan: &Plan,
        (accounts, made): (Accounts, Made),
        recommender: Recommender,
    ) -> anyhow::Result<()> {
        let rules = rules(new, recommender)?;
        let restarted = made.iter().map(|(source, _)| source.name.as_str());
        let names = restarted.chain(plan.ended.iter().map(String::as_str));
        let mut learned = self.end(names).await?;
        self.accounts = accounts;
        self.budgets.set_policy(new.budget.policy);
        self.rules.send_replace(rules.clone());
        let now = (self.now)();
        self.board.update(|board| {
            let next = board.rewatched(rewatched(new, plan), &rules.recommender.book, now);
            rules.recommender.follow(next, now)
        });
        let is_learned_alike = old.collect.schedule == new.collect.schedule
            && old.collect.window.period() == new.collect.window.period();
        for (source, asked) in made {
            let before = learned.remove(&source.name).filter(|_| is_learned_alike);
            let when = before.map_or_else(
                || schedule(new.collect),
                |mut when| {
                    when.set_interval(new.collect.interval);
                    when.at_once()
                },
            );
            self.run(new, &source, asked, when);
        }
        self.updated.send_replace(());
        Ok(())
    }

    /// Ends some of them, and waits until they have ended; gives back what their schedules have learned.
    async fn end(
        &mut self,
        names: impl Iterator<Item = &str>,
    ) -> anyhow::Result<BTreeMap<String, Schedule>> {
        let mut learned = BTreeMap::new();
        let mut awaited = 0_usize;
        for name in names {
            if let Some((trigger, account)) = self.running.remove(name) {
                drop(trigger);
                self.budgets.leave(&account, name);
                awaited += 1;
            }
        }
        while learned.len() < awaited {
            let (name, when) = self.tasks.join_next().await.ok_or_else(unexpected)??;
            if self.running.contains_key(&name) {
                return Err(unexpected());
            }
            learned.insert(name, when);
        }
        Ok(learned)
    }

    /// Ends when one of them has, which none should.
    pub(crate) async fn has_ended(&mut self) -> anyhow::Error {
        match self.tasks.join_next().await {
            Some(Err(error)) => error.into(),
            Some(Ok(_)) | None => unexpected(),
        }
    }

    /// Ends all.
    pub(crate) async fn finish(&mut self) -> Result<(), JoinError> {
        self.running.clear();
        while let Some(ended) = self.tasks.join_next().await {
            ended?;
        }
        Ok(())
    }
}

fn unexpected() -> anyhow::Error {
    anyhow!("a task that should run for ever has ended")
}

fn rules(config: &Config, recommender: Recommender) -> anyhow::Result<BoardRules> {
    Ok(BoardRules {
        forget_after: SignedDuration::try_from(config.lag.forget_after)?,
        recommender,
    })
}

fn instance(source: &SourceConfig, id: &lag_core::InstanceId) -> Instance {
    Instance {
        id: id.clone(),
        region: source.region.clone(),
        expected: source.expected.get(id).cloned().unwrap_or_default(),
    }
}

fn rewatched<'c>(config: &'c Config, plan: &'c Plan) -> impl Iterator<Item = Rewatched> + 'c {
    let sources = config.sources.iter().zip(&plan.sources);
    sources.map(|(source, plan)| {
        let keep = |id| plan.keeps.get(id).copied().unwrap_or(Keep::Nothing);
        let instances = source.instances.iter();
        Rewatched {
            name: source.name.clone(),
            instances: instances
                .map(|id| (instance(source, id), keep(id)))
                .collect(),
            filter: source.filter.clone(),
            topics: config.collect.topics,
        }
    })
}
