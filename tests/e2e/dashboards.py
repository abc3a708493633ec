"""What tests/e2e/dashboards.sh looks at: rules, runbooks and dashboards as files, and what they ask for in a Prometheus.

    dashboards.py files                   needs PyYAML and grafana-foundation-sdk
    dashboards.py types                   only the part of it for which another grafana-foundation-sdk may be installed
    dashboards.py ask ADDRESS SECONDS     a Prometheus that has scraped everything for so long; needs nothing

Prints "ok NAME" or "FAIL NAME: why" for each proof.
"""
import json
import pathlib
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request

RULES = {"deploy/prometheus/rules.yml": "deploy/prometheus/rules_test.yml", "deploy/prometheus/replicas.yml": "deploy/prometheus/replicas_test.yml",
         "deploy/scaler/rules.yml": "deploy/scaler/rules_test.yml",
         "deploy/scaler/health.yml": "deploy/scaler/health_test.yml"}  # post.yml is there to show why nobody should use it
DASHBOARDS = sorted(pathlib.Path("deploy/dashboards").glob("*.json"))
# What others measure: Prometheus and Alertmanager themselves, kube-state-metrics, and the example of the second post.
FOREIGN = {"up", "ALERTS", "alertmanager_notifications_failed_total", "kube_deployment_status_replicas_ready", "app_active_task_count"}
PROCESS = {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds"}
# Words of PromQL that are no metric.
LANGUAGE = set("""and or unless by without on ignoring group_left group_right offset bool end start sum min max avg count topk bottomk
    quantile stddev time vector scalar absent absent_over_time last_over_time min_over_time max_over_time avg_over_time count_over_time
    sum_over_time rate increase changes delta deriv label_join label_replace label_values inf nan""".split())


def say(name, wrong):
    print(f"FAIL {name}: {'; '.join(wrong[:5])}" if wrong else f"ok   {name}")


def read(path):
    return pathlib.Path(path).read_text(encoding="utf-8")


def bare(expr):
    """Without what stands in quotes, selectors' label names, groupings and durations."""
    expr = re.sub(r'"(?:[^"\\]|\\.)*"', '""', expr)
    names = re.findall(r'__name__=~?""', expr)
    expr = re.sub(r"\{[^}]*\}", "", expr)
    expr = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", expr)
    return re.sub(r"\[[^]]*\]|\boffset\s+\w+", " ", expr), names


def metrics(expr):
    text, _ = bare(expr)
    found = {word for word in re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*", text) if word not in LANGUAGE}
    for pattern in re.findall(r'__name__=~?"([^"]*)"', expr):
        found |= set(pattern.split("|"))
    return found


def matchers(expr):
    """Label, values: of selectors with closed values."""
    for label, value in re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"', expr):
        yield label, value.split("|")


def known_metrics():
    return set(re.findall(r'"(kafka_\w+)"', read("lag-core/src/names.rs")))


def closed_values():
    """Label -> values, from the tables of docs/reference/metrics.md and, of results, of the scaler's page."""
    page, values = read("docs/reference/metrics.md"), {}
    for label in ("code", "state", "reason"):
        table = page[re.search(rf"(?m)^`{label}`.*:$", page).end():]
        table = re.split(r"\n\n(?!\|)", table, maxsplit=2)[0] if table.startswith("\n\n|") else table
        rows = []
        for line in table.strip().splitlines():
            if not line.startswith("|"):
                break
            rows += re.findall(r"^\| `(\w+)`", line)
        values[label] = set(rows)
    values["result"] = set(re.findall(r"`(\w+)`", read("docs/reference/scaler.md")))
    values["alertstate"] = {"firing", "pending"}
    values["action"] = {"DescribeMetricList"}
    return values


def loaded_rules():
    import yaml
    for path in RULES:
        for group in yaml.safe_load(read(path))["groups"]:
            for rule in group["rules"]:
                yield path, rule


def expressions(dashboard):
    """Where, expression, whether it is instant: of panels and annotations."""
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield f'panel "{panel["title"]}" {target["refId"]}', target["expr"], target["instant"]
    for each in dashboard["annotations"]["list"]:
        yield f'annotation "{each["name"]}"', each["expr"], False


def asked(dashboard):
    """Variable, its label and the series it asks for."""
    for each in dashboard["templating"]["list"]:
        if each["type"] == "query":
            series, label = re.fullmatch(r"label_values\((.+), (\w+)\)", each["query"]["query"]).groups()
            yield each["name"], label, series


def said():
    """Page and expression: blocks of PromQL on pages about alerts, and the table of queries."""
    for path in [pathlib.Path("docs/howto/prometheus.md"), *sorted(pathlib.Path("docs/runbooks").glob("*.md"))]:
        for expr in re.findall(r"(?m)^\| .* \| `(.*kafka_.*[^`])` \|$", read(path).partition("## Alerts")[0]):
            yield path.name, expr
        for block in re.findall(r"```promql\n(.*?)```", read(path), re.S):
            for line in block.splitlines():
                if expr := line.partition("#")[0].strip():
                    yield path.name, expr


# --- files ------------------------------------------------------------------------------------------------------------

def test_rules():
    import yaml
    repository = re.search(r'^repository = "(.+)"', read("Cargo.toml"), re.M)[1]
    uids = {content["uid"]: {each["name"] for each in content["templating"]["list"]} for content in map(json.loads, map(read, DASHBOARDS))}
    pages, wanted, wrong, links = {path.stem for path in pathlib.Path("docs/runbooks").glob("*.md")} - {"index"}, set(), [], []
    for path, rule in loaded_rules():
        if "alert" not in rule:
            if not re.fullmatch(r"\w+:\w+:\w+", rule["record"]):
                wrong.append(f'{rule["record"]} is not level:metric:operation')
            continue
        name, notes = rule["alert"], rule["annotations"]
        missing = [key for key in ("summary", "description", "runbook_url", "dashboard_url") if not notes.get(key)]
        if missing or not rule.get("for") or rule["labels"].get("severity") not in ("critical", "warning", "info", "none"):
            wrong.append(f"{path} {name} lacks {missing or 'for or severity'}")
            continue
        wanted.add(name)
        if notes["runbook_url"] != f"{repository}/blob/main/docs/runbooks/{name}.md" or name not in pages:
            links.append(f'{name}: {notes["runbook_url"]}')
        url = urllib.parse.urlsplit(re.sub(r"\{\{.*?\}\}", "x", notes["dashboard_url"]))
        variables = {key[4:] for key, _ in urllib.parse.parse_qsl(url.query)}
        if not url.path.startswith("/d/") or not variables <= uids.get(url.path[3:], set()):
            links.append(f'{name}: {notes["dashboard_url"]}')
    say(f"each of {len(wanted)} alerts has for, severity, summary, description and links; recording rules are named by level", wrong)
    say("each alert leads to a runbook that is there and to a dashboard with these variables", links)
    say("each runbook is of an alert", sorted(pages - wanted))
    index, chinese = read("docs/runbooks/index.md"), read("docs/zh/runbooks.md")
    say("the index and the Chinese page have each runbook", [name for name in sorted(wanted) if f"({name}.md)" not in index or f"\n## {name}\n" not in chinese])
    parts = ["## Who is hurt", "## Look first", "## Causes", "## Mend", "## Silence"]
    say("each runbook has the same parts", [f"{name}: {part}" for name in sorted(pages) for part in parts if part not in read(f"docs/runbooks/{name}.md")])

    # Pods by what manifests and chart call them, each on every page that has one of them.
    selectors = {"plain": "app=aliyun-kafka-exporter", "Helm": "app.kubernetes.io/name=kafka-lag,app.kubernetes.io/component=exporter"}
    objects = {"plain": ["deploy/manifests/exporter.yaml"], "Helm": [f"tests/fixtures/chart/rendered/{name}.yaml" for name in ("minimal", "ha")]}
    wrong = []
    for kind, selector in selectors.items():
        labels = dict(pair.split("=") for pair in selector.split(","))
        for path in objects[kind]:
            pods = [one["spec"]["template"]["metadata"]["labels"] for one in yaml.safe_load_all(read(path)) if one and one["kind"] == "Deployment"]
            if not any(labels.items() <= each.items() for each in pods):
                wrong.append(f"{path} has no pod {selector}")
        for name in sorted(pages | {"index"}):
            page = read(f"docs/runbooks/{name}.md")
            if any(each in page for each in ("aliyun-kafka-exporter", *selectors.values())) and selector not in page:
                wrong.append(f"{name} lacks -l {selector}")
    say("each page that asks for pods of the exporter names those of the plain manifests and of the chart", wrong)

    missing = []
    minutes = lambda text: sum(int(number) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit] for number, unit in re.findall(r"(\d+)([smhd])", str(text)))
    for path, tests in RULES.items():
        rules = [(rule["alert"], rule["labels"]["severity"]) for at, rule in loaded_rules() if at == path and "alert" in rule]
        kinds = {rule: set() for rule in rules}
        for test in yaml.safe_load(read(tests))["tests"]:
            for rule in rules:
                fired = False
                for case in sorted(test.get("alert_rule_test", []), key=lambda case: minutes(case["eval_time"])):
                    if case["alertname"] != rule[0]:
                        continue
                    fires = any(alert["exp_labels"]["severity"] == rule[1] for alert in case["exp_alerts"])
                    kinds[rule].add("fires" if fires else "ends" if fired else "does not fire")
                    fired |= fires
        missing += [f"{tests} lacks: {rule[0]} {rule[1]} {kind}" for rule in rules for kind in ("fires", "does not fire", "ends") if kind not in kinds[rule]]
    say("the tests of rules show of each alert that it fires, that it does not, and that it ends", missing)


def test_names():
    recorded = {rule["record"] for _, rule in loaded_rules() if "record" in rule}
    known, closed = known_metrics() | recorded | FOREIGN | PROCESS, closed_values()
    page = read("docs/reference/metrics.md")
    all_of = [(f"{path} {rule.get('alert') or rule.get('record')}", rule["expr"]) for path, rule in loaded_rules()]
    for path in DASHBOARDS:
        content = json.loads(read(path))
        all_of += [(f"{path.name} {where}", expr) for where, expr, _ in expressions(content)]
        all_of += [(f"{path.name} variable {name}", series) for name, _, series in asked(content)]
    all_of += said()
    wrong = [f"{where}: {name}" for where, expr in all_of for name in metrics(expr) if name not in known or name in known_metrics() and f"`{name}`" not in page]
    say(f"each metric of {len(all_of)} expressions exists, and is on the page of metrics", wrong)
    wrong = [f'{where}: {label}="{value}"' for where, expr in all_of for label, values in matchers(expr) for value in values if label in closed and value not in closed[label]]
    say("so does each value of a label whose values are a closed list: " + ", ".join(f"{label} {len(values)}" for label, values in closed.items()), wrong)


def test_dashboards():
    say("deploy/dashboards leads to the chart's folder", [] if pathlib.Path("deploy/dashboards").is_symlink() and len(DASHBOARDS) == 3 else ["it does not"])
    made = subprocess.run([sys.executable, "deploy/prometheus/dashboards.py", "--check"], capture_output=True, text=True)
    say("the dashboards are those that deploy/prometheus/dashboards.py writes", [made.stderr] if made.returncode else [])
    contents = {path.name: json.loads(read(path)) for path in DASHBOARDS}
    say("their uids differ", [] if len({content["uid"] for content in contents.values()}) == len(contents) else ["two are equal"])
    for name, content in contents.items():
        wrong, cells, ids = [], {}, set()
        variables = {each["name"] for each in content["templating"]["list"]}
        for panel in content["panels"]:
            title, place, defaults = panel["title"], panel["gridPos"], panel["fieldConfig"]["defaults"]
            if panel["id"] in ids:
                wrong.append(f"{title}: id twice")
            ids.add(panel["id"])
            for cell in ((x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])):
                if cells.setdefault(cell, title) != title or cell[0] > 23:
                    wrong.append(f"{title} overlaps {cells[cell]} or is too wide")
                    break
            if not title or len(panel["description"]) < 10 or not defaults.get("unit"):
                wrong.append(f"{title}: no title, description or unit")
            if defaults.get("custom", {}).get("spanNulls", False) is not False:
                wrong.append(f"{title}: connects over gaps")
            if len({target["refId"] for target in panel["targets"]}) != len(panel["targets"]) or not panel["targets"]:
                wrong.append(f"{title}: queries")
        text = json.dumps(content)
        wrong += [f"data source {uid}" for uid in re.findall(r'"uid": "([^"]+)"', text) if uid not in ("${datasource}", content["uid"])]
        used = set(re.findall(r"\$\{?(\w+)", text)) - {"__data", "__field", "__url_time_range", "__range", "__rate_interval", "__all"}
        wrong += [f"variable {each} is not there" for each in used - variables] + [f"variable {each} is not used" for each in variables - used]
        say(f'{name}: {len(ids)} panels with unit and description, no overlap, no fixed data source, no line over gaps', wrong)
    test_types()


def test_types():
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models.dashboard import Dashboard
    for path in DASHBOARDS:
        name, content = path.name, json.loads(read(path))
        # What Grafana's own types do not know is lost on the way through them. They leave open what the plugin of Prometheus adds.
        back = json.loads(json.dumps(Dashboard.from_json(content), cls=JSONEncoder))
        of_plugin = ("definition", "step", "titleFormat", "textFormat", "tagKeys", "useValueForTime")
        say(f"{name}: Grafana's own types know every key", [place for place in lost(content, back) if not place.endswith(of_plugin)])


def lost(before, after, at=""):
    """What of the one is not in the other."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [each for key, value in before.items() for each in (lost(value, after[key], f"{at}.{key}") if key in after else [f"{at}.{key}"] if value not in (None, [], {}) else [])]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [each for index, (one, other) in enumerate(zip(before, after)) for each in lost(one, other, f"{at}[{index}]")]
    return [] if before == after else [f"{at} is {json.dumps(after)[:60]}"]


# --- Prometheus -------------------------------------------------------------------------------------------------------

def ask(address, path, **parameters):
    url = f"http://{address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=20) as answer:
            return json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        raise SystemExit(f"FAIL {url}: {error.read().decode()[:300]}")


def filled(text, values):
    for name, value in values.items():
        text = re.sub(rf"\${{{name}}}|\${name}\b", lambda _: value, text)
    return text


def escaped(value):
    return re.sub(r"[\\^$*+?.()|[\]{}']", lambda found: "\\\\" + found[0], value)


def test_prometheus(address, since):
    now = time.time()
    window = {"start": now - since, "end": now}
    for path in DASHBOARDS:
        content = json.loads(read(path))
        all_values = {"job": ".+", "instance_id": ".+", "consumer_group": ".+", "account": ".+", "source": ".+"}
        built_in = {"__range": f"{since}s", "__rate_interval": "15s", "deployment": "cust"}
        # Once with All, once with every value picked by hand, as Grafana writes them.
        picked, empty = {}, []
        for name, label, series in asked(content):
            values = ask(address, f"label/{label}/values", **{"match[]": filled(series, {**all_values, **picked}), **window})
            picked[name] = "(" + "|".join(map(escaped, values)) + ")"
            if not values:
                empty.append(name)
        say(f"{path.name}: each of {len(picked)} variables has values", empty)
        for what, values in (("all values", all_values), ("picked values", picked)):
            empty, count = [], 0
            for where, expr, instant in expressions(content):
                count += 1
                expr = filled(expr, {**values, **built_in})
                found = ask(address, "query", query=expr, time=now) if instant else ask(address, "query_range", query=expr, step=5, **window)
                if "$" in expr or not found["result"]:
                    empty.append(f"{where}: {expr}")
            say(f"{path.name}: each of {count} expressions returns data, with {what}", empty)
    groups = ask(address, "rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    say(f"Prometheus: {len(rules)} rules are healthy", [f'{rule["name"]}: {rule["health"]} {rule.get("lastError")}' for rule in rules if rule["health"] != "ok"])
    recorded = [rule["name"] for rule in rules if rule["type"] == "recording"]
    say(f"each of {len(recorded)} recording rules returns data", [name for name in recorded if not ask(address, "query", query=name, time=now)["result"]])
    wrong, count = [], 0
    for page, expr in said():
        count += 1
        try:
            ask(address, "query", query=expr, time=now)
        except SystemExit as error:
            wrong.append(f"{page}: {error}")
    say(f"Prometheus understands {count} expressions of how-to and runbooks, with two exporters", wrong)
    ours = {rule.get("alert") or rule["name"] for rule in rules if rule["type"] == "alerting"}
    say(f"{len(ours)} alerts are loaded", [] if len(ours) > 15 else ["so few"])


if __name__ == "__main__":
    if sys.argv[1] == "files":
        test_rules()
        test_names()
        test_dashboards()
    elif sys.argv[1] == "types":
        test_types()
    else:
        test_prometheus(sys.argv[2], int(sys.argv[3]))
