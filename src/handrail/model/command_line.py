"""How a plan is typed: the command that carries it out, and the one that requests a change for it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from handrail.model.intent import Verb

if TYPE_CHECKING:
    from collections.abc import Mapping

# Tasks with another name than their verb.
_TASKS = {Verb.HOLD: "maintenance-page on", Verb.RESUME: "maintenance-page off", Verb.DISK: "disk --free"}


def words_of(plan: Mapping[str, Any]) -> dict[str, str]:
    """Give the words that a plan was made of."""
    options = {name: str(value) for name, value in plan["options"].items() if not isinstance(value, bool)}
    flags = {name: "yes" for name, value in plan["options"].items() if value is True}
    return {"release": str(plan["release"]["version"]), **options, **flags}


def command_of(plan: Mapping[str, Any], change: str = "", *, emergency: bool = False, reason: str = "") -> str:
    """Write the command that carries out a plan, with the change that allows it."""
    words, verb = words_of(plan), plan["verb"]
    positional = ("release", "service", "count") if verb in {Verb.DEPLOY, Verb.SCALE} else ()
    first = [shlex.quote(words.pop(name)) for name in positional if words.get(name)]
    named = ["--change", shlex.quote(change)] if change else []
    loud = ["--emergency"] * emergency + ([f"--reason {shlex.quote(reason)}"] if reason else [])
    return " ".join(["fab", _TASKS.get(verb) or shlex.quote(verb), *first, *_options(plan, words), *named, *loud])


def request_command_of(plan: Mapping[str, Any], of: str) -> str:
    """Write the command that requests a change of this type for a plan."""
    options = " ".join(
        ["--verb", shlex.quote(plan["verb"]), *_options(plan, words_of(plan)), "--type", shlex.quote(of)]
    )
    return f'fab change.request {options} --reason "…"'


def _options(plan: Mapping[str, Any], words: Mapping[str, str]) -> list[str]:
    flags = {name for name, value in plan["options"].items() if value is True}
    return [
        shlex.quote(f"--{name.replace('_', '-')}") + ("" if name in flags else f" {shlex.quote(value)}")
        for name, value in words.items()
        if value
    ]
