//! Every history of six readings, against the rule written down a second time.

use crate::world::{GAPS, fresh, policy, rules, step};
use jiff::SignedDuration;
use lag_core::recommend::{Memory, Policy, StepRules};

const LAGS: [f64; 6] = [0.0, 50_000.0, 75_000.0, 100_000.0, 150_000.0, 160_000.0];
const RUNS: i64 = 6;

/// The rule over a whole history of fresh readings, from its first to its last.
fn naive(history: &[(i64, f64)], minutes: i64) -> Option<u32> {
    let mut said = None;
    for end in 1..=history.len() {
        let (now, lag) = history[end - 1];
        let lasts = |above: f64| {
            let run = history[..end]
                .iter()
                .rev()
                .take_while(|(_, lag)| *lag > above);
            run.last().is_some_and(|(begin, _)| now - begin >= minutes)
        };
        let up = match (lasts(100_000.0), lasts(150_000.0)) {
            (_, true) => Some(4),
            (true, false) => Some(3),
            (false, false) => None,
        };
        let down = match (lag > 50_000.0, lag > 100_000.0) {
            (false, _) => 2,
            (true, false) => 3,
            (true, true) => 4,
        };
        said = match said {
            Some(last) => Some(down.min(last).max(up.unwrap_or(2))),
            None if down == 2 => Some(2),
            // More may run than a step in the middle asks for.
            None => up.filter(|most| *most == 4),
        };
    }
    said
}

struct Walk {
    policy: Policy,
    minutes: i64,
    cases: u32,
}

impl Walk {
    /// `bridged` is the memory of one who was never asked in a gap.
    fn go(
        &mut self,
        memory: Option<&Memory>,
        bridged: Option<&Memory>,
        history: &mut Vec<(i64, f64)>,
        run: i64,
    ) {
        if run == RUNS {
            self.cases += 1;
            return;
        }
        for value in LAGS {
            let reading = fresh(run, value);
            history.push((run, value));
            let said = step(&self.policy, memory, &reading);
            assert_eq!(said.replicas, naive(history, self.minutes), "{history:?}");
            assert_eq!(said, step(&self.policy, bridged, &reading), "{history:?}");
            assert_eq!(said, step(&self.policy, memory, &reading), "deterministic");
            let next = said.memory.as_ref();
            assert_eq!(
                step(&self.policy, next, &reading),
                said,
                "counted twice: {history:?}"
            );
            self.go(next, next, history, run + 1);
            history.pop();
        }
        for gap in GAPS {
            let said = step(&self.policy, memory, &gap());
            assert_eq!(said.replicas, None, "{history:?}");
            self.go(said.memory.as_ref(), bridged, history, run + 1);
        }
    }
}

#[test]
fn every_history_follows_the_rule_and_no_gap_changes_what_follows() {
    for minutes in [0, 2] {
        let sustained_for = SignedDuration::from_mins(minutes);
        let policy = policy(StepRules {
            sustained_for,
            ..rules()
        });
        let cases = 0;
        let mut walk = Walk {
            policy,
            minutes,
            cases,
        };
        walk.go(None, None, &mut Vec::new(), 0);
        assert_eq!(walk.cases, 9_u32.pow(6));
    }
}
