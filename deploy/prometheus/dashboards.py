#!/usr/bin/env python3
"""Writes the Grafana dashboards in deploy/helm/kafka-lag/dashboards, which deploy/dashboards leads to.

    deploy/prometheus/dashboards.py           writes them
    deploy/prometheus/dashboards.py --check   says whether they are what this file would write

What a panel shows is said here once; what Grafana wants around it is added. Two exporters show every series twice, so lags are
`max by`. A gap is a gap: nothing is connected over it and nothing is filled in.
"""
import json
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "helm/kafka-lag/dashboards"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
BY = "(instance_id, consumer_group)"
LAG = "kafka_consumer_message_accumulation"
OF_JOB = 'job=~"$job"'
OF_INSTANCE = OF_JOB + ', instance_id=~"$instance_id"'
OF_GROUP = OF_INSTANCE + ', consumer_group=~"$consumer_group"'
OF_SOURCE = OF_JOB + ', source=~"$source"'
OF_ACCOUNT = OF_JOB + ', account=~"$account"'
GROUP_LINK = {
    "title": "Show ${__field.labels.consumer_group}",
    "url": "/d/kafka-lag-group?${datasource:queryparam}&${job:queryparam}&var-instance_id=${__field.labels.instance_id}"
    "&var-consumer_group=${__field.labels.consumer_group}&${__url_time_range}",
}
ROW_LINK = {
    "title": "Show this group",
    "url": "/d/kafka-lag-group?${datasource:queryparam}&${job:queryparam}&var-instance_id=${__data.fields.instance_id}"
    "&var-consumer_group=${__data.fields.consumer_group}&${__url_time_range}",
}


def of_groups(metric, selector=OF_GROUP):
    return f"max by {BY} ({metric}{{{selector}}})"


def query(expr, legend="", instant=False):
    return {"expr": expr, "legendFormat": legend, "instant": instant, "range": not instant}


def words(**texts):
    """Value mappings: by value (_1="read") as text and colour."""
    return [{
        "type": "value",
        "options": {key[1:]: {"text": text, "color": color, "index": index} for index, (key, (text, color)) in enumerate(texts.items())},
    }]


def panel(kind, title, description, unit, targets, width, height=8, decimals=None, steps=None, mappings=None, links=None,
          options=None, custom=None, overrides=None, transformations=None, minimum=None, no_value=None):
    defaults = {"unit": unit, "color": {"mode": "thresholds" if steps else "palette-classic"}, "mappings": mappings or [], "links": links or []}
    defaults["thresholds"] = {"mode": "absolute", "steps": [{"color": color, "value": value} for value, color in steps or [(None, "text")]]}
    for key, value in (("decimals", decimals), ("min", minimum), ("noValue", no_value), ("custom", custom)):
        if value is not None:
            defaults[key] = value
    return {
        "type": kind, "title": title, "description": description, "datasource": SOURCE, "size": (width, height),
        "targets": [
            {"refId": chr(ord("A") + index), "datasource": SOURCE, "editorMode": "code", "format": "table" if kind == "table" else "time_series", **target}
            for index, target in enumerate(targets)
        ],
        "fieldConfig": {"defaults": defaults, "overrides": overrides or []},
        "options": options or {},
        "transformations": transformations or [],
    }


def series(title, description, unit, targets, width=12, stack=False, overrides=None, **more):
    custom = {
        "drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1, "fillOpacity": 40 if stack else 0,
        "spanNulls": False, "insertNulls": False, "showPoints": "auto", "stacking": {"mode": "normal" if stack else "none", "group": "A"},
    }
    options = {
        "legend": {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["lastNotNull", "max"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return panel("timeseries", title, description, unit, targets, width, custom=custom, options=options, overrides=overrides, **more)


def stat(title, description, unit, expr, width=4, legend="", no_value="no number", **more):
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "colorMode": "value", "graphMode": "none",
        "textMode": "auto", "justifyMode": "auto", "orientation": "auto",
    }
    # Instant, and so of now: the last number of the range could be an old one.
    return panel("stat", title, description, unit, [query(expr, legend, instant=True)], width, 4, options=options, no_value=no_value, **more)


def timeline(title, description, targets, mappings, width=12, **more):
    options = {"mergeValues": True, "showValue": "never", "alignValue": "left", "rowHeight": 0.8, "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True}, "tooltip": {"mode": "single"}}
    return panel("state-timeline", title, description, "none", targets, width, mappings=mappings, steps=[(None, "text")], options=options,
                 custom={"fillOpacity": 70, "lineWidth": 0, "spanNulls": False, "insertNulls": False}, **more)


def named(name, **properties):
    return {"matcher": {"id": "byName", "options": name}, "properties": [{"id": key, "value": value} for key, value in properties.items()]}


def dashed(pattern, color):
    return {"matcher": {"id": "byRegexp", "options": pattern}, "properties": [
        {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [10, 10]}}, {"id": "color", "value": {"mode": "fixed", "fixedColor": color}}]}


def variable(name, label, ask, multi=True):
    return {
        "name": name, "label": label, "type": "query", "datasource": SOURCE, "definition": ask, "query": {"query": ask, "refId": "StandardVariableQuery"},
        "refresh": 2, "sort": 1, "multi": multi, "includeAll": True, "allValue": ".+", "current": {"selected": True, "text": ["All"], "value": ["$__all"]}, "options": [], "hide": 0, "regex": "", "skipUrlSync": False,
    }


JOB = variable("job", "job", "label_values(kafka_lag_exporter_build_info, job)")
INSTANCE = variable("instance_id", "instance", f"label_values(kafka_lag_up{{{OF_JOB}}}, instance_id)")
# Also groups that are expected and never had a lag; by the time range, so that a group stays when its series is withdrawn.
GROUP = variable("consumer_group", "group", f'label_values({{__name__=~"{LAG}|{LAG}_expected", {OF_INSTANCE}}}, consumer_group)')
ACCOUNT = variable("account", "account", f"label_values(kafka_lag_api_month_requests{{{OF_JOB}}}, account)")
FROM = variable("source", "source", f"label_values(kafka_lag_api_requests_total{{{OF_JOB}}}, source)")
DEPLOYMENT = {
    "name": "deployment", "label": "deployment (kube-state-metrics)", "type": "textbox", "query": "", "hide": 0, "skipUrlSync": False,
    "current": {"selected": True, "text": "", "value": ""}, "options": [{"selected": True, "text": "", "value": ""}],
}


def annotation(name, color, expr, title, text):
    return {"name": name, "datasource": SOURCE, "enable": True, "hide": False, "iconColor": color, "expr": expr, "step": "60s", "titleFormat": title, "textFormat": text, "tagKeys": "", "useValueForTime": False}


FIRING = annotation("Alerts", "red", 'ALERTS{alertname=~"KafkaConsumer.+|KafkaLag.+", alertstate="firing"}', "{{alertname}}", "{{severity}} {{instance_id}} {{consumer_group}} {{source}} {{account}}")
STARTED = annotation("Starts of the exporter", "blue", f"changes(process_start_time_seconds{{{OF_JOB}}}[2m]) > 0", "exporter started", "{{instance}}")

AGE = f"time() - {of_groups(LAG + '_timestamp_seconds', OF_INSTANCE)}"
GAP = " A gap means that there was no number: the datum was too old, or nothing is known."
TOPMOST = f"max by {BY} ({LAG}{{{OF_INSTANCE}}}) and topk(20, max by {BY} (max_over_time({LAG}{{{OF_INSTANCE}}}[$__range] @ end())))"
READ = words(_1=("read", "green"), _0=("not read", "red"))
WORKS = [(None, "red"), (1, "green")]
NONE_IS_GOOD = [(None, "green"), (1, "orange")]

OVERVIEW = [
    stat("Groups with a lag", "Groups whose lag is known and young enough (state fresh).", "none", f'sum(max by (instance_id) (kafka_lag_groups{{{OF_INSTANCE}, state="fresh"}}))'),
    stat("Groups without a number", "Known or expected groups whose lag is stale, absent or failed. They are in no graph of lag, and they are not 0.", "none", f'sum(max by (instance_id, state) (kafka_lag_groups{{{OF_INSTANCE}, state!="fresh"}}))', steps=NONE_IS_GOOD),
    stat("Highest lag", "The highest lag of a single group.", "short", f"max({LAG}{{{OF_INSTANCE}}})"),
    stat("Oldest datum", "Age of the oldest number that is shown. From 60 to 180 seconds is normal; beyond --lag.max-age a number is withdrawn.", "s", f"max(time() - {LAG}_timestamp_seconds{{{OF_INSTANCE}}})", decimals=0, steps=[(None, "green"), (240, "orange")]),
    stat("Instances read", "Kafka instances whose last collection worked, of all.", "percentunit", f"avg(max by (instance_id) (kafka_lag_up{{{OF_INSTANCE}}}))", steps=[(None, "red"), (1, "green")]),
    stat("Exporters scraped", "Targets of the job that Prometheus can scrape.", "none", f"sum(up{{{OF_JOB}}})", steps=WORKS),
    panel("table", "Groups now", "The 50 groups with the most lag. No trend: too few points, or none is to be told. No time to catch up: the lag is 0 or does not fall. Click a group for its own page.", "short", [
        query(f"topk(50, {of_groups(LAG, OF_INSTANCE)})", instant=True),
        query(of_groups(LAG + "_change_per_second", OF_INSTANCE), instant=True),
        query(of_groups(LAG + "_drain_seconds", OF_INSTANCE), instant=True),
        query(AGE, instant=True),
        query(of_groups("kafka_lag_recommended_replicas", OF_INSTANCE), instant=True),
    ], 24, 10, options={"showHeader": True, "cellHeight": "sm", "sortBy": [{"displayName": "lag", "desc": True}]}, transformations=[
        # Only rows with a lag: the other queries have a row for each group.
        {"id": "merge", "options": {}},
        {"id": "filterByValue", "options": {"type": "include", "match": "all", "filters": [{"fieldName": "Value #A", "config": {"id": "isNotNull", "options": {}}}]}},
        {"id": "organize", "options": {"excludeByName": {"Time": True}, "indexByName": {"consumer_group": 0, "instance_id": 1, "Value #A": 2, "Value #B": 3, "Value #C": 4, "Value #D": 5, "Value #E": 6}, "renameByName": {"Value #A": "lag", "Value #B": "messages/s", "Value #C": "caught up in", "Value #D": "age", "Value #E": "recommended replicas"}}},
    ], overrides=[named("caught up in", unit="s"), named("age", unit="s", decimals=0), named("messages/s", decimals=1), named("recommended replicas", unit="none"), named("consumer_group", links=[ROW_LINK])]),
    series("Lag of the 20 highest groups", "Messages a group has not consumed yet, over all its topics; the groups that were highest in the time shown." + GAP, "short", [query(TOPMOST, "{{consumer_group}} ({{instance_id}})")], links=[GROUP_LINK], minimum=0),
    series("Change of lag of the same groups", "Messages per second; above 0 the group falls behind, below 0 it catches up." + GAP, "short", [query(f"max by {BY} ({LAG}_change_per_second{{{OF_INSTANCE}}}) and on {BY} topk(20, max by {BY} (max_over_time({LAG}{{{OF_INSTANCE}}}[$__range] @ end())))", "{{consumer_group}} ({{instance_id}})")], links=[GROUP_LINK]),
    series("Groups by state", "fresh: has a lag. stale: the last datum is too old. absent: the cloud answered without it. failed: the cloud did not answer. The last two are counted for expected groups only.", "none", [query(f"sum by (state) (max by (instance_id, state) (kafka_lag_groups{{{OF_INSTANCE}}}))", "{{state}}")], stack=True, minimum=0),
    series("Age of the data", "From the start of the minute that a number stands for. It cannot be below 60 seconds.", "s", [query(f"max({AGE})", "oldest"), query(f"quantile(0.5, {AGE})", "median")], minimum=0),
    timeline("Instances", "Whether the last collection of each Kafka instance worked (kafka_lag_up).", [query(f"max by (instance_id) (kafka_lag_up{{{OF_INSTANCE}}})", "{{instance_id}}")], READ),
    timeline("Exporters", "Whether each target could be scraped, and with --lease which one asks the cloud.", [query(f"up{{{OF_JOB}}}", "scraped: {{instance}}"), query(f"kafka_lag_leader{{{OF_JOB}}}", "asks: {{instance}}")], words(_1=("yes", "green"), _0=("no", "orange"))),
    series("Failed calls by kind", "Calls to CloudMonitor that failed, per minute, retries included.", "cpm", [query(f"sum by (code) (rate(kafka_lag_api_request_errors_total{{{OF_JOB}}}[$__rate_interval])) * 60", "{{code}}")], 8, stack=True, minimum=0),
    series("Time a collection takes", "Waits and retries included.", "s", [query(f"max by (source) (kafka_lag_last_collect_duration_seconds{{{OF_JOB}}})", "{{source}}")], 8, minimum=0),
    series("Publication delay", "From the start of a minute until CloudMonitor shows its point, as the aligned schedule has learned. Absent until it is known to a few seconds.", "s", [query(f"max by (source) (kafka_lag_publication_delay_seconds{{{OF_JOB}}})", "{{source}}")], 8, minimum=0),
    series("Memory of the exporter", "Resident memory of each target.", "bytes", [query(f"process_resident_memory_bytes{{{OF_JOB}}}", "{{instance}}")], 8, minimum=0),
    series("CPU of the exporter", "Share of one core.", "percentunit", [query(f"rate(process_cpu_seconds_total{{{OF_JOB}}}[$__rate_interval])", "{{instance}}")], 8, minimum=0),
    timeline("Configuration", "Whether the last load of the configuration worked.", [query(f"min by (instance) (kafka_lag_config_last_reload_successful{{{OF_JOB}}})", "{{instance}}")], words(_1=("loaded", "green"), _0=("not loaded: the one before counts", "red")), 8),
]

NAME = "{{consumer_group}} ({{instance_id}})"
ONE = "{{consumer_group}}"
LIMIT = f"{of_groups(LAG + '_threshold')} or consumer_group:{LAG}:limit{{instance_id=~\"$instance_id\", consumer_group=~\"$consumer_group\"}}"
GROUP_PAGE = [
    stat("Lag", "Messages not consumed yet, over all topics of the group. 0 is a true zero; without a young datum there is no number.", "short", of_groups(LAG), legend=ONE),
    stat("Change", "Messages per second; above 0 it falls behind.", "short", of_groups(LAG + "_change_per_second"), legend=ONE, decimals=1),
    stat("Caught up in", "At this pace. No number: the lag is 0, or does not fall, or is unknown.", "s", of_groups(LAG + "_drain_seconds"), legend=ONE, no_value="-"),
    stat("Age of the datum", "From the start of its minute; 60 to 180 seconds is normal.", "s", f"time() - {of_groups(LAG + '_timestamp_seconds')}", legend=ONE, decimals=0, steps=[(None, "green"), (240, "orange")]),
    stat("Recommended replicas", "By the group's rule under `recommend`; no number without a rule.", "none", of_groups("kafka_lag_recommended_replicas"), legend=ONE),
    stat("Limit", "--lag.threshold of the exporter, else the one of the alert rules.", "short", LIMIT, legend=ONE, no_value="no rules loaded"),
    series("Lag and limit", "Messages not consumed yet, and the limit that alerts go by, dashed: a warning above it, critical from a fifth more." + GAP, "short", [query(of_groups(LAG), NAME), query(LIMIT, "limit of " + NAME)], 24, overrides=[dashed("limit of .*", "red")], minimum=0),
    series("Change of lag", "Messages per second: the slope of a line through the points of the last answer." + GAP, "short", [query(of_groups(LAG + "_change_per_second"), NAME)]),
    series("Time to catch up", "At the pace of that moment. Absent while the lag is 0 or does not fall.", "s", [query(of_groups(LAG + "_drain_seconds"), NAME)], minimum=0),
    timeline("Is there a number", "Whether the lag of the group was known and young enough. `none` is shown for an hour after the last datum, then nothing.", [query(f"({of_groups(LAG)} * 0 + 1) or (max by {BY} (last_over_time({LAG}_timestamp_seconds{{{OF_GROUP}}}[1h])) * 0)", NAME)], words(_1=("a number", "green"), _0=("none", "orange"))),
    series("Age of the datum", "From the start of its minute." + GAP, "s", [query(f"time() - {of_groups(LAG + '_timestamp_seconds')}", NAME)], minimum=0),
    series("Recommended and ready replicas", "What the rule under `recommend` asks for, and the ready replicas of the Deployment named above, as kube-state-metrics has them. Which Deployment a group belongs to is known to nobody but you.", "none", [
        query(of_groups("kafka_lag_recommended_replicas"), "recommended for " + NAME),
        query('kube_deployment_status_replicas_ready{deployment="$deployment"}', "ready: {{namespace}}/{{deployment}}")], minimum=0),
    series("Lag by topic", "With --collect.topics." + GAP, "short", [query(f"max by (instance_id, consumer_group, topic) (kafka_consumer_topic_message_accumulation{{{OF_GROUP}}})", "{{topic}} ({{consumer_group}})")], stack=True, minimum=0),
    timeline("Expected groups", "Groups named with --group.expect: whether they have a fresh lag.", [query(of_groups(LAG + "_present"), NAME)], words(_1=("present", "green"), _0=("absent", "red"))),
    timeline("Alerts of these groups", "What fires.", [query('max by (alertname, severity, consumer_group) (ALERTS{alertstate="firing", instance_id=~"$instance_id", consumer_group=~"$consumer_group"})', "{{alertname}} {{severity}} ({{consumer_group}})")], words(_1=("firing", "red"))),
]
BUDGET = [
    stat("Used this month", "Metered calls of this calendar month (UTC+8), of all exporters; since their start where there is no --state.directory.", "short", f"sum by (account) (kafka_lag_api_month_requests{{{OF_ACCOUNT}}})", legend="{{account}}"),
    stat("By the end of the month", "What the configured intervals would come to.", "short", f"sum by (account) (kafka_lag_api_projected_month_requests{{{OF_ACCOUNT}}})", legend="{{account}}"),
    stat("Budget", "--budget.requests-per-month; no number with `none`.", "short", f"max by (account) (kafka_lag_api_budget_requests{{{OF_ACCOUNT}}})", legend="{{account}}", no_value="none"),
    stat("Part that is used", "Calls of this month by the budget.", "percentunit", f"sum by (account) (kafka_lag_api_month_requests{{{OF_ACCOUNT}}}) / max by (account) (kafka_lag_api_budget_requests{{{OF_ACCOUNT}}})", legend="{{account}}", decimals=1, steps=[(None, "green"), (0.8, "orange"), (1, "red")], no_value="no budget"),
    stat("Stretch", "Factor on the configured intervals that keeps the budget; above 1 collections are rarer than configured.", "none", f"max by (account) (kafka_lag_api_budget_stretch_ratio{{{OF_ACCOUNT}}})", legend="{{account}}", decimals=2, steps=[(None, "green"), (1.001, "orange")]),
    stat("Failed calls in an hour", "All kinds, retries included.", "short", f"sum(increase(kafka_lag_api_request_errors_total{{{OF_SOURCE}}}[1h]))", decimals=0, steps=NONE_IS_GOOD),
    series("Month", "Calls of this month, what they will come to, and the budget, dashed.", "short", [
        query(f"sum by (account) (kafka_lag_api_month_requests{{{OF_ACCOUNT}}})", "used: {{account}}"),
        query(f"sum by (account) (kafka_lag_api_projected_month_requests{{{OF_ACCOUNT}}})", "by its end: {{account}}"),
        query(f"max by (account) (kafka_lag_api_budget_requests{{{OF_ACCOUNT}}})", "budget: {{account}}")], 24, overrides=[dashed("budget: .*", "red")], minimum=0),
    series("Calls", "Attempts to ask CloudMonitor, per minute, retries and failures included.", "cpm", [query(f"sum by (source, action) (rate(kafka_lag_api_requests_total{{{OF_SOURCE}}}[$__rate_interval])) * 60", "{{source}} {{action}}")], minimum=0),
    series("Failed calls by kind", "Per minute. The kinds are explained in docs/reference/metrics.md.", "cpm", [query(f"sum by (source, code) (rate(kafka_lag_api_request_errors_total{{{OF_SOURCE}}}[$__rate_interval])) * 60", "{{source}} {{code}}")], stack=True, minimum=0),
    series("Stretch", "Factor on the configured intervals; 1 is as configured.", "none", [query(f"max by (account) (kafka_lag_api_budget_stretch_ratio{{{OF_ACCOUNT}}})", "{{account}}")], minimum=1),
    series("Interval of collections", "As it is now: the configured one, or longer to keep the budget.", "s", [query(f"max by (source) (kafka_lag_collect_interval_seconds{{{OF_SOURCE}}})", "{{source}}")], minimum=0),
    series("Time a collection takes", "Waits and retries included.", "s", [query(f"max by (source) (kafka_lag_last_collect_duration_seconds{{{OF_SOURCE}}})", "{{source}}")], minimum=0),
    series("Publication delay", "From the start of a minute until its point can be read, as learned. Absent until it is known to a few seconds.", "s", [query(f"max by (source) (kafka_lag_publication_delay_seconds{{{OF_SOURCE}}})", "{{source}}")], minimum=0),
    series("Points of the last answer", "All pages. A fall without a fault: groups have ended, or CloudMonitor has lost points.", "short", [query(f"max by (source) (kafka_lag_points_received{{{OF_SOURCE}}})", "{{source}}")], minimum=0),
    series("Points and series that were dropped", "Points that could not be used, by reason, and series beyond --lag.max-series.", "short", [
        query(f"max by (source, reason) (kafka_lag_points_dropped{{{OF_SOURCE}}})", "{{source}} point: {{reason}}"), query(f"max by (source) (kafka_lag_groups_dropped{{{OF_SOURCE}}})", "{{source}} series")], minimum=0),
    series("Failures in a row", "Collections of an instance that failed, up to the last; stands still while the instance rests.", "none", [query(f"max by (instance_id) (kafka_lag_consecutive_failures{{{OF_JOB}}})", "{{instance_id}}")], minimum=0),
    series("Since the last collection that worked", "Seconds; grows while an instance cannot be read.", "s", [query(f"time() - max by (instance_id) (kafka_lag_last_success_timestamp_seconds{{{OF_JOB}}})", "{{instance_id}}")], minimum=0),
]


def dashboard(uid, title, description, variables, panels):
    x = y = row = 0
    for number, each in enumerate(panels, 1):
        width, height = each.pop("size")
        if x + width > 24:
            x, y, row = 0, y + row, 0
        each.update(id=number, gridPos={"x": x, "y": y, "w": width, "h": height})
        x, row = x + width, max(row, height)
    source = {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "refresh": 1, "regex": "", "multi": False, "includeAll": False, "hide": 0, "options": [], "current": {}, "skipUrlSync": False}
    return {
        "uid": uid, "title": title, "description": description, "tags": ["kafka-lag"], "schemaVersion": 36, "version": 1, "editable": True, "graphTooltip": 1,
        "timezone": "browser", "time": {"from": "now-3h", "to": "now"}, "refresh": "1m", "id": None,
        "links": [{"type": "dashboards", "title": "kafka-lag", "tags": ["kafka-lag"], "asDropdown": False, "includeVars": True, "keepTime": True, "targetBlank": False, "icon": "external link", "tooltip": "", "url": ""}],
        "templating": {"list": [source, *variables]}, "annotations": {"list": [FIRING, STARTED]}, "panels": panels,
    }


DASHBOARDS = {
    "overview": dashboard("kafka-lag-overview", "Kafka lag: overview", "Consumer lag of managed Kafka, how old it is, and whether it can be read.", [JOB, INSTANCE], OVERVIEW),
    "group": dashboard("kafka-lag-group", "Kafka lag: groups", "One consumer group, or some of them.", [JOB, INSTANCE, GROUP, DEPLOYMENT], GROUP_PAGE),
    "api-budget": dashboard("kafka-lag-api-budget", "Kafka lag: calls and budget", "What asking CloudMonitor costs, and how well it goes.", [JOB, ACCOUNT, FROM], BUDGET),
}

for name, content in DASHBOARDS.items():
    path, text = FOLDER / f"{name}.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    if "--check" not in sys.argv:
        path.write_text(text, encoding="utf-8")
    elif not path.exists() or path.read_text(encoding="utf-8") != text:
        sys.exit(f"{path.name} is not what deploy/prometheus/dashboards.py writes: run it")
