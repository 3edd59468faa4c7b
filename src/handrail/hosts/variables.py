"""Ask a host which variables its programs have: names and salted digests go there, words come back, no value does."""

from __future__ import annotations

import hashlib
from secrets import token_hex
from typing import TYPE_CHECKING

from handrail.hosts.script import Command, shell_line
from handrail.model.variable import Program, State
from handrail.runtimes import RUNTIMES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from handrail.hosts.script import Reply
    from handrail.runtimes.protocol import Instance
    from handrail.secrets import Secret

# A few milliseconds for each variable; a busy host and a slow `docker inspect`.
COMPARE_SECONDS = 30
NOBODY_KNOWS = "-"


def compare(expected: Mapping[Instance, Mapping[str, str | Secret | None]]) -> Command:
    """Build the command that compares what instances have with what they should have; None where nobody knows that.

    The nonce makes the digests useless to whoever sees them later.
    """
    nonce = token_hex(16)
    first = next(iter(expected))
    words = [word for one in expected for word in (one.name, shell_line([RUNTIMES[one.service.runtime].pid(one)]))]
    lines = [
        f"{one.name} {name} {_digest(nonce, value)}"
        for one, values in expected.items()
        for name, value in values.items()
    ]
    arguments = (first.root, f"/run/handrail/{first.system}", *words)
    return Command(("variables",), arguments, COMPARE_SECONDS, "\n".join([nonce, *lines, ""]))


def _digest(nonce: str, value: str | Secret | None) -> str:
    if value is None:
        return NOBODY_KNOWS
    text = value if isinstance(value, str) else value.reveal()
    return hashlib.sha256(f"{nonce}{text}".encode()).hexdigest()


def read_programs(reply: Reply, host: str, instances: Sequence[Instance]) -> list[Program]:
    """Understand what a host said of its instances."""
    states: dict[str, dict[str, State]] = {one.name: {} for one in instances}
    for line in reply.values("variable"):
        name, variable, state = line.split(" ")
        states[name][variable] = State(state)
    trouble = dict.fromkeys(reply.values("down"), "does not run")
    trouble |= dict.fromkeys(reply.values("unreadable"), "its variables cannot be read on the host")
    if not reply.outcome.good:
        trouble = {one.name: reply.words for one in instances}
    return [Program(host, one.service.name, one.name, states[one.name], trouble.get(one.name, "")) for one in instances]
