"""Notifications: the channels of an environment, which event goes to which, and in whose words."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from handrail.model import placeholder
from handrail.model.branch import at, texts
from handrail.model.finding import Finding, near, unknown
from handrail.model.happening import EVENTS, LISTED, Happening
from handrail.model.notation import Line, Name, Text
from handrail.model.secret import SecretReference, reference_of
from handrail.model.value import Rows, Table, Value, unfit

URLS_ALLOWED = "{secret: NAME}, with an entry under secrets that holds an Apprise URL, or a list of such"


def urls(raw: object) -> tuple[SecretReference, ...]:
    """Read one reference or several. What else stands there is never repeated: it may be the URL itself."""
    listed = raw if isinstance(raw, list | tuple) else (raw,)
    found = tuple(reference_of(each) for each in listed)
    known = tuple(each for each in found if each is not None)
    if not found or len(known) != len(found) or len({each.secret for each in known}) != len(known):
        plain = any(isinstance(each, str) for each in listed)
        raise unfit(URLS_ALLOWED, found="a URL in plain text" if plain else "something else, or a secret twice")
    return known


_REFERENCE = {
    "type": "object",
    "properties": {"secret": {"type": "string", "description": "Name of an entry under `secrets`."}},
    "required": ["secret"],
    "additionalProperties": False,
}
Urls = Annotated[
    tuple[SecretReference, ...],
    BeforeValidator(urls),
    WithJsonSchema({"anyOf": [_REFERENCE, {"type": "array", "minItems": 1, "items": _REFERENCE}]}),
]
Words = Annotated[
    str,
    Text(r"[^\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]{1,4000}", "text without control characters, 4000 at the most"),
]


class Channel(Value):
    """Where messages go: each of its URLs gets every message."""

    url: Urls = Field(
        description="Secrets that hold an Apprise URL each, such as slack://…, mailtos://…, tgram://…, jsons://…."
    )


class Template(Value):
    """Words for an event, in the place of those that it has by itself."""

    title: Line | None = Field(default=None, description="One line; the event's own if left out.")
    body: Words | None = Field(default=None, description="The rest; the event's own if left out.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.title is None and self.body is None:
            raise unfit("a title, a body, or both", found="neither")
        return self


class Notify(Value):
    """Who is told of what."""

    channels: Rows[Name, Channel] = Field(min_length=1, description="Where messages can go, by name.")
    events: Rows[Happening, tuple[Name, ...]] = Field(
        default_factory=lambda: Table({}), description="Which channels are told of which event; of others nobody is."
    )
    templates: Rows[Happening, Template] = Field(
        default_factory=lambda: Table({}), description="Words of your own for an event, with its facts as placeholders."
    )

    def channels_of(self, event: Happening) -> tuple[str, ...]:
        """Name the channels that are told of an event, each once."""
        return tuple(dict.fromkeys(self.events.get(event, ())))

    def urls_of(self, channel: str) -> tuple[str, ...]:
        """Name the secrets of a channel."""
        return tuple(each.secret for each in self.channels[channel].url)


def without_foreign_secrets(data: Any, document: Any) -> Any:
    """Leave out secrets that only channels of other environments use: where nobody is told, none is asked for."""
    parts = [
        at(document, "notify"),
        *(at(document, "environments", name, "notify") for name in at(document, "environments")),
    ]
    used = set(_named({name: part for name, part in data.items() if name != "secrets"}))
    foreign = set(_named(parts)) - used
    return (
        data | {"secrets": {name: each for name, each in at(data, "secrets").items() if name not in foreign}}
        if foreign
        else data
    )


def _named(data: Any) -> Iterator[str]:
    """Name every secret that a document refers to."""
    if isinstance(data, dict) and isinstance(data.get("secret"), str):
        yield data["secret"]
    for child in data.values() if isinstance(data, dict) else data if isinstance(data, list | tuple) else ():
        yield from _named(child)


def findings(data: Any) -> Iterator[Finding]:
    """Find channels that there are not, facts that an event does not have, and tests in the place of an event."""
    channels = at(data, "notify", "channels")
    for event, listed in at(data, "notify", "events").items():
        if event == Happening.TEST:
            yield unknown(
                ("notify", "events", event), event, LISTED, what="one of", found="an event of `fab notify.test`"
            )
        for index, name in enumerate(listed if isinstance(listed, tuple) else ()):
            if isinstance(name, str) and name not in channels:
                yield unknown(("notify", "events", event, index), name, channels, what="a channel")
    for event, template in at(data, "notify", "templates").items():
        if event in set(Happening):
            yield from _facts(Happening(event), template)


def _facts(event: Happening, template: Mapping[str, Any]) -> Iterator[Finding]:
    known = EVENTS[event].facts
    for path, text in texts(template, ("notify", "templates", str(event))):
        for name in placeholder.names(text):
            if name not in known:
                allowed = f"{', '.join(f'${{{each}}}' for each in known)}; $$ is a dollar"
                close = near(name, known)
                yield Finding(path, allowed, placeholder.shown(name), close and f"${{{close}}}")
