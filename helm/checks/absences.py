"""What the chart must not say, or must say exactly: its part of the safety rules."""

from .tools import Tally, objects, template, values_files

RULES = [
    {
        "apiGroups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "resourceNames": ["understudy"],
        "verbs": ["get", "watch", "update"],
    },
    {"apiGroups": [""], "resources": ["services"], "resourceNames": ["understudy"], "verbs": ["get", "watch", "update"]},
    {"apiGroups": [""], "resources": ["pods"], "resourceNames": ["understudy-0", "understudy-1"], "verbs": ["get"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["create"]},
]
EVICTION = {
    "apiGroups": [""],
    "resources": ["pods"],
    "resourceNames": ["understudy-0", "understudy-1", "understudy-2"],
    "verbs": ["get", "delete"],
}


def run(helm, tally: Tally):
    for path in values_files():
        found = objects(helm, "--values", str(path))
        name = next(name for kind, name in found if kind == "StatefulSet")
        registers(tally, path.name, found, name)
        hardened(tally, path.name, found)
    role(helm, tally)
    probes(helm, tally)
    pods_are_told_apart(helm, tally)


def registers(tally: Tally, values: str, found: dict, name: str):
    """What replicas write is theirs: an upgrade leaves alone what no template says."""
    service, lease = found["Service", name], found["Lease", name]
    tally.check(f"{values}: the Service has no selector", "selector" not in service["spec"], str(service["spec"]))
    marks = [mark for mark in service["metadata"].get("annotations", {}) if "understudy.dev" in mark]
    tally.check(f"{values}: the Service has no epoch", not marks, str(marks))
    tally.check(f"{values}: the Lease has no spec", "spec" not in lease, str(lease))
    marks = lease["metadata"]["annotations"]
    tally.check(f"{values}: the Lease is kept and else blank", marks == {"helm.sh/resource-policy": "keep"}, str(marks))


def hardened(tally: Tally, values: str, found: dict):
    """The Pod Security Standard `restricted`, and no writing outside the volume."""
    for (kind, name), one in found.items():
        if kind not in ("StatefulSet", "Pod"):
            continue
        spec = one["spec"]["template"]["spec"] if kind == "StatefulSet" else one["spec"]
        pod = spec["securityContext"]
        good = pod["runAsNonRoot"] and pod["runAsUser"] == 65532 and pod["seccompProfile"] == {"type": "RuntimeDefault"}
        tally.check(f"{values}: {kind} {name} is no root", good, str(pod))
        for container in spec["containers"] + spec.get("initContainers", []):
            may = container["securityContext"]
            wanted = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
            tally.check(f"{values}: {kind} {name}, {container['name']} has no rights", may == wanted, str(may))


def role(helm, tally: Tally):
    rules = objects(helm)["Role", "understudy"]["rules"]
    tally.check("the Role is exactly this", rules == RULES, str(rules))
    found = objects(helm, "--set", "replicas=3", "--set", "replaceDeadBackup.after=30s")
    rules = found["Role", "understudy"]["rules"]
    tally.check("and with replaceDeadBackup pods may go", rules == [*RULES[:2], EVICTION, RULES[3]], str(rules))
    kinds = [kind for kind, _ in found if kind.startswith("Cluster")]
    tally.check("nothing in the whole cluster", not kinds, str(kinds))


def probes(helm, tally: Tally):
    container = objects(helm)["StatefulSet", "understudy"]["spec"]["template"]["spec"]["containers"][0]
    paths = {kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
    wanted = {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}
    tally.check("only readiness is about the cluster", paths == wanted, str(paths))
    held = objects(helm, "--set", "maintenance=true")["StatefulSet", "understudy"]
    container = held["spec"]["template"]["spec"]["containers"][0]
    tally.check("a held pod only waits", container["args"] == ["hold"], str(container["args"]))
    left = [key for key in container if key.endswith("Probe")]
    tally.check("a held pod is not probed", not left, str(left))


def pods_are_told_apart(helm, tally: Tally):
    """The pod of `helm test` is no replica: no Service and no budget counts it."""
    found = objects(helm)
    labels = found["Pod", "understudy-test"]["metadata"]["labels"]
    selector = found["Service", "understudy-replicas"]["spec"]["selector"]
    tally.check("the test's pod is no replica", not selector.items() <= labels.items(), str(labels))
    replicas = found["StatefulSet", "understudy"]["spec"]["template"]["metadata"]["labels"]
    tally.check("the replicas' pods are selected", selector.items() <= replicas.items(), str(replicas))
    two = template(helm, release="a").stdout == template(helm, release="b").stdout
    tally.check("two releases differ", not two)
