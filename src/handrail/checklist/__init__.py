"""The pre-deployment checklist: every item is answered at the same time, each within its own deadline.

Needs nothing of pyinfra or fabric but a way to ask a host: the gate and `fab checklist` answer with the same function.
"""

from __future__ import annotations

import re
import shlex
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from handrail.checklist import backup, file, process, variables
from handrail.checklist.case import Case
from handrail.errors import HandrailError
from handrail.model import duration
from handrail.model.answer import LETTERS, Answer, Found, rehearsed, stated
from handrail.model.canonical import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from handrail.model.checklist import Item

__all__ = ["Case", "answers"]

# A command is ended at its deadline, which takes a moment; other questions are no longer waited for.
GRACE_SECONDS = 1 + process.DEAD_SECONDS
# ECMA-48: what colours a terminal.
_COLOURS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


def answers(items: Sequence[Item], case: Case) -> tuple[Answer, ...]:
    """Answer every item, all at once, in the order of the list. Never raises: what cannot be told is a no."""
    began = time.monotonic()
    found: dict[str, tuple[Found, float]] = {}

    def answer(item: Item) -> None:
        said = _found(item, case)
        found.setdefault(item.item, (said, time.monotonic() - began))

    threads = [threading.Thread(target=answer, args=(item,), daemon=True) for item in items]
    for thread in threads:
        thread.start()
    for thread, item in zip(threads, items, strict=True):
        grace = GRACE_SECONDS if item.kind == "command" else 0
        thread.join(max(0.0, began + item.deadline.total_seconds() + grace - time.monotonic()))
        late = Found(ok=False, evidence=f"no answer within {duration.text(item.deadline)}")
        found.setdefault(item.item, (late, item.deadline.total_seconds()))
    return tuple(_answer(item, *found[item.item], case) for item in items)


def _answer(item: Item, found: Found, seconds: float, case: Case) -> Answer:
    evidence = one_line(found.evidence, case.mask)
    return Answer(
        item=item.item,
        kind=item.kind,
        ok=found.ok,
        evidence=evidence,
        at=f"{case.now + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}",
        seconds=round(seconds, 3),
        digest=found.digest or digest(evidence),
        next_step="" if found.ok else _next_step(item, case),
    )


def _found(item: Item, case: Case) -> Found:
    try:
        return LOOKS[item.kind](item, case)
    except HandrailError as error:
        return Found(ok=False, evidence=error.message)
    except Exception as error:  # noqa: BLE001  # whatever goes wrong, it is no yes
        return Found(ok=False, evidence=f"cannot be told: {type(error).__name__}: {error}")


def _command(item: Item, case: Case) -> Found:
    ended = process.run([case.filled(word) for word in item.command or ()], seconds=item.deadline.total_seconds())
    said = last_line(ended.output, case.mask)
    if ended.code == 0:
        return Found(ok=True, evidence=said or "exit 0, without a word", digest=ended.output.digest)
    how = ended.why or (f"exit {ended.code}" if (ended.code or 0) >= 0 else f"ended by signal {-(ended.code or 0)}")
    return Found(ok=False, evidence=": ".join(each for each in (how, said) if each), digest=ended.output.digest)


def last_line(output: process.Output, mask: Callable[[str], str]) -> str:
    """Give the last line that says anything, printable and without secrets.

    Where only the end of the output is known, its first line is left out: a secret may begin before it.
    """
    text = output.tail.decode("utf-8", "replace")
    if output.cut:
        text = text.partition("\n")[2] or "a line of more than 64 KB"
    lines = [one_line(line, mask) for line in mask(text).splitlines()]
    return next((line for line in reversed(lines) if line), "")


def one_line(text: str, mask: Callable[[str], str], *, most: int = LETTERS) -> str:
    """Make one line that a person can read; a secret is masked however it is coloured, and before anything is cut."""
    plain = "".join(letter if letter.isprintable() else " " for letter in _COLOURS.sub("", mask(text)))
    return mask(plain).strip()[:most]


def _file(item: Item, case: Case) -> Found:
    place, contains = case.filled(item.file or ""), case.filled(item.contains or "")
    return file.looked_at(item, place, contains, base=case.base, now=case.now)


LOOKS: Mapping[str, Callable[[Item, Case], Found]] = {
    "command": _command,
    "file": _file,
    "variables": variables.set_here,
    "backup": backup.newest,
    "statement": lambda item, case: stated(item, case.statements.get(item.item), case.now),
    "rehearsal": lambda item, case: rehearsed(item, case.runs, case.now),
}


def _next_step(item: Item, case: Case) -> str:
    """Say what to type to see why, or to make it so."""
    system, again = case.environment.system, f"fab checklist --release {case.release.version}"
    match item.kind:
        case "command":
            return shlex.join(case.filled(word) for word in item.command or ())
        case "file":
            return f"write {case.filled(item.file or '')}, a path beside {system.name}'s YAML, then {again}"
        case "variables":
            return "fab config"
        case "backup":
            backup_of = system.backups[item.backup or ""]
            how = "fab backup.take" if backup_of.datastore else f"take a backup to {backup_of.path}"
            return f"{how}, then {again}"
        case "statement":
            return f"fab change.state CHANGE --item {shlex.quote(item.item)} --role {shlex.quote(item.statement or '')}"
        case _:
            return f"fab rehearse, with the inventory of {item.rehearsal}"
