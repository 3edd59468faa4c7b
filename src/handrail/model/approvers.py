"""Who may request and approve changes, and by which keys: the file approvers.yaml."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import yaml

from handrail.errors import Problem, SystemInvalid
from handrail.model import reader, ssh_key
from handrail.model.canonical import digest
from handrail.model.finding import near
from handrail.model.outline import TRAP, Outline
from handrail.model.person import Key, Person

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Approvers:
    """All who may sign."""

    keys: Mapping[str, Key]
    people: tuple[Person, ...]

    def key_of(self, public: str) -> Key | None:
        """Find a key, however it was written."""
        try:
            return self.keys.get(ssh_key.public_key(public))
        except ssh_key.Unfit:
            return None

    @property
    def digest(self) -> str:
        """The digest of all that the file says: whose each key is, from when until when, and who has which role."""
        keys = {
            key.public: [key.person.name, *(str(day.date()) if day else "" for day in (key.starts, key.ends))]
            for key in self.keys.values()
        }
        return digest({"keys": keys, "roles": {person.name: sorted(person.roles) for person in self.people}})

    def person_of(self, public: str, at: datetime) -> Person | None:
        """Tell who signs with a key at a moment; nobody outside of the key's time."""
        key = self.key_of(public)
        return key.person if key is not None and key.counts(at) else None

    def with_role(self, role: str) -> tuple[Person, ...]:
        """List who holds a role."""
        return tuple(person for person in self.people if role in person.roles)


def parse(text: str, *, source: str) -> Approvers:
    """Read approvers.yaml; the error holds every problem with its line."""
    reading = _Reader()
    document = reading.read(_composed(text, source))
    found = _Found(source)
    found.problems += [Problem(source, *refused) for refused in reading.refused]
    _people(document, found)
    if found.problems:
        error = SystemInvalid(sorted(dict.fromkeys(found.problems), key=lambda problem: problem.line))
        error.next_step = "mend the lines above; docs/how-to/changes.md shows such a file"
        raise error
    return Approvers({key.public: key for key in found.keys}, tuple(found.people))


class _Reader(reader.Reader):
    """Takes 2026-01-01 for a date, where a description of a system wants quotes around it."""

    def read(self, node: yaml.Node, key: str = "", line: int = 1, depth: int = 0) -> Outline:
        if isinstance(node, yaml.ScalarNode) and node.tag == _TIMESTAMP and _DATE.fullmatch(node.value):
            node.tag = _TEXT
        return super().read(node, key, line, depth)


_TIMESTAMP, _TEXT = "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:str"


class _Found:
    """What was read so far."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.people: list[Person] = []
        self.keys: list[Key] = []
        self.lines: dict[str, int] = {}

    def wrong(self, where: Outline, found: str, allowed: str, suggestion: str = "") -> None:
        """Note a problem, unless the reader did so already."""
        if where.value is not TRAP:
            self.problems.append(
                Problem(self.source, where.line, where.key or "(document)", found, allowed, suggestion)
            )


def _composed(text: str, source: str) -> yaml.Node:
    try:
        return reader.compose(text, source=source)
    except SystemInvalid as error:
        error.problems = tuple(
            Problem(each.file, each.line, each.key, each.found, "a mapping that begins with people:")
            if each.found == "no mapping" else each for each in error.problems
        )  # fmt: skip
        refused = SystemInvalid(error.problems)
        refused.next_step = "docs/how-to/changes.md shows such a file"
        raise refused from None


def _mapping(where: Outline, known: Iterable[str], found: _Found) -> dict[str, Outline]:
    """Take a mapping whose keys are known."""
    names = tuple(known)
    if not isinstance(where.value, dict):
        found.wrong(where, _shown(where), f"a mapping with {', '.join(names)}")
        return {}
    for name, child in where.value.items():
        if name not in names:
            found.wrong(child, f"unknown key {name[:40]!r}", f"one of the keys: {', '.join(names)}", near(name, names))
    return {name: child for name, child in where.value.items() if name in names}


def _people(document: Outline, found: _Found) -> None:
    people = _mapping(document, ("people",), found).get("people")
    if people is None or not isinstance(people.value, dict) or not people.value:
        found.wrong(people or document, _shown(people) if people else "no people", "people, a mapping by short name")
        return
    for name, child in people.value.items():
        if not _NAME.fullmatch(name):
            found.wrong(child, f"the name {name[:40]!r}", "a short name of letters, digits and . _ @ -")
            continue
        parts = _mapping(child, ("roles", "keys"), found)
        if isinstance(child.value, dict):
            for part, allowed in (("roles", "roles, which may be []"), ("keys", "keys, at least one")):
                if part not in parts:
                    found.wrong(child, f"no {part}", allowed)
        person = Person(name, _roles(parts.get("roles"), found))
        found.people.append(person)
        _keys(parts.get("keys"), person, found)


def _roles(where: Outline | None, found: _Found) -> tuple[str, ...]:
    if where is None:
        return ()
    if not isinstance(where.value, tuple):
        found.wrong(where, _shown(where), "a list of roles, such as [CTO], or []")
        return ()
    for role in where.value:
        if not isinstance(role.value, str) or not 0 < len(role.value) <= 60 or not role.value.isprintable():
            found.wrong(role, _shown(role), "a role: one line of text, 60 characters at the most")
    roles = [role.value for role in where.value if isinstance(role.value, str)]
    if len(set(roles)) < len(roles):
        found.wrong(where, "a role twice", "each role once")
    return tuple(roles)


def _keys(where: Outline | None, person: Person, found: _Found) -> None:
    if where is None:
        return
    if not isinstance(where.value, tuple) or not where.value:
        found.wrong(where, _shown(where), "a list of keys, at least one")
        return
    for each in where.value:
        if isinstance(each.value, str):
            _key(each, None, None, person, found)
            continue
        parts = _mapping(each, ("key", "from", "until"), found)
        if "key" in parts:
            _key(parts["key"], parts.get("from"), parts.get("until"), person, found)
        elif isinstance(each.value, dict):
            found.wrong(each, "no key", f"key: {ssh_key.ALLOWED}")


def _key(line: Outline, starts: Outline | None, ends: Outline | None, person: Person, found: _Found) -> None:
    try:
        public = ssh_key.public_key(line.value if isinstance(line.value, str) else "")
    except ssh_key.Unfit as error:
        found.wrong(line, str(error), ssh_key.ALLOWED)
        return
    if public in found.lines:
        found.wrong(line, f"the key of line {found.lines[public]} once more", "each key once, whosever it is")
        return
    found.lines[public] = line.line
    first, last = _date(starts, found), _date(ends, found)
    if first and last and last <= first and ends is not None:
        found.wrong(ends, f"until {last:%Y-%m-%d}, which is not after from", "a day after from")
    found.keys.append(Key(public, person, first, last))


def _date(where: Outline | None, found: _Found) -> datetime | None:
    """Read a day; it begins at midnight in UTC."""
    if where is None:
        return None
    try:
        day = date.fromisoformat(where.value) if _DATE.fullmatch(where.value) else None
    except (TypeError, ValueError):
        day = None
    if day is None:
        found.wrong(where, _shown(where), "a day such as 2026-01-01")
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _shown(where: Outline) -> str:
    value: Any = where.value
    match value:
        case dict():
            return "a mapping"
        case tuple():
            return "a list" if value else "an empty list"
        case None:
            return "nothing"
    return repr(where.text[:40])
