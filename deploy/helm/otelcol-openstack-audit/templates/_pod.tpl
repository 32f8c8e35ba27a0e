{{- /* The pod of a workload: (list $ "listen"). Its volume "state" is the workload's to say. */ -}}
{{- define "openstack-audit.pod" -}}
{{- $root := index . 0 }}
{{- $workload := index . 1 }}
{{- $values := index $root.Values $workload }}
metadata:
  labels:
    {{- include "openstack-audit.labels" . | nindent 4 }}
    {{- with $root.Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/config: {{ include "openstack-audit.config" . | sha256sum }}
    {{- with $root.Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "openstack-audit.serviceAccount" $root }}
  automountServiceAccountToken: false
  {{- with $root.Values.imagePullSecrets }}
  imagePullSecrets: {{ toJson . }}
  {{- end }}
  {{- with $root.Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    {{- if eq $workload "logs" }}
    runAsUser: 0 # the runtime's log files are root's alone
    runAsGroup: 0
    {{- with $values.seLinuxType }}
    seLinuxOptions: {type: {{ . }}}
    {{- end }}
    {{- else }}
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    fsGroupChangePolicy: OnRootMismatch
    {{- end }}
    seccompProfile: {type: RuntimeDefault}
  containers:
    - name: collector
      image: {{ include "openstack-audit.image" $root }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args:
        - --config=/etc/otelcol-openstack-audit/config.yaml
        - --feature-gates=+extension.healthcheck.useComponentStatus
      env:
        {{- include "openstack-audit.environment" . | indent 8 }}
        {{- with $root.Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        {{- if eq $workload "listen" }}
        - {name: amqp, containerPort: 5679}
        {{- end }}
        - {name: metrics, containerPort: 8888}
        {{- if $root.Values.metrics.enabled }}
        - {name: counts, containerPort: 9464}
        {{- end }}
        - {name: health, containerPort: 13133}
      # A broker or a backend that is away makes the pod unready. It is no reason to restart it: that repairs nothing.
      readinessProbe:
        httpGet: {path: /status, port: health}
      livenessProbe:
        tcpSocket: {port: health}
        initialDelaySeconds: 30
        failureThreshold: 6
      resources: {{ default $root.Values.resources $values.resources | toJson }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      volumeMounts:
        - {name: config, mountPath: /etc/otelcol-openstack-audit/config.yaml, subPath: config.yaml, readOnly: true}
        - {name: state, mountPath: /var/lib/otelcol-openstack-audit}
        {{- if eq $workload "logs" }}
        - {name: logs, mountPath: /var/log/pods, readOnly: true}
        {{- else if $values.tls.existingSecret }}
        - {name: tls, mountPath: /etc/otelcol-openstack-audit/tls/{{ $workload }}, readOnly: true}
        {{- end }}
        {{- with $root.Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: config
      configMap: {name: {{ include "openstack-audit.workload" . }}}
    {{- if eq $workload "logs" }}
    - name: logs
      hostPath: {path: /var/log/pods}
    - name: state # how far each file is read, and what the backend does not have yet
      hostPath: {path: {{ $values.statePath }}, type: DirectoryOrCreate}
    {{- else }}
    {{- if $values.tls.existingSecret }}
    - name: tls
      secret: {secretName: {{ $values.tls.existingSecret }}, defaultMode: 0440}
    {{- end }}
    {{- if not $root.Values.persistence.enabled }}
    - name: state
      emptyDir: {}
    {{- end }}
    {{- end }}
    {{- with $root.Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- if eq $workload "logs" }}
  {{- with $values.nodeSelector }}
  nodeSelector: {{ toJson . }}
  {{- end }}
  {{- with $values.tolerations }}
  tolerations: {{ toJson . }}
  {{- end }}
  {{- else }}
  {{- range $key := list "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" }}
  {{- with index $root.Values $key }}
  {{ $key }}: {{ toJson . }}
  {{- end }}
  {{- end }}
  {{- end }}
{{- end }}

{{- /* What the ${env:…} of the configuration stand for. Secrets come by reference. */ -}}
{{- define "openstack-audit.environment" -}}
{{- $root := index . 0 }}
{{- $workload := index . 1 }}
- {name: AUDIT_HEALTH_ENDPOINT, value: ":13133"}
{{- if $root.Values.metrics.enabled }}
- {name: AUDIT_PROMETHEUS_ENDPOINT, value: ":9464"}
{{- end }}
{{- if eq $workload "rabbitmq" }}
{{- range $root.Values.rabbitmq.virtualHosts }}
- name: AUDIT_TRANSPORT_URL_{{ include "openstack-audit.variable" .name }}
  {{- include "openstack-audit.fromSecret" . }}
{{- end }}
{{- else if and (eq $workload "listen") (not $root.Values.listen.tls.certificateNames) }}
- name: AUDIT_LISTEN_PASSWORD
  {{- include "openstack-audit.fromSecret" $root.Values.listen }}
{{- end }}
{{- with $root.Values.names }}
{{- if .enabled }}
- {name: AUDIT_KEYSTONE_URL, value: {{ required "names.url: where is Keystone? Or set names.enabled to false" .url | quote }}}
- {name: AUDIT_KEYSTONE_USER, value: {{ .username | quote }}}
- name: AUDIT_KEYSTONE_PASSWORD
  {{- include "openstack-audit.fromSecret" . }}
{{- end }}
{{- end }}
{{- with $root.Values.backends }}
{{- range $backend := include "openstack-audit.backends" $root | fromJsonArray }}
{{- $values := index $root.Values.backends $backend }}
- {name: AUDIT_{{ upper $backend }}_ENDPOINT, value: {{ $values.endpoint | quote }}}
{{- if eq $backend "opensearch" }}
{{- if $values.existingSecret }}
- {name: AUDIT_OPENSEARCH_USER, value: {{ $values.username | quote }}}
{{- end }}
{{- end }}
{{- if $values.existingSecret }}
- name: {{ get (dict "elasticsearch" "AUDIT_ELASTICSEARCH_API_KEY" "opensearch" "AUDIT_OPENSEARCH_PASSWORD" "loki" "AUDIT_LOKI_AUTHORIZATION" "otlp" "AUDIT_OTLP_AUTHORIZATION") $backend }}
  {{- include "openstack-audit.fromSecret" $values }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "openstack-audit.fromSecret" }}
  valueFrom: {secretKeyRef: {name: {{ .existingSecret }}, key: {{ .key }}}}
{{- end }}
