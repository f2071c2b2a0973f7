"""What each values file renders to, as a whole."""

import difflib

from .tools import HELM_DIR, UPDATE, Tally, template, values_files


def run(helm, tally: Tally):
    folder = HELM_DIR / "snapshots"
    wanted = {path.name for path in values_files()}
    for path in values_files():
        snapshot = folder / path.name
        rendered = template(helm, "--values", str(path), release="shop")
        if UPDATE and rendered.returncode == 0:
            snapshot.write_text(rendered.stdout)
        before = snapshot.read_text() if snapshot.exists() else ""
        lines = difflib.unified_diff(
            before.splitlines(), rendered.stdout.splitlines(), f"snapshots/{path.name}", "rendered now", lineterm=""
        )
        why = "\n".join(lines) + "\nUPDATE=1 helm/test takes it over"
        tally.check(f"snapshot {path.name}", rendered.returncode == 0 and before == rendered.stdout, rendered.stderr + why)
    left = {path.name for path in folder.glob("*.yaml")} - wanted
    tally.check("no snapshot without values", not left, ", ".join(sorted(left)))
