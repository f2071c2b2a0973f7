{{/* What must hold between values, and a JSON schema cannot say. */}}
{{- define "understudy.checks" -}}
{{- include "understudy.podChecks" . -}}
{{- include "understudy.networkChecks" . -}}
{{- with .Values -}}
{{- if ge (int .syncBackups) (int .replicas) -}}
{{- fail (printf "syncBackups is %d and must be below replicas, which is %d: a cluster is born with %d copies" (int .syncBackups) (int .replicas) (add1 (int .syncBackups))) -}}
{{- end -}}
{{- if gt (int .minCopies) (add1 (int .syncBackups) | int) -}}
{{- fail (printf "minCopies is %d: syncBackups %d never makes that many copies" (int .minCopies) (int .syncBackups)) -}}
{{- end -}}
{{- if eq (toString .execution) "async" -}}
{{- if gt (int .minCopies) 1 -}}
{{- fail "execution async answers before a second copy exists, which minCopies 2 asks for: choose one of them" -}}
{{- end -}}
{{- if eq (toString .acknowledgement) "received" -}}
{{- fail "execution async with acknowledgement received would lose its whole tail in every crash of the primary: choose one of them" -}}
{{- end -}}
{{- end -}}
{{- with .timing -}}
{{- if ge (int64 .dropMs) (int64 .promoteMs) -}}
{{- fail (printf "timing.dropMs is %d and must be below timing.promoteMs, which is %d, so that a network break keeps the primary" (int64 .dropMs) (int64 .promoteMs)) -}}
{{- end -}}
{{- if gt (mul 2 (int64 .heartbeatMs)) (int64 .dropMs) -}}
{{- fail (printf "timing.heartbeatMs is %d and must be at most half of timing.dropMs, which is %d, so that an idle replica is no silent one" (int64 .heartbeatMs) (int64 .dropMs)) -}}
{{- end -}}
{{- end -}}
{{- $leave := add (int64 .timing.handOverMs) (int64 .timing.lingerMs) 5000 -}}
{{- if lt (mul 1000 (int64 .terminationGracePeriodSeconds)) $leave -}}
{{- fail (printf "terminationGracePeriodSeconds is %d: a handover may take timing.handOverMs, and timing.lingerMs follow, so it must be at least %d" (int64 .terminationGracePeriodSeconds) (div (add $leave 999) 1000)) -}}
{{- end -}}
{{- $after := include "understudy.milliseconds" .replaceDeadBackup.after | int64 -}}
{{- if and .replaceDeadBackup.after (or (lt $after 5000) (gt $after 3600000)) -}}
{{- fail (printf "replaceDeadBackup.after is %q: it must be 5s to 1h, or empty for never" .replaceDeadBackup.after) -}}
{{- end -}}
{{- end -}}
{{- end }}
