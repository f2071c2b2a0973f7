"""What replicas have written stays through upgrade, rollback, apply, uninstall and a new install.

No replica runs here: its writes are made by hand, as it would make them. So it is the API server and helm that are tested.
"""

from .tools import CHART, Tally

# Pods that never start: there is no such image, and nobody looks for it.
QUIET = ["--set", "image.repository=none", "--set", "image.pullPolicy=Never"]
SELECTOR = {"statefulset.kubernetes.io/pod-name": "understudy-1"}
RECORD = '{"format":1}'


def run(cluster, tally: Tally):
    for server_side in ("true", "false"):
        for step, act, mark in steps(server_side):
            done = act(cluster)
            name = f"{step}, server-side={server_side}"
            tally.check(f"{name}: done", done.returncode == 0, done.stderr)
            if step == "install":
                write(cluster)
            if step == "uninstall":
                gone(cluster, tally, name)
            else:
                service(cluster, tally, name, mark)
            lease(cluster, tally, name)
        a_lost_lease(cluster, tally, server_side)
        cluster.helm("uninstall", "understudy", "--wait")
        cluster.kubectl("delete", "lease", "understudy")


def a_lost_lease(cluster, tally: Tally, server_side: str):
    """Deleted by a person, it is made anew by an upgrade: blank, and another object."""
    cluster.kubectl("delete", "lease", "understudy").check_returncode()
    done = cluster.helm("upgrade", "understudy", str(CHART), *QUIET, f"--server-side={server_side}")
    found = cluster.get("lease", "understudy") or {}
    good = done.returncode == 0 and found.get("spec") in ({}, None) and RECORD not in str(found)
    tally.check(f"a lost Lease comes back blank, server-side={server_side}", good, f"{done.stderr}{found}")


def steps(server_side: str):
    """What is done, in this order, and the mark on the Service afterwards that shows that it was done."""
    how = f"--server-side={server_side}"
    other = f"--server-side={'false' if server_side == 'true' else 'true'}"
    # helm takes over whom it does not own from kubectl, and back, only when told to.
    forced = [how] if server_side == "false" else [how, "--force-conflicts"]
    swapped = [other] if server_side == "true" else [other, "--force-conflicts"]

    def values(mark):
        return [*QUIET, "--set-string", f"service.annotations.mark={mark}"]

    def helm(verb, mark, *more):
        return lambda cluster: cluster.helm(verb, "understudy", str(CHART), *values(mark), *more)

    def rollback(cluster):
        return cluster.helm("rollback", "understudy", "1", how)

    def apply(mark, *more):
        return lambda cluster: cluster.kubectl("apply", *more, "--filename", "-", given=cluster.render(*values(mark)))

    def uninstall(cluster):
        return cluster.helm("uninstall", "understudy", "--wait")

    return [
        ("install", helm("install", "m1", how), "m1"),
        ("upgrade that changes nothing", helm("upgrade", "m1", how), "m1"),
        ("upgrade of the pods", helm("upgrade", "m1", how, "--set", "log.level=debug"), "m1"),
        ("upgrade of the Service", helm("upgrade", "m2", how, "--set", "service.port=80"), "m2"),
        ("rollback", rollback, "m1"),
        ("upgrade the other way", helm("upgrade", "m3", *swapped), "m3"),
        ("and back", helm("upgrade", "m4", *forced), "m4"),
        ("kubectl apply", apply("m5"), "m5"),
        ("kubectl apply --server-side", apply("m6", "--server-side", "--force-conflicts"), "m6"),
        ("upgrade after kubectl", helm("upgrade", "m7", *forced), "m7"),
        ("uninstall", uninstall, None),
        ("install again", helm("install", "m8", how), "m8"),
    ]


def write(cluster):
    """As a replica that has won epoch 7."""
    changed = cluster.get("service", "understudy")
    changed["spec"]["selector"] = SELECTOR
    changed["metadata"].setdefault("annotations", {})["understudy.dev/epoch"] = "7"
    cluster.put(changed)
    changed = cluster.get("lease", "understudy")
    changed["spec"] = {"holderIdentity": "understudy-1", "leaseTransitions": 7, "acquireTime": "2026-01-01T00:00:00.000000Z"}
    changed["metadata"].setdefault("annotations", {})["understudy.dev/register"] = RECORD
    cluster.put(changed)


def service(cluster, tally: Tally, name: str, mark: str):
    found = cluster.get("service", "understudy")
    tally.check(f"{name}: has taken effect", found["metadata"].get("annotations", {}).get("mark") == mark, str(found["metadata"]))
    if name.startswith("install again"):
        tally.check(f"{name}: a new Service waits for its primary", "selector" not in found["spec"], str(found["spec"]))
        return
    tally.check(f"{name}: the selector is the primary's", found["spec"].get("selector") == SELECTOR, str(found["spec"]))
    epoch = found["metadata"].get("annotations", {}).get("understudy.dev/epoch")
    tally.check(f"{name}: the epoch is the primary's", epoch == "7", str(found["metadata"]))


def lease(cluster, tally: Tally, name: str):
    found = cluster.get("lease", "understudy") or {}
    spec = found.get("spec", {})
    good = spec.get("holderIdentity") == "understudy-1" and spec.get("leaseTransitions") == 7
    tally.check(f"{name}: the Lease names the primary", good, str(found))
    record = found.get("metadata", {}).get("annotations", {}).get("understudy.dev/register")
    tally.check(f"{name}: the Lease has its record", record == RECORD, str(found))


def gone(cluster, tally: Tally, name: str):
    for kind, one in (("service", "understudy"), ("statefulset", "understudy"), ("role", "understudy")):
        tally.check(f"{name}: no {kind} is left", cluster.get(kind, one) is None)
