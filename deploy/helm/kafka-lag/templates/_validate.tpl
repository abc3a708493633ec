{{/* What cannot work ends here, with what to set. */}}
{{- define "kafka-lag.validate" -}}
{{- $v := .Values -}}
{{- $config := $v.config -}}
{{- if not (or $v.exporter.enabled $v.check.enabled $v.scaler.enabled) -}}
{{- fail "nothing is switched on: set exporter.enabled, check.enabled or scaler.enabled" -}}
{{- end -}}

{{- /* What is read. */ -}}
{{- if and $v.existingConfigMap (or $v.region $v.instances $config) -}}
{{- fail "existingConfigMap is in place of region, instances and config: set only one of them" -}}
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
{{- if and $v.podDisruptionBudget.enabled (kindIs "invalid" $v.podDisruptionBudget.maxUnavailable) (eq (toString $v.podDisruptionBudget.minAvailable) (toString (int $v.replicaCount))) -}}
{{- fail "podDisruptionBudget.minAvailable is all of the replicas, so no node could be drained: set replicaCount=2 and lease.enabled=true, or podDisruptionBudget.maxUnavailable=1" -}}
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
{{- if not (or $v.scaler.existingSecret (dig "webhook" "basic_users" "" $s)) -}}
{{- fail "scaler.enabled needs a token that Alertmanager shows: set scaler.existingSecret to a Secret with the key token" -}}
{{- end -}}
{{- end -}}

{{- /* Rules. */ -}}
{{- if $v.prometheusRule.enabled -}}
{{- if not (or $v.prometheusRule.defaultRules $v.prometheusRule.rules) -}}
{{- fail "prometheusRule.enabled without rules: set prometheusRule.defaultRules=true or prometheusRule.rules" -}}
{{- end -}}
{{- end -}}
{{- end }}
