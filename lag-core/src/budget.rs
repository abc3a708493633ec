//! Calls against a monthly quota: how many were made, where the month ends, and how far apart collections must be.
//!
//! The vendor gives 1,000,000 free calls a month for the metric queries of an account together; beyond that they cost,
//! or fail. The projection adds what the configured intervals will need until the month ends to what was spent. When
//! that is too much, intervals are stretched by one factor, so that the rest of the quota lasts.

use crate::Month;
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Free calls a month of an account (vendor's page on CloudMonitor billing).
pub const FREE_REQUESTS: u64 = 1_000_000;

/// Actions that the quota counts.
const METERED: [&str; 4] = [
    "DescribeMetricList",
    "DescribeMetricLast",
    "DescribeMetricData",
    "DescribeMetricTop",
];

/// No interval is stretched beyond this: a datum an hour old helps nobody, and a recovery must be noticed.
const LONGEST_INTERVAL: Duration = Duration::from_hours(1);
/// Weight of the newest collection in the mean of calls.
const NEWEST: f64 = 0.3;
/// Stretching is called over when the projection is below this part of the budget, so that nothing flickers.
const WELL_BELOW: f64 = 0.95;

/// What may be spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetPolicy {
    /// Calls a month; `None` is no limit.
    pub requests_per_month: Option<u64>,
    /// Whether calls end when the budget is spent, instead of going on slowly.
    pub hard_stop: bool,
}

/// What a month of calls is, measured by a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetFit {
    /// There is no limit.
    Unlimited,
    /// At most half of the limit.
    Fits,
    /// More than half: little room for retries and other users of the account.
    Tight,
    /// More than the limit: collections get rarer.
    Stretches,
    /// More than the limit, and calls end when it is reached.
    Stops,
}

impl BudgetPolicy {
    /// Judges so many calls a month.
    #[must_use]
    pub fn judge(self, month: u64) -> BudgetFit {
        match self.requests_per_month {
            None => BudgetFit::Unlimited,
            Some(limit) if month > limit && self.hard_stop => BudgetFit::Stops,
            Some(limit) if month > limit => BudgetFit::Stretches,
            Some(limit) if month > limit / 2 => BudgetFit::Tight,
            Some(_) => BudgetFit::Fits,
        }
    }
}

/// Calls of one month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthUsage {
    /// The month.
    pub month: Month,
    /// Calls that may have reached the service.
    pub requests: u64,
}

/// Where an account stands.
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetReport {
    /// Calls this month.
    pub used: u64,
    /// Calls by the end of the month, if every source keeps its configured interval.
    pub projected: u64,
    /// The limit, if there is one.
    pub limit: Option<u64>,
    /// Factor on the configured intervals; 1 when the budget suffices.
    pub stretch: f64,
    /// When calls begin again, if they have ended.
    pub stopped_until: Option<Timestamp>,
}

/// What changed for an account, told once.
#[derive(Debug, Clone, PartialEq)]
pub enum BudgetNews {
    /// The projection exceeds the budget: intervals are longer from now on.
    Stretched(BudgetReport),
    /// It does no longer.
    Restored(BudgetReport),
    /// The budget is spent and calls have ended.
    Stopped(BudgetReport),
}

/// The calls of all accounts, counted while they are made. Time is an argument; the lock is held for a few additions.
#[derive(Debug)]
pub struct Budgets {
    policy: Mutex<BudgetPolicy>,
    accounts: Mutex<BTreeMap<Arc<str>, Account>>,
}

#[derive(Debug)]
struct Account {
    usage: MonthUsage,
    sources: BTreeMap<Arc<str>, Pace>,
    is_over: bool,
    has_stopped: bool,
}

#[derive(Debug)]
struct Pace {
    interval: Duration,
    period: Duration,
    /// Mean calls of one collection.
    calls: f64,
    /// Calls since the last collection ended.
    since: u32,
}

impl Budgets {
    /// Nothing spent yet, or `spent` by account as it was remembered.
    #[must_use]
    pub fn new(
        policy: BudgetPolicy,
        spent: impl IntoIterator<Item = (Arc<str>, MonthUsage)>,
    ) -> Self {
        let account = |(name, usage)| (name, Account::new(usage));
        Self {
            policy: Mutex::new(policy),
            accounts: Mutex::new(spent.into_iter().map(account).collect()),
        }
    }

    /// No limit, nothing remembered.
    #[must_use]
    pub fn unlimited() -> Self {
        let policy = BudgetPolicy {
            requests_per_month: None,
            hard_stop: false,
        };
        Self::new(policy, [])
    }

    /// Measures by another policy from now on, and tells anew what it finds. What was spent stays spent.
    pub fn set_policy(&self, policy: BudgetPolicy) {
        let mut accounts = self.lock();
        *self.policy.lock().unwrap_or_else(PoisonError::into_inner) = policy;
        for account in accounts.values_mut() {
            (account.is_over, account.has_stopped) = (false, false);
        }
    }

    fn policy(&self) -> BudgetPolicy {
        *self.policy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether calls of an action count.
    #[must_use]
    pub fn is_metered(action: &str) -> bool {
        METERED.contains(&action)
    }

    /// Announces a source: its account, its configured interval, the period of its metric, and how many calls a
    /// collection is expected to take until it is known.
    pub fn watch(
        &self,
        account: &str,
        source: &str,
        (interval, period): (Duration, Duration),
        calls: f64,
        now: Timestamp,
    ) {
        let mut accounts = self.lock();
        let account = accounts.entry(account.into()).or_insert_with(|| {
            Account::new(MonthUsage {
                month: Month::of(now),
                requests: 0,
            })
        });
        let pace = Pace {
            interval,
            period,
            calls,
            since: 0,
        };
        account.sources.insert(source.into(), pace);
    }

    /// Forgets a source that is not asked any more. What it has spent of its account's month stays spent.
    pub fn leave(&self, account: &str, source: &str) {
        if let Some(account) = self.lock().get_mut(account) {
            account.sources.remove(source);
        }
    }

    /// Counts one call that may have reached the service.
    pub fn count(&self, account: &str, source: &str, now: Timestamp) {
        let mut accounts = self.lock();
        let Some(account) = accounts.get_mut(account) else {
            return;
        };
        account.turn_page(now);
        account.usage.requests = account.usage.requests.saturating_add(1);
        if let Some(pace) = account.sources.get_mut(source) {
            pace.since = pace.since.saturating_add(1);
        }
    }

    /// Whether a call may be made now, or when it may.
    ///
    /// # Errors
    /// The end of the month, when the budget is spent and calls are to end then.
    pub fn may_call(&self, account: &str, now: Timestamp) -> Result<(), Timestamp> {
        let mut accounts = self.lock();
        let Some(account) = accounts.get_mut(account) else {
            return Ok(());
        };
        account.turn_page(now);
        account.stopped_until(self.policy()).map_or(Ok(()), Err)
    }

    /// Notes that a collection ended, and says what changed with it.
    pub fn collected(&self, account: &str, source: &str, now: Timestamp) -> Option<BudgetNews> {
        let mut accounts = self.lock();
        let account = accounts.get_mut(account)?;
        account.turn_page(now);
        if let Some(pace) = account.sources.get_mut(source) {
            // A collection without a call, because of an outage or the stop, teaches nothing.
            if pace.since > 0 {
                pace.calls += NEWEST * (f64::from(pace.since) - pace.calls);
            }
            pace.since = 0;
        }
        account.news(self.policy(), now)
    }

    /// The interval a source should keep now: the configured one, or longer by whole periods.
    #[must_use]
    pub fn interval(&self, account: &str, source: &str, now: Timestamp) -> Option<Duration> {
        let mut accounts = self.lock();
        let account = accounts.get_mut(account)?;
        account.turn_page(now);
        let stretch = account.report(self.policy(), now).stretch;
        account
            .sources
            .get(source)
            .map(|pace| pace.stretched(stretch))
    }

    /// Where every account stands, by name.
    #[must_use]
    pub fn reports(&self, now: Timestamp) -> Vec<(Arc<str>, BudgetReport)> {
        let mut accounts = self.lock();
        let accounts = accounts.iter_mut();
        accounts
            // What was remembered of an account that is no longer configured.
            .filter(|(_, account)| !account.sources.is_empty())
            .map(|(name, account)| {
                account.turn_page(now);
                (name.clone(), account.report(self.policy(), now))
            })
            .collect()
    }

    /// The interval of every source as it is now, by name.
    #[must_use]
    pub fn intervals(&self, now: Timestamp) -> BTreeMap<Arc<str>, Duration> {
        let accounts = self.lock();
        let intervals = accounts.values().flat_map(|account| {
            let stretch = account.report(self.policy(), now).stretch;
            let sources = account.sources.iter();
            sources.map(move |(name, pace)| (name.clone(), pace.stretched(stretch)))
        });
        intervals.collect()
    }

    /// What to remember over a restart, by account.
    #[must_use]
    pub fn usage(&self) -> BTreeMap<Arc<str>, MonthUsage> {
        let usage = |(name, account): (&Arc<str>, &Account)| (name.clone(), account.usage);
        self.lock().iter().map(usage).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    fn new(usage: MonthUsage) -> Self {
        Self {
            usage,
            sources: BTreeMap::new(),
            is_over: false,
            has_stopped: false,
        }
    }

    /// Begins a new month. A clock that goes back does not give the old quota again.
    fn turn_page(&mut self, now: Timestamp) {
        let month = Month::of(now);
        if month > self.usage.month {
            self.usage = MonthUsage { month, requests: 0 };
            self.has_stopped = false;
        }
    }

    /// Calls from now to the end of the month at the configured intervals.
    fn upcoming(&self, now: Timestamp) -> f64 {
        // Of this month, also when a clock that went back has left a later one behind.
        let rest = Month::of(now).end().duration_since(now);
        let rest = rest.max(SignedDuration::ZERO).as_secs_f64();
        let pace = |pace: &Pace| rest / pace.interval.as_secs_f64().max(1.0) * pace.calls;
        self.sources.values().map(pace).sum()
    }

    fn stopped_until(&self, policy: BudgetPolicy) -> Option<Timestamp> {
        let limit = policy.requests_per_month.filter(|_| policy.hard_stop)?;
        (self.usage.requests >= limit).then(|| self.usage.month.end())
    }

    fn report(&self, policy: BudgetPolicy, now: Timestamp) -> BudgetReport {
        let upcoming = self.upcoming(now);
        let stretch = policy.requests_per_month.map_or(1.0, |limit| {
            let room = to_f64(limit.saturating_sub(self.usage.requests)).max(1.0);
            (upcoming / room).max(1.0)
        });
        BudgetReport {
            used: self.usage.requests,
            projected: self.usage.requests.saturating_add(to_u64(upcoming)),
            limit: policy.requests_per_month,
            stretch,
            stopped_until: self.stopped_until(policy),
        }
    }

    fn news(&mut self, policy: BudgetPolicy, now: Timestamp) -> Option<BudgetNews> {
        let report = self.report(policy, now);
        if report.stopped_until.is_some() {
            let is_news = !std::mem::replace(&mut self.has_stopped, true);
            return is_news.then_some(BudgetNews::Stopped(report));
        }
        let limit = to_f64(report.limit?);
        if !self.is_over && report.stretch > 1.0 {
            self.is_over = true;
            return Some(BudgetNews::Stretched(report));
        }
        if self.is_over && to_f64(report.projected) <= limit * WELL_BELOW {
            self.is_over = false;
            return Some(BudgetNews::Restored(report));
        }
        None
    }
}

impl Pace {
    fn stretched(&self, stretch: f64) -> Duration {
        let longest = LONGEST_INTERVAL.max(self.interval);
        if stretch <= 1.0 {
            return self.interval;
        }
        let exact = self.interval.as_secs_f64() * stretch;
        // Several collections a period are a wish for quick answers, and only made rarer.
        let step = self.period.min(self.interval).as_secs_f64().max(1.0);
        let whole = (exact / step).ceil() * step;
        Duration::try_from_secs_f64(whole).map_or(longest, |interval| interval.min(longest))
    }
}

/// Exact up to 2^53; no count of calls comes near.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of calls are far below 2^53"
)]
fn to_f64(count: u64) -> f64 {
    count as f64
}

/// Rounds; saturates.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates from float to integer, and the value is not negative"
)]
fn to_u64(value: f64) -> u64 {
    value.round() as u64
}
