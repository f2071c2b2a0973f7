"""The chart's README against values.yaml, and values.yaml against the program's own defaults."""

import json
import re

import yaml

from .tools import CHART, ROOT, UPDATE, Tally, objects

BEGIN, END = "<!-- values: generated from values.yaml by UPDATE=1 helm/test -->", "<!-- end of values -->"


def run(helm, tally: Tally):
    text = (CHART / "values.yaml").read_text()
    values = yaml.safe_load(text)
    lines = table(text, values)
    readme = CHART / "README.md"
    head, rest = readme.read_text().split(BEGIN)
    before, tail = rest.split(END)
    if UPDATE:
        before = f"\n{lines}\n"
        readme.write_text(head + BEGIN + before + END + tail)
    tally.check("the README's table is that of values.yaml", before.strip() == lines, "UPDATE=1 helm/test takes it over")
    defaults(tally, values)
    options(tally, objects(helm))
    schema(tally, values, json.loads((CHART / "values.schema.json").read_text()))


def table(text: str, values: dict) -> str:
    """A line for each value that has a comment with two dashes."""
    lines = ["| value | default | meaning |", "| --- | --- | --- |"]
    path, meaning = [], None
    for line in text.splitlines():
        if match := re.match(r" *# -- (.*)", line):
            meaning = match[1]
        elif match := re.match(r"( *)([A-Za-z]+):", line):
            path = [*path[: len(match[1]) // 2], match[2]]
            if meaning is not None:
                default = values
                for key in path:
                    default = default[key]
                shown = "" if default in ("", [], {}) else f"`{json.dumps(default)}`"
                lines.append(f"| `{'.'.join(path)}` | {shown} | {meaning} |")
            meaning = None
    return "\n".join(lines)


def defaults(tally: Tally, values: dict):
    """Timing, limits and what a cluster is born with: what the program does without them."""
    source = (ROOT / "services/replica/src/options/args.rs").read_text()
    program = dict(re.findall(r'^([a-z-]+) = "?(\w+)"?$', source, re.M))
    born = ("syncBackups", "minCopies", "execution", "acknowledgement", "backups", "maxTailBytes", "maxTailMs")
    chart = {**values["timing"], **values["limits"], **{key: values[key] for key in born}}
    # Only here is there a Service that takes a moment to follow.
    tally.check("replicas linger", chart.pop("lingerMs") >= 1500 and program["linger-ms"] == "0")
    for key, value in chart.items():
        option = re.sub(r"[A-Z]", lambda letter: "-" + letter[0].lower(), key)
        tally.check(f"{key} is as --{option}", program.get(option) == str(value), f"{value}, and {program.get(option)}")


def options(tally: Tally, found: dict):
    """Every variable that the pods get is one that the program reads."""
    read = set()
    for path in (ROOT / "services").rglob("*.rs"):
        read |= set(re.findall(r'env = "(UNDERSTUDY_[A-Z_]+)"', path.read_text()))
    container = found["StatefulSet", "understudy"]["spec"]["template"]["spec"]["containers"][0]
    for name in (variable["name"] for variable in container["env"]):
        tally.check(f"the program reads {name}", name in read or name.startswith("POD_"))


def schema(tally: Tally, values: dict, rules: dict, path: str = ""):
    """Every value is in the schema, and the schema knows no other."""
    known = set(rules.get("properties", {})) - {"global"}
    if not known or rules.get("additionalProperties") is not False:
        return
    optional = {"resources": {"claims"}, "affinity": known}.get(path, set())
    tally.check(f"schema and values agree at '{path}'", known - optional == set(values) - optional, str(known ^ set(values)))
    for key in known & set(values):
        if isinstance(values[key], dict):
            schema(tally, values[key], rules["properties"][key], key)
