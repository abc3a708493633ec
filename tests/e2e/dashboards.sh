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
# are free at that moment, and ends with the script. It takes four minutes: the publication delay has to be learned.
#
# One line per proof; the last line is "N passed, M failed", and the exit code is 0 when M is 0.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Types of Grafana 11.6, and those of 10.1, the oldest there are.
PACKAGES=(PyYAML==6.0.3 'grafana-foundation-sdk==1769699379!11.6.0')
OLDEST='grafana-foundation-sdk==1769699998!10.1.0'
INSTANCE=alikafka_pre-cn-sim00000001
WORK=$(mktemp -d)
PIDS=()
PASSED=0
FAILED=0

finish() {
  local code=$?
  trap - EXIT INT TERM
  for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${PIDS[@]}"; do wait "$pid" 2>/dev/null || true; done
  if [ "$code" -ne 0 ]; then
    for log in "$WORK"/*.log; do
      [ -s "$log" ] && { echo "--- last lines of ${log##*/}" >&2; tail -n 15 "$log" >&2; }
    done
  fi
  rm -rf "$WORK"
  exit "$code"
}
trap finish EXIT
trap 'exit 1' INT TERM

proved() { PASSED=$((PASSED + 1)); echo "ok   $*"; }
broken() { FAILED=$((FAILED + 1)); echo "FAIL $*"; }

# check NAME COMMAND...: one proof.
check() {
  local name=$1
  shift
  if "$@" >"$WORK/check.out" 2>&1; then proved "$name"; else broken "$name"; cat "$WORK/check.out"; fi
}

# within SECONDS NAME COMMAND...: one proof that may take a while to come true.
within() {
  local deadline=$((SECONDS + $1)) name=$2 from=$SECONDS
  shift 2
  until "$@" >"$WORK/check.out" 2>&1; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      broken "$name (waited $((SECONDS - from)) s)"
      cat "$WORK/check.out"
      return
    fi
    sleep 0.3
  done
  proved "$name (after $((SECONDS - from)) s)"
}

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

need() {
  command -v "$1" >/dev/null || { echo "$1 is needed: apt-get install $2" >&2; exit 1; }
}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

need promtool prometheus
need prometheus prometheus
need curl curl
need python3 python3

# --- packages ---------------------------------------------------------------------------------------------------------

TARGET=$(realpath -m "${CARGO_TARGET_DIR:-target}")
VENV=$TARGET/dashboards
WANTED=$(printf '%s\n' "$(python3 --version)" "${PACKAGES[@]}" "$OLDEST")
if [ "$(cat "$VENV/installed" 2>/dev/null)" != "$WANTED" ]; then
  rm -rf "$VENV"
  python3 -m venv "$VENV" >"$WORK/pip.log" 2>&1 ||
    { echo "python3 cannot make a virtual environment: apt-get install python3-venv" >&2; exit 1; }
  { "$VENV/bin/pip" install --quiet --disable-pip-version-check "${PACKAGES[@]}" &&
    "$VENV/bin/pip" install --quiet --disable-pip-version-check --no-deps --target "$VENV/oldest" "$OLDEST"; } >"$WORK/pip.log" 2>&1 ||
    { echo "pip cannot install ${PACKAGES[*]}; nothing was tested" >&2; exit 1; }
  # Last, so that an interrupted installation is not taken for a whole one.
  printf '%s\n' "$WANTED" >"$VENV/installed"
fi

if [ -z "${EXPORTER:-}" ] || [ -z "${CMS_SIM:-}" ] || [ -z "${KUBE_SIM:-}" ]; then
  cargo build --quiet -p kafka-lag-exporter -p cms-sim -p kube-sim
  EXPORTER=$TARGET/debug/kafka-lag-exporter CMS_SIM=$TARGET/debug/cms-sim KUBE_SIM=$TARGET/debug/kube-sim
fi
EXPORTER=$(realpath "$EXPORTER") CMS_SIM=$(realpath "$CMS_SIM") KUBE_SIM=$(realpath "$KUBE_SIM")

# --- files ------------------------------------------------------------------------------------------------------------

proofs "$VENV/bin/python" tests/e2e/dashboards.py files
PYTHONPATH=$VENV/oldest proofs "$VENV/bin/python" tests/e2e/dashboards.py types
for tests in deploy/prometheus/rules_test.yml deploy/prometheus/replicas_test.yml deploy/scaler/rules_test.yml deploy/scaler/health_test.yml; do
  check "promtool: $tests" promtool test rules "$tests"
done

# --- start ------------------------------------------------------------------------------------------------------------

SIM=127.0.0.1:$(free_port)
KUBE=127.0.0.1:$(free_port)
FIRST=127.0.0.1:$(free_port)
SECOND=127.0.0.1:$(free_port)
DEMO=127.0.0.1:$(free_port)
STATE=127.0.0.1:$(free_port)
PROM=127.0.0.1:$(free_port)

env -i "$CMS_SIM" --listen-address "$SIM" --groups 3 --publication-delay 3s >"$WORK/cms-sim.log" 2>&1 &
PIDS+=($!)
env -i "$KUBE_SIM" --web.listen-address "$KUBE" --kubeconfig-out "$WORK/kubeconfig" >"$WORK/kube-sim.log" 2>&1 &
PIDS+=($!)
sim() { curl -sSf --noproxy '*' -X "$1" "http://$SIM/_sim/$2" ${3:+-d "$3"}; }
within 10 "the simulated cloud answers" sim GET state
within 10 "the simulated API server answers" curl -sSf --noproxy '*' "http://$KUBE/-sim/state"
sim PUT "groups/$INSTANCE/busy" '{"scenario":"constant","lag":200000}' >/dev/null

cat >"$WORK/lag.yaml" <<YAML
recommend:
  - groups: ["exact:busy"]
    base: 2
    max: 5
    steps: [{above: 100000, add: 1}, {above: 150000, add: 2}]
    back_at: 50000
YAML
# exporter ADDRESS NAME: one of two that share a Lease; in place of the shell that calls it.
exporter() {
  exec env -i ALIBABA_CLOUD_ACCESS_KEY_ID=sim-key-id ALIBABA_CLOUD_ACCESS_KEY_SECRET=sim-key-secret "$EXPORTER" \
    --config.file="$WORK/lag.yaml" --cms.region=cn-hangzhou --cms.instance="$INSTANCE" --cms.endpoint="http://$SIM" \
    --collect.topics --group.expect=busy --kubeconfig="$WORK/kubeconfig" --lease=monitoring/kafka-lag \
    --lease.advertise-url="http://$1" --web.listen-address="$1" >>"$WORK/$2.log" 2>&1
}
exporter "$FIRST" first &
PIDS+=($!)
exporter "$SECOND" second &
SECOND_PID=$!
PIDS+=("$SECOND_PID")
env -i "$EXPORTER" --demo --web.listen-address="$DEMO" >"$WORK/demo.log" 2>&1 &
PIDS+=($!)

# What kube-state-metrics would say of one Deployment.
mkdir "$WORK/state"
cat >"$WORK/state/metrics.txt" <<'TEXT'
# TYPE kube_deployment_status_replicas_ready gauge
kube_deployment_status_replicas_ready{namespace="orders",deployment="cust"} 2
TEXT
python3 -m http.server --bind 127.0.0.1 --directory "$WORK/state" "${STATE#*:}" >"$WORK/state.log" 2>&1 &
PIDS+=($!)

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
prometheus --config.file="$WORK/prometheus.yml" --storage.tsdb.path="$WORK/tsdb" --web.listen-address="$PROM" \
  >"$WORK/prometheus.log" 2>&1 &
PIDS+=($!)
STARTED=$SECONDS

# --- what has to happen -----------------------------------------------------------------------------------------------

ask() { promtool query instant "http://$PROM" "$1"; }
# some EXPRESSION: Prometheus has a result.
some() { [ -n "$(ask "$1")" ]; }

within 15 "Prometheus is up" curl -sSf --noproxy '*' "http://$PROM/-/ready"
within 20 "all four targets are scraped" some 'count(up == 1) == 4'
within 30 "one of two asks the cloud" some 'sum(kafka_lag_leader) == 1'
within 90 "the lag of a busy group is there" some 'kafka_consumer_message_accumulation{consumer_group="busy"} == 200000'
within 20 "an alert fires" some 'ALERTS{alertname="KafkaConsumerLagHigh",consumer_group="busy",severity="critical",alertstate="firing"}'

kill "$SECOND_PID"
wait "$SECOND_PID" || true
exporter "$SECOND" second &
PIDS+=($!)
within 30 "the second exporter was started again" some 'changes(process_start_time_seconds[2m]) > 0'
within 300 "the publication delay is learned" some 'count_over_time(kafka_lag_publication_delay_seconds[1m]) > 10'

# --- questions --------------------------------------------------------------------------------------------------------

proofs "$VENV/bin/python" tests/e2e/dashboards.py ask "$PROM" "$((SECONDS - STARTED))"

echo "$PASSED passed, $FAILED failed"
[ "$FAILED" = 0 ]
