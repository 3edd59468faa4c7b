"""Whether a change may begin now: windows less freezes, and whether there is time enough to finish it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from handrail.model import duration
from handrail.model.window import AHEAD, BEHIND, Opening, opening_at, openings, words
from handrail.model.zone import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from handrail.model.freeze import Closed
    from handrail.model.window import Window

WINDOWS = "windows"
FREEZES = "freezes"


@dataclass(frozen=True)
class Open:
    """A change may begin; `until` is when it must be over, None when nothing ends within 400 days."""

    until: datetime | None
    words: str


@dataclass(frozen=True)
class Shut:
    """A change may not begin; `opens_at` is when it may, None when it may not within 400 days.

    `which` is the rule that says so, windows or freezes; `reason` is the whole sentence for a refusal.
    """

    reason: str
    opens_at: datetime | None
    which: str


def decide_window(
    windows: Sequence[Window], zone: ZoneInfo, closures: Iterable[Closed], now: datetime, lasts: timedelta
) -> Open | Shut:
    """Decide whether a change that takes about so long may begin now.

    Windows that touch are one. `closures` must hold every freeze from now to 400 days on.
    """
    frozen = sorted(closures)
    named = words(windows, zone)
    closed = next((each for each in frozen if each.begin <= now < each.end), None)
    window = None if closed else opening_at(windows, zone, now)
    freeze = next((each for each in frozen if window and now < each.begin < window.end), None)
    until = freeze.begin if freeze else window.end if window else now
    if window and now + lasts <= until:
        return _open(named, until, zone, now, frozen=freeze is not None)
    # A year of windows is laid out for this, and only a refusal needs it.
    later = _later(windows, zone, frozen, now, lasts)
    if closed:
        over = f"frozen until {shown(closed.end, zone)}: {closed.reason}"
        return _shut(FREEZES, over, _opens("the next window that is not frozen opens", later, zone, lasts), later)
    if window is None:
        shut = f"the windows {named} are shut" if len(windows) > 1 else f"the window {named} is shut"
        return _shut(WINDOWS, shut, _opens(_next(windows, zone, later, now), later, zone, lasts), later)
    left, needed = duration.text(_rounded(until - now)), duration.text(_rounded(lasts))
    about = f"{shown(until, zone)}, in {left}, and the change takes about {needed}"
    opens = _opens("the next window that is long enough opens", later, zone, lasts)
    if freeze:
        return _shut(FREEZES, f"a freeze begins {about}: {freeze.reason}", opens, later)
    return _shut(WINDOWS, f"the window {named} closes {about}", opens, later)


def _open(named: str, until: datetime, zone: ZoneInfo, now: datetime, *, frozen: bool) -> Open:
    if until >= now + AHEAD:
        return Open(None, f"{named}, open with no end within {AHEAD.days} days")
    return Open(until, f"{named}, open until {shown(until, zone)}{' when a freeze begins' if frozen else ''}")


def free_openings(openings: Iterable[Opening], closures: Iterable[Closed]) -> tuple[Opening, ...]:
    """Cut the freezes out of openings."""
    free = list(openings)
    for closed in closures:
        free = [part for opening in free for part in _without(opening, closed)]
    return tuple(free)


def _without(opening: Opening, closed: Closed) -> Iterable[Opening]:
    if closed.end <= opening.begin or opening.end <= closed.begin:
        return (opening,)
    parts = (Opening(opening.begin, closed.begin), Opening(closed.end, opening.end))
    return tuple(part for part in parts if part.begin < part.end)


def _later(
    windows: Sequence[Window], zone: ZoneInfo, closures: Iterable[Closed], now: datetime, lasts: timedelta
) -> Opening | None:
    """Give the next opening, behind the one that is open, which no freeze cuts short of the change."""
    free = free_openings(openings(windows, zone, now - BEHIND, now + AHEAD), closures)
    return next((each for each in free if each.begin > now and each.end - each.begin >= lasts), None)


def _next(windows: Sequence[Window], zone: ZoneInfo, later: Opening | None, now: datetime) -> str:
    """Say it where the next window is passed over."""
    first = next((each for each in openings(windows, zone, now, now + AHEAD) if each.begin > now), None)
    if later is None or first is None or first.begin == later.begin:
        return "it opens" if len(windows) < 2 else "the next one opens"
    return f"the one on {shown(first.begin, zone)} is frozen or too short; the next one opens"


def _opens(words: str, later: Opening | None, zone: ZoneInfo, lasts: timedelta) -> str:
    if later:
        return f"{words} {shown(later.begin, zone)}"
    enough = f" that a change of about {duration.text(_rounded(lasts))} fits in" if lasts else ""
    return f"nothing opens within {AHEAD.days} days{enough}"


def _shut(which: str, what: str, opens: str, later: Opening | None) -> Shut:
    return Shut(f"{which}: {what}; {opens}", later.begin if later else None, which)


def _rounded(span: timedelta) -> timedelta:
    """Drop parts of a second."""
    return timedelta(seconds=int(span.total_seconds()))
