//! How many messages a robot takes, by the simulator's clock.

use std::collections::VecDeque;

use super::RobotKind;

const SECOND_MS: i64 = 1000;
const MINUTE_MS: i64 = 60 * SECOND_MS;

/// The longest silence DingTalk imposes on a robot that was too fast.
const PUNISHMENT_MS: i64 = 10 * MINUTE_MS;

/// When the last messages came, and until when none is taken.
#[derive(Debug, Default)]
pub(super) struct Pace {
    recent: VecDeque<i64>,
    blocked_until: Option<i64>,
}

impl Pace {
    /// Counts a message, unless there were too many.
    pub(super) fn admit(&mut self, kind: RobotKind, now: i64) -> bool {
        if let Some(until) = self.blocked_until {
            if now < until {
                return false;
            }
            *self = Self::default();
        }
        // A clock that was set back must not count what is yet to come.
        self.recent
            .retain(|sent| (0..MINUTE_MS).contains(&(now - sent)));
        let limits: &[(usize, i64)] = match kind {
            RobotKind::DingTalk | RobotKind::WeCom => &[(20, MINUTE_MS)],
            RobotKind::Feishu => &[(100, MINUTE_MS), (5, SECOND_MS)],
            RobotKind::Webhook => &[],
        };
        let within = |span: i64| {
            self.recent
                .iter()
                .filter(|sent| now - **sent < span)
                .count()
        };
        if limits.iter().any(|(most, span)| within(*span) >= *most) {
            if kind == RobotKind::DingTalk {
                self.blocked_until = Some(now + PUNISHMENT_MS);
            }
            return false;
        }
        self.recent.push_back(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{MINUTE_MS, PUNISHMENT_MS, Pace};
    use crate::robots::RobotKind;

    fn taken(pace: &mut Pace, kind: RobotKind, count: usize, now: i64) -> usize {
        (0..count).filter(|_| pace.admit(kind, now)).count()
    }

    #[test]
    fn dingtalk_takes_20_a_minute_and_then_nothing_for_10_minutes() {
        let mut pace = Pace::default();
        assert_eq!(taken(&mut pace, RobotKind::DingTalk, 20, 0), 20);
        assert!(!pace.admit(RobotKind::DingTalk, MINUTE_MS - 1));
        assert!(!pace.admit(RobotKind::DingTalk, PUNISHMENT_MS));
        assert!(pace.admit(RobotKind::DingTalk, MINUTE_MS - 1 + PUNISHMENT_MS));
    }

    #[test]
    fn wecom_forgets_after_a_minute() {
        let mut pace = Pace::default();
        assert_eq!(taken(&mut pace, RobotKind::WeCom, 25, 0), 20);
        assert!(pace.admit(RobotKind::WeCom, MINUTE_MS));
    }

    #[test]
    fn feishu_takes_5_a_second_and_100_a_minute() {
        let mut pace = Pace::default();
        let seconds = (0..30).map(|second| taken(&mut pace, RobotKind::Feishu, 9, second * 1000));
        assert_eq!(seconds.sum::<usize>(), 100);
    }

    #[test]
    fn a_clock_that_was_set_back_blocks_nobody() {
        let mut pace = Pace::default();
        assert_eq!(taken(&mut pace, RobotKind::WeCom, 20, MINUTE_MS), 20);
        assert!(pace.admit(RobotKind::WeCom, 0));
    }
}
