#!/usr/bin/env bash
# End to end: the real cms-sim, the real kafka-lag-exporter, a real Prometheus.
#
# It proves, with what Prometheus has stored:
#   - the exposition passes promtool's lint, and Prometheus scrapes it;
#   - lags are those of the cloud, a true zero is a number, a group without data has no series;
#   - a cloud that throttles, resets or cuts its answers shows as up 0, while young values stay;
#   - values that are too old are withdrawn, and at no moment become 0;
#   - when the cloud recovers, values come back;
#   - in a network of its own: the four variables of the first post are enough, the default port is 9876 on every
#     interface, and --demo listens on loopback only.
#
# Usage: tests/e2e/exporter.sh
#   EXPORTER=PATH CMS_SIM=PATH   use these binaries; without them, debug binaries are built
#
# Needs promtool and prometheus (the Debian package "prometheus"), curl, iproute2 and unshare (util-linux). Everything
# listens on 127.0.0.1 at ports that are free at that moment, and ends with the script. It takes two to three minutes:
# data must be 2m30s old before it is withdrawn, and a point appears when it is a minute old.
#
# One line per proof; the last line is "N passed, M failed", and the exit code is 0 when M is 0.
source "$(dirname "$0")/lib.sh"

INSTANCE=alikafka_pre-cn-sim00000001
LAG=kafka_consumer_message_accumulation
need promtool prometheus
need prometheus prometheus

programs EXPORTER=kafka-lag-exporter CMS_SIM=cms-sim

# --- start ------------------------------------------------------------------------------------------------------------

mapfile -t PORTS < <(free_ports 3)
SIM=127.0.0.1:${PORTS[0]} WEB=127.0.0.1:${PORTS[1]} PROM=127.0.0.1:${PORTS[2]}

run cms-sim env -i "$CMS_SIM" --listen-address "$SIM" --groups 3 --publication-delay 1s

sim() { curl -sSf --noproxy '*' -X "$1" "http://$SIM/_sim/$2" ${3:+-d "$3"}; }
group() { sim PUT "groups/$INSTANCE/$1" "$2"; }
within 10 "the simulated cloud answers" sim GET state
group busy '{"scenario":"constant","lag":150001}' >/dev/null
group caught-up '{"scenario":"zero"}' >/dev/null
group gone '{"scenario":"vanish","lag":77,"start":"2026-01-01T00:00:00Z"}' >/dev/null

run exporter env -i ALIBABA_CLOUD_ACCESS_KEY_ID=sim-key-id ALIBABA_CLOUD_ACCESS_KEY_SECRET=sim-key-secret "$EXPORTER" \
  --web.listen-address="$WEB" --cms.region=cn-hangzhou --cms.instance="$INSTANCE" --cms.endpoint="http://$SIM" \
  --cms.timeout=700ms --cms.max-attempts=1 --collect.schedule=fixed --collect.interval=1s --budget.requests-per-month=none --lag.max-age=2m30s

cat >"$WORK/prometheus.yml" <<YAML
global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
  - job_name: kafka-lag
    static_configs:
      - targets: ["$WEB"]
YAML
promtool check config "$WORK/prometheus.yml" >/dev/null
run prometheus prometheus --config.file="$WORK/prometheus.yml" --storage.tsdb.path="$WORK/tsdb" --web.listen-address="$PROM"

# --- tools ------------------------------------------------------------------------------------------------------------

page() { curl -sSf --noproxy '*' "http://$WEB$1"; }
ask() { promtool query instant "http://$PROM" "$1"; }
# is EXPRESSION VALUE: Prometheus has exactly this one result.
is() {
  local answer
  answer=$(ask "$1")
  echo "$1 is: ${answer:-nothing}"
  [ "$(sed -n 's/.* => \([^ ]*\) @.*/\1/p' <<<"$answer")" = "$2" ]
}
# none EXPRESSION: Prometheus answers, and has nothing.
none() {
  local answer
  answer=$(ask "$1")
  echo "$1 is: ${answer:-nothing}"
  [ -z "$answer" ]
}
lag() { echo "$LAG{consumer_group=\"$1\"}"; }
sim_lag() { sim GET "groups/$INSTANCE/$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["lag"])'; }
ready() { page /readyz; }
lint() { page /metrics | promtool check metrics; }
type_is() { curl -sS --noproxy '*' -o /dev/null -w '%{content_type}' "http://$WEB/metrics" | grep -Fx "$1"; }
shown() { page /metrics | grep -F "$LAG{instance_id=\"$INSTANCE\",consumer_group=\"$1\"} $2"; }
hidden() { ! shown "$1" ""; }

# --- a healthy cloud --------------------------------------------------------------------------------------------------

within 10 "the exporter is ready" ready
within 10 "Prometheus is up" curl -sSf --noproxy '*' "http://$PROM/-/ready"
check "promtool finds nothing to complain about on /metrics" lint
check "the content type names the format's version" type_is "text/plain; version=0.0.4; charset=utf-8"
within 15 "Prometheus scrapes the exporter: up is 1" is 'up{job="kafka-lag"}' 1
within 15 "the instance is read: kafka_lag_up is 1" is "kafka_lag_up{instance_id=\"$INSTANCE\"}" 1
check "the simulator has 150001 for the busy group" test "$(sim_lag busy)" = 150001
check "Prometheus has the lag of the busy group" is "$(lag busy)" 150001
check "a true zero is a number in Prometheus" is "$(lag caught-up)" 0
check "a group without points has no series" none "$(lag gone)"
for name in group-000000 group-000001 group-000002; do
  check "the generated group ${name} has one value" \
    is "count(${LAG}{consumer_group=\"${name}_docking_analog\"})" 1
done
constant=$(sim_lag group-000001_docking_analog)
check "a generated constant group equals the simulator's ${constant}" is "$(lag group-000001_docking_analog)" "$constant"
check "no call has failed yet" is 'sum(kafka_lag_api_request_errors_total)' 0

# --- faults -----------------------------------------------------------------------------------------------------------

fault() { sim DELETE faults && sim POST faults "{\"fault\":\"$1\"}"; }
failed_calls() { is "sum(kafka_lag_api_request_errors_total{code=\"$1\"}) > bool 0" 1; }

check "throttling is switched on" fault throttling
within 10 "throttled: kafka_lag_up is 0" is "kafka_lag_up{instance_id=\"$INSTANCE\"}" 0
check "throttled: the young value is still served" is "$(lag busy)" 150001
check "throttled: so is the zero" is "$(lag caught-up)" 0
within 5 "throttled: it is counted as such" failed_calls throttled
check "throttled: the exporter itself is up" is 'up{job="kafka-lag"}' 1
for kind in html_502:unavailable reset:network stall:timeout; do
  check "${kind%:*} is switched on" fault "${kind%:*}"
  within 10 "${kind%:*}: counted as ${kind#*:}" failed_calls "${kind#*:}"
done
check "the exporter stays ready in an outage" ready
within 120 "too old: the busy group is withdrawn from /metrics" hidden busy
within 10 "too old: Prometheus has no value of the busy group" none "$(lag busy)"
within 10 "too old: nor of the zero" none "$(lag caught-up)"
within 15 "too old: no value over several scrapes" is "absent_over_time($(lag busy)[4s])" 1
check "too old: the reason is in a metric" is "kafka_lag_groups{state=\"stale\"} > bool 3" 1

# --- recovery ---------------------------------------------------------------------------------------------------------

check "faults are switched off" sim DELETE faults
within 15 "recovered: kafka_lag_up is 1" is "kafka_lag_up{instance_id=\"$INSTANCE\"}" 1
within 15 "recovered: the busy group is back" is "$(lag busy)" 150001
within 15 "recovered: the zero is back" is "$(lag caught-up)" 0

check "the busy group had its value in many scrapes" \
  is "count_over_time($(lag busy)[10m]) > bool 20" 1
check "the busy group was absent from some scrapes" \
  is "count_over_time(up[10m]) - on() count_over_time($(lag busy)[10m]) > bool 3" 1
check "the busy group was never 0 in any scrape" none "min_over_time($(lag busy)[10m]) < 150001"
check "nor at any second of the time" none "count_over_time(($(lag busy) == 0)[10m:1s])"
check "the same question finds the true zero" is "count_over_time(($(lag caught-up) == 0)[10m:1s]) > bool 20" 1
check "every scrape worked" is 'min_over_time(up{job="kafka-lag"}[5m:1s])' 1

warnings=$(grep -c 'level=warn' "$WORK/exporter.log" || true)
check "one warning per change of state: 4 faults, $warnings warnings" test "$warnings" = 4

ended exporter
check "SIGTERM ends the exporter with 0" test "$ENDED" = 0

# --- a network of its own ---------------------------------------------------------------------------------------------

cat >"$WORK/inside.sh" <<'INSIDE'
set -euo pipefail
ip link set lo up
trap 'for pid in "${PIDS[@]:-}"; do kill "$pid" 2>/dev/null || true; done' EXIT
PIDS=()
FOUR=(ACCESS_KEY_ID=sim-key-id ACCESS_KEY_SECRET=sim-key-secret REGION_ID=cn-hangzhou "TARGET_INSTANCE_ID=$INSTANCE")
page() { curl -sSf --noproxy '*' "http://$1"; }
say() { if [ "$1" = 0 ]; then echo "ok   $2"; else echo "FAIL $2"; fi; }
until_true() { local end=$((SECONDS + 15)); until "$@" >/dev/null 2>&1; do [ "$SECONDS" -lt "$end" ] || return 1; sleep 0.2; done; }
has() { page "127.0.0.1:9876/metrics" | grep -F -- "$1"; }
listeners() { ss -Hltn "sport = :9876" | awk '{print $4}'; }
prove() { local name=$1; shift; local code=0; until_true "$@" || code=1; say "$code" "$name"; }
once() { local name=$1; shift; local code=0; "$@" >/dev/null 2>&1 || code=1; say "$code" "$name"; }
stop() { local pid=${PIDS[-1]}; kill "$pid"; local code=0; wait "$pid" || code=$?; unset 'PIDS[-1]'; return "$code"; }
answers_v6() { [ ! -e /proc/net/if_inet6 ] || ! grep -q ' lo$' /proc/net/if_inet6 || page "[::1]:9876/healthz"; }
everywhere() { listeners | grep -E '^(\*|\[::\]|0\.0\.0\.0):9876$'; }
loopback_only() { [ "$(listeners)" = 127.0.0.1:9876 ]; }
no_lag() { has kafka_lag_up && ! has "$LAG{"; }

env -i "${FOUR[@]}" "$EXPORTER" >"$WORK/four.log" 2>&1 & PIDS+=($!)
prove "four variables, no network: it runs and is ready on :9876" page 127.0.0.1:9876/readyz
prove "four variables, no network: kafka_lag_up is 0" has "kafka_lag_up{instance_id=\"$INSTANCE\"} 0"
prove "four variables, no network: no lag is shown" no_lag
prove "four variables: it listens on every interface" everywhere
prove "four variables: it answers on IPv6, where there is any" answers_v6
once "four variables: SIGTERM ends it with 0" stop

env -i "$CMS_SIM" --listen-address 127.0.0.1:18080 --groups 1 >"$WORK/inner-sim.log" 2>&1 & PIDS+=($!)
prove "a cloud in this network answers" page 127.0.0.1:18080/_sim/state
curl -sSf --noproxy '*' -X PUT "http://127.0.0.1:18080/_sim/groups/$INSTANCE/busy" -d '{"scenario":"constant","lag":42}' >/dev/null
curl -sSf --noproxy '*' -X PUT "http://127.0.0.1:18080/_sim/groups/$INSTANCE/caught-up" -d '{"scenario":"zero"}' >/dev/null
env -i "${FOUR[@]}" KAFKA_LAG_CMS_ENDPOINT=http://127.0.0.1:18080 "$EXPORTER" >"$WORK/four-cloud.log" 2>&1 & PIDS+=($!)
prove "four variables and a cloud: the lag is on :9876" has "$LAG{instance_id=\"$INSTANCE\",consumer_group=\"busy\"} 42"
prove "four variables and a cloud: a true zero is there" has "$LAG{instance_id=\"$INSTANCE\",consumer_group=\"caught-up\"} 0"
code=0; env -i "${FOUR[@]}" "$EXPORTER" >"$WORK/second.log" 2>&1 || code=$?
prove "a second one ends with 1" test "$code" = 1
prove "a second one names the flag and RocketMQ" grep -E -- '--web.listen-address.*RocketMQ' "$WORK/second.log"
prove "the first one is not disturbed" page 127.0.0.1:9876/healthz
once "SIGTERM ends it with 0" stop
stop || true

env -i "$EXPORTER" --demo >"$WORK/demo.log" 2>&1 & PIDS+=($!)
prove "the demo shows lag on :9876" has "$LAG{"
prove "the demo listens on loopback only" loopback_only
once "the demo ends with 0" stop
INSIDE

if unshare -rn true 2>"$WORK/unshare.out" && command -v ss >/dev/null && command -v ip >/dev/null; then
  export EXPORTER CMS_SIM WORK INSTANCE LAG
  if unshare -rn bash "$WORK/inside.sh" >"$WORK/inside.out" 2>"$WORK/inside.log"; then
    done_inside=1
  else
    done_inside=0
  fi
  while IFS= read -r line; do
    case $line in
      "ok   "*) proved "own network: ${line#ok   }" ;;
      *) broken "own network: ${line#FAIL }" ;;
    esac
  done <"$WORK/inside.out"
  [ "$done_inside" = 1 ] || { broken "own network: the steps ended early"; cat "$WORK/inside.log"; }
else
  echo "skip own network: namespaces are not permitted here, or iproute2 is missing: $(cat "$WORK/unshare.out")"
  [ "${CI:-}" != true ] || broken "own network: CI must not skip it"
fi

summary
