//! Alert rules for Prometheus.

use lag_core::names::{
    API_BUDGET, API_MONTH, API_REQUEST_ERRORS, CONFIG_RELOAD_SUCCESSFUL, LAG, LAG_CHANGE,
    LAG_DRAIN, LAG_EXPECTED, LAG_PRESENT, LAG_TIMESTAMP, LEADER, UP,
};
use std::fmt::Write as _;

use super::{
    monitor::release,
    yaml::{indented, promql, quoted, scalar},
};
use crate::cli::generate::{RulesArgs, RulesFormat};

struct Alert {
    why: &'static str,
    name: &'static str,
    expr: String,
    wait: &'static str,
    severity: &'static str,
    summary: &'static str,
    description: String,
}

pub(super) fn render(args: &RulesArgs) -> String {
    let mut rules = String::new();
    for alert in alerts(args) {
        let _ = write!(
            rules,
            "# {}\n\
             - alert: {}\n  \
               expr: {}\n  \
               for: {}\n  \
               labels:\n    \
                 severity: {}\n  \
               annotations:\n    \
                 summary: {}\n    \
                 description: {}\n",
            alert.why,
            alert.name,
            quoted(&alert.expr),
            alert.wait,
            alert.severity,
            quoted(alert.summary),
            quoted(&alert.description),
        );
    }
    let about = "# kafka-lag generate prometheus-rules. Two exporters show every series twice, so all is `max by` and never `sum`.\n";
    let groups = format!(
        "groups:\n  - name: kafka-lag\n    rules:\n{}",
        indented(&rules, 6)
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

fn alerts(args: &RulesArgs) -> Vec<Alert> {
    let of = |metric: &str| format!("max by (instance_id, consumer_group) ({metric})");
    let down = format!("max by (instance_id) ({UP}) == 0");
    let floor = args.threshold / 2;
    let job = promql(&args.job);
    vec![
        Alert {
            why: "More than the workload should ever have.",
            name: "KafkaConsumerLagHigh",
            expr: format!("{} > {}", of(LAG), args.threshold),
            wait: "2m",
            severity: "critical",
            summary: "Consumer group {{ $labels.consumer_group }} is far behind",
            description: "{{ $labels.consumer_group }} on {{ $labels.instance_id }} has {{ $value | humanize }} messages to consume.".to_owned(),
        },
        Alert {
            why: "Half of that, and it still grows.",
            name: "KafkaConsumerLagGrowing",
            expr: format!("{} > 0 and {} > {floor}", of(LAG_CHANGE), of(LAG)),
            wait: "15m",
            severity: "warning",
            summary: "Consumer group {{ $labels.consumer_group }} falls behind",
            description: "The lag of {{ $labels.consumer_group }} on {{ $labels.instance_id }} grows by {{ $value | humanize }} messages a second.".to_owned(),
        },
        Alert {
            why: "It falls, but too slowly.",
            name: "KafkaConsumerDrainTooSlow",
            expr: format!("{} > {} and {} > {floor}", of(LAG_DRAIN), args.max_drain.as_std().as_secs(), of(LAG)),
            wait: "15m",
            severity: "warning",
            summary: "Consumer group {{ $labels.consumer_group }} needs long to catch up",
            description: "{{ $labels.consumer_group }} on {{ $labels.instance_id }} needs {{ $value | humanizeDuration }} at its present pace.".to_owned(),
        },
        Alert {
            why: "A lag that is too old is withdrawn, and no rule above can speak of it. This one remembers its time for an hour.",
            name: "KafkaLagDataStale",
            expr: format!(
                "time() - {} > {} unless on (instance_id) ({down})",
                of(&format!("last_over_time({LAG_TIMESTAMP}[1h])")),
                args.max_age.as_std().as_secs()
            ),
            wait: "2m",
            severity: "warning",
            summary: "No new lag of {{ $labels.consumer_group }}",
            description: "The newest datum of {{ $labels.consumer_group }} on {{ $labels.instance_id }} is {{ $value | humanizeDuration }} old. The group may have been deleted, or CloudMonitor has no points for it.".to_owned(),
        },
        Alert {
            why: "For groups named with --group.expect, also those that never had a datum.",
            name: "KafkaConsumerGroupAbsent",
            expr: format!(
                "{} unless on (instance_id, consumer_group) ({} == 1) unless on (instance_id) ({down})",
                of(LAG_EXPECTED),
                of(LAG_PRESENT)
            ),
            wait: "5m",
            severity: "warning",
            summary: "Expected group {{ $labels.consumer_group }} has no lag",
            description: "CloudMonitor has no fresh datum of {{ $labels.consumer_group }} on {{ $labels.instance_id }}. kafka-lag doctor says why.".to_owned(),
        },
        Alert {
            why: "Once for an instance, instead of once for each of its groups.",
            name: "KafkaLagCollectFailing",
            expr: down.clone(),
            wait: "5m",
            severity: "warning",
            summary: "Lag of {{ $labels.instance_id }} cannot be read",
            description: "Collections from CloudMonitor fail. The exporter's log and /api/v1/lag say why (last_error_detail).".to_owned(),
        },
        Alert {
            why: "The account's limit is shared with everything else that asks CloudMonitor.",
            name: "KafkaLagApiThrottled",
            expr: format!("sum by (source) (increase({API_REQUEST_ERRORS}{{code=\"throttled\"}}[15m])) > 0"),
            wait: "15m",
            severity: "warning",
            summary: "CloudMonitor refuses calls of {{ $labels.source }}: too many",
            description: "Lengthen --collect.interval, or find out who else asks with this account.".to_owned(),
        },
        Alert {
            why: "Here it is sum: each exporter counts its own calls.",
            name: "KafkaLagApiBudgetExceeded",
            expr: format!("sum by (account) ({API_MONTH}) > max by (account) ({API_BUDGET})"),
            wait: "10m",
            severity: "warning",
            summary: "Account {{ $labels.account }} has spent the month's calls",
            description: "{{ $value | humanize }} calls this month; further ones may cost money, or are not made (--budget.hard-stop).".to_owned(),
        },
        Alert {
            why: "Without scrapes, nothing above can fire.",
            name: "KafkaLagExporterDown",
            expr: format!("absent(up{{job={job}}} == 1)"),
            wait: "5m",
            severity: "critical",
            summary: "The Kafka lag exporter is not scraped",
            description: format!("No target of the job {} is up. No alert about lag can fire.", args.job),
        },
        Alert {
            why: "Two exporters with --lease, and none has the Lease: the lag they have grows old. Without --lease there is no such series.",
            name: "KafkaLagNobodyAsks",
            expr: format!("max({LEADER}) == 0"),
            wait: "2m",
            severity: "critical",
            summary: "No Kafka lag exporter asks CloudMonitor",
            description: "All replicas wait for the Lease or follow one that is gone. Their logs say why; look at the Lease and at the rights to it.".to_owned(),
        },
        Alert {
            why: "The exporter goes on with what it had.",
            name: "KafkaLagConfigReloadFailed",
            expr: format!("min by (job) ({CONFIG_RELOAD_SUCCESSFUL}) == 0"),
            wait: "5m",
            severity: "warning",
            summary: "The exporter's configuration could not be loaded",
            description: "Its log names the line.".to_owned(),
        },
    ]
}
