{{/* Names, labels, image. */}}

{{- define "kafka-lag.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* 42 characters at most, so that the longest ending still fits into 63 and a CronJob into 52. What is cut ends with a hash of
     the whole, so that two long names stay two. */}}
{{- define "kafka-lag.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := .Values.fullnameOverride | default (ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name)) -}}
{{- if gt (len $full) 42 }}{{ printf "%s-%s" (trunc 33 $full | trimSuffix "-") (sha256sum $full | trunc 8) }}{{ else }}{{ trimSuffix "-" $full }}{{ end }}
{{- end }}

{{/* Name of an object in a namespace that others share, "" for none: (list . namespace). Two releases of one name must not meet
     there, so the own namespace is in it; all but the one that `kafka-lag generate` has by default. A name has no dot of its own. */}}
{{- define "kafka-lag.nameIn" -}}
{{- $root := index . 0 -}}
{{- $home := include "kafka-lag.namespace" $root -}}
{{- include "kafka-lag.fullname" $root }}{{ if not (has $home (list (index . 1) "monitoring")) }}.{{ $home }}{{ end }}
{{- end }}

{{- define "kafka-lag.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride }}
{{- end }}

{{/* Milliseconds of a span such as 1m30s. */}}
{{- define "kafka-lag.milliseconds" -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 -}}
{{- $sum := 0 -}}
{{- range regexFindAll "[0-9]+(ms|[smhd])" . -1 -}}
{{- $sum = add $sum (mul (regexFind "^[0-9]+" . | atoi) (index $units (regexFind "[a-z]+$" .))) -}}
{{- end -}}
{{- $sum }}
{{- end }}

{{/* Labels of a component: (list . "exporter") */}}
{{- define "kafka-lag.labels" -}}
{{- $root := index . 0 -}}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "kafka-lag.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
app.kubernetes.io/part-of: kafka-lag
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Labels of pods: nothing that changes with every version. */}}
{{- define "kafka-lag.podLabels" -}}
{{- $root := index . 0 -}}
{{- include "kafka-lag.selector" . }}
app.kubernetes.io/part-of: kafka-lag
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- with $root.Values.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "kafka-lag.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "kafka-lag.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "kafka-lag.image" -}}
{{- $registry := .Values.global.imageRegistry | default .Values.image.registry -}}
{{- $name := ternary (printf "%s/%s" $registry .Values.image.repository) .Values.image.repository (ne $registry "") -}}
{{- if .Values.image.digest -}}
{{ printf "%s@%s" $name .Values.image.digest }}
{{- else -}}
{{ printf "%s:%s" $name (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}
{{- end }}

{{- define "kafka-lag.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "kafka-lag.fullname" .) }}{{ else }}{{ .Values.serviceAccount.name | default "default" }}{{ end }}
{{- end }}

{{/* ServiceAccount of check or scaler: (list . "check") */}}
{{- define "kafka-lag.componentAccount" -}}
{{- $root := index . 0 -}}
{{- $account := (index $root.Values (index . 1)).serviceAccount -}}
{{- if $account.create }}{{ $account.name | default (printf "%s-%s" (include "kafka-lag.fullname" $root) (index . 1)) }}{{ else }}{{ $account.name | default "default" }}{{ end }}
{{- end }}

{{/* Annotations of a ServiceAccount: (list . annotations) */}}
{{- define "kafka-lag.accountAnnotations" -}}
{{- $annotations := deepCopy (index . 1) -}}
{{- with (index . 0).Values.rrsa.roleName }}{{ $_ := set $annotations "pod-identity.alibabacloud.com/role-name" . }}{{ end -}}
{{- with $annotations -}}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Variables that say where the keys of the cloud are. */}}
{{- define "kafka-lag.keys" -}}
{{- if .Values.rrsa.roleName -}}
- name: KAFKA_LAG_CREDENTIALS_PROVIDER # without it a pod that was not injected could end with the node's role
  value: oidc
{{- else if .Values.credentials.existingSecret -}}
- name: ACCESS_KEY_ID
  valueFrom:
    secretKeyRef:
      name: {{ .Values.credentials.existingSecret }}
      key: {{ .Values.credentials.accessKeyIdKey }}
- name: ACCESS_KEY_SECRET
  valueFrom:
    secretKeyRef:
      name: {{ .Values.credentials.existingSecret }}
      key: {{ .Values.credentials.accessKeySecretKey }}
{{- if .Values.credentials.securityTokenKey }}
- name: ALIBABA_CLOUD_SECURITY_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ .Values.credentials.existingSecret }}
      key: {{ .Values.credentials.securityTokenKey }}
{{- end }}
{{- end }}
{{- end }}

{{/* What all pods share: account name, then everything about where they run. (list . account) */}}
{{- define "kafka-lag.pod" -}}
{{- $root := index . 0 -}}
serviceAccountName: {{ index . 1 }}
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ ternary . (dig "name" "" (ternary (dict) . (kindIs "string" .))) (kindIs "string" .) }}
  {{- end }}
{{- end }}
{{- with $root.Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* Where pods of a Deployment spread: (list . component replicas) */}}
{{- define "kafka-lag.spread" -}}
{{- $root := index . 0 -}}
{{- with $root.Values.topologySpreadConstraints -}}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- else }}
{{- if gt (int (index $ 2)) 1 -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "kafka-lag.selector" (list $root (index $ 1)) | nindent 8 }}
{{- end }}
{{- end }}
{{- end }}

{{/* A probe: what asks, under the values of the user, whose own way of asking replaces it. (list values ask) */}}
{{- define "kafka-lag.probe" -}}
{{- $values := index . 0 -}}
{{- $own := false -}}
{{- range list "httpGet" "tcpSocket" "exec" "grpc" }}{{ if hasKey $values . }}{{ $own = true }}{{ end }}{{ end -}}
{{- if $own }}{{ toYaml $values }}{{ else }}{{ toYaml (merge (deepCopy $values) (index . 1)) }}{{ end }}
{{- end }}
