"""Secrets: a type that masks itself, and the places they come from."""

from __future__ import annotations

import json
import os
import re
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from handrail.errors import SecretMissing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from handrail.model.secret import SecretSource

MASK = "********"
# A shorter line of a secret, such as a brace, would take too much with it.
PART_LETTERS = 8
# password=…, "token": "…", Authorization: Bearer …, and the user of a URL
LIKE_A_SECRET = re.compile(
    r"""((?:password|passwd|pwd|secret|token|api[-_]?key|private[-_]?key|authorization|cookie)["']?\s*[:=]\s*"""
    r"""(?:(?:bearer|basic)\s+)?|\bbearer\s+|://(?=[^\s/]*@))("[^"]*"|'[^']*'|[^\s"',;&@]+)""",
    re.IGNORECASE,
)
# A password manager that asks for a touch of a key takes a while; a hung one must not hang a deploy.
COMMAND_SECONDS = 60


class Secret:
    """A value that never shows itself: not in str, repr, format, JSON or YAML. `reveal` is the only way out."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the value, to put it on a host's standard input or into a 0600 file."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return MASK

    def __reduce__(self) -> str:
        raise TypeError("a secret cannot be pickled or copied into a record")


def resolve(name: str, source: SecretSource, *, base: Path) -> Secret:
    """Read a secret from its place. Files are relative to `base`, the directory of the system's YAML.

    Raises SecretMissing, which names the place and never the value.
    """
    if source.env is not None:
        value = os.environ.get(source.env, "")
        place, remedy = f"the environment variable {source.env}", f"export {source.env}=…"
    elif source.file is not None:
        path = base / source.file
        value = _kept_in(path)
        place, remedy = f"the file {path}", f"write the secret to {path}, mode 0600"
    else:
        command = list(source.command or ())
        value, place = _printed_by(command), f"the command {command[0]!r}"
        remedy = "run the command by hand and see what it says"
    if not value:
        raise SecretMissing(f"the secret {name} is not in {place}", next_step=remedy)
    return Secret(value)


def resolve_all(sources: Mapping[str, SecretSource], *, base: Path) -> dict[str, Secret]:
    """Read all secrets of a system; the error names every one that is missing."""
    found: dict[str, Secret] = {}
    missing: list[SecretMissing] = []
    for name, source in sources.items():
        try:
            found[name] = resolve(name, source, base=base)
        except SecretMissing as error:
            missing.append(error)
    if missing:
        raise SecretMissing("; ".join(error.message for error in missing), next_step=missing[0].next_step)
    return found


def secrets_that_are_there(sources: Mapping[str, SecretSource], *, base: Path) -> dict[str, Secret]:
    """Read those secrets of a system that are there: what is not there needs no mask, and stops no refusal."""
    found = {}
    for name, source in sources.items():
        with suppress(SecretMissing, OSError, ValueError):
            found[name] = resolve(name, source, base=base)
    return found


def masked(text: str, secrets: Mapping[str, Secret]) -> str:
    """Take secrets out of what somebody else wrote: values that we know, and what looks like a secret's value."""
    forms = {form for secret in secrets.values() for form in _forms(secret.reveal()) if form}
    # All are found before any is taken out: one that is a part of another, or overlaps it, must not leave the rest.
    shown, end = list[str](), 0
    for begin, until in sorted(span for form in forms for span in _spans(text, form)):
        if begin >= end:
            shown += [text[end:begin], MASK]
        end = max(end, until)
    return LIKE_A_SECRET.sub(rf"\1{MASK}", "".join([*shown, text[end:]]))


def _spans(text: str, form: str) -> Iterator[tuple[int, int]]:
    at = text.find(form)
    while at >= 0:
        yield at, at + len(form)
        at = text.find(form, at + 1)


def _forms(value: str) -> Iterator[str]:
    """Give a secret as programs print it: as it is, in a URL, in JSON, and a key of several lines line by line."""
    parts = [line for line in value.splitlines() if len(line) >= PART_LETTERS]
    for each in (value, *parts):
        escaped = json.dumps(each)[1:-1]
        yield from (each, quote(each, safe=""), quote(each), quote_plus(each), escaped, escaped.replace("/", r"\/"))
        yield json.dumps(each, ensure_ascii=False)[1:-1]
        # JSON within JSON, as a program logs the answer of another one.
        yield json.dumps(escaped)[1:-1]


def _kept_in(path: Path) -> str:
    """Read a file; one that may not be read, or is no text, holds no secret for us."""
    try:
        return path.read_text(encoding="utf-8").rstrip("\n")
    except (OSError, UnicodeDecodeError):
        return ""


def _printed_by(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return done.stdout.rstrip("\n") if done.returncode == 0 else ""
