//! A document as a board. Whole or not at all.

use super::{
    Handover, HandoverError, VERSION, Writer,
    wire::{
        Advised, Because, Document, Exact, Head, Instance, Point, Remembered, Sample, Source, Text,
    },
};
use crate::{
    Board, DropReason, Dropped, GroupKey, InstanceBoard, Lag, LagSample, SeriesName, SourceBoard,
    Trend,
    port::Failure,
    recommend::{AdviceBoard, Memory, Recommendation, Said, Why},
};
use std::{collections::BTreeMap, fmt::Display, sync::Arc, time::Duration};

/// Stands for a kind of failure that this program has no word for.
const OTHER: &str = "other";

impl Handover {
    /// Reads a document. `kinds` are the words for failures; any other becomes `other`, which is a label without end
    /// otherwise.
    ///
    /// # Errors
    /// [`HandoverError`] when it is of another version, no handover, cut off, or holds what cannot be, such as a
    /// negative lag.
    pub fn parse(text: &str, kinds: &[&'static str]) -> Result<Self, HandoverError> {
        let head: Head = serde_json::from_str(text).map_err(malformed)?;
        if head.version != VERSION {
            return Err(HandoverError::Version {
                found: head.version,
            });
        }
        let document: Document<'_, Vec<Sample<'_>>, Vec<Advised<'_>>> =
            serde_json::from_str(text).map_err(malformed)?;
        let mut board = Board::default();
        for found in document.sources {
            let (name, source) = source(found)?;
            board.sources.insert(name, source);
        }
        for found in document.instances {
            let id = found.instance_id.parse().map_err(malformed)?;
            let instance = instance(found, kinds)?;
            board.instances.insert(id, Arc::new(instance));
        }
        let advice = document.advice.into_iter().map(advised);
        board.advice = Arc::new(AdviceBoard(advice.collect::<Result<_, _>>()?));
        Ok(Self {
            written_at: document.written_at.0,
            writer: document.writer.map(|by| Writer {
                identity: by.identity.into_owned(),
                leads: by.leads,
            }),
            board,
        })
    }
}

fn malformed(reason: impl Display) -> HandoverError {
    HandoverError::Malformed {
        reason: reason.to_string(),
    }
}

fn source(found: Source<'_>) -> Result<(Arc<str>, SourceBoard), HandoverError> {
    let mut points = BTreeMap::new();
    for (word, count) in found.dropped_points {
        let reason = DropReason::ALL
            .into_iter()
            .find(|reason| reason.as_str() == word)
            .ok_or_else(|| malformed(format!("{word:?} is no reason to drop a point")))?;
        points.insert(reason, count);
    }
    let board = SourceBoard {
        attempts: found.attempts,
        received: found.received,
        dropped: Dropped {
            points,
            series: found.dropped_series,
        },
        last_duration: Duration::try_from(found.last_duration.0).map_err(malformed)?,
        publication_delay: found.publication_delay.map(inner),
    };
    Ok((found.name.into(), board))
}

fn instance(
    found: Instance<'_, Vec<Sample<'_>>>,
    kinds: &[&'static str],
) -> Result<InstanceBoard, HandoverError> {
    let mut board = InstanceBoard::watched(&found.region_id, Vec::new(), found.watched_since.0);
    board.last_attempt = found.last_attempt.map(inner);
    board.last_success = found.last_success.map(inner);
    board.failing_since = found.failing_since.map(inner);
    board.consecutive_failures = found.consecutive_failures;
    board.last_error = found.last_error.map(|failed| Failure {
        kind: kinds
            .iter()
            .find(|kind| **kind == failed.kind)
            .unwrap_or(&OTHER),
        detail: failed.detail.into(),
    });
    board.answered = found.answered;
    board.is_cut = found.is_cut;
    let samples = found.samples.into_iter().map(sample);
    // Sorted and each once, as the board needs it, whoever wrote the document.
    let samples: BTreeMap<_, _> = samples.collect::<Result<_, _>>()?;
    board.samples = samples.into_iter().collect();
    Ok(board)
}

fn sample(found: Sample<'_>) -> Result<(SeriesName, LagSample), HandoverError> {
    let topic = found.topic.map(|topic| topic.parse());
    let series = SeriesName {
        group: found.group.parse().map_err(malformed)?,
        topic: topic.transpose().map_err(malformed)?,
    };
    let point = Point {
        at: found.at,
        lag: found.lag,
        per_second: found.per_second,
    };
    Ok((series, measured(point)?))
}

fn measured(found: Point) -> Result<LagSample, HandoverError> {
    let trend = found.per_second.map(|Exact(slope)| {
        Trend::from_per_second(slope).ok_or_else(|| malformed("a trend is not finite"))
    });
    Ok(LagSample {
        at: found.at.0,
        lag: lag(found.lag)?,
        trend: trend.transpose()?,
    })
}

fn advised(found: Advised<'_>) -> Result<(GroupKey, Said), HandoverError> {
    let instance = found.instance_id.parse().map_err(malformed)?;
    let key = GroupKey::total(instance, found.group.parse().map_err(malformed)?);
    let said = Said {
        recommendation: Recommendation {
            replicas: found.replicas,
            memory: found.memory.map(remembered).transpose()?,
            why: why(found.because),
        },
        of: found.of.map(measured).transpose()?,
    };
    Ok((key, said))
}

fn remembered(found: Remembered) -> Result<Memory, HandoverError> {
    let above = found.above.into_iter();
    let above = above.map(|(step, Text(since))| Ok((lag(step)?, since)));
    Ok(Memory {
        held: found.held,
        seen: found.seen.map(inner),
        above: above.collect::<Result<_, _>>()?,
    })
}

fn lag(Exact(number): Exact) -> Result<Lag, HandoverError> {
    Lag::try_from(number).map_err(malformed)
}

fn inner<T>(Text(value): Text<T>) -> T {
    value
}

fn why(because: Because) -> Why {
    match because {
        Because::Lag => Why::Lag,
        Because::Between => Why::Between,
        Because::Undecided => Why::Undecided,
        Because::Waiting { until } => Why::Waiting { until: until.0 },
        Because::Draining => Why::Draining,
        Because::Older => Why::Older,
        Because::Unseen => Why::Unseen,
        Because::NoTrend => Why::NoTrend,
        Because::NoReplicas => Why::NoReplicas,
        Because::Settling { until } => Why::Settling { until: until.0 },
        Because::Stale { age } => Why::Stale { age: age.0 },
        Because::Absent => Why::Absent,
        Because::Failed { since } => Why::Failed { since: since.0 },
    }
}
