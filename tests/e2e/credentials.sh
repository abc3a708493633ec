#!/usr/bin/env bash
# End to end: two minutes of keys that live for five seconds, taken as in a pod with RRSA.
#
# The real cms-sim issues them for an OIDC token, the real kafka-lag-exporter collects once a second. It proves:
#   - no collection fails and none is left out, although every key expires twenty-odd times;
#   - keys are renewed before they end: the cloud refuses none as expired;
#   - a token file that is rotated midway is read again;
#   - STS is asked about as often as keys need it, not as often as calls are made.
#
# Usage: tests/e2e/credentials.sh [SECONDS]     (default 120)
#   EXPORTER=PATH CMS_SIM=PATH   use these binaries; without them, debug binaries are built
#
# Needs curl and python3. Everything listens on 127.0.0.1 at free ports and ends with the script. One line per proof;
# the last line is "N passed, M failed", and the exit code is 0 when M is 0.
source "$(dirname "$0")/lib.sh"

LENGTH=${1:-120}
# holds NAME CONDITION: one proof; the condition is Python.
holds() { check "$1" python3 -c "import sys; sys.exit(None if ($2) else sys.argv[1])" "$2"; }

programs EXPORTER=kafka-lag-exporter CMS_SIM=cms-sim
mapfile -t PORTS < <(free_ports 2)
SIM=127.0.0.1:${PORTS[0]} WEB=127.0.0.1:${PORTS[1]}

run cms-sim env -i "$CMS_SIM" --listen-address "$SIM" --groups 3 --token-lifetime 5s
until get "http://$SIM/_sim/state" >"$WORK/state"; do sleep 0.1; done
INSTANCE=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["instances"][0]["instance"])' "$WORK/state")

printf 'sim.oidc.token' >"$WORK/token"
run exporter env -i ALIBABA_CLOUD_ROLE_ARN=acs:ram::1234567890123456:role/kafka-lag \
  ALIBABA_CLOUD_OIDC_PROVIDER_ARN=acs:ram::1234567890123456:oidc-provider/ack-rrsa-sim \
  ALIBABA_CLOUD_OIDC_TOKEN_FILE="$WORK/token" ALIBABA_CLOUD_STS_ENDPOINT="http://$SIM" \
  "$EXPORTER" --cms.endpoint="http://$SIM" --cms.region=cn-hangzhou --cms.instance="$INSTANCE" \
  --collect.schedule=fixed --collect.interval=1s --budget.requests-per-month=none --web.listen-address="$WEB"
until get "http://$WEB/readyz" >/dev/null; do sleep 0.1; done

failures=0
for ((second = 0; second < LENGTH; second++)); do
  if [ "$second" -eq $((LENGTH / 2)) ]; then
    printf 'the.next.token' >"$WORK/token.new" && mv "$WORK/token.new" "$WORK/token"
    get -X PUT "http://$SIM/_sim/oidc-token" -d '{"token":"the.next.token"}' >/dev/null
  fi
  sleep 1
  get "http://$WEB/metrics" >"$WORK/metrics"
  up=$(sed -n 's/^kafka_lag_up{.*} //p' "$WORK/metrics")
  [ "$up" = 1 ] || failures=$((failures + 1))
done

get "http://$SIM/_sim/state" >"$WORK/state"
# number NAME: the sum of a metric's samples; seen KEY NAME: a counter of the cloud.
number() { awk -v name="^$1[{ ]" '$0 ~ name { sum += $NF } END { print sum + 0 }' "$WORK/metrics"; }
seen() {
  python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["counters"][sys.argv[2]].get(sys.argv[3], 0))' \
    "$WORK/state" "$1" "$2"
}
calls=$(seen by_action DescribeMetricList)
issued=$(seen by_action AssumeRoleWithOIDC)
holds "in $LENGTH seconds up was never 0" "$failures == 0"
holds "no call failed" "$(number kafka_lag_api_request_errors_total) == 0"
holds "about one collection a second was made ($calls)" "$calls >= 0.95 * $LENGTH"
holds "no expired key was sent" "$(seen by_outcome InvalidSecurityToken.Expired) == 0"
holds "STS was asked for each key, not for each call ($issued)" "$LENGTH / 5 <= $issued <= $LENGTH / 3 + 2"
holds "nothing was said about credentials but that they were found" \
  "$(grep -c 'renewed' "$WORK/exporter.log" || true) == 0"

summary
