#!/usr/bin/env bash
# End to end: lag becomes a step, once. The real cms-sim, kafka-lag-exporter, Prometheus, two Alertmanagers that do not know of
# each other, two kafka-lag-scaler on one ledger, kube-sim.
#
# Rules and route are those of deploy/scaler, only faster. It proves, by what kube-sim has stored:
#   - one step for an episode, though two Alertmanagers send it every few seconds to two scalers, and the number moves;
#   - a further step after its time, and no more than are allowed;
#   - "resolved" never scales out, and without a proof nothing goes back; with one, step by step to where it began;
#   - when the exporter dies, or Prometheus, alerts resolve and no replica goes;
#   - a scaler killed between its write and its answer: the alert comes again, and nothing is done twice;
#   - an API server that fails and conflicts: one step in the end;
#   - who has no token changes nothing, and the token can be replaced while all is running;
#   - people are told what was done; the programs ask for nothing that deploy/manifests/scaler.yaml does not allow.
#
# Usage: tests/e2e/webhook.sh
#   EXPORTER=PATH CMS_SIM=PATH KUBE_SIM=PATH SCALER=PATH   use these binaries; without them, debug binaries are built
#
# Needs prometheus and prometheus-alertmanager (Debian packages of these names), curl, python3. Everything listens on
# 127.0.0.1 at ports that are free at that moment, and ends with the script. It takes three minutes.
#
# One line per proof; the last line is "N passed, M failed", and the exit code is 0 when M is 0.
source "$(dirname "$0")/lib.sh"

INSTANCE=alikafka_pre-cn-sim00000001
GROUP=cust_docking_analog
need promtool prometheus
need prometheus prometheus
need amtool prometheus-alertmanager
need prometheus-alertmanager prometheus-alertmanager

programs EXPORTER=kafka-lag-exporter CMS_SIM=cms-sim KUBE_SIM=kube-sim SCALER=kafka-lag-scaler

mapfile -t PORTS < <(free_ports 8)
SIM=127.0.0.1:${PORTS[0]} KUBE=127.0.0.1:${PORTS[1]} WEB=127.0.0.1:${PORTS[2]} PROM=127.0.0.1:${PORTS[3]}
MANAGER1=127.0.0.1:${PORTS[4]} MANAGER2=127.0.0.1:${PORTS[5]} SCALER1=127.0.0.1:${PORTS[6]} SCALER2=127.0.0.1:${PORTS[7]}

# --- start ------------------------------------------------------------------------------------------------------------

sim() { get -X "$1" "http://$SIM/_sim/$2" ${3:+-d "$3"}; }
kube() { get -X "$1" "http://$KUBE/-sim/$2" ${3:+-d "$3"}; }
lag() { sim PUT "groups/$INSTANCE/$GROUP/lag" "{\"lag\":$1}" >/dev/null; }

run cms-sim env -i "$CMS_SIM" --listen-address "$SIM" --publication-delay 1s --robot dingtalk:sim-robot,secret=SEC0,keyword=Kafka
run kube-sim env -i "$KUBE_SIM" --web.listen-address "$KUBE" --deployment orders/cust=2 --deployment orders/other=2 \
  --kubeconfig-out "$WORK/kubeconfig"
within 10 "the simulated cloud answers" sim GET state
within 10 "the simulated API server answers" kube GET state
sim PUT "groups/$INSTANCE/$GROUP" '{"scenario":"constant","lag":70000}' >/dev/null
lag 70000

exporter() {
  run exporter env -i ALIBABA_CLOUD_ACCESS_KEY_ID=sim-key-id ALIBABA_CLOUD_ACCESS_KEY_SECRET=sim-key-secret "$EXPORTER" \
    --web.listen-address="$WEB" --cms.region=cn-hangzhou --cms.instance="$INSTANCE" --cms.endpoint="http://$SIM" \
    --collect.schedule=fixed --collect.interval=1s --budget.requests-per-month=none
}
exporter

printf 'the-first-token\n' >"$WORK/token"
printf 'https://oapi.dingtalk.com/robot/send?access_token=sim-robot' >"$WORK/robot-url"
printf 'SEC0' >"$WORK/robot-secret"
chmod 0600 "$WORK/token" "$WORK"/robot-*

# config FURTHER...: the allow-list, with these lines in the entry of cust.
config() {
  cat <<YAML
scaler:
  ledger: {configmap: kafka-lag/kafka-lag-scaler-ledger}
  webhook: {bearer_token_files: ["$WORK/token"], deadline: 5s}
  targets:
    - namespace: orders
      kind: Deployment
      name: cust
      min_replicas: 1
      max_replicas: 10
      scale_out: {by: 1}
      cooldown: 1s
      daily_cap: 50
      scale_back: {after: 2s, step: 1, every: 1s, confirm: low-alert}
$1
notifiers:
  - name: oncall
    kind: dingtalk
    url_file: $WORK/robot-url
    secret_file: $WORK/robot-secret
    keyword: Kafka
    endpoint: http://$SIM
kubernetes:
  kubeconfig: $WORK/kubeconfig
  timeout: 2s
YAML
}
config "      further: {every: 15s, at_most: 1}" >"$WORK/stages.yaml"
config "" >"$WORK/one-stage.yaml"

# scaler NUMBER CONFIG
scaler() {
  local address=SCALER$1
  run "scaler$1" env -i "$SCALER" --config.file="$WORK/$2.yaml" --web.listen-address="${!address}"
}
scaler 1 stages
scaler 2 stages

# Scaling back is looked at every 15 s, and `after` must be over.
look_for_scale_back() { sleep 18; }

# The shipped rules and route, only faster; nothing else of them is touched.
sed -e 's/for: 10m/for: 2s/; s/for: 30m/for: 2s/; s/keep_firing_for: 2m/keep_firing_for: 1s/' deploy/scaler/rules.yml >"$WORK/rules.yml"
cat >"$WORK/prometheus.yml" <<YAML
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
alerting:
  alertmanagers:
    - static_configs: [{targets: ["$MANAGER1", "$MANAGER2"]}]
scrape_configs:
  - job_name: kafka-exporter
    static_configs: [{targets: ["$WEB"]}]
YAML
# The allow-list of the manifest can be used as it is.
awk '/^  scaler.yaml: \|/ { inside = 1; next } inside && /^---/ { exit } inside { sub("^    ", ""); print }' \
  deploy/manifests/scaler.yaml >"$WORK/manifest.yaml"
check "the scaler accepts the manifest's configuration" env -i "$SCALER" check-config --config.file="$WORK/manifest.yaml"
check "promtool accepts the configuration" promtool check config "$WORK/prometheus.yml"
run prometheus prometheus --config.file="$WORK/prometheus.yml" --storage.tsdb.path="$WORK/tsdb" \
  --web.listen-address="$PROM" --rules.alert.resend-delay=1s

# manager NUMBER SCALER PATH: without a cluster, so that each sends everything; the second one later than the first, as in one.
manager() {
  local address=MANAGER$1
  sed -e "s|http://kafka-lag-scaler.kafka-lag.svc:9877/webhook/alertmanager|http://$2$3|" \
    -e "s|/etc/alertmanager/secrets/kafka-lag-scaler/token|$WORK/token|" \
    -e "s/group_wait: 10s/group_wait: $(($1 * 2 - 1))s/; s/group_interval: 1m/group_interval: 1s/; s/repeat_interval: 5m/repeat_interval: 2s/" \
    deploy/scaler/alertmanager.yml >"$WORK/manager$1.yml"
  run "manager$1" prometheus-alertmanager --config.file="$WORK/manager$1.yml" --storage.path="$WORK/manager$1" \
    --web.listen-address="${!address}" --cluster.listen-address=
}
manager 1 "$SCALER1" /webhook/alertmanager
manager 2 "$SCALER2" /hpa

# --- tools ------------------------------------------------------------------------------------------------------------

replicas() { get "http://$KUBE/apis/apps/v1/namespaces/orders/deployments/${1:-cust}/scale" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["spec"]["replicas"])'; }
# The changes of the number so far, as "2>3 3>4".
changes() {
  kube GET changes | python3 -c '
import json, sys
print(*("{from}>{to}".format(**one) for one in json.load(sys.stdin)["scale_changes"]))'
}
# changed EXPECTED
changed() {
  local found
  found=$(changes)
  echo "changes: $found, not $1"
  [ "$found" = "$1" ]
}
# delivered NUMBER: deliveries that the Alertmanager counts as made.
delivered() {
  local address=MANAGER$1
  get "http://${!address}/metrics" | awk '
    /^alertmanager_notifications_total{.*webhook/ { made = $NF } /^alertmanager_notifications_failed_total{.*webhook/ { failed += $NF }
    END { print made - failed }'
}
mark() { MARK1=$(delivered 1) MARK2=$(delivered 2); }
# delivers COUNT: each Alertmanager has delivered so many times more since `mark`.
delivers() {
  local one=$(($(delivered 1) - MARK1)) two=$(($(delivered 2) - MARK2))
  echo "delivered $one and $two times"
  [ "$one" -ge "$1" ] && [ "$two" -ge "$1" ]
}
# alerts EXPECTED: names of the alerts that fire, in both Alertmanagers.
alerts() {
  local address found
  for address in "$MANAGER1" "$MANAGER2"; do
    found=$(get "http://$address/api/v2/alerts?active=true" |
      python3 -c 'import json, sys; print(*sorted(one["labels"]["alertname"] for one in json.load(sys.stdin)))')
    echo "firing: ${found:-none}"
    [ "$found" = "$1" ] || return 1
  done
}
# The states of the steps in the ledger, as "done done".
ledger() {
  get "http://$KUBE/api/v1/namespaces/kafka-lag/configmaps/kafka-lag-scaler-ledger" | python3 -c '
import json, sys
ledger = json.loads(next(iter(json.load(sys.stdin)["data"].values())))
print(*(step["state"] for one in ledger["workloads"] for step in one["steps"]))'
}
# last_step STATE
last_step() { local found; found=$(ledger); echo "ledger: $found, not $1"; [ "${found##* }" = "$1" ]; }
scraped() { promtool query instant "http://$PROM" "kafka_consumer_message_accumulation{consumer_group=\"$GROUP\"} == $1" | grep -F "$GROUP"; }
# The ledger knows a scale-out alert, and that all of them have ended.
end_is_noted() {
  get "http://$KUBE/api/v1/namespaces/kafka-lag/configmaps/kafka-lag-scaler-ledger" | python3 -c '
import json, sys
ledger = json.loads(next(iter(json.load(sys.stdin)["data"].values())))
seen = [one for known in ledger["workloads"] for one in known["alerts"].values() if one["action"] == "scale-out"]
print(seen)
assert seen and all("resolved" in one for one in seen)'
}
ready() { get "http://$1/readyz"; }
# status EXPECTED ADDRESS CURL-OPTIONS...
status() {
  local expected=$1 address=$2 found
  shift 2
  found=$(curl -sS --noproxy '*' --max-time 10 -o "$WORK/body" -w '%{http_code}' -X POST -H 'Content-Type: application/json' "$@" "http://$address")
  echo "answered $found: $(head -c 600 "$WORK/body")"
  [ "$found" = "$expected" ]
}
# forget: kube-sim counts anew; what it was asked is kept for the last proofs.
forget() {
  kube GET requests >"$WORK/requests-$SECONDS.json"
  kube POST reset >/dev/null
}
# answered CODE TIMES: since the last `forget`, at least so many requests were answered so.
answered() {
  kube GET requests | python3 -c '
import json, sys
found = [one["method"] + " " + one["path"] for one in json.load(sys.stdin) if one["answered"] == int(sys.argv[1])]
print(found)
assert len(found) >= int(sys.argv[2]), found' "$@"
}
# messages: the texts that DingTalk's stand-in has taken.
messages() { sim GET robots/sim-robot/messages; }
message_count() { messages | python3 -c 'import json, sys; found = json.load(sys.stdin); print(len(found["messages"] if isinstance(found, dict) else found))'; }
told() { local found; found=$(message_count); echo "messages: $found, not $1"; messages; [ "$found" = "$1" ]; }
says() { messages | grep -F -- "$1"; }

for address in "$SCALER1" "$SCALER2"; do within 15 "a scaler is ready" ready "$address"; done
for address in "$MANAGER1" "$MANAGER2" "$PROM"; do within 15 "it is up: http://$address" get "http://$address/-/ready"; done
within 15 "Prometheus has the lag" scraped 70000
check "at 70,000 no alert fires" alerts ""
[ "$FAILED" = 0 ] || { echo "it does not stand: nothing else is tried"; echo "$PASSED passed, $FAILED failed"; exit 1; }

# --- who may ask ------------------------------------------------------------------------------------------------------

firing() {
  python3 - "$1" "$2" <<'PY'
import json, sys
name, start = sys.argv[1:]
labels = {"alertname": "Forged", "trigger": "hpa", "action": "scale-out", "namespace": "orders", "deployment": name}
print(json.dumps({"version": "4", "status": "firing", "alerts": [{
    "status": "firing", "labels": labels, "annotations": {}, "startsAt": start, "endsAt": "0001-01-01T00:00:00Z",
    "fingerprint": "00000000000000aa"}]}))
PY
}
NOW=$(date -u +%Y-%m-%dT%H:%M:%SZ)
firing cust "$NOW" >"$WORK/forged.json"
firing other "$NOW" >"$WORK/outside.json"
check "without a token: 401" status 401 "$SCALER1/webhook/alertmanager" -d @"$WORK/forged.json"
check "with a wrong token: 401" status 401 "$SCALER1/hpa" -H 'Authorization: Bearer another' -d @"$WORK/forged.json"
check "with the token, a workload that is not in the list: 200, so that it is not sent again" \
  status 200 "$SCALER1/webhook/alertmanager" -H 'Authorization: Bearer the-first-token' -d @"$WORK/outside.json"
check "and the answer says why" grep -F 'not in the allow-list' "$WORK/body"
check "nothing has changed so far" changed ""

# --- one step ---------------------------------------------------------------------------------------------------------

mark
lag 150001
within 20 "high lag: one replica more" changed "2>3"
for value in 151002 152003 153004; do lag "$value"; sleep 1.2; done
within 20 "both Alertmanagers have delivered the alert three times, to both scalers" delivers 3
check "still one step, though the number has moved" changed "2>3"
within 10 "people were told once" told 1
check "they were told what" says cust
within 30 "a further step after its time" changed "2>3 3>4"
gap() {
  kube GET changes | python3 -c '
import json, re, sys
from datetime import datetime
at = [datetime.fromisoformat(re.sub(r"\.\d+Z$", "+00:00", one["at"])) for one in json.load(sys.stdin)["scale_changes"]]
print((at[1] - at[0]).total_seconds())
assert at[1].timestamp() - at[0].timestamp() >= 14'
}
check "not before 15 s had passed" gap

# --- the token changes ------------------------------------------------------------------------------------------------

printf 'the-second-token\n' >"$WORK/token"
within 10 "a new token is taken up while it runs" \
  status 200 "$SCALER1/webhook/alertmanager" -H 'Authorization: Bearer the-second-token' -d @"$WORK/outside.json"
check "the old one is worth nothing" status 401 "$SCALER1/hpa" -H 'Authorization: Bearer the-first-token' -d @"$WORK/outside.json"
mark
within 20 "Alertmanager reads the new one, too" delivers 3

# --- resolved ---------------------------------------------------------------------------------------------------------

sleep 10 # as long as another further step would need, if there were one
check "no more further steps than are allowed" changed "2>3 3>4"
lag 70000
within 15 "the lag falls: the alert is resolved" alerts ""
within 15 "and that is delivered and noted" end_is_noted
look_for_scale_back
check "resolved alone: not out, and not back" changed "2>3 3>4"

lag 100
within 15 "low lag has an alert of its own" alerts KafkaConsumerScaleIn
within 60 "with that proof it goes back, step by step" changed "2>3 3>4 4>3 3>2"
mark
within 20 "the proof is delivered again" delivers 2
check "and it ends where it began" changed "2>3 3>4 4>3 3>2"
within 10 "each of the four was told" told 4

# --- the metric vanishes ----------------------------------------------------------------------------------------------

# From here on without further stages: both are killed and started again, and remember.
ended scaler1 KILL
ended scaler2 KILL
forget
scaler 1 one-stage
scaler 2 one-stage
for address in "$SCALER1" "$SCALER2"; do within 15 "a scaler is ready again" ready "$address"; done
lag 150001
within 20 "a new episode: one step" changed "2>3"
ended exporter KILL
within 15 "the exporter is killed: the alert resolves" alerts ""
within 15 "and that is delivered and noted" end_is_noted
look_for_scale_back
check "a metric that has vanished takes no replica away" changed "2>3"
exporter
within 20 "the exporter is back: a new episode, one step" changed "2>3 3>4"
kill -STOP "${PID[prometheus]}"
within 20 "Prometheus stands still: its alerts end by themselves" alerts ""
within 15 "and that is delivered and noted" end_is_noted
look_for_scale_back
check "that takes no replica away either" changed "2>3 3>4"
kill -CONT "${PID[prometheus]}"
mark
within 20 "Prometheus goes on, and so does the alert" delivers 2
check "it is the same episode, with the same start: no step" changed "2>3 3>4"

# --- killed between the write and the answer --------------------------------------------------------------------------

lag 70000
within 15 "calm" alerts ""
forget
ended scaler2 KILL
kube POST faults '{"fault":"apply_then_hang","method":"PATCH","suffix":"/cust/scale","nth":1}' >/dev/null
lag 150001
within 20 "the API server has made the step, and does not answer" changed "4>5"
ended scaler1 KILL
check "the scaler is killed, and the intent stands in the ledger" last_step intended
kube DELETE faults >/dev/null
scaler 1 one-stage
scaler 2 one-stage
mark
within 30 "Alertmanager sends it again, and the step is settled" last_step done
within 30 "and again, to both" delivers 2
check "one step" changed "4>5"

# --- the API server fails ---------------------------------------------------------------------------------------------

lag 70000
within 15 "calm" alerts ""
forget
kube POST faults '{"fault":"status","code":503,"reason":"ServiceUnavailable","method":"PATCH","suffix":"/cust/scale","times":4}' >/dev/null
kube POST faults '{"fault":"status","code":409,"reason":"Conflict","method":"PUT","prefix":"/api/v1/namespaces/kafka-lag/configmaps","nth":1,"times":2}' >/dev/null
lag 150001
within 40 "the API server fails four times and conflicts twice: one step in the end" changed "5>6"
check "it did fail four times" answered 503 4
check "and conflict twice" answered 409 2
mark
within 20 "and it is repeated" delivers 3
check "still one" changed "5>6"

# --- rights -----------------------------------------------------------------------------------------------------------

# All that was asked of the API server, against the Role of the manifest.
rights() {
  kube GET requests >"$WORK/requests-last.json"
  python3 -c '
import glob, json, re, sys
allowed = set()
for line in open("deploy/manifests/scaler.yaml"):
    rule = re.match(r"\s*- \{apiGroups: \[(.*?)\], resources: \[(.*?)\](?:, resourceNames: \[(.*?)\])?, verbs: \[(.*?)\]\}", line)
    if rule:
        group, resources, names, verbs = rule.groups()
        words = lambda text: [word.strip("\" ") for word in text.split(",")] if text else [None]
        allowed |= {(resource, name, verb) for resource in words(resources) for name in words(names) for verb in words(verbs)}
assert len(allowed) > 5, allowed
verbs = {"PUT": "update", "PATCH": "patch", "POST": "create", "DELETE": "delete"}
asked = set()
files = glob.glob(sys.argv[1] + "/requests-*.json")
assert len(files) == 4, files
for one in [one for file in files for one in json.load(open(file)) if not one["path"].startswith("/-sim/")]:
    found = re.match(r"/apis?/(?:[^/]+/)?v[^/]+/namespaces/[^/]+/([^/]+)(?:/([^/]+))?(?:/([^/]+))?$", one["path"])
    assert found, one
    resource, name, sub = found.groups()
    verb = verbs.get(one["method"]) or ("get" if name else "list")
    asked.add((resource + ("/" + sub if sub else ""), name, verb))
missing = {one for one in asked if one not in allowed and (one[0], None, one[2]) not in allowed}
print("asked:", sorted(asked, key=str))
assert not missing, f"not allowed: {missing}"' "$WORK"
}
check "nothing was asked that the Role of the manifest does not allow" rights
check "no other workload was changed" test "$(replicas other)" = 2
for number in 1 2; do
  ended "scaler$number"
  check "SIGTERM ends scaler $number with 0" test "$ENDED" = 0
done
check "no token is in a log" sh -c "! grep -lE 'the-(first|second)-token|SEC0' $WORK/scaler*.log"

summary
