"""`fab notify.*`: try a channel, and list what was sent."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from handrail.control import notify_tables
from handrail.control.metrics import begin_of
from handrail.control.task import exits, opened
from handrail.errors import BadInput
from handrail.journal.operator import operator
from handrail.model.delivery import State
from handrail.model.finding import near
from handrail.model.happening import Happening
from handrail.model.message import message
from handrail.notify.announce import WAIT_SECONDS
from handrail.notify.herald import Herald

if TYPE_CHECKING:
    from handrail.model.delivery import Delivery
    from handrail.model.environment import Environment

ALL = "all"
NEXT = "fab notify.list --since 30d"


@exits
def run_test(inventory: str | None, channel: str, *, as_json: bool) -> int:
    """Send a test to a channel, or to all; 0 when it arrived everywhere, 1 when not."""
    loaded = opened(inventory).load()
    environment = loaded.environment
    names = channels_of(environment, channel)
    key = secrets.token_hex(6)
    with Herald(loaded) as herald:
        told = [
            (herald.tell(message(environment, Happening.TEST, {"channel": name, "who": operator()}, key=key), [name]))
            for name in names
        ]
        deliveries = [each for number in told for each in herald.told(number, wait=WAIT_SECONDS)]
    code = exit_code(deliveries)
    notify_tables.tested(deliveries, code, as_json=as_json)
    return code


def exit_code(deliveries: list[Delivery]) -> int:
    """Tell whether everything arrived: 0, or 1."""
    return 0 if all(each.state is State.SENT for each in deliveries) else 1


def channels_of(environment: Environment, name: str) -> tuple[str, ...]:
    """Name the channels that are meant. Raises BadInput when there is no such channel, or none at all."""
    notify = environment.system.notify
    if notify is None:
        raise BadInput(
            f"{environment.system.name} on {environment.name} has no channels",
            next_step="add the part `notify` to the system's YAML; docs/how-to/notify.md shows one",
        )
    if name == ALL:
        return tuple(notify.channels)
    if name not in notify.channels:
        close = near(name, notify.channels)
        hint = f"; did you mean {close!r}?" if close else ""
        raise BadInput(
            f"there is no channel {name!r}; there are {', '.join(notify.channels)}{hint}",
            next_step=f"fab notify.test {close or ALL}",
        )
    return (name,)


@exits
def show_list(inventory: str | None, *, since: str, as_json: bool) -> int:
    """List what was sent, or was to be; 1 when something did not arrive. The store is only read."""
    begin = begin_of(since, now=datetime.now(UTC), following=NEXT)
    environment = opened(inventory).load().environment
    from handrail.journal.open import reader_or_none  # noqa: PLC0415  # sqlalchemy: what is wrong is told before
    from handrail.journal.record import written  # noqa: PLC0415  # likewise
    from handrail.notify.outbox import rows  # noqa: PLC0415  # likewise

    store = reader_or_none()
    found = []
    if store is not None:
        with store:
            found = rows(store, system=environment.system.name, environment=environment.name, since=written(begin))
    code = 0 if all(row.state.good for row in found) else 1
    notify_tables.sent(environment, found, code, as_json=as_json)
    return code
