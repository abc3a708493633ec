#!/usr/bin/env bash
# Which receivers Alertmanager chooses for the alerts of rules.yml, asked of amtool (Debian package prometheus-alertmanager).
# One line per proof; the last line is "N passed, M failed", and the exit code is 0 when M is 0.
set -euo pipefail
cd "$(dirname "$0")"

PASSED=0
FAILED=0
proved() { PASSED=$((PASSED + 1)); echo "ok   $*"; }
broken() { FAILED=$((FAILED + 1)); echo "FAIL $*"; }

if amtool check-config alertmanager.yml >/dev/null; then proved "amtool finds nothing wrong"; else broken "amtool check-config"; fi

# goes NAME RECEIVERS LABEL=VALUE...
goes() {
  local name=$1 expected=$2 found
  shift 2
  found=$(amtool config routes test --config.file=alertmanager.yml "$@" 2>/dev/null) || true
  if [ "$found" = "$expected" ]; then proved "$name: $found"; else broken "$name: $found instead of $expected"; fi
}

# labels NAME: those that the rule writes, without the templated ones.
labels() {
  awk -v rule="- alert: $1" '
    index($0, "- alert:") { inside = index($0, rule) > 0 }
    /^        [a-z]+:$/ { in_labels = ($1 == "labels:") }
    inside && in_labels && /^          [a-z_]+: / && !/\{\{/ { sub(":", "", $1); print $1 "=" $2 }' rules.yml
}
rule() {
  local name=$1 expected=$2 found
  mapfile -t found < <(labels "$name")
  if [ "${#found[@]}" -ge 4 ]; then goes "$name" "$expected" "alertname=$name" "${found[@]}"; else broken "$name has no labels: ${found[*]}"; fi
}
rule KafkaConsumerScaleOut kafka-lag-scaler,people
rule KafkaConsumerScaleIn kafka-lag-scaler,nobody
rule HpaTrigger kafka-lag-scaler,people
goes "the post's own labels" kafka-lag-scaler,people \
  alertname=HpaTrigger trigger=hpa action=scale-out serverity=page deployment=test namespace=test value=31
goes "an alert without trigger" people alertname=KafkaConsumerLagHigh severity=critical
goes "another trigger" people alertname=Other trigger=vpa action=scale-out namespace=orders deployment=cust
goes "a trigger that only begins so" people alertname=Other trigger=hpa2 action=scale-out namespace=orders deployment=cust

# What stands together in one request.
routes=$(amtool config routes show --config.file=alertmanager.yml 2>&1 | grep -F kafka-lag-scaler)
if [[ $routes == *'{trigger="hpa"}'*'continue: true'* ]]; then proved "the route of the scaler lets the others see the alert"; else broken "routes: $routes"; fi

echo "$PASSED passed, $FAILED failed"
[ "$FAILED" = 0 ]
