{{- /* The Collector's configuration of a workload: (list $ "listen"). What the user's values say goes over it. */ -}}
{{- define "openstack-audit.config" -}}
{{- $root := index . 0 }}
{{- $workload := index . 1 }}
{{- $config := include (printf "openstack-audit.config.%s" $workload) $root | fromYaml }}
{{- if hasKey $config "Error" }}{{ fail (printf "the configuration of %s is no YAML: %s" $workload $config.Error) }}{{ end }}
{{- mustMergeOverwrite $config (index $root.Values $workload).config | toYaml }}
{{- end }}

{{- /*
Each backend, and the metrics, have a receiver for each virtual host, with a queue of its own at the broker: a backend that is away costs
the others nothing. All receivers together keep as much in memory as fits under the memory limiter several times.
*/ -}}
{{- define "openstack-audit.config.rabbitmq" -}}
{{- $root := . }}
{{- $backends := include "openstack-audit.backends" . | fromJsonArray }}
{{- $consumers := $backends }}
{{- if .Values.metrics.enabled }}{{ $consumers = append $consumers "metrics" }}{{ end }}
{{- $count := mul (len $consumers) (len .Values.rabbitmq.virtualHosts) }}
receivers:
{{- range $consumer := $consumers }}
{{- range $host := $root.Values.rabbitmq.virtualHosts }}
  openstack_audit/{{ $consumer }}-{{ $host.name }}:
    rabbitmq:
      transport_url: ${env:AUDIT_TRANSPORT_URL_{{ include "openstack-audit.variable" $host.name }}}
      max_in_flight_mib: {{ max 8 (min 64 (div 256 $count)) }}
      queue: {{ merge (dict "name" (printf "otelcol-openstack-audit-%s" $consumer)) $root.Values.rabbitmq.queue | toJson }}
      {{- with $host.exchanges }}
      exchanges: {{ toJson . }}
      {{- end }}
      {{- if $root.Values.rabbitmq.tls.existingSecret }}
      tls: {{ include "openstack-audit.clientTLS" $root }}
      {{- end }}
    {{- include "openstack-audit.receiver" $root | nindent 4 }}
{{- end }}
{{- end }}
processors:
  # Half of the container's memory limit. The receiver waits meanwhile, and the broker keeps the rest.
  memory_limiter: {check_interval: 1s, limit_percentage: 50, spike_limit_percentage: 12}
  {{- include "openstack-audit.processors" . | indent 2 }}
connectors:
  {{- include "openstack-audit.connectors" . | indent 2 }}
exporters:
  {{- include "openstack-audit.exporters" . | indent 2 }}
extensions:
  {{- include "openstack-audit.extensions" . | indent 2 }}
service:
  extensions: {{ include "openstack-audit.extensionNames" . }}
  pipelines:
{{- range $consumer := $consumers }}
    logs/{{ $consumer }}:
      receivers:
      {{- range $host := $root.Values.rabbitmq.virtualHosts }}
        - openstack_audit/{{ $consumer }}-{{ $host.name }}
      {{- end }}
      processors:
        - memory_limiter
        {{- if $root.Values.names.enabled }}
        - keystone_attributes
        {{- end }}
        {{- if has $consumer $backends }}
        {{- with include "openstack-audit.layoutName" (list $root $consumer) }}
        - {{ . }}
        {{- end }}
      exporters: [{{ include "openstack-audit.exporterName" $consumer }}]
        {{- else }}
      exporters: [openstack_audit_metrics, openstack_audit_completeness]
        {{- end }}
{{- end }}
    {{- include "openstack-audit.metricsPipeline" . | indent 4 }}
  telemetry:
    {{- include "openstack-audit.telemetry" . | nindent 4 }}
{{- end }}

{{- /* The part of an environment variable's name that a virtual host gives. */ -}}
{{- define "openstack-audit.variable" -}}
{{ . | upper | replace "-" "_" }}
{{- end }}

{{- define "openstack-audit.clientTLS" -}}
{{- $folder := "/etc/otelcol-openstack-audit/tls/rabbitmq" -}}
{ca_file: {{ $folder }}/ca.crt{{ if .Values.rabbitmq.tls.clientCertificate }}, cert_file: {{ $folder }}/tls.crt, key_file: {{ $folder }}/tls.key{{ end }}}
{{- end }}

{{- /* As listen.yaml: a service waits until its record is in the first queue, on disk. Names come behind it. */ -}}
{{- define "openstack-audit.config.listen" -}}
{{- $values := .Values.listen }}
{{- $folder := "/etc/otelcol-openstack-audit/tls/listen" -}}
receivers:
  openstack_audit:
    listen:
      endpoint: ":5679"
      {{- if $values.tls.certificateNames }}
      auth: {mechanisms: [EXTERNAL], certificate_names: {{ toJson $values.tls.certificateNames }}}
      {{- else }}
      auth: {username: {{ $values.username | quote }}, password: "${env:AUDIT_LISTEN_PASSWORD}"}
      {{- end }}
      {{- if $values.tls.existingSecret }}
      tls:
        cert_file: {{ $folder }}/tls.crt
        key_file: {{ $folder }}/tls.key
        {{- if $values.tls.certificateNames }}
        client_ca_file: {{ $folder }}/ca.crt
        {{- end }}
      {{- else }}
      insecure_plaintext: true
      {{- end }}
    {{- include "openstack-audit.receiver" . | nindent 4 }}
  otlp/names: {{ include "openstack-audit.shipped" (list $ "listen.yaml" "receivers" "otlp/names") | fromYaml | toJson }}
processors:
  {{- include "openstack-audit.processors" . | indent 2 }}
connectors:
  forward:
  {{- include "openstack-audit.connectors" . | indent 2 }}
exporters:
  otlp_http/names: {{ include "openstack-audit.shipped" (list $ "listen.yaml" "exporters" "otlp_http/names") | fromYaml | toJson }}
  {{- include "openstack-audit.exporters" . | indent 2 }}
extensions:
  self_auth: {{ include "openstack-audit.shipped" (list $ "listen.yaml" "extensions" "self_auth") }}
  {{- include "openstack-audit.extensions" . | indent 2 }}
service:
  extensions: {{ prepend (include "openstack-audit.extensionNames" . | fromYamlArray) "self_auth" | toJson }}
  pipelines:
    logs:
      receivers: [openstack_audit]
      exporters: [otlp_http/names]
    logs/names:
      receivers: [otlp/names]
      {{- if .Values.names.enabled }}
      processors: [keystone_attributes]
      {{- end }}
      exporters: {{ include "openstack-audit.branches" . }}
    {{- include "openstack-audit.branchPipelines" . | indent 4 }}
  telemetry:
    {{- include "openstack-audit.telemetry" . | nindent 4 }}
{{- end }}

{{- /* As kubernetes.yaml. */ -}}
{{- define "openstack-audit.config.logs" -}}
{{- $include := list }}
{{- range .Values.logs.namespaces }}{{ $include = append $include (printf "/var/log/pods/%s_*/*/*.log" .) }}{{ end }}
{{- $processor := dict }}
{{- with .Values.region }}{{ $_ := set $processor "resource" (dict "region" .) }}{{ end -}}
receivers:
  file_log: {{ mustMergeOverwrite (include "openstack-audit.shipped" (list $ "kubernetes.yaml" "receivers" "file_log") | fromYaml) (dict "include" $include) | toJson }}
processors:
  openstack_audit: {{ mustMerge $processor (include "openstack-audit.shipped" (list $ "kubernetes.yaml" "processors" "openstack_audit") | fromYaml) | toJson }}
  {{- include "openstack-audit.processors" . | indent 2 }}
connectors:
  forward:
  {{- include "openstack-audit.connectors" . | indent 2 }}
exporters:
  {{- include "openstack-audit.exporters" . | indent 2 }}
extensions:
  {{- include "openstack-audit.extensions" . | indent 2 }}
service:
  extensions: {{ include "openstack-audit.extensionNames" . }}
  pipelines:
    logs:
      receivers: [file_log]
      processors: [openstack_audit{{ if .Values.names.enabled }}, keystone_attributes{{ end }}]
      exporters: {{ include "openstack-audit.branches" . }}
    {{- include "openstack-audit.branchPipelines" . | indent 4 }}
  telemetry:
    {{- include "openstack-audit.telemetry" . | nindent 4 }}
{{- end }}
