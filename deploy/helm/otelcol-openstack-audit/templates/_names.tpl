{{- define "openstack-audit.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- /* The name of a workload: (list $ "listen"). That of rabbitmq is the release's. */ -}}
{{- define "openstack-audit.workload" -}}
{{- $root := index . 0 }}
{{- $workload := index . 1 }}
{{- include "openstack-audit.fullname" $root }}{{ if ne $workload "rabbitmq" }}-{{ $workload }}{{ end }}
{{- end }}

{{- define "openstack-audit.selector" -}}
{{- $root := index . 0 }}
{{- $workload := index . 1 -}}
app.kubernetes.io/name: {{ default $root.Chart.Name $root.Values.nameOverride | trunc 63 }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ $workload }}
{{- end }}

{{- define "openstack-audit.labels" -}}
{{- $root := index . 0 }}
{{- include "openstack-audit.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "openstack-audit.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "openstack-audit.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "openstack-audit.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- /* The workloads that are enabled, as a JSON list. */ -}}
{{- define "openstack-audit.workloads" -}}
{{- $enabled := list }}
{{- range $workload := list "rabbitmq" "listen" "logs" }}
{{- if (index $.Values $workload).enabled }}{{ $enabled = append $enabled $workload }}{{ end }}
{{- end }}
{{- if not $enabled }}{{ fail "enable rabbitmq, listen or logs: where do events come from?" }}{{ end }}
{{- toJson $enabled }}
{{- end }}

{{- /* The backends that are enabled, as a JSON list. */ -}}
{{- define "openstack-audit.backends" -}}
{{- $enabled := list }}
{{- range $backend := list "loki" "elasticsearch" "opensearch" "otlp" }}
{{- if (index $.Values.backends $backend).enabled }}{{ $enabled = append $enabled $backend }}{{ end }}
{{- end }}
{{- if not $enabled }}{{ fail "enable one of backends.loki, elasticsearch, opensearch and otlp: where do records go to?" }}{{ end }}
{{- toJson $enabled }}
{{- end }}
