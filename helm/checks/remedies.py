"""The remedies that the tables of docs/kubernetes.md and docs/register-lease.md name, each after what makes it necessary."""

import json
import os
import time

PODS = ("understudy-0", "understudy-1")
TOKEN_S = 720
"""How long a token may be the old one: it lives for 600 s, and the kubelet looks once a minute or so."""


def service_deleted(pair):
    pair.cluster.kubectl("delete", "service", "understudy").check_returncode()
    pair.says(pair.holder(), "the Service does not lead here yet: there is no Service")
    pair.helm("upgrade", "--reuse-values")
    pair.whole("the Service made anew")
    pair.still_there("the Service made anew")


def service_of_a_newer_epoch(pair):
    pair.cluster.kubectl("annotate", "service", "understudy", "understudy.dev/epoch=999999", "--overwrite").check_returncode()
    pair.delete(pair.holder())
    pair.says(pair.holder(), "was written for epoch 999999, which is newer")
    pair.cluster.kubectl("annotate", "service", "understudy", "understudy.dev/epoch-").check_returncode()
    pair.whole("the annotation taken away")


def record_edited(pair):
    """A primary serves on, and what is put back is good again."""
    before = pair.cluster.get("lease", "understudy")["metadata"]["annotations"]["understudy.dev/register"]
    pair.cluster.kubectl("annotate", "lease", "understudy", "understudy.dev/register=nonsense", "--overwrite").check_returncode()
    pair.still_there("the record edited")
    warned(pair, "cannot be understood")
    pair.cluster.kubectl("annotate", "lease", "understudy", f"understudy.dev/register={before}", "--overwrite").check_returncode()
    pair.whole("the record put back")
    well(pair, 90)


def lease_put_back(pair):
    """Another object, as a backup tool makes it: both replicas halt, and accept it by order."""
    saved = pair.cluster.get("lease", "understudy")
    for key in ("uid", "resourceVersion", "creationTimestamp", "managedFields"):
        saved["metadata"].pop(key, None)
    pair.cluster.kubectl("delete", "lease", "understudy").check_returncode()
    pair.cluster.kubectl("create", "--filename", "-", given=saved).check_returncode()
    for pod in PODS:
        pair.says(pod, "the register is another object than before")
    described = pair.cluster.kubectl("describe", "statefulset", "understudy").stdout
    pair.tally.check("the StatefulSet's Events say that they have halted", "Halted" in described, described[-800:])
    pair.held()
    register = f"lease:{pair.cluster.namespace}/understudy"
    for pod in PODS:
        pair.recover(pod, "accept-register", "--register", register, "--yes", pair.cluster_id(pod))
    pair.released("the register accepted")
    pair.still_there("the register accepted")


def lease_emptied(pair):
    found = pair.cluster.get("lease", "understudy")
    found["metadata"]["annotations"].pop("understudy.dev/register")
    found["spec"] = {}
    pair.cluster.put(found)
    for pod in PODS:
        pair.says(pod, "the register is blank but this data directory has history")
    best = pair.holder_by_log()
    other = next(pod for pod in PODS if pod != best)
    pair.held()
    # Another object, which takes rights that the pods do not have.
    pair.cluster.kubectl("delete", "lease", "understudy").check_returncode()
    pair.helm("upgrade", "--reuse-values", "--set", "maintenance=true")
    # The name is the pod's own: UNDERSTUDY_NAME.
    pair.recover(best, "only-member", "--register", f"lease:{pair.cluster.namespace}/understudy", "--yes", pair.cluster_id(best))
    pair.recover(other, "set-aside", "--yes", pair.cluster_id(other))
    pair.released("recovered from an empty register")
    pair.still_there("recovered from an empty register")
    name = pair.holder()
    pair.tally.check("the holder has its pod's name", name in PODS, name)


def guarded(pair):
    """With the guard, people and tools can neither delete nor change the register, and a failover goes on as ever."""
    pair.helm("upgrade", "--reuse-values", "--set", "leaseGuard.enabled=true")
    delete = ["delete", "lease", "understudy", "--dry-run=server"]
    # The API server learns of a policy a moment later.
    pair.eventually("refused: delete lease", lambda: unrefused(pair, delete, "register of an understudy cluster"))
    refused(pair, ["annotate", "lease", "understudy", "understudy.dev/register=x", "--overwrite"], "only the replicas change")
    refused(pair, ["patch", "lease", "understudy", "--type=merge", "-p", '{"spec":{"leaseTransitions":0}}'], "only the replicas change")
    done = pair.cluster.kubectl("label", "lease", "understudy", "by-hand=1")
    pair.tally.check("a label may be put on it", done.returncode == 0, done.stderr)
    before = pair.holder()
    pair.delete(before)
    pair.whole("failed over under the guard")
    pair.tally.check("the other one is the primary", pair.holder() != before, before)
    pair.cluster.kubectl("annotate", "lease", "understudy", "understudy.dev/unlocked=true").check_returncode()
    done = pair.cluster.kubectl(*delete)
    pair.tally.check("unlocked, it may be deleted", done.returncode == 0, done.stderr)
    pair.cluster.kubectl("annotate", "lease", "understudy", "understudy.dev/unlocked-").check_returncode()
    pair.helm("upgrade", "--reuse-values", "--set", "leaseGuard.enabled=false")


def token_taken_away(pair):
    """As a policy does it: pods made from then on have no token. The one that has it serves on."""
    template = pair.cluster.get("statefulset", "understudy")["spec"]["template"]
    mounts = template["spec"]["containers"][0]["volumeMounts"]
    where = next(n for n, mount in enumerate(mounts) if mount["name"] == "api-access")
    away = [{"op": "remove", "path": f"/spec/template/spec/containers/0/volumeMounts/{where}"}]
    pair.cluster.kubectl("patch", "statefulset", "understudy", "--type=json", "-p", json.dumps(away)).check_returncode()
    pair.says(PODS[-1], "no Kubernetes cluster is known here")
    pair.still_there("a pod without its token")
    pair.helm("upgrade", "--reuse-values")
    pair.whole("the token mounted again")


def account_made_anew(pair):
    """No pod is deleted for it. Takes ten minutes: LIVE_SLOW=1."""
    if os.environ.get("LIVE_SLOW") != "1":
        return
    pods = [pair.cluster.get("pod", pod)["metadata"]["uid"] for pod in PODS]
    pair.cluster.kubectl("delete", "serviceaccount", "understudy").check_returncode()
    warned(pair, "does not know who asks")
    pair.helm("upgrade", "--reuse-values")
    began = time.monotonic()
    well(pair, TOKEN_S)
    print(f"    a token of the new account after {time.monotonic() - began:.0f} s", flush=True)
    now = [pair.cluster.get("pod", pod)["metadata"]["uid"] for pod in PODS]
    pair.tally.check("they are the same pods", now == pods, f"{pods} {now}")
    pair.delete(pair.holder())
    pair.whole("failed over with the new account")


ALL = (service_deleted, service_of_a_newer_epoch, record_edited, lease_put_back, lease_emptied, guarded, token_taken_away, account_made_anew)


def warnings(pair) -> dict[str, str] | None:
    """What each replica that answers warns of."""
    shown = pair.understudy(PODS[0], "status", "--output", "json")
    if shown.returncode != 0:
        return None
    return {replica["name"]: replica["warning"] for replica in json.loads(shown.stdout)["replicas"]}


def warned(pair, text: str):
    def look():
        found = warnings(pair)
        return None if found and all(text in warning for warning in found.values()) else str(found)

    pair.eventually(f"all replicas warn: {text}", look)


def well(pair, within_s: float):
    def look():
        found = warnings(pair)
        return None if found and not any(found.values()) else str(found)

    pair.eventually("no replica warns", look, within_s)


def refused(pair, command: list[str], why: str):
    found = unrefused(pair, command, why)
    pair.tally.check(f"refused: {' '.join(command[:3])}", found is None, found or "")


def unrefused(pair, command: list[str], why: str) -> str | None:
    done = pair.cluster.kubectl(*command)
    good = done.returncode != 0 and why in done.stderr
    return None if good else done.stdout + done.stderr
