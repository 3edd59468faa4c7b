"""Send a message to an Apprise URL: tries with pauses between them, each with a deadline, and words without the URL."""

from __future__ import annotations

import logging
import re
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

import apprise
import tenacity

from handrail.model.level import Level
from handrail.secrets import MASK

if TYPE_CHECKING:
    from collections.abc import Callable

    from handrail.model.message import Message

TRIES = 4
# A try takes so long at the most; what it waits for on the network, somewhat less, so that it ends by itself.
TRY_SECONDS = 10
SOCKET_SECONDS = 8.0
# Pauses: 0.5, 1, 2 seconds, and up to half a second more, so that many senders do not come back at once.
FIRST_PAUSE, MOST_PAUSE, JITTER = 0.5, 5, 0.5
# Shorter parts of a URL, such as `v1`, would take too much of a message with them.
PART_LETTERS = 4
# How much of what a channel says is worth keeping.
LETTERS = 200
TYPES = {
    Level.OK: apprise.NotifyType.INFO,
    Level.WARN: apprise.NotifyType.WARNING,
    Level.ALERT: apprise.NotifyType.FAILURE,
}


@dataclass(frozen=True)
class Sent:
    """How it went; `again` says whether another try may do."""

    ok: bool
    text: str = ""
    tries: int = 0
    again: bool = True


def prepare() -> None:
    """Have Apprise load its two hundred services, which takes half a second, before there is anything to send."""
    apprise.Apprise.instantiate("json://127.0.0.1")


def send(url: str, message: Message, *, until: float, ours: Callable[[], bool]) -> Sent:
    """Try to send it until it is there, until `until`, or until `ours` says that somebody else sends it."""
    service = apprise.Apprise.instantiate(url, asset=_asset())
    if service is None:
        return Sent(ok=False, text="its secret holds no Apprise URL, or one that lacks something")
    service.socket_connect_timeout = min(service.socket_connect_timeout, SOCKET_SECONDS)
    service.socket_read_timeout = min(service.socket_read_timeout, SOCKET_SECONDS)
    tries = 0

    def attempt() -> Sent:
        nonlocal tries
        seconds = min(TRY_SECONDS, until - time.monotonic())
        if seconds <= 0:
            return Sent(ok=False, text="there was no time for it", again=False)
        if not ours():
            return Sent(ok=False, text="another sender has taken it over", again=False)
        tries += 1
        return _attempt(service, message, seconds)

    sent: Sent = tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda each: not each.ok and each.again),
        stop=tenacity.stop_after_attempt(TRIES) | tenacity.stop_before_delay(max(0.0, until - time.monotonic())),
        wait=tenacity.wait_exponential_jitter(multiplier=FIRST_PAUSE, max=MOST_PAUSE, jitter=JITTER),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )(attempt)
    return replace(sent, text=without(sent.text, url), tries=tries)


def _attempt(service: apprise.NotifyBase, message: Message, seconds: float) -> Sent:
    channel = apprise.Apprise(asset=service.asset)
    channel.add(service)
    result = channel.notify(
        body=message.body, title=message.title, notify_type=TYPES[message.level],
        body_format=apprise.NotifyFormat.TEXT, timeout=seconds, log_level=logging.WARNING,
    )  # fmt: skip
    if result:
        return Sent(ok=True)
    if result.status is apprise.AppriseResultStatus.TIMEOUT:
        return Sent(ok=False, text=f"no answer within {seconds:.0f} s")
    said = " ".join(entry.message for entry in result.logs())
    return Sent(ok=False, text=said or "it was not accepted")


def without(text: str, url: str) -> str:
    """Take every part of a URL out of a message."""
    for part in sorted(_parts(url), key=len, reverse=True):
        text = re.sub(re.escape(part), MASK, text, flags=re.IGNORECASE)
    return " ".join(text.split())[:LETTERS]


def _parts(url: str) -> set[str]:
    found = {url, unquote(url)}
    for form in (url, unquote(url)):
        _, _, rest = form.partition("://")
        found |= set(re.split(r"[/:@?&=#,;\s]+", rest))
        found |= {value for _, value in parse_qsl(_query(form))}
    return {part for part in found if len(part) >= PART_LETTERS}


def _query(url: str) -> str:
    try:
        return urlsplit(url).query
    except ValueError:
        return ""


def _asset() -> apprise.AppriseAsset:
    """Say who sends: nothing is stored, and no picture is fetched from elsewhere."""
    return apprise.AppriseAsset(
        app_id="handrail", app_desc="handrail", app_url="", image_url_mask="", image_url_logo="",
        async_mode=False, storage_mode=apprise.PersistentStoreMode.MEMORY, allow_templates=False,
        service_timeout=TRY_SECONDS,
    )  # fmt: skip
