"""What a run tells while it goes: lines for people, or one JSON object a line on the descriptor in HANDRAIL_EVENTS."""

from __future__ import annotations

import errno
import json
import os
import signal
from typing import TYPE_CHECKING, Any

from pyinfra import logger

from handrail.errors import BadInput
from handrail.model.delivery import untold

if TYPE_CHECKING:
    from handrail.errors import HandrailError
    from handrail.journal.event import Event
    from handrail.model.delivery import Delivery
    from handrail.model.ended import Verdict
    from handrail.orchestration.run import Run

DESCRIPTOR = "HANDRAIL_EVENTS"


def quiet() -> bool:
    """Whether somebody else shows the progress."""
    return DESCRIPTOR in os.environ


def listened() -> None:
    """See that who is said to show the progress is there. Raises BadInput before anything is touched."""
    try:
        os.fstat(_descriptor())
    except (ValueError, OverflowError, OSError):
        raise BadInput(
            f"{DESCRIPTOR} is {os.environ[DESCRIPTOR][:20]!r}, and no open descriptor: it is between fab and pyinfra",
            next_step=f"unset {DESCRIPTOR}",
        ) from None


def _descriptor() -> int:
    return int(os.environ.get(DESCRIPTOR, "1"))


def event(happened: Event) -> None:
    """Tell how a step came out on a host."""
    _write({"event": happened.json()})
    if not quiet():
        logger.info(
            f"    [{happened.host}] {happened.title}: {happened.outcome} {happened.words} ({happened.seconds:.2f} s)"
        )
        for line in happened.log.splitlines():
            logger.info(f"    [{happened.host}]   {line}")


def ended(run: Run, verdict: Verdict, *, trouble: str, told: tuple[Delivery, ...]) -> None:
    """Tell how the run ended, and what is wrong with its record or with who was to be told, if anything."""
    beside = run.masked("; ".join(words for words in (trouble, untold(told)) if words))
    text = f"{verdict.text}; {beside}" if beside else verdict.text
    end: dict[str, Any] = {"exit_code": verdict.exit_code, "outcome": verdict.word, "text": text}
    plan = run.fleet.plan
    if plan is not None:
        end |= {"what": plan.change, "slot": plan.slot, "warm": plan.warm}
    _write({"end": end | {"run": run.run_id, "token": run.fleet.token, "told": [each.json() for each in told]}})
    if not quiet():
        logger.info(f"--> {verdict.word}: {text}")


def refused(error: HandrailError) -> None:
    """Tell why a run did not begin."""
    _write({"end": {"exit_code": error.exit_code, "outcome": type(error).__name__, "text": str(error)}})


def _write(message: dict[str, Any]) -> None:
    if not quiet():
        return
    try:
        os.write(_descriptor(), (json.dumps(message) + "\n").encode())
    except (ValueError, OverflowError):
        # `listened` has told: the run does not begin.
        return
    except OSError as error:
        if error.errno == errno.EBADF:
            return
        # Whoever asked for this run is gone: go back, as if Ctrl-C had been pressed.
        os.environ.pop(DESCRIPTOR)
        os.kill(os.getpid(), signal.SIGTERM)
