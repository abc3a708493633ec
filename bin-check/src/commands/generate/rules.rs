//! Alert rules for Prometheus: those of `deploy/prometheus/rules.yml`, with other values.

use super::{
    monitor::release,
    yaml::{indented, promql, quoted, scalar},
};
use crate::cli::generate::{RulesArgs, RulesFormat};

/// The one place where the rules are written.
const FILE: &str = include_str!("../../../../deploy/prometheus/rules.yml");

/// What is filled in, as the file has it; each stands there once, the job in two rules, the link in every alert.
const LIMIT: &str = ":last * 0 + 150000";
const MAX_DRAIN: &str = "drain_seconds:last > 3600";
const MAX_AGE: &str = "[1h])) > 300";
const JOB: &str = "up{job=\"kafka-exporter\"}";
const DASHBOARD: &str = "dashboard_url: \"/d/";

pub(super) fn render(args: &RulesArgs) -> String {
    let (about, groups) = split();
    let groups = groups
        .replace(LIMIT, &format!(":last * 0 + {}", args.threshold))
        .replace(
            MAX_DRAIN,
            &format!("drain_seconds:last > {}", args.max_drain.as_std().as_secs()),
        )
        .replace(
            MAX_AGE,
            &format!("[1h])) > {}", args.max_age.as_std().as_secs()),
        )
        .replace(JOB, &format!("up{{job={}}}", promql(&args.job)))
        .replace(
            DASHBOARD,
            &format!("dashboard_url: {base}/d/", base = open(&args.grafana_url)),
        );
    match args.format {
        RulesFormat::Plain => format!("{about}{groups}"),
        RulesFormat::PrometheusRule => format!(
            "{about}\
             apiVersion: monitoring.coreos.com/v1\n\
             kind: PrometheusRule\n\
             metadata:\n  \
               name: {}\n  \
               namespace: {}\n\
             {}\
             spec:\n{}",
            scalar(&args.name),
            scalar(&args.namespace),
            release(&args.release_label),
            indented(&groups, 2)
        ),
    }
}

/// The begin of an address, with the quote before it only.
fn open(address: &str) -> String {
    let mut quoted = quoted(address.trim_end_matches('/'));
    quoted.pop();
    quoted
}

/// What is said of all rules, and the rules. The first paragraph is about the file and its values, so it is left out.
fn split() -> (String, &'static str) {
    let start = FILE.find("groups:\n").unwrap_or_default();
    let (comment, groups) = FILE.split_at(start);
    let rest = comment
        .find("# Absence")
        .map_or("", |place| &comment[place..]);
    (
        format!("# kafka-lag generate prometheus-rules\n#\n{rest}"),
        groups,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_stands_in_the_file() {
        let (about, groups) = split();
        for (part, times) in [(LIMIT, 1), (MAX_DRAIN, 1), (MAX_AGE, 1), (JOB, 2)] {
            assert_eq!(FILE.matches(part).count(), times, "{part}");
            assert!(groups.contains(part), "{part}");
        }
        let alerts = FILE.matches("- alert: ").count();
        assert_eq!(FILE.matches(DASHBOARD).count(), alerts);
        assert!(about.contains("Absence is never a number"), "{about}");
        assert!(groups.starts_with("groups:\n"), "{groups}");
    }
}
