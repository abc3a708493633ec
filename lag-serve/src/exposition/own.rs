//! What the program says about itself. Small, and fresh on every scrape.

use super::writer::{Kind, Sink, Value, Writer};
use crate::ServeConfig;
use jiff::Timestamp;
use lag_core::{ApiCalls, Budgets, Stand, names};
use prometheus::{
    Registry,
    proto::{MetricFamily, MetricType},
};
use std::env::consts::{ARCH, OS};

/// Writes the families of the process, and the end of the exposition.
pub(crate) fn write<S: Sink>(
    (calls, budgets, stand, now): (&ApiCalls, &Budgets, Option<Stand>, Timestamp),
    (is_loaded, config): (bool, &ServeConfig),
    registry: &Registry,
    out: &mut Writer<S>,
) {
    api_calls(calls, out);
    api_budgets(budgets, now, out);
    if let Some(stand) = stand {
        replica(stand, out);
    }
    let mut family = out.family(
        names::CONFIG_RELOAD_SUCCESSFUL,
        Kind::Gauge,
        "1 when the last load of the configuration worked, 0 when it failed and the one before still holds.",
    );
    family.sample(&[], is_loaded.into());
    let mut family = out.family(
        names::CONFIG_RELOAD_TIMESTAMP,
        Kind::Gauge,
        "Unix time of the last load of the configuration that worked.",
    );
    family.sample(&[], Value::Moment(config.config_loaded_at));
    let build = &config.build;
    let mut family = out.family(
        names::BUILD_INFO,
        Kind::Gauge,
        "What was built, from what, for what; always 1.",
    );
    let labels = [
        ("version", build.version),
        ("revision", build.revision),
        ("branch", build.branch),
        ("rustversion", build.rustversion),
        ("os", OS),
        ("arch", ARCH),
    ];
    family.sample(&labels, true.into());
    for gathered in &registry.gather() {
        write_gathered(gathered, out);
    }
    out.end();
}

/// Only of one of several replicas: a process that is alone has nothing to lead.
fn replica<S: Sink>(stand: Stand, out: &mut Writer<S>) {
    let mut family = out.family(
        names::LEADER,
        Kind::Gauge,
        "1 when this replica holds the Lease and asks the cloud, 0 when it follows another or waits.",
    );
    family.sample(&[], stand.leads.into());
    let mut family = out.family(
        names::FOLLOW_LAST_SUCCESS,
        Kind::Gauge,
        "Unix time of the leader's last answer to this replica, also when its board was known already; absent until it followed one.",
    );
    if let Some(at) = stand.followed_at {
        family.sample(&[], Value::Moment(at));
    }
}

fn api_calls<S: Sink>(calls: &ApiCalls, out: &mut Writer<S>) {
    let totals = calls.totals();
    let mut family = out.family(
        names::API_REQUESTS,
        Kind::Counter,
        "Attempts to call the cloud since the start, retries included, also those that found no keys or no connection.",
    );
    for ((source, action), count) in &totals {
        let labels = [(names::SOURCE, &**source), (names::ACTION, &**action)];
        family.sample(&labels, Value::Integer(count.requests));
    }
    let mut family = out.family(
        names::API_REQUEST_ERRORS,
        Kind::Counter,
        "Attempts to call the cloud since the start that failed, by kind of failure.",
    );
    for ((source, action), count) in &totals {
        for (code, errors) in &count.errors {
            let labels = [
                (names::SOURCE, &**source),
                (names::ACTION, &**action),
                (names::CODE, code),
            ];
            family.sample(&labels, Value::Integer(*errors));
        }
    }
}

fn api_budgets<S: Sink>(budgets: &Budgets, now: Timestamp, out: &mut Writer<S>) {
    let reports = budgets.reports(now);
    let mut family = out.family(
        names::API_BUDGET,
        Kind::Gauge,
        "Requests that may be made each month, by account; no series when there is no limit.",
    );
    for (account, report) in &reports {
        if let Some(limit) = report.limit {
            family.sample(&[(names::ACCOUNT, account)], Value::Integer(limit));
        }
    }
    let mut family = out.family(
        names::API_MONTH,
        Kind::Gauge,
        "Metered requests made this month (China's calendar) by this process, and by earlier ones with a state directory.",
    );
    for (account, report) in &reports {
        family.sample(&[(names::ACCOUNT, account)], Value::Integer(report.used));
    }
    let mut family = out.family(
        names::API_PROJECTED,
        Kind::Gauge,
        "Metered requests by the end of the month if every source kept its configured interval.",
    );
    for (account, report) in &reports {
        let labels = [(names::ACCOUNT, &**account)];
        family.sample(&labels, Value::Integer(report.projected));
    }
    let mut family = out.family(
        names::API_STRETCH,
        Kind::Gauge,
        "Calls wanted for the rest of the month per call that is left, at least 1. Intervals grow by as much, in whole periods, up to an hour.",
    );
    for (account, report) in &reports {
        let labels = [(names::ACCOUNT, &**account)];
        family.sample(&labels, Value::Float(report.stretch));
    }
    let mut family = out.family(
        names::COLLECT_INTERVAL,
        Kind::Gauge,
        "Time between two collections of a source, as it is now.",
    );
    for (source, interval) in budgets.intervals(now) {
        let labels = [(names::SOURCE, &*source)];
        family.sample(&labels, Value::Float(interval.as_secs_f64()));
    }
}

/// Writes a family of the registry. Only counters and gauges are registered: the process collector has no others.
fn write_gathered<S: Sink>(gathered: &MetricFamily, out: &mut Writer<S>) {
    let kind = match gathered.get_field_type() {
        MetricType::COUNTER => Kind::Counter,
        MetricType::GAUGE => Kind::Gauge,
        _ => return,
    };
    let mut family = out.family(gathered.name(), kind, gathered.help());
    for metric in gathered.get_metric() {
        let labels: Vec<_> = metric
            .get_label()
            .iter()
            .map(|label| (label.name(), label.value()))
            .collect();
        let value = match kind {
            Kind::Counter => metric.get_counter().get_value(),
            Kind::Gauge => metric.get_gauge().get_value(),
        };
        family.sample(&labels, Value::Float(value));
    }
}
