#!/usr/bin/env python3
"""Writes the table of values in kafka-lag/README.md from the comments of kafka-lag/values.yaml; --check only compares.

Needs PyYAML. A comment `# -- text` describes the key below it, `# @section text` begins a table.
"""

import json
import re
import sys
from pathlib import Path

import yaml

CHART = Path(__file__).parent / "kafka-lag"
BEGIN, END = "<!-- values: begin -->", "<!-- values: end -->"


def table(text):
    values, path, about, lines = yaml.safe_load(text), [], None, []
    skip = None  # indentation of a described key, whose children are its default
    for line in text.splitlines():
        if section := re.match(r"# @section (.+)", line):
            lines += ["", f"### {section[1]}", "", "| key | default | |", "|---|---|---|"]
        elif comment := re.match(r"\s*# -- (.+)", line):
            about = comment[1]
        elif key := re.match(r"( *)([A-Za-z]\w*):", line):
            depth = len(key[1])
            if skip is not None and depth > skip:
                continue
            skip = None
            path = path[: depth // 2] + [key[2]]
            if about:
                default = values
                for part in path:
                    default = default[part]
                shown = f"`{json.dumps(default, ensure_ascii=False)}`" if default not in ("", None) else "none"
                lines.append(f"| `{'.'.join(path)}` | {shown.replace('|', chr(92) + '|')} | {about.replace('|', chr(92) + '|')} |")
                about, skip = None, depth
            else:
                assert line.rstrip().endswith(":"), f"no comment above: {line}"
    return "\n".join(lines).strip()


def main():
    readme = CHART / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    fresh = f"{before}{BEGIN}\n\n{table((CHART / 'values.yaml').read_text(encoding='utf-8'))}\n\n{END}{after}"
    if "--check" not in sys.argv:
        readme.write_text(fresh, encoding="utf-8")
    elif fresh != text:
        raise SystemExit("deploy/helm/kafka-lag/README.md is old: run deploy/helm/readme.py")


if __name__ == "__main__":
    main()
