#!/usr/bin/env bash
# End to end: what `kafka-lag generate` writes, and deploy/manifests, judged by programs that none of us wrote.
#
# The published schemas of Kubernetes, models of KEDA, promtool, openssl and PyYAML must accept it and read out of it what was put in.
#
# Usage: tests/e2e/manifests.sh
#   KAFKA_LAG=PATH   use this binary; without it, a debug binary is built
#
# Needs python3 with venv, promtool, openssl, and a package index that pip reaches as it is configured; the packages stay
# in target/ for the next run. Nothing listens, and nothing is asked of a cloud or a cluster.
#
# One line per proof; the first mismatch ends it. The last line is "N passed, M failed", and the exit code is 0 when M
# is 0.
source "$(dirname "$0")/lib.sh"

# The last one has models made from KEDA's own definitions; it refuses wrong types, not unknown fields.
PACKAGES=(kubernetes-validate==1.37.0 PyYAML==6.0.3 cloudcoil-models-keda==2.16.1.0)
need promtool prometheus
need openssl openssl

# --- packages ---------------------------------------------------------------------------------------------------------

venv manifests "${PACKAGES[@]}"
programs KAFKA_LAG=kafka-lag

# --- the judges -------------------------------------------------------------------------------------------------------

passed() { proved "$@"; }
failed() { broken "$@"; tail -n 15 "$WORK/said"; summary; exit 1; }

generate() { env -i "$KAFKA_LAG" generate "$@"; }

# The schema of a version accepts every document of a file. A kind without a schema is only a warning to the program.
is_valid() {
  "$VENV/bin/kubernetes-validate" -k "$1" --strict "$2" >"$WORK/said" 2>&1 && ! grep -q '^WARN' "$WORK/said"
}

# valid VERSION FLAG...
valid() {
  local version=$1
  shift
  generate "$@" >"$WORK/x.yaml" || failed "generate $*"
  is_valid "$version" "$WORK/x.yaml" || failed "Kubernetes $version refuses: generate $*"
  passed "Kubernetes $version accepts $(grep -c ' passed for resource ' "$WORK/said") documents: generate $*"
}

valid 1.30 hpa --group=cust_docking_analog --namespace=orders
valid 1.34 hpa --group=alikafka_a/g --group=alikafka_b/g --workload=both
valid 1.35 hpa --group=cust_docking_analog --kubernetes=1.35
valid 1.35 hpa --group=订单 --workload=orders --metric=recommended --kubernetes=1.35
valid 1.35 hpa --group=a --kind=argoproj.io/v1alpha1/Rollout
valid 1.35 rbac
valid 1.35 rbac --auth=delegated --lease=monitoring/kafka-lag --recommend-namespace=orders
valid 1.35 apiservice --cert-manager=monitoring/kafka-lag
valid 1.35 apiservice --insecure-skip-tls-verify

# The judge itself can say no.
generate hpa --group=a | sed 's/averageValue:/averageValeu:/' >"$WORK/x.yaml"
is_valid 1.35 "$WORK/x.yaml" && failed "a field that does not exist is accepted"
is_valid 1.35 bin-check/tests/fixtures/lint/hpa-first.yaml && failed "an HPA of v2beta2 is accepted"
passed "the schemas refuse a wrong field and v2beta2"

# What is written by hand is valid, too, in an old version and in a new one.
for file in deploy/manifests/*.yaml; do
  [ "${file##*/}" = kustomization.yaml ] && continue # no object; chart.sh builds it
  for version in 1.25 1.35; do
    is_valid "$version" "$file" || failed "Kubernetes $version refuses $file"
  done
  passed "Kubernetes 1.25 and 1.35 accept $(grep -c ' passed for resource ' "$WORK/said") documents: $file"
done

# The scaler's Role is for the workloads that its allow-list names, and for none besides; its ledger is the one it may write.
"$VENV/bin/python" - deploy/manifests/scaler.yaml >"$WORK/said" 2>&1 <<'PYTHON' || failed "the Roles of scaler.yaml do not fit its allow-list"
import sys, yaml
objects = list(yaml.safe_load_all(open(sys.argv[1])))
def named(kind, namespace):
    return next(o for o in objects if o["kind"] == kind and o["metadata"].get("namespace") == namespace and o["metadata"]["name"] == "kafka-lag-scaler")
scaler = yaml.safe_load(named("ConfigMap", "kafka-lag")["data"]["scaler.yaml"])["scaler"]
for namespace in {target["namespace"] for target in scaler["targets"]}:
    allowed = {target["name"] for target in scaler["targets"] if target["namespace"] == namespace}
    for rule in named("Role", namespace)["rules"]:
        if any(resource.startswith("deployments") for resource in rule["resources"]):
            assert set(rule["resourceNames"]) == allowed, rule
        assert "*" not in rule["verbs"] + rule["resources"] + rule["apiGroups"], rule
pinned = [rule for rule in named("Role", "kafka-lag")["rules"] if "resourceNames" in rule]
assert [f"kafka-lag/{name}" for rule in pinned for name in rule["resourceNames"]] == [scaler["ledger"]["configmap"]]
assert all(rule["verbs"] == ["create"] for rule in named("Role", "kafka-lag")["rules"] if "resourceNames" not in rule)
PYTHON
passed "the Roles of scaler.yaml name its workloads and its ledger, and nothing else"

# Another reader of YAML, of version 1.1, finds the names that were put in.
names=(on No 123 1e5 0x1F 1_000 12:30:45 '~' 'a: b' 'a #b' "it's" '"q"' 'back\slash' '*a' '- a' 订单_消费组 ' a ' =)
for name in "${names[@]}"; do
  generate keda --group="$name" --workload=w >"$WORK/x.yaml"
  "$VENV/bin/python" - "$WORK/x.yaml" "$name" >"$WORK/said" 2>&1 <<'PYTHON' || failed "PyYAML reads another name: $name"
import sys, yaml
document = yaml.safe_load(open(sys.argv[1], encoding="utf-8"))
found = document["spec"]["triggers"][0]["metadata"]["consumerGroup"]
assert found == sys.argv[2], (found, sys.argv[2])
PYTHON
done
passed "PyYAML reads ${#names[@]} difficult names as they are"

for via in external metrics-api prometheus; do
  generate keda --group=alikafka_a/g --via="$via" >"$WORK/x.yaml"
  "$VENV/bin/python" - "$WORK/x.yaml" >"$WORK/said" 2>&1 <<'PYTHON' || failed "KEDA's models refuse: generate keda --via=$via"
import sys, yaml
from cloudcoil.models.keda.v1alpha1 import ScaledObject
from pydantic import ValidationError
document = yaml.safe_load(open(sys.argv[1]))
ScaledObject.model_validate(document)
document["spec"]["fallback"]["replicas"] = "two"
try:
    ScaledObject.model_validate(document)
except ValidationError:
    pass
else:
    raise SystemExit("a wrong type is accepted")
PYTHON
done
passed "models of KEDA 2.16 accept a ScaledObject of each kind, and refuse a wrong type"

# --- rules ------------------------------------------------------------------------------------------------------------

generate prometheus-rules --format=plain >"$WORK/rules.yml"
promtool check rules "$WORK/rules.yml" >"$WORK/said" 2>&1 || failed "promtool refuses the rules"
passed "promtool: $(sed -n 's/ *SUCCESS: //p' "$WORK/said")"

# The tests of the rules in deploy/ hold for these, too.
cp deploy/prometheus/rules_test.yml "$WORK/"
promtool test rules "$WORK/rules_test.yml" >"$WORK/said" 2>&1 || failed "the tests of deploy/prometheus fail"
passed "promtool: the tests of deploy/prometheus/rules.yml hold for them"

# What the operator is given is the same.
generate prometheus-rules >"$WORK/object.yaml"
"$VENV/bin/python" - "$WORK" >"$WORK/said" 2>&1 <<'PYTHON' || failed "the PrometheusRule has other rules"
import sys, yaml
work = sys.argv[1]
object, plain = (yaml.safe_load(open(f"{work}/{name}")) for name in ("object.yaml", "rules.yml"))
assert object["spec"] == plain and object["kind"] == "PrometheusRule"
PYTHON
passed "the PrometheusRule holds the same rules"

# The adapter's rule, with what the adapter fills in: one series for one group, and none with a namespace added to it.
generate adapter-rules >"$WORK/x.yaml"
"$VENV/bin/python" - "$WORK" >"$WORK/said" 2>&1 <<'PYTHON' || failed "the adapter's rule cannot be read"
import sys, yaml
work = sys.argv[1]
rule = yaml.safe_load(open(f"{work}/x.yaml"))["externalRules"][0]
assert rule["resources"] == {"namespaced": False}
series = "kafka_consumer_message_accumulation"
def query(matchers):
    return rule["metricsQuery"].replace("<<.Series>>", series).replace("<<.LabelMatchers>>", matchers)
one = {"labels": '{instance_id="i",consumer_group="g"}', "value": 7}
yaml.safe_dump({
    "evaluation_interval": "1m",
    "tests": [{
        "interval": "1m",
        "input_series": [
            {"series": f'{series}{{instance_id="i",consumer_group="{group}",namespace="monitoring",pod="{pod}"}}', "values": f"{value}x9"}
            for group, value in (("g", 7), ("h", 9)) for pod in "ab"
        ],
        "promql_expr_test": [
            {"expr": query('consumer_group="g"'), "eval_time": "5m", "exp_samples": [one]},
            {"expr": query('namespace="orders",consumer_group="g"'), "eval_time": "5m", "exp_samples": []},
        ],
    }],
}, open(f"{work}/adapter_test.yml", "w"))
PYTHON
promtool test rules "$WORK/adapter_test.yml" >"$WORK/said" 2>&1 || failed "the adapter's query finds something else"
passed "promtool: the adapter's query finds one group once; with a namespace added it would find none"

# --- certificate ------------------------------------------------------------------------------------------------------

generate serving-cert --out-dir "$WORK/pair" >"$WORK/said"
openssl verify -purpose sslserver -CAfile "$WORK/pair/tls.crt" -verify_hostname kafka-lag-metrics.monitoring.svc \
  "$WORK/pair/tls.crt" >"$WORK/said" 2>&1 || failed "openssl does not believe the certificate"
openssl verify -CAfile "$WORK/pair/tls.crt" -verify_hostname kafka-lag-metrics.other.svc "$WORK/pair/tls.crt" \
  >"$WORK/said" 2>&1 && failed "the certificate is for another Service as well"
[ "$(openssl x509 -in "$WORK/pair/tls.crt" -noout -pubkey)" = "$(openssl pkey -in "$WORK/pair/tls.key" -pubout)" ] ||
  failed "the key is not the certificate's"
[ "$(stat -c %a "$WORK/pair/tls.key")" = 600 ] || failed "the key can be read by others"
passed "openssl believes the certificate for its Service and for no other, and the key fits"

valid 1.35 apiservice --ca-bundle-file="$WORK/pair/tls.crt"
sed -n 's/^ *caBundle: //p' "$WORK/x.yaml" | base64 -d | cmp -s - "$WORK/pair/tls.crt" || failed "caBundle is not the file"
passed "caBundle is the certificate"

summary
