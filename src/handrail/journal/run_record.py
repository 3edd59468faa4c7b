"""The record of a run: whole when it ended, with what is known when its controller was lost."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from handrail.errors import HandrailError, Refused
from handrail.journal import spool as spools
from handrail.journal.record import BODY_BYTES, Entry, Retention, body_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from handrail.journal.spool import Spool, Told
    from handrail.journal.store import Store

LOST = "the controller was lost"
UNPROVEN = f"what waited in the spool is not proven: {spools.FOREIGN}"
# Exit code 5: the fleet is mixed or unknown.
UNKNOWN = 5
# A program that dies prints less; one that prints more is not worth more. What comes last says why.
LOG_LETTERS = 16_384
SHORTER = (LOG_LETTERS, 1_000, 0)
CUT = "… cut off here, the beginning of "


def ended(body: Mapping[str, Any]) -> Entry:
    """Make the entry of a run that ended."""
    return Entry("run", fitted(body), Retention.CHANGE, once=True)


def lost(body: Mapping[str, Any], events: Sequence[Mapping[str, Any]], *, at: str = "", text: str = LOST) -> Entry:
    """Make the entry of a run whose end nobody saw; `at` is when its loss was seen, if that was at once."""
    last = at or next((str(event["at"]) for event in reversed(events) if moment(event.get("at"))), "")
    known = {
        "outcome": "unknown",
        "lost": True,
        "exit_code": UNKNOWN,
        "text": text,
        # Its review is due so long after that.
        "ended": last or datetime.now(UTC).isoformat(timespec="milliseconds"),
        "seconds": _seconds(str(body.get("started", "")), last),
        "steps": [dict(event) for event in events],
    }
    return ended({**body, **known})


def withdrawn(body: Mapping[str, Any], text: str) -> Entry:
    """Make the entry of a run that was refused although its beginning may have been recorded."""
    return Entry("refused", {**body, "outcome": "refused", "text": text}, Retention.CHANGE, once=True)


def fitted(body: Mapping[str, Any]) -> dict[str, Any]:
    """Cut long logs, and cut them shorter until the body fits; a run must not lack its record for what it printed."""
    for letters in SHORTER:
        shorter = {**body, "steps": [_cut(step, letters) for step in body.get("steps") or []]}
        try:
            body_text(shorter)
        except Refused:
            continue
        return shorter
    cut = f"{len(body.get('steps') or [])} steps are too large for a record of {BODY_BYTES} bytes"
    return {**body, "steps": [], "cut": cut}


def adopt(store: Store, folder: Any = spools.FOLDER, *, quiet: bool = False) -> list[str]:
    """Record the runs whose recorder was lost, or could not write; give their ids. What cannot be written stays.

    What waits for another store is said aloud, unless it is `quiet`; a damaged spool is set aside, and stops nobody.
    """
    adopted = []
    for spool in spools.lost(folder, key=store.signer.seal if store.signer else b""):
        try:
            if (run := settle(store, spool, quiet=quiet)) is not None:
                adopted.append(run)
        except HandrailError as error:
            complain(f"{spool.path} is not in the journal yet: {error.message}")
        except OSError as error:
            complain(f"{spool.path} is not in the journal yet: {error.strerror}")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            _set_aside(spool, f"{type(error).__name__}: {error}")
        finally:
            spool.close()
    return adopted


def settle(store: Store, spool: Spool, *, quiet: bool = False) -> str | None:
    """Write the record of a spool and drop it; a spool of another store is left to that, and a damaged one set aside.

    Of a damaged one everything is recorded that can be read.
    """
    told = spools.told(spool)
    if not told.body:
        # An empty one: the run was never told that it may begin, since its first line comes before that.
        _set_aside(spool, told.damaged) if told.damaged else spool.remove()
        return None
    if told.store not in {store.id, spools.unopened(store.place)}:
        if not quiet:
            complain(f"{spool.path} waits for another journal: {told.store}; this one is {store.id}")
        return None
    store.append(entry_of(told))
    _set_aside(spool, told.damaged) if told.damaged else spool.remove()
    return str(told.body["run"])


def entry_of(told: Told) -> Entry:
    """Make the entry of what a spool tells; what nobody has proven says no more than that something went on."""
    if not told.proven:
        return lost(told.body, told.events, text=UNPROVEN)
    if told.withdrawn:
        return withdrawn(told.body, told.withdrawn)
    if told.end is None:
        return lost(told.body, told.events)
    return ended({**told.body, **told.end, "steps": told.events})


def complain(text: str) -> None:
    """Say it aloud, to whom may still be there."""
    try:
        sys.stderr.write(f"journal: {text}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass


def _cut(step: Mapping[str, Any], letters: int) -> dict[str, Any]:
    log = str(step.get("log", ""))
    if len(log) <= letters:
        return dict(step)
    return {**step, "log": f"{CUT}{len(log)} letters\n{log[len(log) - letters :]}"}


def moment(text: object) -> datetime | None:
    """Read a time with its zone; None for what is none."""
    try:
        read = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return read if read is not None and read.tzinfo is not None else None


def _set_aside(spool: Spool, why: str) -> None:
    try:
        complain(f"{spool.path} is damaged and stands aside as {spool.set_aside()}: {why}")
    except OSError as error:
        complain(f"{spool.path} is damaged ({why}) and cannot be renamed: {error.strerror}")


def _seconds(started: str, last: str) -> float:
    try:
        return max(0.0, (datetime.fromisoformat(last) - datetime.fromisoformat(started)).total_seconds())
    except (ValueError, TypeError):
        return 0.0
