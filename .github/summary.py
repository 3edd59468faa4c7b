"""Show how a run of handrail ended: a table for the step summary, and a line that marks the job.

python3 .github/summary.py END.json >>"$GITHUB_STEP_SUMMARY"
"""  # noqa: INP001  # a script of the workflows, in no package

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

MEANS = {
    0: "done",
    1: "failed; the old release serves",
    2: "bad input; nothing was touched",
    3: "refused by a rule; nothing was touched",
    4: "another run holds the lease, or took it over",
    5: "mixed or unknown: call somebody",
}


def read(path: str) -> dict[str, Any]:
    """Read what `fab … --json` wrote; whatever is no answer is told as one."""
    try:
        end = json.loads(Path(path).read_text())
    except (OSError, ValueError):
        end = None
    if not isinstance(end, dict) or not isinstance(end.get("exit_code"), int):
        return {
            "exit_code": 1,
            "outcome": "no answer",
            "text": "handrail did not run to its end; see the log of the job",
        }
    return end


def cell(value: object) -> str:
    """Make text that stays in its cell and is shown as it is."""
    text = " ".join(str(value).split())
    return "".join(f"&#{ord(letter)};" if letter in "&<>|`*_[]\\~#:@!" else letter for letter in text)


def table(end: dict[str, Any]) -> str:
    """Give the table: how it ended, then each step with its hosts and its longest time."""
    rows = [("outcome", end.get("outcome", "")), ("means", MEANS.get(end["exit_code"], "?"))]
    rows += [(key, end[key]) for key in ("what", "text", "change", "run") if end.get(key)]
    lines = ["| handrail | |", "|---|---|", *(f"| {name} | {cell(value)} |" for name, value in rows)]
    steps: dict[str, list[dict[str, Any]]] = {}
    for event in end.get("events") or []:
        steps.setdefault(str(event.get("title", "")), []).append(event)
    if steps:
        lines += ["", "| step | hosts | outcome | seconds |", "|---|---|---|---|"]
    for title, events in steps.items():
        hosts = ", ".join(str(event.get("host", "")) for event in events)
        outcomes = ", ".join(dict.fromkeys(str(event.get("outcome", "")) for event in events))
        longest = max(float(event.get("seconds") or 0) for event in events)
        lines.append(f"| {cell(title)} | {cell(hosts)} | {cell(outcomes)} | {longest:.1f} |")
    return "\n".join(lines) + "\n"


def mark(end: dict[str, Any]) -> str:
    """Give the line that marks the job; what GitHub would read as a command of its own is escaped."""
    text = str(end.get("text", "")).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    if end["exit_code"] == 0:
        return f"::notice title=Done::{text}\n"
    title = {2: "Bad input", 3: "Refused by a rule", 4: "The lease is held", 5: "Mixed or unknown"}.get(
        end["exit_code"], "Failed"
    )
    begin = "refused by a rule: " if end["exit_code"] == 3 else ""
    return f"::error title={title}::{begin}{text}\n"


if __name__ == "__main__":
    ended = read(sys.argv[1] if len(sys.argv) > 1 else "")
    sys.stdout.write(table(ended))
    # Standard output is the summary: commands are read from standard error, too.
    sys.stderr.write(mark(ended))
