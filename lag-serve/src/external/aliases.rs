//! Which groups an alias stands for, so that a query by alias need not look at every name.

use lag_core::{Board, GroupName, alias};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

/// Groups by alias. Two groups could share one; then it stands for both.
pub(super) type ByAlias = BTreeMap<String, Vec<GroupName>>;

/// The aliases of the newest board that was asked about, made when they are first needed.
#[derive(Debug, Default)]
pub(super) struct Aliases(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Weak: the board is not kept alive, and while this is held its address is not given to another.
    board: Weak<Board>,
    by_alias: Arc<ByAlias>,
}

impl Aliases {
    /// Those of this board.
    pub(super) fn of(&self, board: &Arc<Board>) -> Arc<ByAlias> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::ptr::eq(known.board.as_ptr(), Arc::as_ptr(board)) {
            *known = Known {
                board: Arc::downgrade(board),
                by_alias: Arc::new(collect(board)),
            };
        }
        known.by_alias.clone()
    }
}

fn collect(board: &Board) -> ByAlias {
    let mut by_alias = ByAlias::new();
    for (_, instance) in board.instances() {
        let sampled = instance.samples().map(|(series, _)| series);
        let mut last = None;
        for series in sampled.chain(instance.expected.iter()) {
            // Topics stand beside their group.
            if last.replace(&series.group) == Some(&series.group) {
                continue;
            }
            if let Some(alias) = alias(series.group.as_str()) {
                let groups = by_alias.entry(alias).or_default();
                if !groups.contains(&series.group) {
                    groups.push(series.group.clone());
                }
            }
        }
    }
    by_alias
}
