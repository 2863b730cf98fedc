{{- /* The agent knows its own pods by this name, so it is not a value. */}}
{{- define "cni.name" -}}istio-cni-node{{- end -}}

{{- define "cni.image" -}}
{{- $hub := .Values.hub | default .Values.global.hub | required "global.hub: where images come from" -}}
{{ $hub }}/{{ .Values.image }}:{{ .Values.tag | default .Values.global.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "cni.selector" -}}
k8s-app: istio-cni-node
{{- end -}}

{{- define "cni.labels" -}}
{{ include "cni.selector" . }}
app.kubernetes.io/name: istio-cni
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: ambient
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | quote }}
{{- end -}}

{{- /* Where platforms keep their CNI: YAML with bin, conf, netns. */}}
{{- define "cni.folders" -}}
{{- $platform := (.Values.global).platform | default "" -}}
{{- $known := dict
  "" (dict "bin" "/opt/cni/bin" "conf" "/etc/cni/net.d" "netns" "/var/run/netns")
  "gke" (dict "bin" "/home/kubernetes/bin")
  "k3d" (dict "bin" "/bin" "conf" "/var/lib/rancher/k3s/agent/etc/cni/net.d")
  "k3s" (dict "bin" "/var/lib/rancher/k3s/data/cni" "conf" "/var/lib/rancher/k3s/agent/etc/cni/net.d")
  "microk8s" (dict "bin" "/var/snap/microk8s/current/opt/cni/bin" "conf" "/var/snap/microk8s/current/args/cni-network")
  "minikube" (dict "netns" "/var/run/docker/netns")
  "openshift" (dict "bin" "/var/lib/cni/bin" "conf" "/etc/cni/multus/net.d")
-}}
{{- if not (hasKey $known $platform) -}}
{{- fail (printf "global.platform: %q is not known; known: %s" $platform (keys $known | sortAlpha | join " ")) -}}
{{- end -}}
{{- $usual := merge (dict) (get $known $platform) (get $known "") -}}
bin: {{ .Values.cniBinDir | default $usual.bin | quote }}
conf: {{ .Values.cniConfDir | default $usual.conf | quote }}
netns: {{ .Values.cniNetnsDir | default $usual.netns | quote }}
{{- end -}}
