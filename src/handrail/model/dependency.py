"""What `npm audit`, `pip check` and `pip-audit` say of a service's dependencies.

Who cannot be asked, because a registry is away or a program is not there, is a WARN: nobody knows.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from handrail.model.level import Level

# npm's own levels, the worst first.
SEVERITIES = ("critical", "high", "moderate", "low", "info")
NAMED = 3
LETTERS = 200
# What a service is called that has nothing to audit.
NOTHING = "dependencies"


@dataclass(frozen=True)
class Audit:
    """One program's word on one service."""

    service: str
    kind: str
    level: Level
    text: str

    def json(self) -> dict[str, Any]:
        """Give it for machines."""
        return asdict(self)


def judged(service: str, kind: str, code: str, output: str) -> Audit:
    """Read what a program printed, and its exit code; `missing` is the code of one that is not there."""
    if code == "missing":
        return Audit(service, kind, Level.WARN, f"cannot be asked: {kind.split(maxsplit=1)[0]} is not there")
    if code == "none":
        return Audit(service, kind, Level.OK, "no package-lock.json and no virtual environment")
    try:
        level, text = READERS[kind](code, output)
    except (ValueError, KeyError, TypeError, AttributeError):
        last = output.strip().splitlines()[-1:] or [f"exit code {code} and no answer"]
        level, text = Level.WARN, f"cannot be asked: {last[0][:LETTERS]}"
    return Audit(service, kind, level, text)


def _npm(_: str, output: str) -> tuple[Level, str]:
    """Read npm's JSON; an `error` in it, or none of its counts, is no answer."""
    told = json.loads(output)
    if "error" in told:
        error = told["error"]
        return (
            Level.WARN,
            f"cannot be asked: {_line(error.get('summary') or error.get('code') or 'it does not say why')}",
        )
    counts = {name: int(told["metadata"]["vulnerabilities"].get(name, 0)) for name in SEVERITIES}
    found = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    if not found:
        return Level.OK, "no vulnerability is known"
    return Level.ALERT if counts["critical"] else Level.WARN, f"vulnerabilities: {found}"


def _pip_check(code: str, output: str) -> tuple[Level, str]:
    """Read pip's lines: 0 and nothing is broken, 1 and a line for each requirement that is not met."""
    lines = [line for line in output.splitlines() if line]
    if code == "0":
        return Level.OK, "every requirement is met"
    if code != "1" or not any(" requires " in line or " has requirement " in line for line in lines):
        raise ValueError(output)
    return Level.WARN, "; ".join(_line(line) for line in lines[:NAMED])


def _pip_audit(_: str, output: str) -> tuple[Level, str]:
    """Read its JSON, which knows no severities: each vulnerability may be the critical one."""
    found = [
        f"{each['name']} {each['version']} {one['id']}"
        for each in json.loads(_from_brace(output))["dependencies"]
        for one in each.get("vulns", [])
    ]
    if not found:
        return Level.OK, "no vulnerability is known"
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return Level.ALERT, f"vulnerabilities: {', '.join(found[:NAMED])}{more}"


READERS = {"npm audit": _npm, "pip check": _pip_check, "pip-audit": _pip_audit}


def _from_brace(output: str) -> str:
    """Leave out what pip-audit says before its JSON."""
    return output[output.index("{") :]


def _line(text: object) -> str:
    return " ".join(str(text).split())[:LETTERS]
