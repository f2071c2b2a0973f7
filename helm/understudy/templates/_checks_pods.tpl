{{/* What pods may be given: names that are the chart's own, and amounts that contradict each other. */}}
{{- define "understudy.podChecks" -}}
{{- with .Values -}}
{{- range .extraEnv -}}
{{- if regexMatch "^(UNDERSTUDY_|POD_(NAME|NAMESPACE|IP)$)" .name -}}
{{- fail (printf "extraEnv: %s is set by the chart: UNDERSTUDY_... and POD_NAME, POD_NAMESPACE, POD_IP cannot be given here; look for a value that does it" .name) -}}
{{- end -}}
{{- end -}}
{{- range .extraVolumes -}}
{{- if has .name (list "data" "api-access") -}}
{{- fail (printf "extraVolumes: %q is the chart's own volume: use another name" .name) -}}
{{- end -}}
{{- end -}}
{{- range .extraVolumeMounts -}}
{{- if regexMatch "^/data(/|$)" .mountPath -}}
{{- fail (printf "extraVolumeMounts: %s is in the replica's own volume, /data: mount it elsewhere" .mountPath) -}}
{{- end -}}
{{- end -}}
{{- range $key, $_ := .podLabels -}}
{{- if regexMatch "^(app\\.kubernetes\\.io|helm\\.sh|statefulset\\.kubernetes\\.io)/" $key -}}
{{- fail (printf "podLabels: %s is set by the chart or by Kubernetes: use another label" $key) -}}
{{- end -}}
{{- end -}}
{{- range $value := list "podLabels" "nodeSelector" -}}
{{- range $key, $_ := get $.Values $value -}}
{{- if not (regexMatch "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$" $key) -}}
{{- fail (printf "%s: %q cannot be a label's name: letters, digits, '-', '_' and '.', at most 63 of them, after an optional DNS name and '/'" $value $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $requests := default dict .resources.requests -}}
{{- range $resource, $limit := default dict .resources.limits -}}
{{- $request := get $requests $resource -}}
{{- if and (not (kindIs "invalid" $limit)) (not (kindIs "invalid" $request)) (hasKey $requests $resource) -}}
{{- if lt (include "understudy.quantity" $limit | float64) (include "understudy.quantity" $request | float64) -}}
{{- fail (printf "resources.limits.%s is %v and below resources.requests.%s, which is %v: no node could take the pod" $resource $limit $resource $request) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- include "understudy.memoryChecks" . -}}
{{- end -}}
{{- end }}

{{/* What a replica parts its memory by: it refuses writes before the kernel ends it, and starts with no less than this. */}}
{{- define "understudy.memoryChecks" -}}
{{- $least := 268435456.0 -}}
{{- $given := default 0 .limits.memoryLimit | float64 -}}
{{- if and (gt $given 0.0) (lt $given $least) -}}
{{- fail (printf "limits.memoryLimit is %d: a replica needs 268435456 bytes (256Mi) at least" (int64 $given)) -}}
{{- end -}}
{{- $limit := get (default dict .resources.limits) "memory" -}}
{{- if and (not (kindIs "invalid" $limit)) (ne (toString $limit) "") -}}
{{- $bytes := include "understudy.quantity" $limit | float64 -}}
{{- if lt $bytes $least -}}
{{- fail (printf "resources.limits.memory is %v: a replica needs 256Mi at least" $limit) -}}
{{- end -}}
{{- if gt $given $bytes -}}
{{- fail (printf "limits.memoryLimit is %d and above resources.limits.memory, which is %v: the kernel would end a replica before it refuses writes" (int64 $given) $limit) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* An amount such as 250m, 2Gi, 0.5 or 1e9 as a plain number. */}}
{{- define "understudy.quantity" -}}
{{- $text := toString . -}}
{{- $number := regexFind "^[0-9]+([.][0-9]+)?" $text -}}
{{- $unit := trimPrefix $number $text -}}
{{- $factors := dict "" 1.0 "m" 0.001 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18 "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 "Pi" 1125899906842624.0 "Ei" 1152921504606846976.0 -}}
{{- if hasKey $factors $unit -}}
{{- mulf (float64 $number) (get $factors $unit) -}}
{{- else -}}
{{- float64 $text -}}
{{- end -}}
{{- end }}
