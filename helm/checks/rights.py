"""What a replica's ServiceAccount may do, by the API server's own word."""

from .left_alone import QUIET
from .tools import CHART, Tally

MAY = [
    *[(verb, "leases.coordination.k8s.io/understudy") for verb in ("get", "watch", "update")],
    *[(verb, "services/understudy") for verb in ("get", "watch", "update")],
    *[("get", f"pods/understudy-{n}") for n in (0, 1)],
    ("create", "events"),
]
MAY_NOT = [
    *[(verb, "leases.coordination.k8s.io/understudy") for verb in ("list", "create", "patch", "delete", "deletecollection")],
    *[(verb, "services/understudy") for verb in ("list", "create", "patch", "delete", "deletecollection")],
    *[(verb, what) for verb in ("get", "list", "update") for what in ("leases.coordination.k8s.io/other", "services/other")],
    *[(verb, what) for verb in ("get", "list", "watch") for what in ("secrets", "configmaps", "pods", "services", "endpoints")],
    ("update", "services/understudy-replicas"),
    ("update", "services/understudy --subresource=status"),
    ("get", "pods/other"),
    *[(verb, "events") for verb in ("get", "list", "delete")],
    ("create", "pods/understudy-0 --subresource=exec"),
]
EVICTION = [("delete", f"pods/understudy-{n}") for n in (0, 1)]


def run(cluster, tally: Tally):
    cluster.helm("install", "understudy", str(CHART), *QUIET).check_returncode()
    ask(cluster, tally, "by default", MAY, [*MAY_NOT, *EVICTION])
    cluster.helm("upgrade", "understudy", str(CHART), *QUIET, "--set", "replaceDeadBackup.after=30s").check_returncode()
    ask(cluster, tally, "with replaceDeadBackup", [*MAY, *EVICTION], [*MAY_NOT, ("delete", "pods/other"), ("patch", "pods/understudy-0")])
    cluster.helm("uninstall", "understudy", "--wait").check_returncode()


def ask(cluster, tally: Tally, when: str, may: list, may_not: list):
    for questions, wanted in ((may, "yes"), (may_not, "no")):
        for verb, what in questions:
            account = f"system:serviceaccount:{cluster.namespace}:understudy"
            answer = cluster.kubectl("auth", "can-i", verb, *what.split(), "--as", account).stdout.strip()
            tally.check(f"{when}: may {verb} {what}", answer.split(" ")[0] == wanted, f"wanted {wanted}, got {answer}")
