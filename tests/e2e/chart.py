#!/usr/bin/env python3
"""Judges rendered objects for tests/e2e/chart.sh. Each command ends with 0, or says what is wrong."""

import re
import sys
from pathlib import Path

import yaml

SECURITY = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


def load(path):
    return [one for one in yaml.safe_load_all(Path(path).read_text(encoding="utf-8")) if one]


def pod_of(one):
    """The pod template's metadata and spec, or None."""
    if one["kind"] == "Pod":
        return one["metadata"], one["spec"]
    if one["kind"] == "Deployment":
        template = one["spec"]["template"]
    elif one["kind"] == "CronJob":
        template = one["spec"]["jobTemplate"]["spec"]["template"]
    else:
        return None
    return template["metadata"], template["spec"]


def fits(selector, labels):
    return all(labels.get(key) == value for key, value in selector.items())


# --- snapshots: what others write (rules, dashboards) is only named, and the version is left out --------------------------


def snapshot(path):
    for document in Path(path).read_text(encoding="utf-8").split("\n---\n"):
        if "# Source: kafka-lag/templates/dashboards.yaml" in document:
            head, _, data = document.partition("\ndata:\n")
            document = head + "\ndata:\n" + "".join(re.findall(r"^  \S+: \|\n", data, re.M))
        elif "# Source: kafka-lag/templates/prometheusrule.yaml" in document:
            head, _, data = document.partition("\n  groups:")
            document = head + "\n  groups:" + "".join(re.findall(r"\n *- (?:name|alert|record): [^\n]*", data))
        document = re.sub(r"(helm.sh/chart: kafka-lag-|app.kubernetes.io/version: |image: \S*/kafka-lag:)\S+", r"\1VERSION", document)
        print(re.sub(r"[ \t]+$", "", document.rstrip("\n"), flags=re.M), end="\n---\n")


# --- kinds that Kubernetes has no schema for -----------------------------------------------------------------------------


def models(path):
    """Models made from the projects' own definitions refuse wrong types and what is missing; a field that they do not
    know is not read, so what they have read is compared with what was there."""
    from cloudcoil.models.cert_manager import v1 as cert_manager
    from cloudcoil.models.keda import v1alpha1 as keda
    from cloudcoil.models.prometheus_operator import v1 as prometheus

    known = {"Certificate": cert_manager, "Issuer": cert_manager, "ScaledObject": keda} | dict.fromkeys(
        ["ServiceMonitor", "PodMonitor", "PrometheusRule"], prometheus
    )

    def unread(given, read, where):
        if isinstance(given, dict):
            for key, value in given.items():
                if not isinstance(read, dict) or key not in read:
                    yield f"{where}.{key}"
                else:
                    yield from unread(value, read[key], f"{where}.{key}")
        elif isinstance(given, list):
            for index, value in enumerate(given):
                yield from unread(value, read[index], f"{where}[{index}]")

    count = 0
    for one in load(path):
        if module := known.get(one["kind"]):
            model = getattr(module, one["kind"]).model_validate(one)
            read = model.model_dump(mode="json", by_alias=True, exclude_unset=True)
            fields = set(unread(one["spec"], read["spec"], "spec"))
            fields -= {"spec.fallback.behavior"}  # of KEDA 2.17; the models are of 2.16
            if fields:
                raise SystemExit(f"{one['kind']} {one['metadata']['name']}: unknown fields {fields}")
            count += 1
    print(count)


# --- do the objects fit each other? --------------------------------------------------------------------------------------


def objects(path):
    found = load(path)
    by_kind = {}
    for one in found:
        by_kind.setdefault(one["kind"], []).append(one)
    seen = [(one["apiVersion"], one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]) for one in found]
    assert len(seen) == len(set(seen)), [one for one in seen if seen.count(one) > 1]
    named = {(kind, namespace, name) for _, kind, namespace, name in seen}
    pods = [(one, *pod_of(one)) for one in found if pod_of(one)]

    for one in found:
        labels = one["metadata"].get("labels", {})
        if one["kind"] not in ("HorizontalPodAutoscaler", "ScaledObject"):  # extraObjects
            assert labels.get("app.kubernetes.io/part-of") == "kafka-lag", one["metadata"]

    for one, meta, spec in pods:
        who, namespace = f"{one['kind']} {one['metadata']['name']}", one["metadata"]["namespace"]
        if "selector" in one["spec"]:
            assert fits(one["spec"]["selector"]["matchLabels"], meta["labels"]), who
        assert ("ServiceAccount", namespace, spec["serviceAccountName"]) in named, who
        security = spec["securityContext"]
        assert security["runAsNonRoot"] and security["seccompProfile"] == {"type": "RuntimeDefault"}, who
        for container in spec["containers"]:
            if container["name"] == "beside":
                continue
            assert container["securityContext"] == SECURITY, (who, container["name"])
            ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
            for key in ("livenessProbe", "readinessProbe", "startupProbe"):
                if key in container:
                    assert container[key]["httpGet"]["port"] in ports, (who, key)
            mounts = {mount["name"] for mount in container["volumeMounts"]} if "volumeMounts" in container else set()
            assert mounts == {volume["name"] for volume in spec.get("volumes", [])}, who
        for volume in spec.get("volumes", []):
            if "configMap" in volume:
                assert ("ConfigMap", namespace, volume["configMap"]["name"]) in named, (who, volume)

    for service in by_kind.get("Service", []):
        selected = [spec for _, meta, spec in pods if fits(service["spec"]["selector"], meta["labels"])]
        assert len(selected) == 1, service["metadata"]["name"]
        names = {port["name"] for container in selected[0]["containers"] for port in container.get("ports", [])}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= names, service["metadata"]["name"]

    for kind, ends in (("ServiceMonitor", "endpoints"), ("PodMonitor", "podMetricsEndpoints")):
        for monitor in by_kind.get(kind, []):
            wanted = {end["port"] for end in monitor["spec"][ends]}
            match = monitor["spec"]["selector"]["matchLabels"]
            if kind == "ServiceMonitor":
                hit = [one["spec"]["ports"] for one in by_kind["Service"] if fits(match, one["metadata"]["labels"])]
            else:
                hit = [spec["containers"][0]["ports"] for _, meta, spec in pods if fits(match, meta["labels"])]
            assert len(hit) == 1 and wanted <= {port["name"] for port in hit[0]}, monitor["metadata"]["name"]

    for kind, key in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
        for one in by_kind.get(kind, []):
            hit = [spec for _, meta, spec in pods if fits(one["spec"][key]["matchLabels"], meta["labels"])]
            assert len(hit) == 1, (kind, one["metadata"]["name"])
            names = {port["name"] for container in hit[0]["containers"] for port in container.get("ports", [])}
            for rule in one["spec"].get("ingress", []):
                assert {port["port"] for port in rule["ports"]} <= names, one["metadata"]["name"]

    for kind in ("RoleBinding", "ClusterRoleBinding"):
        for binding in by_kind.get(kind, []):
            role, namespace = binding["roleRef"], binding["metadata"].get("namespace")
            theirs = role["name"] in ("extension-apiserver-authentication-reader", "system:auth-delegator")
            home = namespace if role["kind"] == "Role" else None
            assert theirs or (role["kind"], home, role["name"]) in named, binding["metadata"]["name"]
            for subject in binding["subjects"]:
                account = ("ServiceAccount", subject["namespace"], subject["name"])
                assert account in named or subject["name"] == "horizontal-pod-autoscaler", account

    for rule in [rule for kind in ("Role", "ClusterRole") for one in by_kind.get(kind, []) for rule in one["rules"]]:
        assert "*" not in rule["verbs"] + rule["apiGroups"], rule
        assert "*" not in rule["resources"] or rule["apiGroups"] == ["external.metrics.k8s.io"], rule
    print(len(found))


# --- rights ----------------------------------------------------------------------------------------------------------------


def rights_of(path):
    """What a file grants: {(kind, namespace, name): rules or binding}, without labels."""
    found = {}
    for one in load(path):
        if one["apiVersion"].startswith("rbac.") or one["kind"] == "ServiceAccount":
            what = one.get("rules") or {key: one.get(key) for key in ("roleRef", "subjects")}
            found[one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]] = what
    return found


def rights(rendered, generated):
    """The same objects with the same rules as another file."""
    ours, theirs = rights_of(rendered), rights_of(generated)
    assert ours and ours == theirs, f"only here: {ours.keys() - theirs.keys()}, only there: {theirs.keys() - ours.keys()}, " \
        f"different: {[key for key in ours.keys() & theirs.keys() if ours[key] != theirs[key]]}"


def grants(path):
    """All rights of all Roles as a set, whatever the Roles are called."""
    return {
        (one["metadata"].get("namespace"), group, resource, name, verb)
        for one in load(path) if one["kind"] in ("Role", "ClusterRole") for rule in one["rules"]
        for group in rule["apiGroups"] for resource in rule["resources"]
        for name in rule.get("resourceNames", [None]) for verb in rule["verbs"]
    }


def same_grants(rendered, manifest, *renames):
    """The same rights as the plain manifest, but for names (OLD=NEW) of its own objects."""
    names = dict(one.split("=") for one in renames)
    theirs = {(ns, group, resource, names.get(name, name), verb) for ns, group, resource, name, verb in grants(manifest)}
    ours = grants(rendered)
    assert ours and ours == theirs, f"only here: {ours - theirs}, only there: {theirs - ours}"


# --- rules -----------------------------------------------------------------------------------------------------------------


def rules(rendered, plain):
    """Every PrometheusRule together holds the groups of the plain file, to the letter."""
    groups = [group for one in load(rendered) if one["kind"] == "PrometheusRule" for group in one["spec"]["groups"]]
    theirs = yaml.safe_load(Path(plain).read_text(encoding="utf-8"))["groups"]
    assert [group["name"] for group in groups] == [group["name"] for group in theirs]
    for ours, their in zip(groups, theirs):
        assert len(ours["rules"]) == len(their["rules"]), ours["name"]
        for one, other in zip(ours["rules"], their["rules"]):
            assert one == other, f"\n{one}\n{other}"


def schema(chart):
    """The schema knows the keys of values.yaml and no others, and lets nothing else in."""
    import json

    def walk(known, values, where):
        if "properties" in known:
            assert known["properties"].keys() == values.keys(), (where, known["properties"].keys() ^ values.keys())
            assert known["additionalProperties"] is (where == "global."), where
            for key, value in values.items():
                walk(known["properties"][key], value, f"{where}{key}.")

    values = yaml.safe_load(Path(chart, "values.yaml").read_text(encoding="utf-8"))
    walk(json.loads(Path(chart, "values.schema.json").read_text(encoding="utf-8")), values, "")


# --- a page --------------------------------------------------------------------------------------------------------------


def page(path, folder, helm):
    """Follows a page from its top: values.yaml grows by what is shown, and every helm command is rendered as it stands there,
    into NUMBER.yaml. No object of an earlier step may be gone; a block "in place of" another one is tried and taken back, and
    only what cert-manager has made may be gone then."""
    import shlex
    import subprocess

    values, other, before, count = {}, None, set(), 0
    for kind, text in re.findall(r"```(yaml|sh)\n(.*?)```", Path(path).read_text(encoding="utf-8"), re.S):
        first = text.split("\n", 1)[0]
        if kind == "yaml" and first.startswith("# values.yaml"):
            more = yaml.safe_load(text)
            if "in place of" in first or "替换" in first:
                assert other is None and more.keys() <= values.keys(), first
                other = values | more
            else:
                assert not more.keys() & values.keys(), f"{first}: {more.keys() & values.keys()} twice"
                values |= more
        for command in text.replace("\\\n", " ").splitlines() if kind == "sh" else []:
            words = shlex.split(command)
            if words[:1] != ["helm"] or words[1] not in ("install", "upgrade"):
                continue
            assert [words[i + 1] for i, word in enumerate(words) if word == "-f"] == ["values.yaml"], command
            Path(folder, "values.yaml").write_text(yaml.safe_dump(other or values), encoding="utf-8")
            count += 1
            with open(Path(folder, f"{count}.yaml"), "w", encoding="utf-8") as to:
                subprocess.run([helm, "template", *words[2:]], cwd=folder, stdout=to, check=True)
            now = {(one["apiVersion"], one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"])
                   for one in load(Path(folder, f"{count}.yaml"))}
            gone = {one for one in before - now if not (other and one[0].startswith("cert-manager.io/"))}
            assert not gone, f"{command}: gone are {gone}"
            assert other or now > before or words[1] == "upgrade" and count > 1, command
            before, other = (before if other else now), None
    print(count)


# --- refusals ------------------------------------------------------------------------------------------------------------


def refusals(chart, seen):
    """Every `fail` of the chart has ended a command: its sentence, whatever was put in, is in the file."""
    text = Path(seen).read_text(encoding="utf-8")
    found = 0
    for path in sorted(Path(chart, "templates").rglob("*")):
        if path.is_file():
            source = path.read_text(encoding="utf-8")
            sentences = re.findall(r'\bfail \(?(?:printf )?"((?:[^"\\]|\\.)*)"', source)
            assert len(sentences) == len(re.findall(r"\bfail [\"(]", source)), path
            for sentence in sentences:
                pattern = re.sub(r"%[qsd]", ".*", re.escape(sentence))
                assert re.search(pattern, text), f"not seen: {sentence}"
                found += 1
    assert found > 40, found


def apart(first, second):
    """Two releases have no object in common."""
    key = lambda one: (one["apiVersion"].split("/")[0], one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"])
    one, other = ({key(found) for found in load(path)} for path in (first, second))
    assert not one & other, one & other
    for _, kind, _, name in one | other:
        assert len(name) <= 63 or kind in ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ConfigMap"), (kind, name)
        assert kind != "CronJob" or len(name) <= 52, name


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    commands = {"snapshot": snapshot, "models": models, "objects": objects, "rights": rights, "same-grants": same_grants, "rules": rules, "schema": schema,
                "refusals": refusals, "apart": apart, "page": page}
    commands[command](*arguments)
