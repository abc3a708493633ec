#!/usr/bin/env bash
# End to end: the dashboards, the rules and the runbooks.
#
# As files: every alert has a runbook, a dashboard and tests that show it firing, not firing and ending; every metric that is
# asked for exists; panels have units and do not overlap; Grafana's own types know every key.
#
# As questions: the real cms-sim, kube-sim and kafka-lag-exporter (two that share a Lease, and the demo), scraped by a real
# Prometheus that has loaded deploy/prometheus/rules.yml. Every expression of every panel, annotation and variable is asked
# as Grafana would ask it, and must return data. Grafana itself is not run.
#
# Usage: tests/e2e/dashboards.sh
#   EXPORTER=PATH CMS_SIM=PATH KUBE_SIM=PATH   use these binaries; without them, debug binaries are built
#
# Needs prometheus and promtool (the Debian package "prometheus"), curl, python3 with venv, and a package index that pip
# reaches as it is configured; the packages stay in target/ for the next run. Everything listens on 127.0.0.1 at ports that
# are free at that moment, and ends with the script. It takes three to five minutes: the publication delay has to be learned.
#
# One line per proof; the last line is "N passed, M failed", and the exit code is 0 when M is 0.
source "$(dirname "$0")/lib.sh"

# Types of Grafana 11.6, and those of 10.1, the oldest there are.
NEWEST='grafana-foundation-sdk==1769699379!11.6.0'
OLDEST='grafana-foundation-sdk==1769699998!10.1.0'
INSTANCE=alikafka_pre-cn-sim00000001

# proofs COMMAND...: a program that prints a line for each proof; one that ends early has failed.
proofs() {
  local line
  "$@" >"$WORK/proofs.out" 2>"$WORK/proofs.log" || broken "$(basename "$2") ended early: $(tail -n 1 "$WORK/proofs.log")"
  while IFS= read -r line; do
    case $line in
      "ok   "*) proved "${line#ok   }" ;;
      "FAIL "*) broken "${line#FAIL }" ;;
    esac
  done <"$WORK/proofs.out"
}

need promtool prometheus
need prometheus prometheus
programs EXPORTER=kafka-lag-exporter CMS_SIM=cms-sim KUBE_SIM=kube-sim

# --- files ------------------------------------------------------------------------------------------------------------

venv dashboards-oldest "$OLDEST"
proofs "$VENV/bin/python" tests/e2e/dashboards.py types
venv dashboards PyYAML==6.0.3 "$NEWEST"
proofs "$VENV/bin/python" tests/e2e/dashboards.py files
for tests in deploy/prometheus/rules_test.yml deploy/prometheus/replicas_test.yml deploy/scaler/rules_test.yml deploy/scaler/health_test.yml; do
  check "promtool: $tests" promtool test rules "$tests"
done

# --- start ------------------------------------------------------------------------------------------------------------

mapfile -t PORTS < <(free_ports 7)
SIM=127.0.0.1:${PORTS[0]} KUBE=127.0.0.1:${PORTS[1]} FIRST=127.0.0.1:${PORTS[2]} SECOND=127.0.0.1:${PORTS[3]}
DEMO=127.0.0.1:${PORTS[4]} STATE=127.0.0.1:${PORTS[5]} PROM=127.0.0.1:${PORTS[6]}

run cms-sim env -i "$CMS_SIM" --listen-address "$SIM" --groups 3 --publication-delay 3s
run kube-sim env -i "$KUBE_SIM" --web.listen-address "$KUBE" --kubeconfig-out "$WORK/kubeconfig"
sim() { get -X "$1" "http://$SIM/_sim/$2" ${3:+-d "$3"}; }
within 10 "the simulated cloud answers" sim GET state
within 10 "the simulated API server answers" get "http://$KUBE/-sim/state"
sim PUT "groups/$INSTANCE/busy" '{"scenario":"constant","lag":200000}' >/dev/null

cat >"$WORK/lag.yaml" <<YAML
recommend:
  - groups: ["exact:busy"]
    base: 2
    max: 5
    steps: [{above: 100000, add: 1}, {above: 150000, add: 2}]
    back_at: 50000
YAML
# exporter ADDRESS: one of two that share a Lease.
exporter() {
  exec env -i ALIBABA_CLOUD_ACCESS_KEY_ID=sim-key-id ALIBABA_CLOUD_ACCESS_KEY_SECRET=sim-key-secret "$EXPORTER" \
    --config.file="$WORK/lag.yaml" --cms.region=cn-hangzhou --cms.instance="$INSTANCE" --cms.endpoint="http://$SIM" \
    --collect.topics --group.expect=busy --lag.threshold=150000 --kubeconfig="$WORK/kubeconfig" --lease=monitoring/kafka-lag \
    --lease.advertise-url="http://$1" --web.listen-address="$1"
}
run first exporter "$FIRST"
leads() { get "http://$FIRST/metrics" | grep -Fx 'kafka_lag_leader 1'; }
within 30 "the first exporter asks the cloud" leads
run second exporter "$SECOND"
run demo env -i "$EXPORTER" --demo --web.listen-address="$DEMO"

# What kube-state-metrics would say of one Deployment.
mkdir "$WORK/state"
cat >"$WORK/state/metrics.txt" <<'TEXT'
# TYPE kube_deployment_status_replicas_ready gauge
kube_deployment_status_replicas_ready{namespace="orders",deployment="cust"} 2
TEXT
run state python3 -m http.server --bind 127.0.0.1 --directory "$WORK/state" "${STATE#*:}"

# The rules as they are, only that an alert need not wait.
sed -E 's/^( +for:) .*/\1 0s/' deploy/prometheus/rules.yml >"$WORK/rules.yml"
cat >"$WORK/prometheus.yml" <<YAML
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
scrape_configs:
  - job_name: kafka-exporter
    static_configs: [{targets: ["$FIRST", "$SECOND", "$DEMO"]}]
  - job_name: kube-state-metrics
    metrics_path: /metrics.txt
    static_configs: [{targets: ["$STATE"]}]
YAML
promtool check config "$WORK/prometheus.yml" >"$WORK/check.out"
run prometheus prometheus --config.file="$WORK/prometheus.yml" --storage.tsdb.path="$WORK/tsdb" --web.listen-address="$PROM"
STARTED=$SECONDS

# --- what has to happen -----------------------------------------------------------------------------------------------

ask() { promtool query instant "http://$PROM" "$1"; }
# some EXPRESSION: Prometheus has a result.
some() { [ -n "$(ask "$1")" ]; }

within 15 "Prometheus is up" get "http://$PROM/-/ready"
within 20 "all four targets are scraped" some 'count(up == 1) == 4'
within 30 "one of two asks the cloud" some 'sum(kafka_lag_leader) == 1 and count(kafka_lag_leader) == 2'
within 90 "the lag of a busy group is there" some 'kafka_consumer_message_accumulation{consumer_group="busy"} == 200000'
within 20 "an alert fires" some 'ALERTS{alertname="KafkaConsumerLagHigh",consumer_group="busy",severity="critical",alertstate="firing"}'

# The one that follows: the other would begin to learn anew.
ended second
run second exporter "$SECOND"
within 30 "the second exporter was started again" some 'changes(process_start_time_seconds[2m]) > 0'
within 420 "the publication delay is learned" some 'count_over_time(kafka_lag_publication_delay_seconds[1m]) > 10'

# --- questions --------------------------------------------------------------------------------------------------------

proofs "$VENV/bin/python" tests/e2e/dashboards.py ask "$PROM" "$((SECONDS - STARTED))"

summary
