"""What a window will do, and whether it may: its system, its moment, the rules."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from handrail.calendars import every_closure
from handrail.errors import BadInput, Refused
from handrail.journal.operator import operator
from handrail.maintenance.book import BOOKED, Booking
from handrail.maintenance.read import window_in
from handrail.model.changes import Changes
from handrail.model.course import steps
from handrail.model.hosts_only import INSTEAD
from handrail.model.timing import Shut, decide_window
from handrail.model.window import AHEAD
from handrail.model.zone import instant, shown

if TYPE_CHECKING:
    from handrail.control.inventory import Inventory
    from handrail.hosts.inventory import Loaded
    from handrail.model.environment import Environment
    from handrail.model.maintenance import Maintenance

MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2})(Z?)")


@dataclass(frozen=True)
class Plan:
    """A window on an inventory, at a moment."""

    file: str
    here: Inventory
    loaded: Loaded
    window: Maintenance
    begins: datetime

    @property
    def ends(self) -> datetime:
        """When it must be over."""
        return self.begins + self.window.lasts

    @property
    def zone(self) -> ZoneInfo:
        """The zone that people read times in."""
        rules = self.loaded.environment.system.changes or Changes()
        return ZoneInfo(rules.time_zone)

    def row(self) -> dict[str, Any]:
        """Give what the book keeps of it."""
        body = self.window.model_dump_json()
        environment = self.loaded.environment
        return {
            "id": f"{self.window.window}-{self.begins.astimezone(UTC):%Y%m%dT%H%MZ}",
            "name": self.window.window,
            "system": environment.system.name,
            "environment": environment.name,
            "inventory": str(self.here.path),
            "file": self.file,
            "body": body,
            "digest": digest_of(self.window),
            "who": operator(),
            "booked": datetime.now(UTC).isoformat(timespec="seconds"),
            "begins": self.begins.timestamp(),
            "ends": self.ends.timestamp(),
            "state": BOOKED,
        }

    def json(self) -> dict[str, Any]:
        """Give it for machines."""
        at, listed = self.begins, []
        for step in steps(self.window):
            listed.append(
                {
                    "key": step.key,
                    "title": step.title,
                    "at": at.isoformat(),
                    "takes_seconds": step.takes.total_seconds(),
                }
            )
            at += step.takes
        undo = {f"task-{number}": task.undone_by for number, task in enumerate(self.window.tasks, start=1)}
        return {
            "window": self.window.window,
            "system": self.window.system,
            "environment": self.loaded.environment.name,
            "begins": self.begins.isoformat(),
            "ends": self.ends.isoformat(),
            "steps": [each | {"undo": undo.get(str(each["key"]), "")} for each in listed],
        }


def planned(file: str, here: Inventory, at: str) -> Plan:
    """Read a window and see whether the rules allow it then.

    Raises BadInput for a wrong file, system or moment, Refused when the windows of the environment are shut.
    """
    window, loaded = window_in(file), here.load()
    environment = loaded.environment
    if window.system != environment.system.name:
        raise BadInput(
            f"{file} is for the system {window.system}, and {here.path} has {environment.system.name}",
            next_step="name the inventory of that system: --inventory FILE",
        )
    _fits(window, environment, file)
    rules = environment.system.changes or Changes()
    begins = moment_of(at, ZoneInfo(rules.time_zone))
    plan = Plan(file, here, loaded, window, begins)
    closed = every_closure(
        rules.freezes, plan.zone, base=loaded.base, start=begins - timedelta(days=2), end=begins + AHEAD
    )
    said = decide_window(rules.windows, plan.zone, closed, begins, window.lasts)
    if isinstance(said, Shut):
        raise Refused(f"{said.reason}; nothing was booked", next_step="fab windows shows when it may be")
    return plan


def _fits(window: Maintenance, environment: Environment, file: str) -> None:
    """See that every step can be done where the system is; raises BadInput now, and not in the night of the window."""
    for step in steps(window):
        if environment.on_ecs and not step.own and step.argv[0] in INSTEAD:
            way = "write `backup: false`" if step.key == "backup" else "leave it out"
            raise BadInput(
                f"{file}: the step {step.title!r} is for hosts, and {environment.name} is on ECS; nothing was booked",
                next_step=f"{way}; {INSTEAD[step.argv[0]]}",
            )


def moment_of(text: str, zone: ZoneInfo) -> datetime:
    """Read when a window begins: now, or a local time of the environment's zone, or one in UTC with a Z."""
    now = datetime.now(UTC).replace(microsecond=0)
    if text in {"", "now"}:
        return now
    found = MOMENT.fullmatch(text)
    try:
        local = datetime.strptime(f"{found[1]} {found[2]}", "%Y-%m-%d %H:%M") if found else None  # noqa: DTZ007  # below
        at = local and (local.replace(tzinfo=UTC) if found and found[3] else instant(local, zone))
    except (ValueError, OverflowError):
        at = None
    if at is None:
        raise BadInput(f"the moment {text!r}", next_step='--at "2026-12-03 22:00", in the zone of the environment')
    if at < now:
        raise BadInput(f"{shown(at, zone)} is over", next_step="fab windows shows when changes may be made")
    return at


def digest_of(window: Maintenance) -> str:
    """Give the digest of a window: another file, another digest."""
    return f"sha256:{hashlib.sha256(window.model_dump_json().encode()).hexdigest()}"


def changed_since(booking: Booking) -> str:
    """Say what became of the file of a window since it was booked; nothing when it is as it was."""
    try:
        now = digest_of(window_in(str(booking.row["file"])))
    except BadInput as error:
        return f"its file cannot be read any more: {error.message.splitlines()[0]}"
    if now == booking.row["digest"]:
        return ""
    return f"{booking.row['file']} has changed since; the window goes on as it was booked"
