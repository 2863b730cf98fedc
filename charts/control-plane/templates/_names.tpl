{{- define "controlPlane.name" -}}
istiod{{ if and .Values.revision (ne .Values.revision "default") }}-{{ .Values.revision }}{{ end }}
{{- end -}}

{{- /* Names of objects without a namespace must differ between installations. */}}
{{- define "controlPlane.clusterName" -}}
{{ include "controlPlane.name" . }}-{{ .Release.Namespace }}
{{- end -}}

{{- define "controlPlane.image" -}}
{{- $hub := .Values.hub | default .Values.global.hub | required "global.hub: where images come from" -}}
{{ $hub }}/{{ .Values.image }}:{{ .Values.tag | default .Values.global.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "controlPlane.selector" -}}
app: istiod
istio.io/rev: {{ .Values.revision | default "default" | quote }}
{{- end -}}

{{- define "controlPlane.labels" -}}
{{ include "controlPlane.selector" . }}
app.kubernetes.io/name: istiod
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: ambient
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | quote }}
{{- end -}}

{{- define "controlPlane.nodeAccounts" -}}
{{- $first := printf "%s/%s" (.Values.trustedZtunnelNamespace | default .Release.Namespace) .Values.trustedZtunnelName -}}
{{ prepend .Values.trustedNodeAccounts $first | uniq | join "," }}
{{- end -}}

{{- /* "true" when other clusters and networks belong to the mesh, else nothing. */}}
{{- define "controlPlane.spansClusters" -}}
{{- if eq (toString (.Values.env.AMBIENT_ENABLE_MULTI_NETWORK | default false)) "true" -}}true{{- end -}}
{{- end -}}
