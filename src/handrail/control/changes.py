"""Changes: request one, say what is to be said of it, add what others signed."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from handrail import filing
from handrail.control import change_tables
from handrail.control.filed import file
from handrail.control.journal import reviewed_run
from handrail.control.next_step import next_step
from handrail.control.office import Office, dated, office
from handrail.control.task import exits
from handrail.errors import BadInput
from handrail.hosts.intent import intent_of
from handrail.model import duration, moment
from handrail.model.change_plan import change_plan
from handrail.model.history import history
from handrail.model.signed import RISKS, Kind, Type

if TYPE_CHECKING:
    from handrail.model.change import Change
    from handrail.model.changes import Changes
    from handrail.model.signed import Document

# How long a statement is good for; the checklist's item may want it younger.
STATED = "168h"
# The id of a run: an emergency that needed no approval has no change, and is reviewed by it.
RUN = re.compile(r"[0-9a-f]{12}")


@exits
def request_change(
    inventory: str | None, verb: str, words: dict[str, str], said: dict[str, str], *, as_json: bool
) -> int:
    """Request a change: write down its plan, sign it, file it."""
    here = office(inventory)
    loaded, changes = here.loaded, here.changes
    if loaded is None or changes is None:
        return 0
    intent = intent_of(verb, words, loaded)
    environment = loaded.environment
    now = datetime.now(UTC)
    name = f"{environment.system.name}-{environment.name}-{now:%Y%m%d}-{secrets.token_hex(3)}"
    kind = said["type"] or (Type.STANDARD if intent.verb in changes.standard else Type.NORMAL)
    if kind == Type.STANDARD and intent.verb not in changes.standard:
        raise BadInput(f"{verb} is not standard on {environment.name}", next_step="--type normal")
    payload = dated(
        Kind.REQUEST, name, plan=change_plan(environment, intent), type=_one_of("type", kind, tuple(Type)),
        reason=_needed("reason", said), risk=_one_of("risk", said["risk"], RISKS), impact=said["impact"],
        not_before=_moment(said["at"], changes, now) if said["at"] else "",
    )  # fmt: skip
    return _filed(here, payload, said["key"], as_json=as_json)


@exits
def say(inventory: str | None, kind: Kind, name: str, said: dict[str, str], *, as_json: bool) -> int:
    """Sign and file one document for a change that was requested."""
    here = office(inventory)
    if kind is Kind.REVIEW and RUN.fullmatch(name):
        return reviewed_run(here, name, said["text"], as_json=as_json)
    change = here.read(name)
    payload = dated(kind, name, **_fields(here, change, kind, said))
    return _filed(here, payload, said["key"], as_json=as_json)


def _fields(here: Office, change: Change, kind: Kind, said: dict[str, str]) -> dict[str, Any]:
    """Give what a document of this kind says, besides what all of them say."""
    now, text = datetime.now(UTC), said["text"]
    plan = {"request": change.request_digest, "requester": change.requester.name, "plan": change.plan_digest}
    match kind:
        case Kind.ASSESS:
            risk = _one_of("risk", said["risk"] or change.request["risk"], RISKS)
            return {**plan, "risk": risk, "impact": said["impact"] or change.request["impact"], "text": text}
        case Kind.APPROVE:
            expires = moment.written(now + _valid(said["valid"], here, change.type))
            return {**plan, "role": _needed("role", said), "decision": kind.value, "expires": expires, "text": text}
        case Kind.REJECT | Kind.REVOKE:
            return {**plan, "role": _needed("role", said), "decision": kind.value, "expires": "", "text": text}
        case Kind.SCHEDULE:
            return {**plan, "not_before": _no_earlier(_needed("at", said), here, change, now), "text": text}
        case Kind.STATEMENT:
            expires = _until(now, said["valid"] or STATED)
            item, role = _needed("item", said), _needed("role", said)
            return {**plan, "item": item, "role": role, "text": text, "expires": expires}
    return {"text": text}


@exits
def add_document(inventory: str | None, file: str, *, as_json: bool) -> int:
    """Verify a document that came from somebody, and file it."""
    here = office(inventory)
    document, content = filing.read_document(Path(file), here.approvers)
    return _told(here, document, content, as_json=as_json)


def _filed(here: Office, payload: dict[str, Any], key: str, *, as_json: bool) -> int:
    document, content = here.sign(payload, key)
    return _told(here, document, content, as_json=as_json)


def _told(here: Office, document: Document, content: bytes, *, as_json: bool) -> int:
    change, path = file(here, document, content)
    now = datetime.now(UTC)
    past = history(change, now, here.rules(change.type))
    following = next_step(here, change, past.state, now)
    place = path.resolve()
    shown = place.relative_to(Path.cwd()) if place.is_relative_to(Path.cwd()) else place
    change_tables.filed(document, shown, past.state, following, as_json=as_json)
    return 0


def _needed(option: str, said: dict[str, str]) -> str:
    if not said[option]:
        raise BadInput(f"--{option} is missing", next_step=f"add --{option} …")
    return said[option]


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise BadInput(
            f"--{option} {value or 'none'}; allowed: {', '.join(allowed)}", next_step=f"--{option} {allowed[0]}"
        )
    return str(value)


def _valid(text: str, here: Office, of: Type) -> timedelta:
    """Read how long an approval is to be good for; no longer than the rules say."""
    longest = here.rules(of).valid or timedelta(days=7)
    if not text:
        return longest
    span = _span(text)
    if not timedelta(seconds=1) <= span <= longest:
        most = duration.text(longest)
        raise BadInput(f"--valid {text}; an approval is good for {most} at the most", next_step=f"--valid {most}")
    return span


def _until(now: datetime, valid: str) -> str:
    """Say until when a statement is good."""
    try:
        return moment.written(now + _span(valid))
    except OverflowError:
        raise BadInput(f"--valid {valid}: no calendar goes so far", next_step="--valid 168h") from None


def _span(text: str) -> timedelta:
    try:
        return duration.parse(text)
    except (ValueError, OverflowError) as error:
        raise BadInput(f"--valid {error}", next_step="--valid 48h") from None


def _no_earlier(text: str, here: Office, change: Change, now: datetime) -> str:
    """Read the time that a change is moved to: what was approved is for the time of the request, or later."""
    told, asked = _moment(text, here.changes, now), change.request["not_before"]
    if asked and moment.read(told) < moment.read(asked):
        raise BadInput(
            f"--at {text}: {change.id} was requested for {asked} UTC, and is approved for no earlier time",
            next_step="fab change.request, with that --at",
        )
    return told


def _moment(text: str, changes: Changes | None, now: datetime) -> str:
    """Read a local time in the zone of the windows."""
    zone = ZoneInfo(changes.time_zone if changes else "UTC")
    try:
        local = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):  # the first and the last day of all are none in other zones
        example = f'--at "{now.astimezone(zone):%Y-%m-%d} 22:00"'
        raise BadInput(
            f"--at {text!r}; allowed: a time of {zone.key} such as 2026-11-24 22:00", next_step=example
        ) from None
    if local < now:
        raise BadInput(f"--at {text}: that is past; now is {now.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}")
    return moment.written(local)
