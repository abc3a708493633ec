//! The groups of a board in every order, made once for as long as it is true.

use super::asked::{Asked, Sort};
use crate::exposition::Validity;
use jiff::{SignedDuration, Timestamp};
use lag_core::{Board, GroupKey, GroupLimits, GroupName, InstanceId, Lag, Reading, Tally, Trouble};
use std::{
    cmp::Ordering,
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak},
};

/// The view of the newest board that somebody looked at.
#[derive(Debug, Default)]
pub(crate) struct Views(Mutex<Option<Arc<View>>>);

impl Views {
    /// The view of this board at this moment. Whoever asks while it is made waits for it.
    pub(super) fn get(
        &self,
        board: &Arc<Board>,
        limits: &Arc<GroupLimits>,
        now: Timestamp,
        max_age: SignedDuration,
    ) -> Arc<View> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(view) = held.as_ref().filter(|view| view.holds(board, limits, now)) {
            return view.clone();
        }
        *held = None; // before another one needs room
        let view = Arc::new(View::new(board, limits, now, max_age));
        *held = Some(view.clone());
        view
    }

    /// Lets go of a view that is not true any more.
    pub(crate) fn tidy(&self, board: &Arc<Board>, now: Timestamp) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_true = |view: &Arc<View>| view.is_of(board) && view.validity.holds_at(now);
        if held.as_ref().is_some_and(|view| !is_true(view)) {
            *held = None;
        }
    }
}

/// One group, as it was when the view was made. Its state is still that; its age is not.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) instance: InstanceId,
    pub(super) group: GroupName,
    pub(super) trouble: Trouble,
    pub(super) limit: Option<Lag>,
    reading: Reading,
}

impl Entry {
    /// What may be said now.
    pub(super) fn reading(&self, now: Timestamp, max_age: SignedDuration) -> Reading {
        match self.reading {
            Reading::Fresh(sample) | Reading::Stale { last: sample, .. } => {
                Reading::of(sample, now, max_age)
            }
            Reading::Absent | Reading::Failed { .. } => self.reading,
        }
    }

    pub(super) fn key(&self) -> GroupKey {
        GroupKey::total(self.instance.clone(), self.group.clone())
    }

    /// By what an order of numbers sorts; `None` sorts behind all others, both ways.
    fn number(&self, sort: Sort) -> Option<f64> {
        let fresh = match self.reading {
            Reading::Fresh(sample) => Some(sample),
            Reading::Stale { .. } | Reading::Absent | Reading::Failed { .. } => None,
        };
        match sort {
            Sort::Trouble | Sort::Group | Sort::Instance => None,
            Sort::Lag => fresh.map(|sample| sample.lag.as_f64()),
            Sort::Trend => fresh?.trend.map(|trend| trend.per_second()),
            Sort::Drain => {
                let sample = fresh?;
                let drain = sample.trend?.drain(sample.lag);
                drain.map(|drain| drain.as_secs_f64())
            }
            Sort::Age => match self.reading {
                Reading::Fresh(sample) | Reading::Stale { last: sample, .. } => {
                    Some(-SignedDuration::from_millis(sample.at.as_millisecond()).as_secs_f64())
                }
                Reading::Absent | Reading::Failed { .. } => None,
            },
        }
    }
}

/// Indices of entries in a rising order, and behind them those that have no place in it.
#[derive(Debug)]
struct Order {
    placed: Vec<usize>,
    rest: Vec<usize>,
}

/// The groups of one board.
#[derive(Debug)]
pub(crate) struct View {
    /// Weak, as in the cache of scrapes: an old board is freed when it is replaced.
    board: Weak<Board>,
    limits: Arc<GroupLimits>,
    validity: Validity,
    /// By instance and name.
    entries: Vec<Entry>,
    orders: [OnceLock<Order>; Sort::ALL.len()],
    pub(super) tally: Tally,
}

/// A page of a list.
#[derive(Debug)]
pub(super) struct Slice<'v> {
    pub(super) entries: Vec<&'v Entry>,
    /// Of this page, which may be less than was asked for; from 1.
    pub(super) page: usize,
    pub(super) pages: usize,
    /// Place of the first entry, from 1; 0 when there is none.
    pub(super) first: usize,
    /// Groups that the search has found.
    pub(super) found: usize,
}

impl View {
    fn new(
        board: &Arc<Board>,
        limits: &Arc<GroupLimits>,
        now: Timestamp,
        max_age: SignedDuration,
    ) -> Self {
        let mut validity = Validity::ALWAYS;
        let mut tally = Tally::default();
        let totals = board.rows(now, max_age);
        let totals = totals.filter(|row| row.series.topic.is_none());
        let entries = totals.map(|row| {
            validity.narrow(&row.reading, max_age);
            let limit = limits.of(&row.key());
            let trouble = Trouble::of(&row.reading, limit);
            tally.count(&trouble, limit);
            Entry {
                instance: row.instance.clone(),
                group: row.series.group.clone(),
                trouble,
                limit,
                reading: row.reading,
            }
        });
        let entries = entries.collect();
        Self {
            board: Arc::downgrade(board),
            limits: limits.clone(),
            validity,
            entries,
            orders: Default::default(),
            tally,
        }
    }

    fn is_of(&self, board: &Arc<Board>) -> bool {
        std::ptr::eq(self.board.as_ptr(), Arc::as_ptr(board))
    }

    fn holds(&self, board: &Arc<Board>, limits: &Arc<GroupLimits>, now: Timestamp) -> bool {
        self.is_of(board) && Arc::ptr_eq(&self.limits, limits) && self.validity.holds_at(now)
    }

    /// The entry of a group, if it is known or expected.
    pub(super) fn find(&self, instance: &str, group: &str) -> Option<&Entry> {
        let order = |entry: &Entry| {
            let instance = entry.instance.as_str().cmp(instance);
            instance.then_with(|| entry.group.as_str().cmp(group))
        };
        let at = self.entries.binary_search_by(order).ok()?;
        self.entries.get(at)
    }

    fn order(&self, sort: Sort) -> &Order {
        let place = Sort::ALL.iter().position(|one| *one == sort).unwrap_or(0);
        self.orders[place].get_or_init(|| self.sorted(sort))
    }

    fn sorted(&self, sort: Sort) -> Order {
        let all = 0..self.entries.len();
        // Entries are sorted by name, so a stable sort leaves equal ones so.
        let by = |order: &dyn Fn(&Entry, &Entry) -> Ordering| {
            let mut placed: Vec<_> = all.clone().collect();
            placed.sort_by(|a, b| order(&self.entries[*a], &self.entries[*b]));
            Order {
                placed,
                rest: Vec::new(),
            }
        };
        match sort {
            Sort::Trouble => by(&|a, b| a.trouble.order(&b.trouble)),
            Sort::Group => by(&|a, b| a.group.cmp(&b.group)),
            Sort::Instance => by(&|_, _| Ordering::Equal),
            Sort::Lag | Sort::Trend | Sort::Drain | Sort::Age => {
                let numbers = all.map(|at| (self.entries[at].number(sort), at));
                let (mut placed, mut rest) = (Vec::new(), Vec::new());
                for (number, at) in numbers {
                    match number {
                        Some(number) => placed.push((number, at)),
                        None => rest.push(at),
                    }
                }
                placed.sort_by(|a, b| a.0.total_cmp(&b.0));
                let placed = placed.into_iter().map(|(_, at)| at).collect();
                Order { placed, rest }
            }
        }
    }

    /// One page of what was asked for.
    pub(super) fn slice(&self, asked: &Asked) -> Slice<'_> {
        let order = self.order(asked.sort);
        let needle = Needle::new(&asked.search);
        let mut found: Vec<usize> = Vec::new();
        let mut take = |at: &usize| {
            let entry = &self.entries[*at];
            if needle.is_in(entry.group.as_str()) || needle.is_in(entry.instance.as_str()) {
                found.push(*at);
            }
        };
        if asked.falling {
            order.placed.iter().rev().for_each(&mut take);
        } else {
            order.placed.iter().for_each(&mut take);
        }
        order.rest.iter().for_each(&mut take);
        let pages = found.len().div_ceil(asked.size).max(1);
        let page = asked.page.min(pages);
        let skipped = (page - 1) * asked.size;
        let entries = found.iter().skip(skipped).take(asked.size);
        let entries: Vec<_> = entries.map(|at| &self.entries[*at]).collect();
        Slice {
            first: if entries.is_empty() { 0 } else { skipped + 1 },
            entries,
            page,
            pages,
            found: found.len(),
        }
    }
}

/// Looks for a text whatever its case.
struct Needle(String);

impl Needle {
    fn new(text: &str) -> Self {
        Self(text.to_lowercase())
    }

    fn is_in(&self, hay: &str) -> bool {
        let needle = self.0.as_bytes();
        if needle.is_empty() {
            return true;
        }
        if !hay.is_ascii() {
            return hay.to_lowercase().contains(&self.0);
        }
        // Without a copy of each of many names.
        let mut windows = hay.as_bytes().windows(needle.len());
        windows.any(|window| window.eq_ignore_ascii_case(needle))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_does_not_mind_case() {
        let is_in = |needle: &str, hay: &str| Needle::new(needle).is_in(hay);
        assert!(is_in("", "orders") && is_in("ORD", "orders") && is_in("ders", "ORDERS"));
        assert!(is_in("订单", "订单_docking") && is_in("Ä订", "ä订单"));
        assert!(!is_in("x", "orders") && !is_in("orders2", "orders") && !is_in("订", "orders"));
    }
}
