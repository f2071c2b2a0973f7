{{/* What a cluster is born with. Generated from services/replica/src/options/args.rs. */}}
{{- define "understudy.settings" -}}
["syncBackups", "minCopies", "execution", "acknowledgement", "backups", "maxTailBytes", "maxTailMs"]
{{- end }}
