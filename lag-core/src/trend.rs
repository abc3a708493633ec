//! Where a lag is going, from the few points that one answer already holds.

use crate::Lag;
use jiff::SignedDuration;

/// Direction of a lag: the slope of the least-squares line through the points of one answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    per_second: f64,
}

impl Trend {
    /// Fits a line through `(milliseconds since the epoch, lag)`; `None` for fewer than two different moments.
    #[must_use]
    pub fn fit(points: &[(i64, Lag)]) -> Option<Self> {
        let newest = points.iter().map(|(at, _)| *at).max()?;
        let seconds =
            |at: i64| -SignedDuration::from_millis(newest.saturating_sub(at)).as_secs_f64();
        let n = f64::from(u32::try_from(points.len()).ok()?);
        let mean = |of: &dyn Fn(&(i64, Lag)) -> f64| points.iter().map(of).sum::<f64>() / n;
        let (mean_t, mean_lag) = (mean(&|p| seconds(p.0)), mean(&|p| p.1.as_f64()));
        let (mut covariance, mut variance) = (0.0, 0.0);
        for (at, lag) in points {
            let t = seconds(*at) - mean_t;
            covariance += t * (lag.as_f64() - mean_lag);
            variance += t * t;
        }
        let per_second = covariance / variance;
        (variance > 0.0 && per_second.is_finite()).then_some(Self { per_second })
    }

    /// A slope that was read before, for example from kept state; `None` when it is not finite.
    #[must_use]
    pub fn from_per_second(per_second: f64) -> Option<Self> {
        per_second.is_finite().then_some(Self { per_second })
    }

    /// Messages per second; negative while the group catches up.
    #[must_use]
    pub fn per_second(self) -> f64 {
        self.per_second
    }

    /// Time until `lag` is gone at this pace. `None` when there is nothing to drain, when the lag does not fall, or
    /// when it would take more than ten years.
    #[must_use]
    pub fn drain(self, lag: Lag) -> Option<SignedDuration> {
        const TEN_YEARS: f64 = 10.0 * 365.0 * 86_400.0;
        let seconds = lag.as_f64() / -self.per_second;
        (lag > Lag::ZERO && self.per_second < 0.0 && seconds <= TEN_YEARS)
            .then(|| SignedDuration::from_secs_f64(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fit(points: &[(i64, f64)]) -> Option<f64> {
        let points: Vec<_> = points
            .iter()
            .map(|(s, v)| (s * 1000, Lag::try_from(*v).unwrap()))
            .collect();
        Trend::fit(&points).map(Trend::per_second)
    }

    #[test]
    fn a_straight_line_gives_its_slope() {
        assert_eq!(fit(&[(0, 0.0), (60, 600.0), (120, 1200.0)]), Some(10.0));
        assert_eq!(fit(&[(60, 600.0), (0, 1200.0)]), Some(-10.0));
        assert_eq!(fit(&[(0, 7.0), (60, 7.0)]), Some(0.0));
    }

    #[test]
    fn one_moment_has_no_trend() {
        assert_eq!(fit(&[]), None);
        assert_eq!(fit(&[(0, 5.0)]), None);
        assert_eq!(fit(&[(0, 5.0), (0, 9.0)]), None);
    }

    #[test]
    fn a_kept_slope_is_finite_too() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Trend::from_per_second(bad), None);
        }
        let kept = Trend::from_per_second(-2.5).map(Trend::per_second);
        assert_eq!(kept, Some(-2.5));
    }

    #[test]
    fn drain_time_is_absent_unless_the_lag_falls() {
        let lag = |n: f64| Lag::try_from(n).unwrap();
        assert_eq!(
            Trend { per_second: -10.0 }.drain(lag(600.0)),
            Some(SignedDuration::from_secs(60))
        );
        assert_eq!(Trend { per_second: 0.0 }.drain(lag(600.0)), None);
        assert_eq!(Trend { per_second: 3.0 }.drain(lag(600.0)), None);
        assert_eq!(Trend { per_second: -10.0 }.drain(Lag::ZERO), None);
        assert_eq!(
            Trend { per_second: -1e-12 }.drain(lag(1e12)),
            None,
            "never infinity"
        );
    }

    proptest! {
        #[test]
        fn a_trend_is_always_finite(points in proptest::collection::vec((0_i64..4_000_000_000_000, 0.0_f64..1e15), 0..8)) {
            let points: Vec<_> = points.into_iter().map(|(t, v)| (t, Lag::try_from(v).unwrap())).collect();
            if let Some(trend) = Trend::fit(&points) {
                prop_assert!(trend.per_second().is_finite());
            }
        }

        #[test]
        fn the_order_of_points_does_not_matter(points in proptest::collection::vec((0_i64..1000, 0_u32..1_000_000), 2..6)) {
            let mut points: Vec<_> = points.into_iter().map(|(t, v)| (t, f64::from(v))).collect();
            let forth = fit(&points);
            points.reverse();
            let back = fit(&points);
            prop_assert_eq!(forth.is_some(), back.is_some());
            if let (Some(a), Some(b)) = (forth, back) {
                prop_assert!((a - b).abs() <= 1e-6 * (1.0 + a.abs()));
            }
        }
    }
}
