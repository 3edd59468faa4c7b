"""A request for another number of instances, checked against the description."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.errors import BadInput
from handrail.model.intent import Intent, Verb

if TYPE_CHECKING:
    from handrail.model.system import System


def scale_intent(service: str, count: str, system: System) -> Intent:
    """Read the request.

    Raises BadInput when there is no such service, or when the number is outside of its limits.
    """
    if service not in system.services:
        known = ", ".join(system.services)
        raise BadInput(f"which service? found {service or 'none'!r}; allowed: {known}", next_step="fab scale SERVICE N")
    limits = system.services[service].instances
    if not count.isdecimal() or not limits.min <= int(count) <= limits.max:
        allowed = f"{limits.min} to {limits.max}" if limits.max > limits.min else f"{limits.min}, no other"
        raise BadInput(
            f"{count or 'no'} instances of {service}; allowed on each of its hosts: {allowed}",
            next_step=f"raise services.{service}.instances.max in the system's YAML, restart, then scale",
        )
    return Intent(Verb.SCALE, service=service, count=int(count))
