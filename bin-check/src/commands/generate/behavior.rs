//! How fast an autoscaler may move. The numbers are those of the reference manifest.

use crate::cli::generate::Metric;

/// The value of `behavior`. Tolerances only where the cluster reads them.
pub(super) fn behavior(metric: Metric, tolerances: bool) -> String {
    let mut text = String::from("scaleUp:\n");
    let (up, down) = match metric {
        Metric::Lag => (
            "stabilizationWindowSeconds: 120 # the lowest wish of the last two minutes: a short peak adds nothing\n",
            "stabilizationWindowSeconds: 600 # the highest wish of the last ten minutes\n",
        ),
        Metric::Recommended => (
            "stabilizationWindowSeconds: 0 # the rules of the exporter wait already\n",
            "stabilizationWindowSeconds: 60\n",
        ),
    };
    let mut add = |line: &str| {
        text.push_str("  ");
        text.push_str(line);
    };
    if tolerances {
        add(match metric {
            Metric::Lag => {
                "tolerance: \"0\" # one message above the target counts; without it, 10 %\n"
            }
            Metric::Recommended => {
                "tolerance: \"0\" # with the usual 10 %, one more than ten would not count\n"
            }
        });
    }
    add(up);
    add("policies: # one pod a minute: each one makes the group share its partitions anew\n");
    add("  - type: Pods\n");
    add("    value: 1\n");
    add("    periodSeconds: 60\n");
    text.push_str("scaleDown: # without policies, all that is too much would go at once\n");
    let mut add = |line: &str| {
        text.push_str("  ");
        text.push_str(line);
    };
    if tolerances {
        add(match metric {
            Metric::Lag => {
                "tolerance: 666m # down only when a third of the replicas would do; without it, a swing of 10 % is enough\n"
            }
            Metric::Recommended => "tolerance: \"0\"\n",
        });
    }
    add(down);
    add("policies:\n");
    add("  - type: Pods\n");
    add("    value: 1\n");
    add("    periodSeconds: 120\n");
    text
}
