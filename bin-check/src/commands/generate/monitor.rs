//! A ServiceMonitor of the Prometheus Operator.

use super::yaml::{quoted, scalar};
use crate::cli::generate::MonitorArgs;

/// The label by which the operator finds an object.
pub(super) fn release(value: &str) -> String {
    if value.is_empty() {
        return String::new();
    }
    format!(
        "  labels:\n    release: {} # as the selector of your Prometheus object asks for\n",
        quoted(value)
    )
}

pub(super) fn render(args: &MonitorArgs) -> String {
    format!(
        "# kafka-lag generate servicemonitor.\n\
         apiVersion: monitoring.coreos.com/v1\n\
         kind: ServiceMonitor\n\
         metadata:\n  \
           name: {name}\n  \
           namespace: {namespace}\n\
         {release}\
         spec:\n  \
           selector: # labels of the Service, not of the pods\n    \
             matchLabels:\n      \
               {key}: {value}\n  \
           endpoints:\n    \
             - port: {port} # name of the Service's port\n      \
               path: /metrics\n      \
               interval: {interval}\n      \
               scrapeTimeout: 10s\n      \
               honorLabels: false\n      \
               relabelings: # the job would be the name of the Service; alerts ask for this one\n        \
                 - targetLabel: job\n          \
                   replacement: {job}\n",
        name = scalar(&args.name),
        namespace = scalar(&args.namespace),
        release = release(&args.release_label),
        key = scalar(&args.selector.key),
        value = quoted(&args.selector.value),
        port = scalar(&args.port),
        job = scalar(&args.job),
        interval = quoted(&args.interval.to_string()),
    )
}
