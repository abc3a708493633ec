//! The rule of prometheus-adapter.

use lag_core::names;

use super::yaml::{indented, quoted, scalar};
use crate::cli::generate::{AdapterArgs, AdapterFormat};

pub(super) fn render(args: &AdapterArgs) -> String {
    let rules = format!(
        "{}# What the exporter's `recommend` rules give; without any, the API does not list it.\n{}",
        rule(names::LAG, &args.metric_name, WHY),
        rule(names::RECOMMENDED, names::RECOMMENDED, [""; 3]),
    );
    let about = "# kafka-lag generate adapter-rules. prometheus-adapter looks for new names every --metrics-relist-interval (10m by\n\
                 # default): until then the API answers 404.\n";
    match args.format {
        AdapterFormat::Config => format!("{about}externalRules:\n{}", indented(&rules, 2)),
        AdapterFormat::Values => format!(
            "{about}# Values of the Helm chart prometheus-community/prometheus-adapter.\n\
             rules:\n  external:\n{}",
            indented(&rules, 4)
        ),
    }
}

/// Why `namespaced`, `as` and `metricsQuery` are what they are.
const WHY: [&str; 3] = [
    " # else namespace=\"(that of the HPA)\" is added, which no lag has",
    " # one name for all groups: the HPA's selector tells them apart",
    "# LabelMatchers is that selector. max, not sum: with two exporters every group is there twice.\n  ",
];

fn rule(series: &str, name: &str, why: [&str; 3]) -> String {
    let (group, instance) = (names::CONSUMER_GROUP, names::INSTANCE_ID);
    let [namespaced, shared, matchers] = why;
    format!(
        "- seriesQuery: {series}\n  \
           resources:\n    \
             namespaced: false{namespaced}\n  \
           name:\n    \
             as: {name}{shared}\n  \
           {matchers}metricsQuery: {query}\n",
        series = quoted(&format!("{series}{{{group}!=\"\"}}")),
        name = scalar(name),
        query = quoted(&format!(
            "max(<<.Series>>{{<<.LabelMatchers>>}}) by ({instance}, {group})"
        )),
    )
}
