{{/* Rights to workloads, pinned to their names. */}}

{{/* "group/plural" of a kind of the configuration. */}}
{{- define "kafka-lag.plural" -}}
{{- $parts := splitList "/" . -}}
{{- if eq (len $parts) 4 }}{{ index $parts 0 }}/{{ index $parts 3 }}
{{- else }}apps/{{ lower . }}s{{ end }}
{{- end }}

{{/* Entries of check, as JSON: {namespace, kind, name, rollout, evict, scale, raise}. The allow-list names them, or else the
     targets do. What may be done to a name of the allow-list is what any target of its kind and namespace may do. */}}
{{- define "kafka-lag.checkWorkloads" -}}
{{- $config := .Values.check.config -}}
{{- $policies := prepend (default (list) (dig "check" "overrides" (list) $config)) (dig "check" "policy" (dict) $config) -}}
{{- $restarts := false -}}
{{- $scales := false -}}
{{- range $index, $policy := $policies -}}
{{- if hasKey $policy "stages" -}}
{{- range $policy.stages }}{{ range . -}}
{{- if eq . "restart" }}{{ $restarts = true }}{{ else if hasPrefix "scale" . }}{{ $scales = true }}{{ end -}}
{{- end }}{{ end -}}
{{- else if eq $index 0 -}}
{{- $restarts = true }}{{ $scales = true -}}
{{- end -}}
{{- if $policy.scale_back }}{{ $scales = true }}{{ end -}}
{{- end -}}
{{- $found := list -}}
{{- $targets := default (list) $config.targets -}}
{{- $allow := default (list) $config.allow -}}
{{- if not $allow -}}
{{- range $targets }}{{ $allow = append $allow (printf "%s/%s/%s" .namespace (index (splitList "/" .kind | reverse) (ternary 1 0 (contains "/" .kind))) .name) }}{{ end -}}
{{- end -}}
{{- range $allow | uniq -}}
{{- $parts := splitList "/" . -}}
{{- $entry := dict "namespace" (index $parts 0) "kind" (index $parts 1) "name" (index $parts 2) -}}
{{- range $targets -}}
{{- $kind := index (splitList "/" .kind | reverse) (ternary 1 0 (contains "/" .kind)) -}}
{{- $fits := and (eq $kind (index $parts 1)) (or (contains "{" .namespace) (eq .namespace (index $parts 0))) (or (contains "{" .name) (eq .name (index $parts 2))) -}}
{{- if $fits -}}
{{- $_ := set $entry "resource" (include "kafka-lag.plural" .kind) -}}
{{- $restart := default "rollout" .restart -}}
{{- if and $restarts (not (contains "/" .kind)) -}}
{{- if eq $restart "evict" }}{{ $_ := set $entry "evict" true }}{{ $_ := set $entry "get" true }}{{ else }}{{ $_ := set $entry "patch" true }}{{ end -}}
{{- end -}}
{{- if and $scales (ne $kind "DaemonSet") -}}
{{- $_ := set $entry "scale" true -}}
{{- if eq (default "refuse" .autoscaler) "raise-min" }}{{ $_ := set $entry "raise" true }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if hasKey $entry "resource" }}{{ $found = append $found $entry }}{{ end -}}
{{- end -}}
{{- toJson $found }}
{{- end }}

{{/* Entries of the scaler: all of its targets. */}}
{{- define "kafka-lag.scalerWorkloads" -}}
{{- $found := list -}}
{{- range dig "scaler" "targets" (list) .Values.scaler.config -}}
{{- $entry := dict "namespace" .namespace "name" .name "kind" .kind "resource" (include "kafka-lag.plural" .kind) "get" true -}}
{{- if eq (default "" .restart) "rollout" }}{{ $_ := set $entry "patch" true }}{{ end -}}
{{- if eq (default "" .restart) "evict" }}{{ $_ := set $entry "evict" true }}{{ end -}}
{{- if and (ne .kind "DaemonSet") (or .scale_out .scale_in .set (not .restart)) -}}
{{- $_ := set $entry "scale" true -}}
{{- if eq (default "refuse" .autoscaler) "raise-min" }}{{ $_ := set $entry "raise" true }}{{ end -}}
{{- end -}}
{{- $found = append $found $entry -}}
{{- end -}}
{{- toJson $found }}
{{- end }}

{{/* A Role and its binding for each namespace: (dict "root" . "component" "check" "entries" list "events" verbs "autoscalers" names) */}}
{{- define "kafka-lag.workloadRoles" -}}
{{- $root := .root -}}
{{- $account := include "kafka-lag.componentAccount" (list $root .component) -}}
{{- $spaces := list -}}
{{- range .entries }}{{ $spaces = append $spaces .namespace }}{{ end -}}
{{- range $space := $spaces | uniq | sortAlpha }}
{{- $name := printf "%s-%s" (include "kafka-lag.nameIn" (list $root $space)) $.component -}}
{{- $own := list -}}
{{- $resources := list -}}
{{- $raised := list -}}
{{- $scales := false }}{{ $evicts := false }}{{ $sets := false -}}
{{- range $.entries -}}
{{- if eq .namespace $space -}}
{{- $own = append $own . -}}
{{- $resources = append $resources .resource -}}
{{- if .raise }}{{ $raised = append $raised .name }}{{ end -}}
{{- if .scale }}{{ $scales = true }}{{ end -}}
{{- if .evict }}{{ $evicts = true }}{{ if eq .kind "Deployment" }}{{ $sets = true }}{{ end }}{{ end -}}
{{- end -}}
{{- end }}
---
# The workloads in {{ $space }}, each by its name.
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ $name }}-workloads
  namespace: {{ $space }}
  labels:
    {{- include "kafka-lag.labels" (list $root $.component) | nindent 4 }}
rules:
  {{- range $resource := $resources | uniq | sortAlpha }}
  {{- $parts := splitList "/" $resource }}
  {{- $patch := list }}{{ $get := list }}{{ $scale := list }}
  {{- range $own }}
  {{- if eq .resource $resource }}
  {{- if .patch }}{{ $patch = append $patch .name }}{{ else if .get }}{{ $get = append $get .name }}{{ end }}
  {{- if .scale }}{{ $scale = append $scale .name }}{{ end }}
  {{- end }}
  {{- end }}
  {{- with $get | uniq }}
  - apiGroups: [{{ index $parts 0 }}]
    resources: [{{ index $parts 1 }}]
    resourceNames: {{ toJson . }}
    verbs: [get]
  {{- end }}
  {{- with $patch | uniq }}
  # To restart. It is a right over the whole pod template.
  - apiGroups: [{{ index $parts 0 }}]
    resources: [{{ index $parts 1 }}]
    resourceNames: {{ toJson . }}
    verbs: [get, patch]
  {{- end }}
  {{- with $scale | uniq }}
  - apiGroups: [{{ index $parts 0 }}]
    resources: [{{ index $parts 1 }}/scale]
    resourceNames: {{ toJson . }}
    verbs: [get, patch]
  {{- end }}
  {{- end }}
  {{- if $scales }}
  - apiGroups: [autoscaling]
    resources: [horizontalpodautoscalers]
    verbs: [list] # who owns the number
  {{- end }}
  {{- with concat $raised $.autoscalers | uniq }}
  {{- if $raised }}
  # With `autoscaler: raise-min`.
  - apiGroups: [autoscaling]
    resources: [horizontalpodautoscalers]
    resourceNames: {{ toJson . }}
    verbs: [patch]
  - apiGroups: [keda.sh]
    resources: [scaledobjects]
    resourceNames: {{ toJson . }}
    verbs: [get, patch]
  {{- end }}
  {{- end }}
  {{- if $evicts }}
  # With `restart: evict`.
  {{- if $sets }}
  - apiGroups: [apps]
    resources: [replicasets]
    verbs: [list]
  {{- end }}
  - apiGroups: [""]
    resources: [pods]
    verbs: [list]
  - apiGroups: [""]
    resources: [pods/eviction]
    verbs: [create]
  {{- end }}
  - apiGroups: [events.k8s.io]
    resources: [events]
    verbs: {{ toJson $.events }} # what was done, at the workload
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ $name }}-workloads
  namespace: {{ $space }}
  labels:
    {{- include "kafka-lag.labels" (list $root $.component) | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ $name }}-workloads
subjects:
  - kind: ServiceAccount
    name: {{ $account }}
    namespace: {{ include "kafka-lag.namespace" $root }}
{{- end }}
{{- end }}
