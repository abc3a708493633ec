//! The loop: one task per source asks, at the moments its schedule chooses, and replaces the board.
//!
//! Sources do not know of each other, so a region that hangs or fails delays nobody.

use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Board, BoardCell, BudgetNews, Budgets, InstanceBoard, InstanceId, Schedule, port::LagSource,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::watch, time::Instant};

use crate::{
    Now, Permit, Recommender,
    config::{CollectConfig, ScheduleKind},
    shutdown::Shutdown,
};

/// One source's loop.
#[derive(Debug)]
pub struct Collector {
    /// Name of the source on the board.
    pub name: Arc<str>,
    /// Whom to ask.
    pub source: Arc<dyn LagSource>,
    /// When to ask.
    pub schedule: Schedule,
    /// What to replace.
    pub board: Arc<BoardCell>,
    /// What is done with an answer; the last word counts.
    pub rules: watch::Receiver<BoardRules>,
    /// Is told when the board was replaced; any number of readers may wait for it.
    pub updated: watch::Sender<()>,
    /// Account whose calls the source makes.
    pub account: Arc<str>,
    /// Says how far apart collections must be, so that the account's calls suffice.
    pub budgets: Arc<Budgets>,
}

/// What is done with what was heard of the cloud, whatever the source.
#[derive(Debug, Clone)]
pub struct BoardRules {
    /// How long a vanished group is remembered.
    pub forget_after: SignedDuration,
    /// Looks at the board after each collection.
    pub recommender: Recommender,
}

/// The schedule of a configuration.
#[must_use]
pub fn schedule(config: CollectConfig) -> Schedule {
    match config.schedule {
        ScheduleKind::Aligned => Schedule::aligned(config.interval, config.window.period()),
        ScheduleKind::Fixed => Schedule::fixed(config.interval),
    }
}

impl Collector {
    /// Collects until told to stop, and gives back what the schedule has learned. A collection that is under way then is
    /// dropped: it only reads.
    pub async fn run(self, now: Now, shutdown: Shutdown) -> Schedule {
        self.run_while(Permit::always(), now, shutdown).await
    }

    /// The same, and only while permitted. With the permit it begins at once, unless its own last collection is so young
    /// that the schedule would wait; when the permit ends, a collection under way is dropped.
    pub async fn run_while(
        mut self,
        mut permit: Permit,
        now: Now,
        mut shutdown: Shutdown,
    ) -> Schedule {
        let mut told = Told::default();
        loop {
            tokio::select! {
                () = shutdown.requested() => return self.schedule,
                () = permit.granted() => {}
            }
            let began = now();
            let due = self.schedule.next(began);
            let wait = Duration::try_from(due.duration_since(began)).unwrap_or_default();
            // In this order: after a standstill everything is ready at once, and the end of the permit counts first.
            tokio::select! {
                biased;
                () = shutdown.requested() => return self.schedule,
                () = permit.ended() => continue,
                () = tokio::time::sleep(wait) => {}
            }
            tokio::select! {
                biased;
                () = shutdown.requested() => return self.schedule,
                () = permit.ended() => {}
                () = self.turn(&now, &mut told) => {}
            }
        }
    }

    /// One collection. Dropping it midway changes nothing: the board is replaced at the end, in one step.
    async fn turn(&mut self, now: &Now, told: &mut Told) {
        let began = now();
        let started = Instant::now();
        let collected = self.source.collect().await;
        let took = started.elapsed();
        let newest = collected.snapshot.complete_through();
        self.keep_budget(began);
        self.schedule.record(began, newest);
        let delay = self.schedule.learned_delay();
        tracing::debug!(
            source.name = &*self.name,
            instances = collected.snapshot.instances.len(),
            failed = collected.failed.len(),
            points = collected.snapshot.received,
            duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            newest = newest.map(|at| at.to_string()),
            "collected"
        );
        let BoardRules {
            forget_after,
            recommender,
        } = self.rules.borrow().clone();
        self.board.update(|board| {
            let next = board.collected(&self.name, collected, took, forget_after);
            let next = next.learned(&self.name, delay);
            log_changes(&self.name, board, &next, told);
            recommender.follow(next, now())
        });
        self.updated.send_replace(());
    }

    /// Longer intervals when the month's calls would not suffice, and the configured one when they do.
    fn keep_budget(&mut self, now: Timestamp) {
        if let Some(news) = self.budgets.collected(&self.account, &self.name, now) {
            log_budget(&self.account, &news);
        }
        if let Some(interval) = self.budgets.interval(&self.account, &self.name, now) {
            self.schedule.set_interval(interval);
        }
    }
}

fn log_budget(account: &str, news: &BudgetNews) {
    match news {
        BudgetNews::Stretched(report) => tracing::warn!(
            account,
            used = report.used,
            projected = report.projected,
            budget = report.limit,
            stretch = format!("{:.2}", report.stretch),
            "the calls of this month would exceed the budget, so collections are rarer, and numbers older than \
             --lag.max-age are withdrawn in between: lengthen --collect.interval, collect fewer instances or no topics, or \
             raise --budget.requests-per-month"
        ),
        BudgetNews::Restored(report) => tracing::info!(
            account,
            used = report.used,
            projected = report.projected,
            budget = report.limit,
            "the calls of this month suffice again; the configured interval is kept"
        ),
        BudgetNews::Stopped(report) => tracing::error!(
            account,
            used = report.used,
            budget = report.limit,
            until = report.stopped_until.map(|until| until.to_string()),
            "the calls of this month are spent and --budget.hard-stop is set: no call is made until then"
        ),
    }
}

/// Says once what became worse or better: one line per reason, however many instances it concerns.
fn log_changes(source: &str, before: &Board, after: &Board, told: &mut Told) {
    let asked = after.instances().filter_map(|(id, now)| {
        let then = before.instance(id.as_str())?;
        (now.last_attempt != then.last_attempt).then_some((id, then, now))
    });
    let mut silent = Vec::new();
    let mut failing: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for (id, then, now) in asked {
        let is_news = told.is_news(id, now.last_error.as_ref().map(|failure| failure.kind));
        let (id, groups) = (id.as_str(), groups(now));
        match &now.last_error {
            Some(failure) if is_news => {
                failing
                    .entry((failure.kind, &failure.detail))
                    .or_default()
                    .push(id);
            }
            Some(_) => {}
            None if then.last_error.is_some() => {
                tracing::info!(
                    source.name = source,
                    instance.id = id,
                    groups,
                    "lag is read again"
                );
            }
            None if then.last_success.is_none() && groups > 0 => {
                tracing::info!(
                    source.name = source,
                    instance.id = id,
                    groups,
                    "lag is read"
                );
            }
            None => {}
        }
        let was_silent = then.is_up() && then.is_silent();
        if now.is_up() && now.is_silent() && !was_silent {
            silent.push(id);
        } else if was_silent && now.is_up() && !now.is_silent() {
            tracing::info!(
                source.name = source,
                instance.id = id,
                groups,
                "lag is read again"
            );
        }
    }
    if !silent.is_empty() {
        tracing::warn!(
            source.name = source,
            instances = few(&silent),
            "CloudMonitor answers, but has no usable points: check id and region, the group filters, and that a group \
             consumes from the instance"
        );
    }
    for ((code, error), ids) in failing {
        tracing::warn!(
            source.name = source,
            instances = few(&ids),
            code,
            error,
            "lag cannot be read; shown values end when they are too old"
        );
    }
    log_drops(source, before, after);
}

/// What the log has said of a row of failures: each kind once, also when the cloud changes between two of them.
#[derive(Debug, Default)]
struct Told(BTreeMap<InstanceId, BTreeSet<&'static str>>);

impl Told {
    /// Notes how an instance fares; whether its failure is of a kind that was not told since it last worked.
    fn is_news(&mut self, id: &InstanceId, failure: Option<&'static str>) -> bool {
        match failure {
            None => {
                self.0.remove(id);
                false
            }
            Some(kind) => self.0.entry(id.clone()).or_default().insert(kind),
        }
    }
}

/// Groups by their totals; topics do not count.
fn groups(board: &InstanceBoard) -> usize {
    board
        .samples()
        .filter(|(series, _)| series.topic.is_none())
        .count()
}

/// The first few names, and how many more there are.
fn few(ids: &[&str]) -> String {
    const SHOWN: usize = 3;
    let shown = ids[..ids.len().min(SHOWN)].join(",");
    if ids.len() > SHOWN {
        format!("{shown} and {} more", ids.len() - SHOWN)
    } else {
        shown
    }
}

/// Says once that points or series are dropped.
fn log_drops(source: &str, before: &Board, after: &Board) {
    let dropped = |board: &Board| {
        let found = board.sources().find(|(name, _)| *name == source);
        found
            .map(|(_, board)| board.dropped.clone())
            .unwrap_or_default()
    };
    let (then, now) = (dropped(before), dropped(after));
    if now.series > 0 && then.series == 0 {
        tracing::warn!(
            source.name = source,
            dropped = now.series,
            "more series than --lag.max-series; the rest is dropped"
        );
    }
    for (reason, count) in now.points {
        if !then.points.contains_key(&reason) {
            let reason = reason.as_str();
            tracing::warn!(
                source.name = source,
                reason,
                points = count,
                "points that cannot be used are dropped"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_failure_is_told_once_until_the_instance_works_again() {
        let (mut told, id) = (Told::default(), "a".parse().unwrap());
        let outage = [
            Some("timeout"),
            Some("network"),
            Some("timeout"),
            Some("network"),
            None,
            Some("timeout"),
        ];
        let news = outage.map(|failure| told.is_news(&id, failure));
        assert_eq!(news, [true, true, false, false, false, true]);
    }

    #[test]
    fn a_long_list_of_instances_is_cut() {
        assert_eq!(few(&["a", "b", "c"]), "a,b,c");
        assert_eq!(few(&["a", "b", "c", "d", "e"]), "a,b,c and 2 more");
    }
}
