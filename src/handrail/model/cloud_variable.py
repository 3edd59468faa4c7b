"""Variables of services on ECS: what a task definition has beside what the description says; values stay in here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from handrail.model.variable import State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from handrail.model.secret import SecretReference


@dataclass(frozen=True)
class Kept:
    """A secret as Secrets Manager describes it, without its value; `reason` says why it cannot be had."""

    arn: str
    state: State = State.OK
    reason: str = ""
    changed: datetime | None = None


@dataclass(frozen=True)
class Given:
    """What the tasks of a service are given: texts, and secrets by their ARN; and since when the oldest one runs."""

    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None


def compare(
    described: Mapping[str, str | SecretReference], given: Given, secrets: Mapping[str, Kept]
) -> dict[str, State]:
    """Judge each variable that is described, and each that is there and is not."""
    states = {name: _state(name, value, given, secrets) for name, value in described.items()}
    others = (name for name in (*given.texts, *given.secrets) if name not in described)
    return states | dict.fromkeys(others, State.STALE)


def _state(name: str, value: str | SecretReference, given: Given, secrets: Mapping[str, Kept]) -> State:
    if name not in given.texts and name not in given.secrets:
        return State.MISSING
    if isinstance(value, str):
        if name in given.texts and not given.texts[name]:
            return State.EMPTY
        return State.OK if given.texts.get(name) == value else State.STALE
    kept = secrets.get(value.secret)
    if kept is None or given.secrets.get(name) != kept.arn:
        return State.STALE
    # Tasks read a secret when they start, and never again.
    late = kept.changed is not None and given.since is not None and kept.changed > given.since
    return State.STALE if late else State.OK
