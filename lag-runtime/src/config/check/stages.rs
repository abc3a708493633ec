//! The ladder: lists of actions in words.

use lag_core::{
    Replicas,
    escalate::{Action, Stage},
};
use std::mem::discriminant;

use super::wire::Stages;
use crate::config::{ConfigError, entry::Entry, pick::Found};

const ACTIONS: &str = "use restart, scale +2, scale -1, scale to 5 or notify";
/// More is a slip of the finger; the bounds of a target are the real limit.
const MOST: u32 = 10_000;

pub(super) fn stages(entry: &Entry<'_>, written: &Stages) -> Result<Vec<Stage>, ConfigError> {
    let at = |line: u64, name: String| Found {
        place: format!("{} line {line}: {name}", entry.picker.path),
        text: String::new(),
    };
    if written.value.is_empty() {
        return Err(at(written.referenced.line(), entry.key("stages"))
            .wrong("no stage is listed: to tell people and change nothing, write [[notify]]"));
    }
    let mut stages = Vec::new();
    for (index, stage) in written.value.iter().enumerate() {
        let key = format!("stages[{index}]");
        if stage.value.is_empty() {
            let place = at(stage.referenced.line(), entry.key(&key));
            return Err(place.wrong(format!("this stage does nothing: {ACTIONS}")));
        }
        let mut actions: Vec<Action> = Vec::new();
        for text in &stage.value {
            // A list of one scalar, to find variables and the place in the same way as everywhere.
            let found = entry.many(&key, &Some(vec![text.clone()]))?;
            for found in found {
                let action = action(&found.text).map_err(|problem| found.wrong(problem))?;
                if actions
                    .iter()
                    .any(|known| discriminant(known) == discriminant(&action))
                {
                    let problem = format!(
                        "{:?} is the second of its sort in this stage: keep one",
                        found.text
                    );
                    return Err(found.wrong(problem));
                }
                actions.push(action);
            }
        }
        stages.push(Stage { actions });
    }
    Ok(stages)
}

/// Reads one action.
fn action(text: &str) -> Result<Action, String> {
    let words: Vec<_> = text.split_whitespace().collect();
    match words.as_slice() {
        ["restart"] => Ok(Action::Restart),
        ["notify"] => Ok(Action::Notify),
        ["scale", "to", number] => match number.parse() {
            Ok(0) => Err(format!(
                "{text:?} would switch the workload off: use 1 to {MOST} replicas"
            )),
            Ok(to @ 1..=MOST) => Ok(Action::Scale(Replicas::To(to))),
            _ => Err(format!(
                "{text:?} is not possible: use scale to N, with N from 1 to {MOST}"
            )),
        },
        ["scale", by] if by.starts_with(['+', '-']) => match by.parse::<i32>() {
            Ok(0) => Err(format!(
                "{text:?} changes nothing: use scale +1 or more, or scale -1 or less"
            )),
            Ok(by) if by.unsigned_abs() <= MOST => Ok(Action::Scale(Replicas::By(by))),
            _ => Err(format!(
                "{text:?} is not possible: use scale +N or scale -N, with N from 1 to {MOST}"
            )),
        },
        ["scale", number] if number.parse::<u32>().is_ok() => Err(format!(
            "{text:?} can be read in two ways: write scale +{number} or scale to {number}"
        )),
        _ => Err(format!("{text:?} is not known: {ACTIONS}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn actions_are_read_as_written() {
        for (text, read) in [
            ("restart", Action::Restart),
            ("notify", Action::Notify),
            ("scale +2", Action::Scale(Replicas::By(2))),
            ("scale  -1", Action::Scale(Replicas::By(-1))),
            ("scale to 5", Action::Scale(Replicas::To(5))),
        ] {
            assert_eq!(action(text), Ok(read), "{text}");
        }
    }

    #[test]
    fn what_is_no_action_is_refused_with_the_ones_there_are() {
        for (text, says) in [
            ("reboot", "\"reboot\" is not known: use restart, scale +2"),
            ("Restart", "is not known"),
            ("", "is not known"),
            ("scale", "is not known"),
            ("scale up", "is not known"),
            ("scale to", "is not known"),
            ("scale to five", "scale to N"),
            ("scale to 10001", "from 1 to 10000"),
            ("scale to 0", "switch the workload off"),
            ("scale +0", "changes nothing"),
            ("scale -0", "changes nothing"),
            ("scale +1.5", "with N from 1 to 10000"),
            ("scale +-1", "with N from 1 to 10000"),
            ("scale -2147483648", "with N from 1 to 10000"),
            ("scale 5", "write scale +5 or scale to 5"),
        ] {
            let problem = action(text).unwrap_err();
            assert!(problem.contains(says), "{text}: {problem}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "(scale |to |restart|notify|.){0,6}") {
            let _ = action(&text);
        }

        #[test]
        fn a_step_that_is_read_is_never_zero_and_never_huge(by in any::<i64>()) {
            let text = format!("scale {by:+}");
            match action(&text) {
                Ok(Action::Scale(Replicas::By(read))) => {
                    prop_assert_eq!(i64::from(read), by);
                    prop_assert!(by != 0 && by.unsigned_abs() <= u64::from(MOST));
                }
                other => {
                    prop_assert!(other.is_err());
                    prop_assert!(by == 0 || by.unsigned_abs() > u64::from(MOST));
                }
            }
        }
    }
}
