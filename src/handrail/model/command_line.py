"""How a plan is typed: the command that carries it out, and the one that requests a change for it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from handrail.model.intent import Verb

if TYPE_CHECKING:
    from collections.abc import Mapping

# Tasks with another name than their verb.
_TASKS = {
    Verb.HOLD: "maintenance-page on", Verb.RESUME: "maintenance-page off", Verb.DISK: "disk --free",
    Verb.BACKUP: "backup.take", Verb.VACUUM: "database.vacuum",
    Verb.CERTIFICATE: "certificate.deploy", Verb.RENEW: "certificate.renew",
    Verb.UPDATE: "updates.apply", Verb.BACK: "updates.back",
    Verb.PROMOTE: "database.promote", Verb.INFRA: "infra.apply", Verb.DESTROY: "infra.destroy",
}  # fmt: skip
# Verbs whose first words need no option, and files that a plan knows by their digest alone.
_FIRST = {
    Verb.DEPLOY: ("release",), Verb.SCALE: ("service", "count"), Verb.CERTIFICATE: ("certificate",),
    Verb.RENEW: ("certificate",), Verb.BACK: ("limit",),
}  # fmt: skip
_FILES = {Verb.CERTIFICATE: ["--cert FILE", "--key FILE"]}


def words_of(plan: Mapping[str, Any]) -> dict[str, str]:
    """Give the words that a plan was made of."""
    options = {name: str(value) for name, value in plan["options"].items() if not isinstance(value, bool)}
    flags = {name: "yes" for name, value in plan["options"].items() if value is True}
    return {"release": str(plan["release"]["version"]), **options, **flags}


def at(inventory: str) -> str:
    """Write the inventory as a part of a command; nothing where none has to be named."""
    return f" --inventory {shlex.quote(inventory)}" if inventory else ""


def as_role(role: str) -> str:
    """Write a role as a part of a command."""
    return f"--role {shlex.quote(role)}"


def command_of(  # noqa: PLR0913 - all that can stand on one line
    plan: Mapping[str, Any], change: str = "", *,
    emergency: bool = False, reason: str = "", with_digest: bool = False, inventory: str = "",
) -> str:  # fmt: skip
    """Write the command that carries out a plan, with the change that allows it.

    `with_digest` is for a release whose digest no file holds.
    """
    words, verb = words_of(plan), plan["verb"]
    first = [shlex.quote(words.pop(name)) for name in _FIRST.get(verb, ()) if words.get(name)] + _FILES.get(verb, [])
    digest = _digest(plan) if with_digest else []
    named = ["--change", shlex.quote(change)] if change else []
    loud = ["--emergency"] * emergency + ([f"--reason {shlex.quote(reason)}"] if reason else [])
    task = _TASKS.get(verb) or shlex.quote(verb)
    return " ".join(["fab", task, *first, *_options(plan, words), *digest, *named, *loud]) + at(inventory)


def request_command_of(plan: Mapping[str, Any], of: str, *, with_digest: bool = False, inventory: str = "") -> str:
    """Write the command that requests a change of this type for a plan."""
    digest = _digest(plan) if with_digest else []
    words = ["--verb", shlex.quote(plan["verb"]), *_options(plan, words_of(plan)), *digest, "--type", shlex.quote(of)]
    return f'fab change.request {" ".join(words)}{at(inventory)} --reason "…"'


def _digest(plan: Mapping[str, Any]) -> list[str]:
    sha256 = plan["release"]["sha256"]
    return [f"--sha256 {shlex.quote(sha256)}"] if sha256 else []


def _options(plan: Mapping[str, Any], words: Mapping[str, str]) -> list[str]:
    flags = {name for name, value in plan["options"].items() if value is True}
    return [
        shlex.quote(f"--{name.replace('_', '-')}") + ("" if name in flags else f" {shlex.quote(value)}")
        for name, value in words.items()
        if value
    ]
