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
fn time_without_samples_counts_as_what_lies_on_both_sides() {
    let trigger = trigger(&[("sustainSeconds", "600")]);
    let samples = [sample(0, 0.0), sample(60, 5.0), sample(660, 5.0)];
    assert_eq!(answers(&trigger, &samples), "nny");
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
}
