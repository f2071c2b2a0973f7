"""The chart's README, its schema and what the pods get, against values.yaml."""

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
    options(tally, objects(helm), values)
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


def options(tally: Tally, found: dict, values: dict):
    """Every variable that the pods get is one that the program reads, and every value that is an option gets there."""
    read = set()
    for path in (ROOT / "services").rglob("*.rs"):
        read |= set(re.findall(r'env = "(UNDERSTUDY_[A-Z_]+)"', path.read_text()))
    container = found["StatefulSet", "understudy"]["spec"]["template"]["spec"]["containers"][0]
    set_by_chart = {variable["name"]: variable.get("value") for variable in container["env"]}
    for name in set_by_chart:
        tally.check(f"the program reads {name}", name in read or name.startswith("POD_"))
    settings = json.loads((CHART / "templates" / "_settings.tpl").read_text().splitlines()[2])
    given = {**values["timing"], **values["limits"], **{key: values[key] for key in settings}}
    for key, value in given.items():
        name = "UNDERSTUDY_" + re.sub(r"[A-Z]", lambda letter: "_" + letter[0], key).upper()
        tally.check(f"{key} reaches the program", set_by_chart.get(name) == str(value), f"{name} is {set_by_chart.get(name)}")


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
