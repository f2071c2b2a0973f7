"""What helm refuses, as docs/kubernetes.md quotes it, and the remedies that it names. No replica runs here."""

from .left_alone import QUIET
from .tools import CHART, Tally


def run(cluster, tally: Tally):
    install(cluster, tally, "understudy")
    changed_claim(cluster, tally)
    uninstall(cluster, "understudy")
    kept_lease(cluster, tally)


def changed_claim(cluster, tally: Tally):
    changed = [*QUIET, "--set", "persistence.size=2Gi"]
    refused(cluster.helm("upgrade", "understudy", str(CHART), *changed), tally, "spec.volumeClaimTemplates: Invalid value", "field is immutable")
    done = cluster.helm("upgrade", "understudy", str(CHART), *QUIET)
    tally.check("the old size put back", done.returncode == 0, done.stderr)


def kept_lease(cluster, tally: Tally):
    """A release of another name does not get it: the old one does, and a new one when nobody needs it any more."""
    clash = f'Lease "understudy" in namespace "{cluster.namespace}" exists and cannot be imported into the current release: invalid ownership metadata'
    refused(other(cluster), tally, clash)
    install(cluster, tally, "understudy")
    uninstall(cluster, "understudy")
    cluster.kubectl("delete", "lease", "understudy").check_returncode()
    done = other(cluster)
    tally.check("another release, its Lease deleted", done.returncode == 0, done.stderr)
    uninstall(cluster, "other")
    cluster.kubectl("delete", "lease", "understudy").check_returncode()


def other(cluster):
    """A release of another name whose objects would have the same ones."""
    return cluster.helm("install", "other", str(CHART), *QUIET, "--set", "fullnameOverride=understudy")


def install(cluster, tally: Tally, release: str):
    done = cluster.helm("install", release, str(CHART), *QUIET)
    tally.check(f"helm install {release}", done.returncode == 0, done.stderr)


def uninstall(cluster, release: str):
    cluster.helm("uninstall", release, "--wait").check_returncode()


def refused(done, tally: Tally, *words: str):
    good = done.returncode != 0 and all(word in done.stderr for word in words)
    tally.check(f"refused: {words[0]}", good, done.stdout + done.stderr)
