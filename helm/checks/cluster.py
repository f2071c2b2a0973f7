"""Against a real API server, in a namespace of its own that enforces `restricted` pods."""

import contextlib
import json
import os
import shlex
import subprocess
import sys

from . import clashes, left_alone, rights
from .tools import CHART, DEV_CLUSTER, Tally, run as run_command, values_files

NAMESPACE = "understudy-chart-test"


class Cluster:
    """kubectl and helm in the test's namespace."""

    namespace = NAMESPACE

    def __init__(self):
        self._kubectl = shlex.split(os.environ.get("KUBECTL", f"{DEV_CLUSTER}/k"))
        self._helm = shlex.split(os.environ.get("HELM", f"{DEV_CLUSTER}/k helm"))

    def kubectl(self, *arguments: str, given: object = None) -> subprocess.CompletedProcess:
        """Runs kubectl; `given`, text or an object, is its standard input."""
        text = given if given is None or isinstance(given, str) else json.dumps(given)
        return run_command([*self._kubectl, "--namespace", NAMESPACE, *arguments], input=text)

    def helm(self, *arguments: str) -> subprocess.CompletedProcess:
        return run_command([*self._helm, "--namespace", NAMESPACE, *arguments])

    def get(self, kind: str, name: str) -> dict | None:
        found = self.kubectl("get", kind, name, "--ignore-not-found", "--output", "json")
        found.check_returncode()
        return json.loads(found.stdout) if found.stdout else None

    def put(self, changed: dict):
        """One PUT with the resource version that was read, as a replica writes."""
        done = self.kubectl("replace", "--filename", "-", given=changed)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    def render(self, *arguments: str) -> str:
        rendered = self.helm("template", "understudy", str(CHART), *arguments)
        rendered.check_returncode()
        return rendered.stdout


@contextlib.contextmanager
def namespace():
    """A cluster with the test's namespace, new and taken away at the end."""
    cluster = Cluster()
    version = cluster.kubectl("version", "--output", "json")
    if version.returncode != 0:
        sys.exit(f"no cluster answers: deploy/dev-cluster/up, or set KUBECTL and HELM\n{version.stderr}")
    print(f"against Kubernetes {json.loads(version.stdout)['serverVersion']['gitVersion']}", flush=True)
    away(cluster)
    labels = {f"pod-security.kubernetes.io/{what}": "restricted" for what in ("enforce", "warn")}
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}
    cluster.kubectl("create", "--filename", "-", given=made).check_returncode()
    try:
        yield cluster
    finally:
        away(cluster)


def run(tally: Tally):
    with namespace() as cluster:
        for path in values_files():
            dry_run(cluster, tally, path)
        restricted(cluster, tally)
        left_alone.run(cluster, tally)
        rights.run(cluster, tally)
        clashes.run(cluster, tally)


def away(cluster: Cluster):
    cluster.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=120s").check_returncode()


def dry_run(cluster: Cluster, tally: Tally, path):
    """The API server takes every object, and has no complaint."""
    text = cluster.render("--values", str(path))
    done = cluster.kubectl("apply", "--server-side", "--dry-run=server", "--filename", "-", given=text)
    tally.check(f"{path.name} is taken by the API server", done.returncode == 0, done.stderr)
    tally.check(f"{path.name} without a warning", "Warning" not in done.stderr, done.stderr)


def restricted(cluster: Cluster, tally: Tally):
    """A pod as the StatefulSet makes it is admitted; one with more rights is not."""
    for more, admitted in (([], True), (["--set", "containerSecurityContext.allowPrivilegeEscalation=true"], False)):
        text = cluster.render("--show-only", "templates/statefulset.yaml", *more)
        converted = cluster.kubectl("create", "--dry-run=client", "--output", "json", "--filename", "-", given=text)
        template = json.loads(converted.stdout)["spec"]["template"]
        template["metadata"]["name"] = "probe"
        # The claim and the account belong to objects that are not there.
        volumes = [{"name": "data", "emptyDir": {}}, *template["spec"]["volumes"]]
        template["spec"].update(volumes=volumes, serviceAccountName="default")
        pod = {"apiVersion": "v1", "kind": "Pod", **template}
        done = cluster.kubectl("create", "--dry-run=server", "--filename", "-", given=pod)
        if admitted:
            tally.check("a replica's pod is admitted as restricted", done.returncode == 0, done.stderr)
        else:
            good = done.returncode != 0 and 'violates PodSecurity "restricted' in done.stderr
            tally.check("a pod with more rights is not", good, done.stderr)
