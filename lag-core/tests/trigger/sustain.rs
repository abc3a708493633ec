//! Activation: above, not at; and only after a while where that is asked for.

use crate::world::*;
use lag_core::{
    LagSample,
    trigger::{NoNumber, Sustained, Trigger},
};
use proptest::prelude::*;

/// The answers after each of these samples: yes, no, or not known.
fn answers(trigger: &Trigger, samples: &[LagSample]) -> String {
    let mut memory = Sustained::default();
    let one = |sample: &LagSample| {
        let (answer, after) = trigger.is_active(&key("i", "orders"), memory, *sample);
        memory = after;
        match answer {
            Ok(true) => 'y',
            Ok(false) => 'n',
            Err(_) => '?',
        }
    };
    samples.iter().map(one).collect()
}

/// One sample a minute.
fn minutes(lags: &[f64]) -> Vec<LagSample> {
    let at = (0..).map(|minute| minute * 60);
    at.zip(lags)
        .map(|(second, lag)| sample(second, *lag))
        .collect()
}

#[test]
fn a_threshold_exactly_met_does_not_activate() {
    let lags = minutes(&[0.0, 10.0, 10.001, 9.0, 11.0]);
    let trigger = trigger(&[("activationLagThreshold", "10")]);
    assert_eq!(answers(&trigger, &lags), "nnyny");
}

#[test]
fn a_sustained_lag_activates_after_its_time_and_one_dip_ends_it() {
    let trigger = trigger(&[("sustainSeconds", "120")]);
    let lags = minutes(&[0.0, 5.0, 5.0, 5.0, 5.0, 0.0, 5.0, 5.0, 5.0]);
    assert_eq!(answers(&trigger, &lags), "nnnyynnny");
}

#[test]
fn a_backlog_older_than_our_memory_is_neither_a_yes_nor_a_no() {
    let trigger = trigger(&[("sustainSeconds", "120")]);
    assert_eq!(
        answers(&trigger, &minutes(&[5.0, 5.0, 5.0, 0.0, 5.0])),
        "??ynn"
    );
    let (answer, _) = trigger.is_active(&key("i", "orders"), Sustained::default(), sample(0, 5.0));
    let Err(NoNumber::Unsure { since, until, .. }) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!((since, until), (at(0), at(120)));
}

#[test]
fn a_sample_seen_again_or_late_counts_once() {
    let trigger = trigger(&[("sustainSeconds", "120")]);
    let samples = [
        sample(0, 0.0),
        sample(60, 5.0),
        sample(60, 5.0),
        sample(0, 0.0),
        sample(180, 5.0),
    ];
    assert_eq!(answers(&trigger, &samples), "nnnny");
}

#[test]
fn a_gap_within_a_backlog_does_not_end_it() {
    let trigger = trigger(&[("sustainSeconds", "600")]);
    let samples = [sample(0, 0.0), sample(60, 5.0), sample(660, 5.0)];
    assert_eq!(answers(&trigger, &samples), "nny");
}

#[test]
fn a_lag_that_rose_in_a_gap_is_no_no() {
    // An outage of six minutes; the lag may have risen at its begin.
    let trigger = trigger(&[("activationLagThreshold", "100"), ("sustainSeconds", "300")]);
    let samples = [0, 60, 420, 480, 660, 720].map(|second| {
        let lag = if second > 60 { 90_000.0 } else { 0.0 };
        sample(second, lag)
    });
    assert_eq!(answers(&trigger, &samples), "nn???y");
    let two_minutes = [sample(0, 0.0), sample(120, 101.0), sample(419, 101.0)];
    assert_eq!(answers(&trigger, &two_minutes), "nnn", "one is missing");
}

#[test]
fn a_gap_shorter_than_the_time_asked_for_leaves_the_no_certain() {
    let trigger = trigger(&[("sustainSeconds", "600")]);
    let samples = [
        sample(0, 0.0),
        sample(360, 5.0),
        sample(599, 5.0),
        sample(600, 5.0),
        sample(960, 5.0),
    ];
    assert_eq!(answers(&trigger, &samples), "nnn?y");
}

proptest! {
    #[test]
    fn a_yes_follows_only_a_lag_above_and_a_no_never_a_whole_run_above(
        lags in proptest::collection::vec(0_u8..4, 1..30),
        sustain in 0_i64..5,
    ) {
        let seconds = (sustain * 60).to_string();
        let trigger = trigger(&[("activationLagThreshold", "1"), ("sustainSeconds", &seconds)]);
        let lags: Vec<f64> = lags.into_iter().map(f64::from).collect();
        let said = answers(&trigger, &minutes(&lags));
        for (at, said) in said.chars().enumerate() {
            let run = lags[..=at].iter().rev().take_while(|lag| **lag > 1.0).count();
            let is_long = run > usize::try_from(sustain).unwrap();
            let expected = if run > 0 && is_long { 'y' } else if run == at + 1 && run > 0 { '?' } else { 'n' };
            prop_assert_eq!(said, expected, "{:?} at {}", lags, at);
        }
    }

    /// Whatever was not sampled, and whatever nobody asked about: the last sample at or below that anybody knows is
    /// less than the time asked for ago, or two minutes more, wherever the answer is a no above the threshold. A yes
    /// has no such sample in that time at all.
    #[test]
    fn gaps_are_never_taken_for_a_low_lag(
        samples in proptest::collection::vec((1_i64..400, any::<bool>(), any::<bool>()), 1..40),
        sustain in 1_i64..1_500,
    ) {
        let seconds = sustain.to_string();
        let trigger = trigger(&[("activationLagThreshold", "1"), ("sustainSeconds", &seconds)]);
        let mut memory = Sustained::default();
        let (mut now, mut below, mut below_seen) = (0, None, None);
        for (step, is_above, is_asked) in samples {
            now += step;
            if !is_above {
                below = Some(now);
            }
            if !is_asked {
                continue;
            }
            if !is_above {
                below_seen = Some(now);
            }
            let lag = if is_above { 2.0 } else { 1.0 };
            let (answer, after) = trigger.is_active(&key("i", "orders"), memory, sample(now, lag));
            memory = after;
            match answer {
                Ok(false) => prop_assert!(below.is_some_and(|below| now - below < sustain + 120)),
                Ok(true) => prop_assert!(below_seen.is_none_or(|below| now - below > sustain)),
                Err(_) => prop_assert!(is_above && below_seen.is_none_or(|below| now - below >= sustain)),
            }
        }
    }
}
