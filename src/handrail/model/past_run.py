"""A run that is over, as the journal has it: what metrics need of its record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from handrail.model.intent import Verb

if TYPE_CHECKING:
    from collections.abc import Mapping

# Outcomes after which hosts had been touched, for better or worse. `held`, `unchanged` and errors changed nothing.
DONE = "done"
WENT_BACK = "failed"
TOUCHED = frozenset({DONE, WENT_BACK, "fenced", "unknown"})
# How a step of a record ends when it is what the run failed of.
BAD_STEPS = frozenset({"failed", "unknown", "refused", "interrupted"})
# They change no release and no traffic: they neither mend a deploy nor speak against it.
HOUSEKEEPING = frozenset(
    verb.value
    for verb in (
        Verb.DISK, Verb.LOGROTATE, Verb.REHEARSE, Verb.BACKUP, Verb.VACUUM, Verb.CERTIFICATE, Verb.RENEW,
        Verb.UPDATE, Verb.BACK, Verb.PROMOTE, Verb.INFRA, Verb.DESTROY,
    )
)  # fmt: skip
# With one of these an emergency brings service back; a hold page or a shutdown does not.
BRINGS_BACK = frozenset({Verb.RESTART.value, Verb.STARTUP.value, Verb.SCALE.value, Verb.RESUME.value})


@dataclass(frozen=True)
class PastRun:
    """One run. Times are UTC; `first_failure` is when its first step failed, if one did."""

    run: str
    system: str
    environment: str
    verb: str
    change: str
    outcome: str
    emergency: bool
    started: datetime
    ended: datetime
    first_failure: datetime | None

    @property
    def place(self) -> tuple[str, str]:
        """The system and the environment."""
        return self.system, self.environment

    @property
    def touched(self) -> bool:
        """Whether it did something, well or badly."""
        return self.outcome in TOUCHED

    @property
    def done(self) -> bool:
        """Whether it did what was asked."""
        return self.outcome == DONE

    @property
    def lasted(self) -> timedelta:
        """How long it took."""
        return self.ended - self.started

    @property
    def is_deploy(self) -> bool:
        """Whether it is a deployment that counts."""
        return self.verb == Verb.DEPLOY.value and self.touched

    @property
    def intervenes(self) -> bool:
        """Whether it says that the deploy before it was bad: a rollback, or an emergency."""
        urgent = self.emergency and self.verb not in HOUSEKEEPING
        return self.touched and (self.verb == Verb.ROLLBACK.value or urgent)

    @property
    def restores(self) -> bool:
        """Whether it can end a failure."""
        urgent = self.emergency and self.verb in BRINGS_BACK
        return self.done and (self.verb in {Verb.ROLLBACK.value, Verb.DEPLOY.value} or urgent)

    def order(self) -> tuple[datetime, datetime, str]:
        """Sort runs by when they ended; no two have the same place."""
        return self.ended, self.started, self.run


def past_run(body: Mapping[str, Any]) -> PastRun:
    """Read the body of a run's record. Raises ValueError for one that no run has written."""
    try:
        started = instant(body["started"])
        # A run whose controller was lost has no end of its own: it has what was known of it.
        seconds = timedelta(seconds=float(body.get("seconds") or 0))
        ended = instant(body["ended"]) if body.get("ended") else started + seconds
        words = {key: str(body[key]) for key in ("run", "system", "environment", "verb", "outcome")}
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"not the body of a run: {type(error).__name__}: {error}") from error
    if ended < started:
        raise ValueError("a run that ended before it began")
    return PastRun(
        **words,
        change=str(body.get("change") or ""),
        emergency=body.get("emergency") is True,
        started=started,
        ended=ended,
        first_failure=_first_failure(body.get("steps"), started, ended),
    )


def instant(text: object) -> datetime:
    """Read a time of the journal: ISO 8601 with its zone."""
    if not isinstance(text, str):
        raise TypeError(f"{text!r} is not a time")
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise ValueError(f"{text!r} has no zone")
    return read.astimezone(UTC)


def _first_failure(steps: object, started: datetime, ended: datetime) -> datetime | None:
    """Tell when the first step failed; a time outside of the run, by another clock, does not count."""
    if not isinstance(steps, list):
        return None
    bad = (step for step in steps if isinstance(step, dict) and step.get("outcome") in BAD_STEPS)
    times = []
    for step in bad:
        try:
            at = instant(step.get("at"))
        except (TypeError, ValueError, OverflowError):
            continue
        if started <= at <= ended:
            times.append(at)
    return min(times, default=None)
