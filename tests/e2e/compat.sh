#!/usr/bin/env bash
# End to end: rules and dashboards that others have published for other exporters, over the real kafka-lag-exporter with
# --metrics.compat and a real Prometheus.
#
# Every expression of tests/e2e/compat/expressions.tsv must return data, or, where the file says so, must return nothing,
# because it asks for what CloudMonitor does not know. The sums must be those of our own metrics. promtool reads the rules
# that are made of the same expressions.
#
# Usage: tests/e2e/compat.sh
#   EXPORTER=PATH   use this binary (with the feature demo); without it, a debug binary is built
#
# Needs promtool and prometheus (the Debian package "prometheus"), curl and python3. Everything listens on 127.0.0.1 at
# ports that are free at that moment, and ends with the script. It takes about half a minute.
#
# One line per proof; the last line is "N passed, M failed", and the exit code is 0 when M is 0.
source "$(dirname "$0")/lib.sh"

EXPRESSIONS=tests/e2e/compat/expressions.tsv

need promtool prometheus
need prometheus prometheus

programs EXPORTER=kafka-lag-exporter

# --- start ------------------------------------------------------------------------------------------------------------

mapfile -t PORTS < <(free_ports 3)
WITH=127.0.0.1:${PORTS[0]} TOTALS=127.0.0.1:${PORTS[1]} PROM=127.0.0.1:${PORTS[2]}

run exporter env -i "$EXPORTER" --demo --web.listen-address="$WITH" --metrics.compat=kafka-exporter,klag --collect.topics
run totals env -i "$EXPORTER" --demo --web.listen-address="$TOTALS" --metrics.compat=kafka-exporter

# Each job is one exporter, so that a sum over one job is a sum over one cloud.
cat >"$WORK/prometheus.yml" <<YAML
global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
  - job_name: topics
    static_configs:
      - targets: ["$WITH"]
  - job_name: totals
    static_configs:
      - targets: ["$TOTALS"]
YAML
promtool check config "$WORK/prometheus.yml" >/dev/null
run prometheus prometheus --config.file="$WORK/prometheus.yml" --storage.tsdb.path="$WORK/tsdb" --web.listen-address="$PROM"

ask() { promtool query instant "http://$PROM" "$1"; }
# data EXPRESSION: Prometheus answers with something.
data() {
  local answer
  answer=$(ask "$1")
  echo "$1 is: ${answer:-nothing}"
  [ -n "$answer" ]
}
# none EXPRESSION: Prometheus answers, and has nothing.
none() {
  local answer
  answer=$(ask "$1")
  echo "$1 is: ${answer:-nothing}"
  [ -z "$answer" ]
}

within 30 "both exporters have lags" data \
  'count(kafka_consumer_message_accumulation{job="topics"}) > 10 and on() count(kafka_consumer_message_accumulation{job="totals"}) > 10'
within 15 "topics are collected" data 'kafka_consumer_topic_message_accumulation{job="topics"}'

# --- the page ---------------------------------------------------------------------------------------------------------

# One name is not by today's rules, and it is kafka_exporter's.
lint() {
  local said
  said=$(curl -sSf --noproxy '*' "http://$WITH/metrics" | promtool check metrics 2>&1) || true
  echo "$said"
  [ "$said" = 'kafka_consumergroup_lag_sum non-histogram and non-summary metrics should not have "_sum" suffix' ]
}
check "promtool has nothing against the page but a name that is kafka_exporter's" lint

# --- expressions of others --------------------------------------------------------------------------------------------

# Variables of dashboards stand for everything, as their "All" does.
plain() { sed -e 's/\$__rate_interval/1m/g; s/\$__interval/1m/g; s/=~"\$[a-z_]*"/=~".*"/g; s/="\$[a-z_]*"/=~".*"/g' <<<"$1"; }

{
  echo 'groups: [{name: compat, rules: ['
  n=0
  while IFS=$'\t' read -r _ _ expression; do
    n=$((n + 1))
    printf '  {alert: "Compat%d", expr: %s},\n' "$n" "$(python3 -c 'import json, sys; print(json.dumps(sys.argv[1]))' "$(plain "$expression")")"
  done < <(grep -v '^#' "$EXPRESSIONS")
  echo ']}]'
} >"$WORK/rules.yml"
check "promtool reads them all as rules" promtool check rules "$WORK/rules.yml"

while IFS=$'\t' read -r expected from expression; do
  within 15 "$expected: $expression ($from)" "$expected" "$(plain "$expression")"
done < <(grep -v '^#' "$EXPRESSIONS")

# --- the same numbers -------------------------------------------------------------------------------------------------

# In one evaluation, so all numbers are of one scrape. A group is compared where both sides have it.
own='sum by (group) (label_replace(kafka_consumer_message_accumulation{job="%s"}, "group", "$1", "consumer_group", "(.*)"))'
own_of() { sed "s/%s/$1/" <<<"$own"; }
check "klag's sums are ours" none \
  "sum by (group) (kafka_consumergroup_group_sum_lag{job=\"topics\"}) != on(group) $(own_of topics)"
check "klag's groups are ours" none \
  "$(own_of topics) unless on(group) sum by (group) (kafka_consumergroup_group_sum_lag{job=\"topics\"})"
theirs='sum by (group) (label_replace(kafka_consumergroup_lag_sum{job="%s"}, "group", "$1", "consumergroup", "(.*)"))'
theirs_of() { sed "s/%s/$1/" <<<"$theirs"; }
check "without topics, kafka_exporter's sums are ours" none "$(theirs_of totals) != on(group) $(own_of totals)"
check "without topics, its groups are ours" none "$(own_of totals) unless on(group) $(theirs_of totals)"
check "with topics, no group is said twice" none \
  'count by (consumergroup, instance_id) (kafka_consumergroup_lag_sum{job="topics", topic=""}) and on(consumergroup, instance_id) count by (consumergroup, instance_id) (kafka_consumergroup_lag_sum{job="topics", topic!=""})'
check "with topics, no group is missing" none "$(own_of topics) unless on(group) $(theirs_of topics)"
check "lag and lag_sum say the same" none \
  'kafka_consumergroup_lag != on(job, instance_id, consumergroup, topic) kafka_consumergroup_lag_sum'

echo "$PASSED passed, $FAILED failed"
[ "$FAILED" -eq 0 ]
