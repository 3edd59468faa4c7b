"""The call for whatever has something to tell: `announce`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.model.delivery import Delivery, State
from handrail.model.message import message
from handrail.notify.herald import TOTAL_SECONDS, Herald

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.hosts.inventory import Loaded
    from handrail.model.happening import Happening

# The sender gives up first, so that it can say why.
WAIT_SECONDS = TOTAL_SECONDS + 5


def announce(
    loaded: Loaded, event: Happening, facts: Mapping[str, str], *, key: str, wait: float = WAIT_SECONDS
) -> tuple[Delivery, ...]:
    """Tell the channels of an event, and give what became of it; takes `wait` seconds at the most, and never raises.

    `key` names the message within its system, environment and event, such as the id of a run, or that of a window with
    the time before it: whoever announces the same key again, after a crash or from another machine, sends nothing that
    was sent. Where the environment names no channel for the event nothing is done, and nothing given.
    """
    notify = loaded.environment.system.notify
    names = notify.channels_of(event) if notify else ()
    if notify is None or not names:
        return ()
    try:
        with Herald(loaded) as herald:
            number = herald.tell(message(loaded.environment, event, facts, key=key), names)
            return herald.told(number, wait=wait)
    except Exception as error:  # noqa: BLE001  # what is told of must go on, whatever is wrong with the telling
        why = f"the sender cannot be started: {type(error).__name__}: {error}"
        return tuple(Delivery(name, secret, State.FAILED, 0, why) for name in names for secret in notify.urls_of(name))
