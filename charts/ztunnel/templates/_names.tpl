{{- define "ztunnel.name" -}}
{{ .Values.resourceName | default "ztunnel" }}
{{- end -}}

{{- define "ztunnel.image" -}}
{{- $hub := .Values.hub | default .Values.global.hub | required "global.hub: where images come from" -}}
{{ $hub }}/{{ .Values.image }}:{{ .Values.tag | default .Values.global.tag | default .Chart.AppVersion }}
{{- end -}}

{{- /* Selectors cannot be changed later, so they hold what never changes. */}}
{{- define "ztunnel.selector" -}}
app: {{ include "ztunnel.name" . }}
{{- end -}}

{{- define "ztunnel.labels" -}}
{{ include "ztunnel.selector" . }}
app.kubernetes.io/name: ztunnel
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: ambient
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | quote }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "ztunnel.controlPlane" -}}
istiod{{ if and .Values.revision (ne .Values.revision "default") }}-{{ .Values.revision }}{{ end }}.{{ .Values.istioNamespace }}.svc:15012
{{- end -}}
