//! One look at all sources: the board that `show` and `doctor` read.

use jiff::{SignedDuration, Timestamp};
use lag_core::{Board, Instance, port::LagSource};
use lag_runtime::config::SourceConfig;
use std::{sync::Arc, time::Instant};
use tokio::task::JoinSet;

use crate::{cloud::Cloud, output::progress};

/// All sources of a configuration, and what is known of them.
pub(crate) struct Looker {
    sources: Vec<(String, Arc<dyn LagSource>)>,
    forget_after: SignedDuration,
    pub(crate) board: Board,
}

impl Looker {
    pub(crate) fn new<'c>(
        cloud: &Cloud,
        configured: impl IntoIterator<Item = &'c SourceConfig>,
    ) -> anyhow::Result<Self> {
        let (mut sources, mut board) = (Vec::new(), Board::default());
        for source in configured {
            let collected: Arc<dyn LagSource> = Arc::new(cloud.source(source)?);
            sources.push((source.name.clone(), collected));
            let instances = source.instances.iter().map(|id| Instance {
                id: id.clone(),
                region: source.region.clone(),
                expected: source.expected.get(id).cloned().unwrap_or_default(),
            });
            board = board.watching(&source.name, instances, (cloud.now)());
        }
        Ok(Self {
            sources,
            forget_after: SignedDuration::try_from(cloud.config.lag.forget_after)?,
            board,
        })
    }

    /// Asks all sources at once. Returns up to when all of them have data, if all have any.
    pub(crate) async fn look(&mut self, cloud: &Cloud) -> anyhow::Result<Option<Timestamp>> {
        let mut asked = JoinSet::new();
        for (index, (_, source)) in self.sources.iter().enumerate() {
            let (source, started) = (source.clone(), Instant::now());
            asked.spawn(async move { (index, source.collect().await, started.elapsed()) });
        }
        let mut newest = Some(Timestamp::MAX);
        let work = async {
            while let Some(answered) = asked.join_next().await {
                let (index, collected, took) = answered?;
                newest = newest.min(collected.snapshot.complete_through());
                let name = &self.sources[index].0;
                self.board = self
                    .board
                    .collected(name, collected, took, self.forget_after);
            }
            anyhow::Ok(())
        };
        progress::watching(&cloud.calls, work).await?;
        Ok(newest)
    }
}
