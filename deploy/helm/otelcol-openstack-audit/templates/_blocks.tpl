{{- /*
The building blocks of the Collector's configuration. They are those of the repository's config/*.yaml, which tests run and break:
what the chart adds to them is said here.
*/ -}}

{{- /* A part of a shipped configuration as YAML: (list $ "loki.yaml" "exporters" "otlp_http/loki"). */ -}}
{{- define "openstack-audit.shipped" -}}
{{- $file := index . 1 }}
{{- $part := (index . 0).Files.Get (printf "files/config/%s" $file) | fromYaml }}
{{- range $key := slice . 2 }}
{{- if not (hasKey $part $key) }}{{ fail (printf "%s has no %s: the chart's files are not those of its version" $file $key) }}{{ end }}
{{- $part = index $part $key }}
{{- end }}
{{- toYaml $part }}
{{- end }}

{{- /* The exporter of each backend. */ -}}
{{- define "openstack-audit.exporterName" -}}
{{- get (dict "loki" "otlp_http/loki" "elasticsearch" "elasticsearch" "opensearch" "elasticsearch/opensearch" "otlp" "otlp_http") . }}
{{- end }}

{{- /* The processor that lays out a backend's documents; empty for a backend that takes records as they are. */ -}}
{{- define "openstack-audit.layoutName" -}}
{{- $root := index . 0 }}
{{- $backend := index . 1 }}
{{- if eq $backend "opensearch" }}transform/opensearch
{{- else if eq $backend "elasticsearch" }}{{ ternary "transform/ecs" "transform/elasticsearch" (eq $root.Values.backends.elasticsearch.layout "ecs") }}
{{- end }}
{{- end }}

{{- define "openstack-audit.exporters" -}}
{{- $root := . }}
{{- range $backend := include "openstack-audit.backends" . | fromJsonArray }}
{{- $values := index $root.Values.backends $backend }}
{{- $exporter := dict }}
{{- $added := dict }}
{{- if eq $backend "loki" }}
{{- $exporter = include "openstack-audit.shipped" (list $root "loki.yaml" "exporters" "otlp_http/loki") | fromYaml }}
{{- with $values.tenant }}{{ $_ := set $added "headers" (dict "X-Scope-OrgID" .) }}{{ end }}
{{- else if eq $backend "otlp" }}
{{- $exporter = include "openstack-audit.shipped" (list $root "durable.yaml" "exporters" "otlp_http") | fromYaml }}
{{- else if eq $backend "opensearch" }}
{{- $exporter = include "openstack-audit.shipped" (list $root "opensearch.yaml" "exporters" "elasticsearch") | fromYaml }}
{{- $_ := set $added "middlewares" (list (dict "id" "http_delivery/opensearch")) }}
{{- else }}
{{- $file := ternary "elasticsearch-ecs.yaml" "elasticsearch.yaml" (eq $values.layout "ecs") }}
{{- $exporter = include "openstack-audit.shipped" (list $root $file "exporters" "elasticsearch") | fromYaml }}
{{- if $values.existingSecret }}{{ $_ := set $added "api_key" "${env:AUDIT_ELASTICSEARCH_API_KEY}" }}{{ end }}
{{- end }}
{{- if and $values.existingSecret (has $backend (list "loki" "otlp")) }}
{{- $headers := default dict $added.headers }}
{{- $_ := set $headers "Authorization" (printf "${env:AUDIT_%s_AUTHORIZATION}" (upper $backend)) }}
{{- $_ := set $added "headers" $headers }}
{{- end }}
{{ include "openstack-audit.exporterName" $backend }}: {{ mustMergeOverwrite $exporter $added $values.exporter | toJson }}
{{- end }}
{{- if $root.Values.metrics.enabled }}
prometheus: {{ include "openstack-audit.shipped" (list $root "prometheus.yaml" "exporters" "prometheus") | fromYaml | toJson }}
{{- end }}
{{- end }}

{{- /* The processors behind the first one: names, and each backend's documents. */ -}}
{{- define "openstack-audit.processors" -}}
{{- $root := . }}
{{- with .Values.names }}
{{- if .enabled }}
{{- $shipped := include "openstack-audit.shipped" (list $root "durable.yaml" "processors" "keystone_attributes") | fromYaml }}
keystone_attributes: {{ mustMergeOverwrite $shipped (dict "auth" (dict "user_domain_name" .userDomain)) | toJson }}
{{- end }}
{{- end }}
{{- range $backend := include "openstack-audit.backends" . | fromJsonArray }}
{{- with include "openstack-audit.layoutName" (list $root $backend) }}
{{- $file := get (dict "transform/opensearch" "opensearch.yaml" "transform/ecs" "elasticsearch-ecs.yaml" "transform/elasticsearch" "elasticsearch.yaml") . }}
{{ . }}: {{ include "openstack-audit.shipped" (list $root $file "processors" .) | fromYaml | toJson }}
{{- end }}
{{- end }}
{{- end }}

{{- define "openstack-audit.extensions" -}}
{{- range $extension := list "file_storage" "queue_storage" "http_delivery" "health_check" }}
{{ $extension }}: {{ include "openstack-audit.shipped" (list $ "durable.yaml" "extensions" $extension) | fromYaml | toJson }}
{{- end }}
{{- if .Values.backends.opensearch.enabled }}
http_delivery/opensearch: {{ include "openstack-audit.shipped" (list $ "opensearch.yaml" "extensions" "http_delivery") | fromYaml | toJson }}
{{- end }}
{{- end }}

{{- define "openstack-audit.extensionNames" -}}
[file_storage, queue_storage, http_delivery, health_check{{ if .Values.backends.opensearch.enabled }}, http_delivery/opensearch{{ end }}]
{{- end }}

{{- define "openstack-audit.connectors" -}}
{{- $region := dict }}
{{- if .Values.region }}{{ $region = dict "keystone" (dict "region" .Values.region) }}{{ end }}
{{- if .Values.metrics.enabled }}
openstack_audit_metrics: {{ mustMerge $region (include "openstack-audit.shipped" (list $ "prometheus.yaml" "connectors" "openstack_audit_metrics") | fromYaml) | toJson }}
{{- $completeness := include "openstack-audit.shipped" (list $ "full.yaml" "connectors" "openstack_audit_completeness") | fromYaml }}
{{- $expect := dict }}
{{- range $service, $seconds := .Values.expectedWithin }}{{ $_ := set $expect $service (printf "%ds" (int64 $seconds)) }}{{ end }}
openstack_audit_completeness: {{ set $completeness "expect" $expect | toJson }}
{{- end }}
{{- end }}

{{- /* Where records of one source go to behind the names. Documents of a backend are laid out in a pipeline of its own. */ -}}
{{- define "openstack-audit.branches" -}}
{{- $root := . }}
{{- $branches := list }}
{{- range $backend := include "openstack-audit.backends" . | fromJsonArray }}
{{- $branches = append $branches (ternary "forward" (include "openstack-audit.exporterName" $backend) (ne "" (include "openstack-audit.layoutName" (list $root $backend)))) }}
{{- end }}
{{- if .Values.metrics.enabled }}{{ $branches = concat $branches (list "openstack_audit_metrics" "openstack_audit_completeness") }}{{ end }}
{{- toJson (uniq $branches) }}
{{- end }}

{{- /* The pipelines that those branches lead to. */ -}}
{{- define "openstack-audit.branchPipelines" -}}
{{- $root := . }}
{{- range $backend := include "openstack-audit.backends" . | fromJsonArray }}
{{- with include "openstack-audit.layoutName" (list $root $backend) }}
logs/{{ $backend }}:
  receivers: [forward]
  processors: [{{ . }}]
  exporters: [{{ include "openstack-audit.exporterName" $backend }}]
{{- end }}
{{- end }}
{{- include "openstack-audit.metricsPipeline" . }}
{{- end }}

{{- define "openstack-audit.metricsPipeline" -}}
{{- if .Values.metrics.enabled }}
metrics:
  receivers: [openstack_audit_metrics, openstack_audit_completeness]
  exporters: [prometheus]
{{- end }}
{{- end }}

{{- /* The collector's own metrics, for Prometheus in another pod. */ -}}
{{- define "openstack-audit.telemetry" -}}
metrics:
  readers:
    - pull:
        exporter:
          prometheus: {host: "", port: 8888}
{{- end }}

{{- /* What receivers of ours say of all their records. */ -}}
{{- define "openstack-audit.receiver" -}}
observed_time: notification
{{- with .Values.region }}
resource: {region: {{ . | quote }}}
{{- end }}
{{- end }}
