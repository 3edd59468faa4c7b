"""The work of a scheduled task: a program with a deadline, and what its end means: OK, WARN or ALERT.

handrail's own checks and verbs are programs here, too: what hangs can be ended, and a worker that lives for months
keeps nothing of them.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handrail.checklist import last_line, process
from handrail.checklist.variables import mask_here
from handrail.control.inventory import VARIABLE
from handrail.hosts.variable import SYSTEM_VARIABLE
from handrail.journal.open import STORE
from handrail.model import duration
from handrail.model.level import Level
from handrail.model.placeholder import fill
from handrail.model.schedule import CHORES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from handrail.control.inventory import Inventory
    from handrail.hosts.inventory import Loaded
    from handrail.model.schedule import Task

# How long a verb has to put back what it began, once its deadline has passed.
GRACE_SECONDS = 60
# If this process is killed meanwhile, `timeout` ends the work soon after its deadline all the same.
BEHIND_SECONDS = 5
# What a check says of a hundred hosts.
MOST_BYTES = 1 << 24
TEXT_LETTERS = 1000
# Findings that the text of a result names.
NAMED = 3
LEVELS = {0: Level.OK, 1: Level.WARN}
# Exit codes of verbs that were refused by a rule, or found another run at work: nothing was done, nothing is broken.
NOT_DONE = {0: Level.OK, 3: Level.WARN, 4: Level.WARN}


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    level: Level
    text: str


def work(task: Task, here: Inventory, loaded: Loaded) -> Outcome:
    """Do what a task does that no person does."""
    if task.command:
        return _command(task, task.command, here, loaded)
    looks = ("check", ",".join(task.check)) if task.check else ()
    argv = [sys.executable, "-m", "fabric", *(looks or CHORES[str(task.verb)])]
    store = {STORE: os.environ[STORE]} if STORE in os.environ else {}
    named = ["--inventory", str(here.path)] if task.verb != "audit.verify" else []
    ended = _run([*argv, *named, "--json"], task, {**variables(here, loaded), **store}, grace=GRACE_SECONDS)
    if ended.code is None:
        return Outcome(Level.ALERT, ended.why)
    said = _said(ended.output)
    level = (LEVELS if task.check else NOT_DONE).get(ended.code, Level.ALERT)
    if task.check and ended.code and "findings" not in said:
        level = Level.ALERT  # it could not look: 1 is also how what went wrong ends
    return Outcome(level, (told(said) if said else _last(ended, loaded))[:TEXT_LETTERS])


def variables(here: Inventory, loaded: Loaded) -> Mapping[str, str]:
    """Give what a program needs to look at the same environment; handrail's own programs are on its path."""
    own = Path(sys.executable).parent
    return {
        VARIABLE: str(here.path),
        SYSTEM_VARIABLE: loaded.environment.system.name,
        "PATH": f"{own}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }


def _command(task: Task, command: Sequence[str], here: Inventory, loaded: Loaded) -> Outcome:
    values = {"system": loaded.environment.system.name, "environment": loaded.environment.name}
    given = variables(here, loaded)
    words = [fill(word, values) for word in command]
    if shutil.which(words[0], path=given["PATH"]) is None:
        return Outcome(Level.ALERT, f"cannot be run: there is no program {words[0]}")
    ended = _run(words, task, given, grace=0)
    said = _last(ended, loaded)
    if ended.code is None:
        return Outcome(Level.ALERT, f"{ended.why}: {said}" if said else ended.why)
    how = f"exit {ended.code}" if ended.code >= 0 else f"ended by signal {-ended.code}"
    text = said if ended.code == 0 and said else ": ".join(part for part in (how, said) if part)
    return Outcome(LEVELS.get(ended.code, Level.ALERT), text[:TEXT_LETTERS])


def _run(words: Sequence[str], task: Task, variables: Mapping[str, str], *, grace: float) -> process.Ended:
    seconds = task.limit.total_seconds()
    ended = process.run(
        [*_leash(seconds + grace, gentle=grace > 0), *words],
        seconds=seconds, variables=variables, grace=grace, most=MOST_BYTES,
    )  # fmt: skip
    late = ended.code is None and ended.why.startswith("no answer")
    return process.Ended(None, f"not done within {duration.text(task.limit)}", ended.output) if late else ended


def _leash(seconds: float, *, gentle: bool) -> list[str]:
    """Have the work ended by somebody who outlives this process; where there is no `timeout`, nobody does."""
    if shutil.which("timeout") is None:
        return []
    # fab hands a signal on to the run that it began, which must get it once.
    alone = ["--foreground"] if gentle else []
    return ["timeout", *alone, f"--kill-after={GRACE_SECONDS}", f"{seconds + BEHIND_SECONDS:.3f}"]


def _last(ended: process.Ended, loaded: Loaded) -> str:
    return last_line(ended.output, mask_here(loaded.environment.system, base=loaded.base))


def _said(output: process.Output) -> dict[str, Any]:
    """Read the one object that a task of handrail prints; warnings may stand around it."""
    for line in reversed(output.tail.decode("utf-8", "replace").splitlines()):
        if line.startswith("{"):
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if isinstance(said, dict):
                return said
    return {}


def told(said: Mapping[str, Any]) -> str:
    """Say in one line what a task of handrail found, what is bad first."""
    if "text" in said:
        return f"{said.get('outcome', '')}: {said['text']}".removeprefix(": ")
    if "summary" in said:
        return str(said["summary"])
    found = [each for each in said.get("findings", ()) if isinstance(each, dict)]
    order = [*reversed(Level)]
    bad = sorted(
        (each for each in found if each.get("level", Level.ALERT) != Level.OK),
        key=lambda each: order.index(Level(each.get("level", Level.ALERT))),
    )
    counts = Counter(str(each.get("level", Level.ALERT)) for each in found)
    words = ", ".join(f"{counts[level]} {level}" for level in order if counts[level]) or "nothing found"
    named = "; ".join(_named(each) for each in bad[:NAMED])
    more = f" and {len(bad) - NAMED} more" if len(bad) > NAMED else ""
    return f"{words}: {named}{more}" if named else words


def _named(finding: Mapping[str, Any]) -> str:
    where = " ".join(str(finding[key]) for key in ("check", "what", "host") if finding.get(key))
    lines = str(finding.get("text", "")).splitlines()
    return f"{where}: {lines[0]}" if lines else where
