{{/* The replicas' options, as environment variables. `$(NAME)` is filled in by the kubelet. */}}

{{/* All replicas at one port: prefix of each, port. The names hold as long as the pods do; their addresses do not. */}}
{{- define "understudy.addresses" -}}
{{- $root := .root -}}
{{- $addresses := list -}}
{{- range $name := include "understudy.replicas" $root | fromJsonArray -}}
{{- $host := printf "%s.%s-replicas.$(POD_NAMESPACE).svc" $name (include "understudy.fullname" $root) -}}
{{- $addresses = append $addresses (printf "%s%s:%s" (ternary (printf "%s=" $name) "" $.named) $host $.port) -}}
{{- end -}}
{{- join "," $addresses -}}
{{- end }}

{{/* A duration such as 30s, 2m or 1500ms in milliseconds; empty: 0. */}}
{{- define "understudy.milliseconds" -}}
{{- $number := regexFind "^[0-9]+" . -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- mul (int64 (default "0" $number)) (get (dict "" 0 "ms" 1 "s" 1000 "m" 60000 "h" 3600000) $unit) -}}
{{- end }}

{{- define "understudy.env" -}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- name: POD_IP
  valueFrom: {fieldRef: {fieldPath: status.podIP}}
- name: UNDERSTUDY_NAME
  value: $(POD_NAME)
- name: UNDERSTUDY_DATA
  value: /data/replica
- name: UNDERSTUDY_REGISTER
  value: lease:$(POD_NAMESPACE)/{{ include "understudy.fullname" . }}
- name: UNDERSTUDY_SERVICE
  value: {{ include "understudy.fullname" . }}
- name: UNDERSTUDY_PEERS
  value: {{ include "understudy.addresses" (dict "root" . "named" true "port" "7441") }}
- name: UNDERSTUDY_ADVERTISE_HOST
  value: $(POD_IP)
{{- range $name, $port := dict "CLIENTS" 7440 "PEERS" 7441 "OPS" 7442 }}
- name: UNDERSTUDY_LISTEN_{{ $name }}
  value: "{{ $.Values.listenHost }}:{{ $port }}"
{{- end }}
{{- /* What a cluster is born with: maxTailMs is UNDERSTUDY_MAX_TAIL_MS. `--reuse-values` of a release that had no modes gives none. */}}
{{- $settings := include "understudy.settings" . | fromJsonArray }}
{{- range $option := $settings }}
{{- with get $.Values $option }}
{{- if not (kindIs "string" .) }}
- name: UNDERSTUDY_{{ $option | snakecase | upper }}
  value: {{ int64 . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- range $option := $settings }}
{{- with get $.Values $option }}
{{- if kindIs "string" . }}
- name: UNDERSTUDY_{{ $option | snakecase | upper }}
  value: {{ . }}
{{- end }}
{{- end }}
{{- end }}
- name: UNDERSTUDY_EVICT_MS
  value: {{ include "understudy.milliseconds" .Values.replaceDeadBackup.after | quote }}
{{- /* dropMs is UNDERSTUDY_DROP_MS; numbers are written out, never as 6.7e+07 */}}
{{- range $option, $number := merge (dict) .Values.timing .Values.limits }}
- name: UNDERSTUDY_{{ $option | snakecase | upper }}
  value: {{ $number | int64 | quote }}
{{- end }}
- name: UNDERSTUDY_LOG
  value: {{ .Values.log.level | quote }}
- name: UNDERSTUDY_LOG_FORMAT
  value: {{ .Values.log.format }}
{{- /* for `kubectl exec POD -- understudy status`: its own port first, which knows the others' addresses without DNS */}}
- name: UNDERSTUDY_ENDPOINTS
  value: localhost:7440,{{ include "understudy.addresses" (dict "root" . "named" false "port" "7440") }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}
