"""What `test` and `lose` share: the programs, and patience."""

import os
import subprocess
import sys
import time
from pathlib import Path

PATIENCE_S = 60.0
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def command() -> str:
    """The understudy that is named, else this clone's newest build."""
    if len(sys.argv) > 1:
        return sys.argv[1]
    built = [path for path in (TARGET / "release/understudy", TARGET / "debug/understudy") if path.exists()]
    if not built:
        sys.exit("no understudy: cargo build -p understudy, or name its path")
    return str(max(built, key=lambda path: path.stat().st_mtime))


def banks() -> dict[str, list]:
    """The bank in both languages; builds the one in Rust."""
    subprocess.run(["cargo", "build", "--quiet", "-p", "understudy-bank"], cwd=ROOT, check=True)
    return {"rust": [TARGET / "debug/understudy-bank"], "python": [sys.executable, HERE / "python/bank.py"]}


def wait_until(what: str, condition):
    """Gives what the condition gives as soon as that is something."""
    until = time.monotonic() + PATIENCE_S
    while not (given := condition()):
        if time.monotonic() > until:
            sys.exit(f"waited {PATIENCE_S:.0f} s in vain until {what}")
        time.sleep(0.05)
    return given
