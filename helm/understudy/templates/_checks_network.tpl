{{/* Who may come in and go out, and how the Service is published. */}}
{{- define "understudy.networkChecks" -}}
{{- with .Values.service -}}
{{- $balanced := eq .type "LoadBalancer" -}}
{{- if and .loadBalancerClass (not $balanced) -}}
{{- fail (printf "service.loadBalancerClass is for service.type LoadBalancer, and it is %s" .type) -}}
{{- end -}}
{{- if and .loadBalancerSourceRanges (not $balanced) -}}
{{- fail (printf "service.loadBalancerSourceRanges is for service.type LoadBalancer, and it is %s" .type) -}}
{{- end -}}
{{- if and .nodePort (eq .type "ClusterIP") -}}
{{- fail "service.nodePort is for service.type NodePort or LoadBalancer, and it is ClusterIP" -}}
{{- end -}}
{{- range $at, $block := .loadBalancerSourceRanges -}}
{{- include "understudy.block" (dict "name" (printf "service.loadBalancerSourceRanges[%d]" $at) "block" $block) -}}
{{- end -}}
{{- range $key, $_ := .annotations -}}
{{- if hasPrefix "understudy.dev/" $key -}}
{{- fail (printf "service.annotations: %s is the primary's: use another annotation" $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with .Values.networkPolicy -}}
{{- $lists := dict "clients.from" .clients.from "ops.from" .ops.from "egress.dns" .egress.dns "egress.apiServer.to" .egress.apiServer.to -}}
{{- range $list, $peers := $lists -}}
{{- range $at, $peer := $peers -}}
{{- $name := printf "networkPolicy.%s[%d]" $list $at -}}
{{- with $peer.ipBlock -}}
{{- if or $peer.podSelector $peer.namespaceSelector (hasKey $peer "podSelector") (hasKey $peer "namespaceSelector") -}}
{{- fail (printf "%s has an ipBlock and a selector: make two peers of it" $name) -}}
{{- end -}}
{{- include "understudy.block" (dict "name" (printf "%s.ipBlock.cidr" $name) "block" .cidr) -}}
{{- range $but, $block := .except -}}
{{- include "understudy.block" (dict "name" (printf "%s.ipBlock.except[%d]" $name $but) "block" $block) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Fails unless `block` is a block of IPv4 or IPv6 addresses. */}}
{{- define "understudy.block" -}}
{{- $octet := "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])" -}}
{{- $four := printf "^%s([.]%s){3}/(3[0-2]|[12]?[0-9])$" $octet $octet -}}
{{- $word := "[0-9a-fA-F]{1,4}" -}}
{{- $six := printf "^(%s(:%s){7}|(%s(:%s){0,6})?::(%s(:%s){0,6})?)/(12[0-8]|1[01][0-9]|[1-9]?[0-9])$" $word $word $word $word $word $word -}}
{{- if not (or (regexMatch $four .block) (regexMatch $six .block)) -}}
{{- fail (printf "%s is %q: it must be a block of addresses such as 10.0.0.0/8 or fd00::/8" .name .block) -}}
{{- end -}}
{{- end }}
