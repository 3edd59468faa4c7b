"""What AWS did, as a host's reply: a step that AWS refuses has failed, and one without an answer may have been done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from handrail.errors import HandrailError
from handrail.hosts.script import Reply
from handrail.infra.ask import BUSY
from handrail.model.fleet import Outcome
from handrail.model.host_state import HostState

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """One thing to do on AWS, and how long it may take."""

    do: Callable[[], Reply]
    seconds: int = 60


@dataclass(frozen=True)
class Known(Reply):
    """The reply to a lease: what there is, too."""

    state: HostState = field(default_factory=HostState)


def ok(words: str) -> Reply:
    """Say that it was done."""
    return Reply(Outcome.OK, words, ())


def nothing(words: str = "nothing to do here") -> Reply:
    """Say that there was nothing to do."""
    return Reply(Outcome.UNCHANGED, words, ())


def failed(words: str, log: str = "") -> Reply:
    """Say that it was not done, with what AWS said of it."""
    return Reply(Outcome.FAILED, words, ("log begin", *log.splitlines(), "log end") if log else ())


def refused() -> Reply:
    """Say that another run has the lease by now."""
    return Reply(Outcome.REFUSED, "another run has taken the lease over", ())


def done(call: Call) -> Reply:
    """Do it. Never raises: what AWS complains of is an answer, too."""
    return heard(call.do)


def heard(do: Callable[[], T]) -> T | Reply:
    """Ask AWS. Never raises: the reply says why nothing was heard."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # imported when AWS is used

    try:
        return do()
    except ClientError as error:
        told = error.response.get("Error", {})
        code, verb = str(told.get("Code", "")), error.operation_name
        if BUSY.search(code):
            return Reply(Outcome.UNKNOWN, f"AWS is too busy for {verb}: {code}", ())
        return failed(f"AWS refuses {verb}: {code}: {told.get('Message', '')}")
    except BotoCoreError as error:
        return Reply(Outcome.UNKNOWN, f"AWS does not answer: {type(error).__name__}", ())
    except HandrailError as error:
        return failed(error.message)
