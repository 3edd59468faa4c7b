"""A message: an event in words, for one channel or several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handrail.model.happening import EVENTS
from handrail.model.placeholder import fill

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.model.environment import Environment
    from handrail.model.happening import Happening
    from handrail.model.level import Level

# Chats cut or refuse what is longer; the record has the whole.
TITLE_LETTERS = 200
BODY_LETTERS = 1_800


@dataclass(frozen=True)
class Message:
    """What others are told. The same `key` of the same event is the same message, and is sent once."""

    event: Happening
    key: str
    level: Level
    title: str
    body: str


def message(environment: Environment, event: Happening, facts: Mapping[str, str], *, key: str) -> Message:
    """Put an event into the words of the environment. A fact that is not given is empty."""
    form, notify = EVENTS[event], environment.system.notify
    template = notify.templates.get(event) if notify else None
    place = {"system": environment.system.name, "environment": environment.name}
    values = {name: str(facts.get(name, "")) for name in form.facts} | place
    title = fill((template and template.title) or form.title, values)
    body = fill((template and template.body) or form.body, values)
    return Message(event, key, form.level, _cut(" ".join(title.split()), TITLE_LETTERS), _cut(body, BODY_LETTERS))


def _cut(text: str, letters: int) -> str:
    printable = "".join(letter for letter in text if letter.isprintable() or letter == "\n").strip()
    return printable if len(printable) <= letters else f"{printable[: letters - 2]} …"
