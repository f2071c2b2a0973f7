"""The chart with real replicas, step by step as docs/kubernetes.md says, and what they say when a user has erred.

Needs a cluster whose nodes have the image understudy:APPVERSION and volumes: deploy/image/build, deploy/dev-cluster/load-image.
"""

import json
import time

from . import etcd, remedies
from .cluster import namespace
from .tools import CHART, Tally

PODS = ("understudy-0", "understudy-1")
WITHIN_S = 60
"""How long anything may take on a machine that does other things beside."""


def run(tally: Tally):
    with namespace() as cluster:
        pair = Pair(cluster, tally)
        for step in (
            *(installed, survives, upgraded, comes_back, both_at_once, maintained, register_lost, unreadable),
            *remedies.ALL,
            etcd.restored,
            disks_lost,
            claim_left_over,
        ):
            began = time.monotonic()
            step(pair)
            print(f"  {step.__name__.replace('_', ' ')}: {time.monotonic() - began:.1f} s", flush=True)


class Pair:
    """The installed pair, and what is asked of it."""

    def __init__(self, cluster, tally: Tally):
        self.cluster, self.tally = cluster, tally

    def helm(self, verb: str, *more: str):
        done = self.cluster.helm(verb, "understudy", *([] if verb in ("uninstall", "rollback", "test") else [str(CHART)]), *more)
        self.tally.check(f"helm {verb} {' '.join(more)}", done.returncode == 0, done.stdout + done.stderr)

    def understudy(self, where: str, *command: str):
        return self.cluster.kubectl("exec", where, "--", "understudy", *command)

    def delete(self, *pods: str, force: bool = False):
        """Returns when they are gone."""
        hard = ["--force", "--grace-period=0"] if force else []
        done = self.cluster.kubectl("delete", "pod", *pods, *hard, f"--timeout={WITHIN_S}s")
        self.tally.check(f"{' and '.join(pods)} deleted", done.returncode == 0, done.stderr)

    def holder(self) -> str:
        """The primary's name; empty while there is none."""
        return self.cluster.get("lease", "understudy")["spec"].get("holderIdentity", "")

    def holder_by_log(self) -> str:
        """The pod with the longest log of the highest epoch, by what both volumes hold or their processes say."""
        def end(pod: str) -> tuple[int, int]:
            shown = self.understudy(pod, "status", "--endpoints", "localhost:7440", "--output", "json")
            one = json.loads(shown.stdout)["replicas"][0]
            return one["epoch"], one["positions"]["last"]

        return max(PODS, key=end)

    def whole(self, when: str, pods: int = 2):
        """One primary, where Lease and Service say, and one backup; all pods are ready."""
        self.eventually(f"{when}: two members", lambda: self._is_whole(pods))

    def _is_whole(self, pods: int) -> str | None:
        shown = self.understudy("svc/understudy", "status", "--output", "json")
        if shown.returncode != 0:
            return shown.stderr
        roles = {replica["name"]: str(replica["role"]) for replica in json.loads(shown.stdout)["replicas"]}
        selector = self.cluster.get("service", "understudy")["spec"].get("selector")
        good = sorted(roles.values()) == ["backup", "primary", "spare"][:pods] and roles.get(self.holder()) == "primary"
        good = good and selector == {"statefulset.kubernetes.io/pod-name": self.holder()}
        ready = self.cluster.get("statefulset", "understudy")["status"].get("readyReplicas")
        return None if good and ready == pods else f"{roles}, Lease {self.holder()}, Service {selector}, {ready} ready"

    def still_there(self, when: str):
        got = self.understudy("svc/understudy", "get", "greeting")
        self.tally.check(f"{when}: the value is there", got.stdout.strip() == "hello", got.stdout + got.stderr)

    def says(self, pod: str, message: str):
        """In its log, since it began to wait or halted."""
        def look():
            shown = self.cluster.kubectl("logs", pod)
            return None if message in shown.stdout else f"not in the log of {pod}: {message}\n{shown.stdout[-800:]}"

        self.eventually(f"{pod} says: {message}", look)

    def waits(self, pod: str, why: str):
        """By its own word: `understudy status` in the pod."""
        def look():
            shown = self.understudy(pod, "status", "--endpoints", "localhost:7440")
            return None if why in shown.stdout else shown.stdout + shown.stderr

        self.eventually(f"{pod} waits: {why}", look)

    def eventually(self, name: str, look, within_s: float = WITHIN_S):
        """`look` gives None when it is so."""
        until = time.monotonic() + within_s
        while (why := look()) is not None and time.monotonic() < until:
            time.sleep(0.2)
        self.tally.check(name, why is None, why or "")

    def verified(self, pod: str) -> dict:
        """What its copy says of itself, while it is held."""
        return json.loads(self.understudy(pod, "verify", "/data/replica", "--output", "json").stdout)

    def cluster_id(self, pod: str) -> str:
        return self.verified(pod)["cluster"]

    def recover(self, pod: str, order: str, *more: str):
        done = self.understudy(pod, "recover", order, "--data", "/data/replica", *more)
        self.tally.check(f"{order} on {pod}", done.returncode == 0, done.stdout + done.stderr)

    def held(self):
        """All pods wait for orders."""
        self.helm("upgrade", "--reuse-values", "--set", "maintenance=true")
        done = self.cluster.kubectl("rollout", "status", "statefulset/understudy", f"--timeout={WITHIN_S}s")
        self.tally.check("all pods are held", done.returncode == 0, done.stdout + done.stderr)

    def released(self, when: str):
        self.helm("upgrade", "--reuse-values", "--set", "maintenance=false")
        self.delete(*PODS)
        self.whole(when)


def installed(pair: Pair):
    pair.helm("install")
    pair.whole("installed")
    pair.helm("test", "--timeout", f"{WITHIN_S}s")


def survives(pair: Pair):
    put = pair.understudy("svc/understudy", "put", "greeting", "hello")
    pair.tally.check("a value is put", put.returncode == 0, put.stderr)
    before = pair.holder()
    pair.delete(before)
    pair.still_there("the primary's pod deleted")
    pair.tally.check("the other one is the primary", pair.holder() != before, before)
    pair.whole("the primary's pod deleted")


def upgraded(pair: Pair):
    pair.helm("upgrade", "--reuse-values", "--set", "log.level=debug", "--wait")
    pair.whole("upgraded")
    pair.helm("rollback", "1", "--wait")
    pair.whole("rolled back")
    pair.still_there("rolled back")


def comes_back(pair: Pair):
    pair.helm("uninstall", "--wait")
    pair.helm("install")
    pair.whole("installed again")
    pair.still_there("installed again")


def both_at_once(pair: Pair):
    pair.delete(*PODS, force=True)
    pair.whole("both pods lost")
    pair.still_there("both pods lost")


def maintained(pair: Pair):
    pair.held()
    for pod in PODS:
        shown = pair.understudy(pod, "verify", "/data/replica")
        pair.tally.check(f"{pod} is verified", shown.returncode == 0, shown.stdout + shown.stderr)
    pair.released("after maintenance")
    pair.still_there("after maintenance")


def register_lost(pair: Pair):
    pair.cluster.kubectl("delete", "lease", "understudy")
    pair.still_there("the Lease deleted")
    pair.held()
    pair.recover(PODS[0], "only-member", "--name", PODS[0], "--register", f"lease:{pair.cluster.namespace}/understudy", "--yes", pair.cluster_id(PODS[0]))
    pair.recover(PODS[1], "set-aside", "--yes", pair.cluster_id(PODS[1]))
    pair.released("recovered")
    pair.still_there("recovered")


def unreadable(pair: Pair):
    backup = next(pod for pod in PODS if pod != pair.holder())
    pair.cluster.kubectl("delete", "rolebinding", "understudy")
    pair.delete(backup)
    pair.says(backup, 'not allowed to get Lease')
    # The primary waits for a backup that it may not drop, and that may not join again.
    pair.helm("upgrade", "--reuse-values")
    pair.whole("permitted again")
    pair.still_there("permitted again")


def disks_lost(pair: Pair):
    pair.helm("uninstall", "--wait")
    pair.cluster.kubectl("delete", "pvc", "--all", f"--timeout={WITHIN_S}s")
    pair.helm("install")
    for pod in PODS:
        pair.waits(pod, "the register does not name this copy, but an earlier one of")
    begin_anew(pair)
    pair.helm("install")
    pair.whole("begun anew")


def begin_anew(pair: Pair, claims: tuple[str, ...] = ("--selector", "app.kubernetes.io/instance=understudy")):
    """What the documentation says where everything is lost and may be."""
    pair.helm("uninstall", "--wait")
    for command in (["lease", "understudy"], ["pvc", *claims, f"--timeout={WITHIN_S}s"]):
        done = pair.cluster.kubectl("delete", *command)
        pair.tally.check(f"deleted: {' '.join(command)}", done.returncode == 0, done.stderr)


def claim_left_over(pair: Pair):
    """A third replica's claim that was kept, of a cluster that is no more, stalls the next rollout."""
    pair.helm("upgrade", "--reuse-values", "--set", "replicas=3")
    pair.whole("three replicas", 3)
    pair.helm("upgrade", "--reuse-values", "--set", "replicas=2", "--wait")
    begin_anew(pair, ("data-understudy-0", "data-understudy-1"))
    pair.helm("install")
    pair.whole("another cluster")
    pair.helm("upgrade", "--reuse-values", "--set", "replicas=3")
    pair.says("understudy-2", "this data directory of cluster")
    pair.cluster.kubectl("delete", "pvc", "data-understudy-2", "--wait=false")
    pair.delete("understudy-2")
    pair.whole("its claim deleted", 3)
