"""What all checks use: the places, helm, and a tally."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

try:
    import yaml
except ImportError:
    sys.exit("PyYAML is missing: pip install pyyaml, or install the package python3-yaml")

HELM_DIR = Path(__file__).resolve().parent.parent
ROOT = HELM_DIR.parent
CHART = HELM_DIR / "understudy"
DEV_CLUSTER = ROOT / "deploy" / "dev-cluster"
UPDATE = os.environ.get("UPDATE") == "1"


class Tally:
    """Counts checks; says each that failed, and why."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name: str, good: bool, why: str = ""):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {name}" + "".join(f"\n    {line}" for line in why.splitlines()))


def find_helm() -> list[str]:
    """helm of the PATH, else the dev cluster's newest."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "understudy" / "dev-cluster"
    built = Path(os.environ.get("DEV_CLUSTER_BIN", cache)).glob("*/helm")
    own = max(built, key=lambda path: path.stat().st_mtime, default=None)
    path = shutil.which("helm") or own
    if path is None:
        sys.exit("helm is missing: install it, or run deploy/dev-cluster/build")
    return [str(path)]


def run(command: list[str], **more) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, **more)


def values_files() -> list[Path]:
    """Each is a way to use the chart; the first is empty."""
    return sorted((HELM_DIR / "values").glob("*.yaml"))


def template(helm: list[str], *arguments: str, release: str = "understudy") -> subprocess.CompletedProcess:
    return run([*helm, "template", release, str(CHART), "--namespace", "kv", *arguments])


def objects(helm: list[str], *arguments: str, release: str = "understudy") -> dict[tuple[str, str], dict]:
    """What the chart renders, by kind and name."""
    rendered = template(helm, *arguments, release=release)
    rendered.check_returncode()
    found = [one for one in yaml.safe_load_all(rendered.stdout) if one]
    return {(one["kind"], one["metadata"]["name"]): one for one in found}
