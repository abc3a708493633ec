//! The controller's loop over a series.

use super::{Controller, Hpa, Point};
use crate::Lag;
use jiff::{SignedDuration, Timestamp};

/// `--horizontal-pod-autoscaler-sync-period`, unless changed.
pub const SYNC_PERIOD: SignedDuration = SignedDuration::from_secs(15);

/// The replicas after each sync, from `start` replicas on. `syncs` is what each sync sees, in order of time (see
/// [`syncs`]); `ready` says how many pods are ready when there are so many replicas: `|_, replicas| replicas` is a
/// workload that starts at once.
///
/// `None` never scales. Only replicas out of bounds are brought back even then, because that needs no metric.
pub fn simulate(
    hpa: &Hpa,
    start: u32,
    syncs: impl IntoIterator<Item = (Timestamp, Option<Lag>)>,
    ready: impl Fn(Timestamp, u32) -> u32,
) -> Vec<Point> {
    let mut controller = Controller::new(hpa.clone(), start);
    let step = |(at, lag)| {
        let ready = ready(at, controller.replicas());
        controller.sync(at, lag, ready)
    };
    syncs.into_iter().map(step).collect()
}

/// What a controller that syncs `every` so often (at least a second) sees of a recorded series, in order of time: the
/// newest entry, and nothing once it is older than `max_age`, because no value is served that is not fresh.
pub fn syncs(
    series: &[(Timestamp, Option<Lag>)],
    every: SignedDuration,
    max_age: SignedDuration,
) -> impl Iterator<Item = (Timestamp, Option<Lag>)> {
    let every = every.max(SignedDuration::from_secs(1));
    let ends = series.first().map(|(at, _)| *at).zip(series.last());
    let times = ends.into_iter().flat_map(move |(first, (last, _))| {
        let next = move |at: &Timestamp| at.checked_add(every).ok();
        std::iter::successors(Some(first), next).take_while(move |at| at <= last)
    });
    times.map(move |now| {
        let known = series.partition_point(|(at, _)| *at <= now);
        let newest = known.checked_sub(1).and_then(|index| series.get(index));
        let fresh = newest.filter(|(at, _)| now.duration_since(*at) <= max_age);
        (now, fresh.and_then(|(_, lag)| *lag))
    })
}
