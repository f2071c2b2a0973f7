"""The cluster's etcd is restored, as docs/kubernetes.md says it: only on the dev cluster, whose etcd can be had."""

import os
import tempfile
from pathlib import Path

from .tools import DEV_CLUSTER, run as run_command

PODS = ("understudy-0", "understudy-1")
DAEMONS = ("kubelet", "kube-proxy")
"""They watch: one that has seen the future sees nothing until it has passed."""


def restored(pair):
    """After the backup there was a failover and a write: the register comes back with an epoch that has been used."""
    if "KUBECTL" in os.environ:
        return
    with tempfile.TemporaryDirectory() as place:
        backup = str(Path(place) / "etcd")
        script(pair, "control-plane", "save", backup)
        pair.whole("etcd saved")
        before = epoch(pair)
        pair.delete(pair.holder())
        pair.whole("a failover after the backup")
        put = pair.understudy("svc/understudy", "put", "behind", "the backup")
        pair.tally.check("a write after the backup", put.returncode == 0, put.stderr)
        used = epoch(pair)
        pair.tally.check("an epoch after the backup", used > before, f"{before} {used}")
        # Step 1.
        pair.held()
        for daemon in DAEMONS:
            for node in nodes():
                script(pair, "node", "stop", node, daemon)
        # Step 2.
        script(pair, "control-plane", "restore", backup)
    pair.helm("upgrade", "--reuse-values", "--set", "maintenance=true")
    # Not until they are gone: no kubelet confirms it.
    done = pair.cluster.kubectl("delete", "pod", *PODS, "--force", "--grace-period=0", "--wait=false")
    pair.tally.check("the pods that came back from etcd deleted", done.returncode == 0, done.stderr)
    for daemon in DAEMONS:
        for node in nodes():
            script(pair, "node", "start", node, daemon)
    pair.cluster.kubectl("rollout", "restart", "deployment/coredns", "--namespace", "kube-system").check_returncode()
    pair.eventually("both pods are held again", lambda: held_again(pair), 120)
    # Step 3.
    claims = [pair.cluster.get("pvc", f"data-{pod}")["status"]["phase"] for pod in PODS]
    pair.tally.check("the claims are bound", claims == ["Bound", "Bound"], str(claims))
    # Step 4.
    pair.tally.check("the Lease says an epoch that has been used", epoch(pair) == before, f"{epoch(pair)}, not {before}")
    best = max(PODS, key=lambda pod: known(pair, pod))
    pair.tally.check("the best copy knows a higher one", known(pair, best)[0] >= used, f"{known(pair, best)}, {used}")
    # Step 5.
    other = next(pod for pod in PODS if pod != best)
    pair.cluster.kubectl("delete", "lease", "understudy").check_returncode()
    pair.helm("upgrade", "--reuse-values", "--set", "maintenance=true")
    register = ("--register", f"lease:{pair.cluster.namespace}/understudy")
    pair.recover(best, "only-member", *register, "--yes", pair.cluster_id(best))
    pair.recover(other, "set-aside", *register, "--yes", pair.cluster_id(other))
    pair.released("etcd restored")
    pair.still_there("etcd restored")
    got = pair.understudy("svc/understudy", "get", "behind")
    pair.tally.check("so is the write after the backup", got.stdout.strip() == "the backup", got.stdout + got.stderr)


def script(pair, name: str, *arguments: str):
    done = run_command([f"{DEV_CLUSTER}/{name}", *arguments])
    pair.tally.check(f"{name} {' '.join(arguments[:2])}", done.returncode == 0, done.stdout + done.stderr)


def nodes() -> list[str]:
    listed = run_command([f"{DEV_CLUSTER}/node", "list"])
    return [line.split()[0] for line in listed.stdout.splitlines()]


def epoch(pair) -> int:
    return pair.cluster.get("lease", "understudy")["spec"]["leaseTransitions"]


def known(pair, pod: str) -> tuple[int, int]:
    """The highest epoch that a copy knows, and the end of its log."""
    said = pair.verified(pod)
    return said["epoch"], said["last"]


def held_again(pair) -> str | None:
    for pod in PODS:
        shown = pair.understudy(pod, "verify", "/data/replica")
        if shown.returncode != 0:
            return shown.stdout + shown.stderr
    return None
