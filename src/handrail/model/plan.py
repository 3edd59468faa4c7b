"""What a run will do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from handrail.model.intent import Verb
from handrail.model.version import version_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.model.slot import Slot
    from handrail.model.switch import Switch

# What verbs that move no release change.
IN_PLACE = {
    Verb.HOLD: "traffic is held",
    Verb.RESUME: "traffic is let in",
    Verb.DISK: "disk space is freed",
    Verb.LOGROTATE: "log rotation is installed",
    Verb.BACKUP: "every database is dumped",
    Verb.VACUUM: "databases are vacuumed and analyzed",
}


@dataclass(frozen=True)
class Plan:
    """What a run will do."""

    verb: Verb
    live: Slot
    slot: Slot
    release_id: str
    digest: str = ""
    live_release: str = ""
    warm: bool = False
    settle: bool = False
    nothing: bool = False
    share: int = 0
    migrate: bool = False
    backup: bool = False
    held: bool = False
    with_database: bool = False
    # Startup lets no traffic in: whoever put the page up takes it down.
    keep_page: bool = False
    service: str = ""
    instances: Mapping[str, int] = field(default_factory=dict)
    before: int = 0
    # What ran in the idle slot, and will not any more.
    cooled: str = ""
    # All updates of packages, on one host alone, with the reboot that they ask for.
    every: bool = False
    limit: str = ""
    reboot: bool = False
    # Hosts that nothing can stand in for while their packages are updated.
    alone: tuple[str, ...] = ()
    # Whether RDS takes a snapshot before the release migrates.
    snapshot: bool = False
    # From which database to which.
    switch: Switch | None = None

    @property
    def change(self) -> str:
        """The change in one line, for records and people."""
        if self.verb is Verb.SCALE:
            return f"{self.service}: {self.before} -> {self.instances[self.service]} on each host"
        if self.verb in {Verb.CERTIFICATE, Verb.RENEW}:
            return f"certificate {self.service}"
        if self.verb is Verb.UPDATE:
            what = "all updates" if self.every else "security updates"
            return f"{what} on {self.limit or 'every host, one after the other'}"
        if self.verb is Verb.BACK:
            return f"{self.limit} back into traffic"
        if self.switch is not None:
            return f"database {self.switch.old} -> {self.switch.new}"
        if self.verb in IN_PLACE:
            return IN_PLACE[self.verb]
        before = version_of(self.live_release) or "nothing"
        after = version_of(self.release_id) or "nothing"
        return f"{before} -> {after}" if self.verb in {Verb.DEPLOY, Verb.ROLLBACK} else after

    @property
    def note(self) -> str:
        """What the operator should know before a run, beside its steps."""
        if self.verb is Verb.UPDATE and self.alone:
            reboots = "; where an update asks for a reboot, requests fail until it is back" if self.reboot else ""
            return (
                f"{', '.join(self.alone)}: updated without being taken out of traffic, for nothing stands in{reboots}"
            )
        if self.switch is not None:
            return self.switch.note
        if self.verb is not Verb.REHEARSE:
            return ""
        stays = f"traffic stays on {self.live}; {self.slot} is stopped again at the end"
        lost = f", and {version_of(self.cooled)} is no longer warm there: a rollback to it starts it first"
        return f"{stays}{lost if self.cooled else ''}"

    @property
    def grows(self) -> bool:
        """Whether instances are to be added."""
        return self.verb is Verb.SCALE and self.instances[self.service] > self.before

    @property
    def shrinks(self) -> bool:
        """Whether instances are to go."""
        return self.verb is Verb.SCALE and self.instances[self.service] < self.before
