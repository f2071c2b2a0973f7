"""What each values file renders to, as a whole; an option that is as in the first one is left out of the others."""

import difflib
import re

from .tools import HELM_DIR, UPDATE, Tally, template, values_files


def run(helm, tally: Tally):
    folder = HELM_DIR / "snapshots"
    wanted = {path.name for path in values_files()}
    defaults = None
    for path in values_files():
        snapshot = folder / path.name
        rendered = template(helm, "--values", str(path), release="shop")
        now = rendered.stdout if defaults is None else without(defaults, rendered.stdout)
        if defaults is None:
            defaults = set(OPTION.findall(rendered.stdout))
        if UPDATE and rendered.returncode == 0:
            snapshot.write_text(now)
        before = snapshot.read_text() if snapshot.exists() else ""
        lines = difflib.unified_diff(before.splitlines(), now.splitlines(), f"snapshots/{path.name}", "rendered now", lineterm="")
        why = "\n".join(lines) + "\nUPDATE=1 helm/test takes it over"
        tally.check(f"snapshot {path.name}", rendered.returncode == 0 and before == now, rendered.stderr + why)
    left = {path.name for path in folder.glob("*.yaml")} - wanted
    tally.check("no snapshot without values", not left, ", ".join(sorted(left)))


# An environment variable with a value, as the chart writes it.
OPTION = re.compile(r"^ +- name: UNDERSTUDY_\w+\n +value: .*\n", re.M)


def without(defaults: set[str], text: str) -> str:
    """A new option shall not change every snapshot."""
    return OPTION.sub(lambda option: "" if option[0] in defaults else option[0], text)
