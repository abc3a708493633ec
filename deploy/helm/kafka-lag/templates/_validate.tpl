{{/* What cannot work ends here, with what to set. */}}
{{- define "kafka-lag.validate" -}}
{{- $v := .Values -}}
{{- $config := $v.config -}}
{{- if not (or $v.exporter.enabled $v.check.enabled $v.scaler.enabled) -}}
{{- fail "nothing is switched on: set exporter.enabled, check.enabled or scaler.enabled" -}}
{{- end -}}

{{- if not $v.exporter.enabled -}}
{{- $set := dict "existingConfigMap" $v.existingConfigMap "replicaCount" (gt (int $v.replicaCount) 1) "externalMetrics.enabled" $v.externalMetrics.enabled "keda.enabled" $v.keda.enabled "lease.enabled" $v.lease.enabled "ingress.enabled" $v.ingress.enabled "podDisruptionBudget.enabled" $v.podDisruptionBudget.enabled "webConfig.existingSecret" $v.webConfig.existingSecret "config (but for sources)" (omit $config "sources") "extraArgs" $v.extraArgs "extraEnv" $v.extraEnv "extraEnvFrom" $v.extraEnvFrom "extraVolumes" $v.extraVolumes "extraVolumeMounts" $v.extraVolumeMounts "extraContainers" $v.extraContainers -}}
{{- range $key, $value := $set -}}
{{- if $value -}}
{{- fail (printf "%s is for the exporter, and exporter.enabled is false: set one of them otherwise" $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Names and labels. */ -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" (include "kafka-lag.fullname" .)) -}}
{{- fail (printf "%q cannot be the name of a Service: set fullnameOverride to small letters, digits and -, with a letter first" (include "kafka-lag.fullname" .)) -}}
{{- end -}}
{{- $pods := list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" "app.kubernetes.io/part-of" -}}
{{- $all := concat $pods (list "app.kubernetes.io/version" "app.kubernetes.io/managed-by" "helm.sh/chart") -}}
{{- $labels := dict "commonLabels" $v.commonLabels "podLabels" $v.podLabels "service.labels" $v.service.labels "serviceAccount.labels" $v.serviceAccount.labels "serviceMonitor.additionalLabels" $v.serviceMonitor.additionalLabels "podMonitor.additionalLabels" $v.podMonitor.additionalLabels "prometheusRule.additionalLabels" $v.prometheusRule.additionalLabels "grafanaDashboard.labels" $v.grafanaDashboard.labels -}}
{{- range $where, $map := $labels -}}
{{- range $key, $_ := $map -}}
{{- if has $key (ternary $pods $all (eq $where "podLabels")) -}}
{{- fail (printf "%s has %s, which the chart sets itself: leave it out (nameOverride changes app.kubernetes.io/name)" $where $key) -}}
{{- end -}}
{{- if and (ne $where "commonLabels") (hasKey $v.commonLabels $key) -}}
{{- fail (printf "%s has %s, and so has commonLabels: leave one of them out" $where $key) -}}
{{- end -}}
{{- if and $v.releaseLabel (eq $key "release") (or (eq $where "commonLabels") (hasSuffix ".additionalLabels" $where)) -}}
{{- fail (printf "%s has release, and releaseLabel sets it: leave one of them out" $where) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* What is read. */ -}}
{{- if and $v.existingConfigMap (or $v.region $v.instances $config $v.groups.include $v.groups.exclude $v.groups.expect) -}}
{{- fail "existingConfigMap is in place of region, instances, groups and config: set only one of them" -}}
{{- end -}}
{{- $ownSources := or $config.sources (and (not $v.exporter.enabled) $v.check.config.sources) -}}
{{- if and $config.sources (or $v.region $v.instances) -}}
{{- fail "config.sources is in place of region and instances: set only one of them" -}}
{{- end -}}
{{- if and (or (and $v.exporter.enabled (not $v.existingConfigMap)) (and $v.check.enabled (not $v.check.config.sources))) (not $ownSources) -}}
{{- if and $v.existingConfigMap $v.check.enabled -}}
{{- fail "check reads no existingConfigMap: set check.config.sources" -}}
{{- end -}}
{{- if not $v.region -}}
{{- fail "no region: set region, such as --set region=cn-hangzhou (or config.sources)" -}}
{{- end -}}
{{- if not $v.instances -}}
{{- fail "no instances: set instances, such as --set 'instances={alikafka_pre-cn-xxx}' (or config.sources); `kafka-lag instances --cms.region=REGION` lists yours" -}}
{{- end -}}
{{- end -}}

{{- /* Image. */ -}}
{{- if and $v.image.digest (not (regexMatch "^sha256:[0-9a-f]{64}$" $v.image.digest)) -}}
{{- fail (printf "image.digest is %q: it must be sha256: and 64 hexadecimal digits" $v.image.digest) -}}
{{- end -}}
{{- if and (or $v.global.imageRegistry $v.image.registry) (regexMatch "^[^/]*[.:][^/]*/" $v.image.repository) -}}
{{- fail (printf "image.repository is %q, which names a registry: put that into image.registry" $v.image.repository) -}}
{{- end -}}
{{- if and $v.rrsa.roleName (contains ":" $v.rrsa.roleName) -}}
{{- fail (printf "rrsa.roleName is %q: set the name of the role, not its ARN" $v.rrsa.roleName) -}}
{{- end -}}

{{- if $v.exporter.enabled -}}
{{- /* Settings that have a value of their own, because objects hang on them. */ -}}
{{- if dig "external_metrics" "listen_address" "" $config -}}
{{- fail "config.external_metrics.listen_address: set externalMetrics.enabled=true instead, which also makes the Service, the rights and the APIService" -}}
{{- end -}}
{{- if dig "keda" "listen_address" "" $config -}}
{{- fail "config.keda.listen_address: set keda.enabled=true instead, which also opens the Service" -}}
{{- end -}}
{{- if dig "lease" "name" "" $config -}}
{{- fail "config.lease.name: set lease.enabled=true instead, which also makes the rights" -}}
{{- end -}}
{{- if not (include "kafka-lag.webPort" .) -}}
{{- fail (printf "config.web.listen_address begins with %q, which has no port: write :9876" (include "kafka-lag.webAddress" .)) -}}
{{- end -}}
{{- if regexMatch "^(127\\.|localhost:|\\[::1\\])" (include "kafka-lag.webAddress" .) -}}
{{- fail (printf "config.web.listen_address begins with %q, where no Service and no probe gets to: write :%s first" (include "kafka-lag.webAddress" .) (include "kafka-lag.webPort" .)) -}}
{{- end -}}
{{- if and $v.existingConfigMap (not (kindIs "invalid" $v.externalMetrics.namespaces)) -}}
{{- fail "externalMetrics.namespaces with existingConfigMap: write external_metrics.namespaces into that file" -}}
{{- end -}}
{{- $ports := list (include "kafka-lag.webPort" . | int) -}}
{{- if $v.externalMetrics.enabled }}{{ $ports = append $ports (int $v.externalMetrics.port) }}{{ end -}}
{{- if $v.keda.enabled }}{{ $ports = append $ports (int $v.keda.port) }}{{ end -}}
{{- if ne (len $ports) (len (uniq $ports)) -}}
{{- fail (printf "two listeners have one port (%s): change config.web.listen_address, externalMetrics.port or keda.port" (join ", " $ports)) -}}
{{- end -}}

{{- /* Replicas. */ -}}
{{- if and (gt (int $v.replicaCount) 1) (not $v.lease.enabled) -}}
{{- fail "replicaCount above 1 without a Lease doubles the paid calls and shows every series twice: set lease.enabled=true" -}}
{{- end -}}
{{- if and $v.lease.enabled $v.webConfig.existingSecret -}}
{{- fail "lease.enabled and webConfig.existingSecret exclude each other: replicas read each other over plain HTTP" -}}
{{- end -}}
{{- if and $v.podDisruptionBudget.enabled (gt (int $v.replicaCount) 0) -}}
{{- $most := $v.podDisruptionBudget.maxUnavailable -}}
{{- if kindIs "invalid" $most -}}
{{- $least := toString $v.podDisruptionBudget.minAvailable -}}
{{- $stay := int $least -}}
{{- if hasSuffix "%" $least }}{{ $stay = div (add (mul (trimSuffix "%" $least | int) (int $v.replicaCount)) 99) 100 }}{{ end -}}
{{- if ge (int $stay) (int $v.replicaCount) -}}
{{- fail "podDisruptionBudget.minAvailable is all of the replicas, so no node could be drained: set replicaCount=2 and lease.enabled=true, or podDisruptionBudget.maxUnavailable=1" -}}
{{- end -}}
{{- else if eq (toString $most | trimSuffix "%" | int) 0 -}}
{{- fail "podDisruptionBudget.maxUnavailable is 0, so no node could be drained: set it to 1" -}}
{{- end -}}
{{- end -}}

{{- /* External metrics. */ -}}
{{- if $v.externalMetrics.enabled -}}
{{- $tls := $v.externalMetrics.tls -}}
{{- if and $tls.certManager.enabled (or $tls.existingSecret $tls.caBundle) -}}
{{- fail "externalMetrics.tls.certManager.enabled makes certificate and CA: leave out externalMetrics.tls.existingSecret and caBundle" -}}
{{- end -}}
{{- if not (or $tls.certManager.enabled $tls.existingSecret) -}}
{{- fail "externalMetrics needs a certificate: set externalMetrics.tls.certManager.enabled=true, or externalMetrics.tls.existingSecret with caBundle (`kafka-lag generate serving-cert` makes a pair)" -}}
{{- end -}}
{{- if and $tls.caBundle $tls.insecureSkipTLSVerify -}}
{{- fail "externalMetrics.tls.caBundle and insecureSkipTLSVerify exclude each other: the API server refuses both together" -}}
{{- end -}}
{{- if and $v.externalMetrics.apiService.create (not $tls.certManager.enabled) (not $tls.caBundle) (not $tls.insecureSkipTLSVerify) (not (hasKey $v.externalMetrics.apiService.annotations "cert-manager.io/inject-ca-from")) -}}
{{- fail "externalMetrics needs the CA of its certificate: --set-file externalMetrics.tls.caBundle=pair/tls.crt (or the annotation cert-manager.io/inject-ca-from in externalMetrics.apiService.annotations)" -}}
{{- end -}}
{{- if and $tls.caBundle (not (contains "-----BEGIN CERTIFICATE-----" $tls.caBundle)) -}}
{{- fail "externalMetrics.tls.caBundle holds no certificate: give the PEM file, with --set-file" -}}
{{- end -}}
{{- if contains "PRIVATE KEY-----" $tls.caBundle -}}
{{- fail "externalMetrics.tls.caBundle holds a private key, and everybody may read an APIService: give tls.crt alone" -}}
{{- end -}}
{{- end -}}
{{- if and $v.keda.enabled $v.keda.tls.requireClientCertificate (not $v.keda.tls.existingSecret) -}}
{{- fail "keda.tls.requireClientCertificate needs keda.tls.existingSecret, with ca.crt in it" -}}
{{- end -}}
{{- if and $v.ingress.enabled (not $v.ingress.hosts) -}}
{{- fail "ingress.enabled needs ingress.hosts, such as [{host: lag.example.com, paths: [{path: /, pathType: Prefix}]}]" -}}
{{- end -}}
{{- end -}}

{{- if and $v.serviceMonitor.enabled $v.podMonitor.enabled -}}
{{- fail "serviceMonitor.enabled and podMonitor.enabled together scrape everything twice: set one of them" -}}
{{- end -}}
{{- if and (or $v.serviceMonitor.enabled $v.podMonitor.enabled) (not $v.exporter.enabled) (not $v.scaler.enabled) -}}
{{- fail "serviceMonitor and podMonitor have nothing to scrape: neither exporter nor scaler is enabled" -}}
{{- end -}}
{{- range $key := list "serviceMonitor" "podMonitor" -}}
{{- $monitor := index $v $key -}}
{{- if and $monitor.enabled (gt (include "kafka-lag.milliseconds" $monitor.scrapeTimeout | int64) (include "kafka-lag.milliseconds" $monitor.interval | int64)) -}}
{{- fail (printf "%s.scrapeTimeout (%s) is longer than its interval (%s), which Prometheus refuses" $key $monitor.scrapeTimeout $monitor.interval) -}}
{{- end -}}
{{- end -}}

{{- /* Check. */ -}}
{{- if $v.check.enabled -}}
{{- $c := $v.check.config -}}
{{- if not $c.targets -}}
{{- fail "check.enabled needs targets: set check.config.targets, which say what workload belongs to a group (docs/howto/check.md)" -}}
{{- end -}}
{{- range $key := list "state_file" "state_configmap" "state_lease" -}}
{{- if hasKey (default (dict) $c.check) $key -}}
{{- fail (printf "check.config.check.%s is set by the chart: choose with check.state.type" $key) -}}
{{- end -}}
{{- end -}}
{{- range $index, $target := $c.targets -}}
{{- range $key := list "namespace" "kind" "name" -}}
{{- if not (index $target $key) -}}
{{- fail (printf "check.config.targets[%d] has no %s" $index $key) -}}
{{- end -}}
{{- end -}}
{{- if and $v.check.rbac.create (not $c.allow) (or (contains "{" $target.name) (contains "{" $target.namespace)) -}}
{{- fail (printf "check.config.targets[%d] has a template, and rights are given by name: set check.config.allow, such as [orders/Deployment/cust]" $index) -}}
{{- end -}}
{{- end -}}
{{- range $c.allow -}}
{{- if ne (len (splitList "/" .)) 3 -}}
{{- fail (printf "check.config.allow has %q: write NAMESPACE/KIND/NAME" .) -}}
{{- end -}}
{{- if and $v.check.rbac.create (regexMatch "[*?]" .) -}}
{{- fail (printf "check.config.allow has %q, and rights are given by name: write the names out, or set check.rbac.create=false and make the Role yourself" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Scaler. */ -}}
{{- if $v.scaler.enabled -}}
{{- $s := default (dict) $v.scaler.config.scaler -}}
{{- if not $s.targets -}}
{{- fail "scaler.enabled needs targets: set scaler.config.scaler.targets, which are all that may be changed (docs/howto/alertmanager.md)" -}}
{{- end -}}
{{- range $index, $target := $s.targets -}}
{{- range $key := list "namespace" "kind" "name" -}}
{{- if not (index $target $key) -}}
{{- fail (printf "scaler.config.scaler.targets[%d] has no %s" $index $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if or (hasKey $s "ledger") (hasKey $s "listen_address") -}}
{{- fail "scaler.config.scaler.ledger and listen_address are set by the chart: leave them out" -}}
{{- end -}}
{{- if not (or (include "kafka-lag.tokenFiles" . | fromJsonArray) (dig "webhook" "basic_users" "" $s) $v.scaler.webConfig.existingSecret) -}}
{{- fail "scaler.enabled needs a token that Alertmanager shows: set scaler.existingSecret to a Secret with the key token" -}}
{{- end -}}
{{- if gt (include "kafka-lag.tokenFiles" . | fromJsonArray | len) 2 -}}
{{- fail "scaler.config.scaler.webhook.bearer_token_files and scaler.existingSecret are more than two tokens together: two are the most, the old and the new one" -}}
{{- end -}}
{{- end -}}

{{- /* Rules. */ -}}
{{- if $v.prometheusRule.enabled -}}
{{- if not (or $v.prometheusRule.defaultRules $v.prometheusRule.rules) -}}
{{- fail "prometheusRule.enabled without rules: set prometheusRule.defaultRules=true or prometheusRule.rules" -}}
{{- end -}}
{{- $alerts := list -}}
{{- range list "files/rules.yml" "files/scaler-rules.yml" -}}
{{- range (fromYaml ($.Files.Get .)).groups }}{{ range .rules }}{{ with .alert }}{{ $alerts = append $alerts . }}{{ end }}{{ end }}{{ end -}}
{{- end -}}
{{- range $v.prometheusRule.disabled -}}
{{- if not (has . $alerts) -}}
{{- fail (printf "prometheusRule.disabled has %q, and there is no such alert: the names are %s" . (uniq $alerts | join ", ")) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}
