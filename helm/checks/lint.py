"""`helm lint --strict` with each values file."""

from . import tools
from .tools import CHART, Tally, template, values_files


def check_values(helm, tally: Tally, path):
    linted = tools.run([*helm, "lint", "--strict", str(CHART), "--values", str(path)])
    tally.check(f"lint with {path.name}", linted.returncode == 0, linted.stdout + linted.stderr)
    rendered = template(helm, "--values", str(path)).stdout
    blanks = [line for line in rendered.splitlines() if line != line.rstrip()]
    tally.check(f"no blanks at the end of a line with {path.name}", not blanks, "\n".join(blanks))


def run(helm, tally: Tally):
    for path in values_files():
        check_values(helm, tally, path)
