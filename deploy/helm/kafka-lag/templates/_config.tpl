{{/* Configuration of the programs: files, ports, flags. */}}

{{/* Sources made of region and instances, unless the sections have their own: (list . sections) as YAML */}}
{{- define "kafka-lag.sources" -}}
{{- $root := index . 0 -}}
{{- $config := deepCopy (index . 1) -}}
{{- if not (hasKey $config "sources") -}}
{{- if hasKey $root.Values.config "sources" -}}
{{- $_ := set $config "sources" $root.Values.config.sources -}}
{{- else -}}
{{- $_ := set $config "sources" (list (dict "region" $root.Values.region "instances" $root.Values.instances)) -}}
{{- end -}}
{{- end -}}
{{- $group := deepCopy (default (dict) $config.group) -}}
{{- range $key := list "include" "exclude" "expect" -}}
{{- with index $root.Values.groups $key -}}
{{- if not (hasKey $group $key) }}{{ $_ := set $group $key . }}{{ end -}}
{{- end -}}
{{- end -}}
{{- with $group }}{{ $_ := set $config "group" . }}{{ end -}}
{{- toYaml $config }}
{{- end }}

{{/* What the values switch on in the exporter, as sections of its file. */}}
{{- define "kafka-lag.switchedOn" -}}
{{- $on := dict -}}
{{- if .Values.webConfig.existingSecret -}}
{{- $_ := set $on "web" (dict "config_file" (printf "/etc/kafka-lag/web/%s" .Values.webConfig.key)) -}}
{{- end -}}
{{- if .Values.lease.enabled -}}
{{- $_ := set $on "lease" (dict "name" (printf "%s/%s" (include "kafka-lag.namespace" .) (include "kafka-lag.fullname" .))) -}}
{{- end -}}
{{- if .Values.externalMetrics.enabled -}}
{{- $_ := set $on "external_metrics" (dict "listen_address" (printf ":%d" (int .Values.externalMetrics.port)) "tls_cert_file" "/etc/kafka-lag/external-metrics/tls.crt" "tls_key_file" "/etc/kafka-lag/external-metrics/tls.key" "auth" .Values.externalMetrics.auth) -}}
{{- end -}}
{{- if .Values.keda.enabled -}}
{{- $keda := dict "listen_address" (printf ":%d" (int .Values.keda.port)) -}}
{{- if .Values.keda.tls.existingSecret -}}
{{- $_ := merge $keda (dict "tls_cert_file" "/etc/kafka-lag/keda/tls.crt" "tls_key_file" "/etc/kafka-lag/keda/tls.key") -}}
{{- if .Values.keda.tls.requireClientCertificate }}{{ $_ := set $keda "client_ca_file" "/etc/kafka-lag/keda/ca.crt" }}{{ end -}}
{{- end -}}
{{- $_ := set $on "keda" $keda -}}
{{- end -}}
{{- toYaml $on }}
{{- end }}

{{/* The exporter's file. */}}
{{- define "kafka-lag.exporterFile" -}}
{{- $config := deepCopy .Values.config -}}
{{- if dig "web" "listen_address" "" $config -}}
{{- $_ := set $config.web "listen_address" (include "kafka-lag.webAddresses" . | fromJsonArray) -}}
{{- end -}}
{{- /* The status page and the alerts should not differ. */}}
{{- if and .Values.prometheusRule.enabled .Values.prometheusRule.defaultRules (not (dig "lag" "threshold" "" $config)) -}}
{{- $_ := set $config "lag" (merge (default (dict) $config.lag) (dict "threshold" (int64 .Values.prometheusRule.threshold))) -}}
{{- end -}}
{{- $config = mergeOverwrite (include "kafka-lag.sources" (list . $config) | fromYaml) (include "kafka-lag.switchedOn" . | fromYaml) -}}
{{- if and .Values.externalMetrics.enabled (not (kindIs "invalid" .Values.externalMetrics.namespaces)) -}}
{{- $_ := set $config.external_metrics "namespaces" .Values.externalMetrics.namespaces -}}
{{- end -}}
{{- toYaml $config }}
{{- end }}

{{/* The addresses that the exporter listens on, as JSON. The file takes a list only; here one address is enough. */}}
{{- define "kafka-lag.webAddresses" -}}
{{- $address := dig "web" "listen_address" ":9876" .Values.config -}}
{{- if kindIs "slice" $address }}{{ toJson $address }}{{ else }}{{ list (toString $address) | toJson }}{{ end }}
{{- end }}

{{- define "kafka-lag.webAddress" -}}
{{- include "kafka-lag.webAddresses" . | fromJsonArray | first }}
{{- end }}

{{- define "kafka-lag.webPort" -}}
{{- include "kafka-lag.webAddress" . | regexFind ":[0-9]+$" | trimPrefix ":" }}
{{- end }}

{{- define "kafka-lag.telemetryPath" -}}
{{- dig "web" "telemetry_path" "/metrics" .Values.config }}
{{- end }}

{{/* Flags of the exporter. A file of the user's own does not know what the values switch on: flags win over it. */}}
{{- define "kafka-lag.exporterFlags" -}}
- --config.file=/etc/kafka-lag/config/{{ if .Values.existingConfigMap }}{{ .Values.existingConfigMapKey }}{{ else }}kafka-lag.yaml{{ end }}
{{- if .Values.existingConfigMap }}
- --web.listen-address=:{{ include "kafka-lag.webPort" . }}
- --web.telemetry-path={{ include "kafka-lag.telemetryPath" . }}
{{- range $section, $keys := include "kafka-lag.switchedOn" . | fromYaml }}
{{- range $key, $value := $keys }}
- --{{ printf "%s.%s" $section $key | replace "_" "-" | replace "web.config-file" "web.config.file" | replace "lease.name" "lease" }}={{ $value }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Namespaces of the workloads whose replicas the exporter counts, as a list. */}}
{{- define "kafka-lag.recommendNamespaces" -}}
{{- $found := list -}}
{{- range default (list) .Values.config.recommend -}}
{{- with .workload }}{{ $found = append $found (first (splitList "/" .)) }}{{ end -}}
{{- end -}}
{{- $found | uniq | sortAlpha | toJson }}
{{- end }}

{{/* Not empty where the exporter asks the cluster. */}}
{{- define "kafka-lag.asksCluster" -}}
{{- if or .Values.externalMetrics.enabled .Values.lease.enabled (include "kafka-lag.recommendNamespaces" . | fromJsonArray) }}yes{{ end }}
{{- end }}

{{- define "kafka-lag.certSecret" -}}
{{- .Values.externalMetrics.tls.existingSecret | default (printf "%s-metrics-tls" (include "kafka-lag.fullname" .)) }}
{{- end }}

{{/* The file of check: its sections, the sources, and where it remembers. */}}
{{- define "kafka-lag.checkFile" -}}
{{- $config := include "kafka-lag.sources" (list . .Values.check.config) | fromYaml -}}
{{- $state := dict -}}
{{- $name := include "kafka-lag.fullname" . -}}
{{- if eq .Values.check.state.type "pvc" -}}
{{- $state = dict "state_file" "/var/lib/kafka-lag/check.json" -}}
{{- else -}}
{{- $state = dict "state_configmap" (printf "%s/%s-check-state" (include "kafka-lag.namespace" .) $name) "state_lease" (printf "%s/%s-check" (include "kafka-lag.namespace" .) $name) -}}
{{- end -}}
{{- $_ := set $config "check" (merge $state (default (dict) $config.check)) -}}
{{- toYaml $config }}
{{- end }}

{{/* Token files of the scaler, as JSON: that of existingSecret, and those of the user. */}}
{{- define "kafka-lag.tokenFiles" -}}
{{- $own := default (list) (dig "scaler" "webhook" "bearer_token_files" (list) .Values.scaler.config) -}}
{{- if .Values.scaler.existingSecret }}{{ $own = prepend $own "/etc/kafka-lag/webhook/token" }}{{ end -}}
{{- uniq $own | toJson }}
{{- end }}

{{/* The file of the scaler: its sections, the ledger, and the token. */}}
{{- define "kafka-lag.scalerFile" -}}
{{- $config := deepCopy .Values.scaler.config -}}
{{- $scaler := default (dict) $config.scaler -}}
{{- $_ := set $scaler "ledger" (dict "configmap" (printf "%s/%s-scaler-ledger" (include "kafka-lag.namespace" .) (include "kafka-lag.fullname" .))) -}}
{{- if .Values.scaler.existingSecret -}}
{{- $_ := set $scaler "webhook" (merge (dict "bearer_token_files" (include "kafka-lag.tokenFiles" . | fromJsonArray)) (default (dict) $scaler.webhook)) -}}
{{- end -}}
{{- $_ := set $config "scaler" $scaler -}}
{{- toYaml $config }}
{{- end }}
