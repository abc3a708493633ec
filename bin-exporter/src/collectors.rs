//! The collectors: one task per source, all writing to one board.

use jiff::SignedDuration;
use lag_core::{ApiCalls, Board, BoardCell, Budgets, Instance, Standing};
use lag_runtime::{
    Accounts, Now, Permit, Recommender,
    collect::{Collector, schedule},
    config::Config,
    connect,
    shutdown::Shutdown,
};
use std::{io, sync::Arc};
use tokio::{sync::watch, task::JoinSet};

use crate::ha::{Followed, Seat};

/// What the collectors need beside the configuration.
pub(crate) struct Needs<'a> {
    pub(crate) accounts: &'a Accounts,
    pub(crate) budgets: &'a Arc<Budgets>,
    pub(crate) recommender: Recommender,
    /// With a seat they collect only while this replica leads.
    pub(crate) seat: Option<Seat>,
}

/// What they fill.
pub(crate) struct Collected {
    pub(crate) board: Arc<BoardCell>,
    /// Tells that the board was replaced.
    pub(crate) updated: watch::Sender<()>,
    pub(crate) calls: Arc<ApiCalls>,
    pub(crate) standing: Option<Arc<Standing>>,
}

/// Starts one task per source, all writing to one board.
pub(crate) fn start(
    config: &Config,
    needs: Needs<'_>,
    now: &Now,
    shutdown: &Shutdown,
    tasks: &mut JoinSet<io::Result<()>>,
) -> anyhow::Result<Collected> {
    let Needs {
        accounts,
        budgets,
        recommender,
        seat,
    } = needs;
    let (calls, updated) = (Arc::new(ApiCalls::default()), watch::Sender::new(()));
    let board = Arc::new(BoardCell::new(config.sources.iter().fold(
        Board::default(),
        |board, source| {
            let instances = source.instances.iter().map(|id| Instance {
                id: id.clone(),
                region: source.region.clone(),
                expected: source.expected.get(id).cloned().unwrap_or_default(),
            });
            board.watching(&source.name, instances, now())
        },
    )));
    let forget_after = SignedDuration::try_from(config.lag.forget_after)?;
    let (permit, standing) = match seat {
        Some(seat) => {
            let followed = Followed {
                board: board.clone(),
                updated: updated.clone(),
                forget_after,
                book: recommender.book.clone(),
            };
            let (permit, standing) = seat.take(followed, now, shutdown, tasks)?;
            (permit, Some(standing))
        }
        None => (Permit::always(), None),
    };
    for source in &config.sources {
        let settings = (&config.cms, config.collect, config.lag);
        let account = accounts.of(source);
        let collector = Collector {
            name: source.name.as_str().into(),
            source: Arc::new(connect(source, settings, &account, &calls, now.clone())?),
            schedule: schedule(config.collect),
            board: board.clone(),
            forget_after,
            recommender: recommender.clone(),
            updated: updated.clone(),
            account: account.name,
            budgets: budgets.clone(),
        };
        let (now, shutdown, permit) = (now.clone(), shutdown.clone(), permit.clone());
        tasks.spawn(async move {
            collector.run_while(permit, now, shutdown).await;
            Ok(())
        });
    }
    Ok(Collected {
        board,
        updated,
        calls,
        standing,
    })
}
