"""What the operator asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from handrail.errors import BadInput

if TYPE_CHECKING:
    from handrail.model.infra_plan import InfraPlan
    from handrail.model.version import Release

# Shares of the traffic, in percent, that a canary can have: the edge sorts requests into these buckets.
SHARES = (1, 5, 10, 25, 50)


class Verb(StrEnum):
    """What the operator asked for."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    RESTART = "restart"
    STARTUP = "startup"
    SHUTDOWN = "shutdown"
    SCALE = "scale"
    HOLD = "hold"
    RESUME = "resume"
    DISK = "disk"
    LOGROTATE = "logrotate"
    REHEARSE = "rehearse"
    BACKUP = "backup"
    VACUUM = "vacuum"
    CERTIFICATE = "certificate"
    RENEW = "renew"
    UPDATE = "update"
    BACK = "back"
    PROMOTE = "promote"
    INFRA = "infra"
    DESTROY = "destroy"

    @property
    def moves_release(self) -> bool:
        """Whether it brings a release, new or old, to the idle slot: to serve from there, or only to be tried there."""
        return self in {Verb.DEPLOY, Verb.ROLLBACK, Verb.RESTART, Verb.REHEARSE, Verb.PROMOTE}

    @property
    def edges_only(self) -> bool:
        """Whether it needs no other host than the edges, and the one that it is about.

        A hold page must go up, a certificate must be renewed, and a host must get its traffic back also when another
        one is lost.
        """
        return self in {Verb.HOLD, Verb.RESUME, Verb.CERTIFICATE, Verb.RENEW, Verb.BACK}


# What Terraform does; every other verb is made of steps on hosts.
OF_TERRAFORM = frozenset({Verb.INFRA, Verb.DESTROY})
# What there is to do where AWS has the hosts.
ON_ECS = frozenset({
    Verb.DEPLOY, Verb.ROLLBACK, Verb.RESTART, Verb.STARTUP, Verb.SHUTDOWN, Verb.SCALE, Verb.HOLD, Verb.RESUME,
    Verb.REHEARSE, Verb.CERTIFICATE, Verb.PROMOTE,
})  # fmt: skip
# What there is to do nowhere else.
ONLY_ON_ECS = frozenset({Verb.PROMOTE})
# The verbs that show that a rollback works: one that went well shows the same as a rehearsal of one.
SHOWS_A_ROLLBACK = frozenset({Verb.REHEARSE.value, Verb.ROLLBACK.value})


@dataclass(frozen=True)
class Intent:
    """The operator's request. `version` without a `release` names one that is on the hosts already.

    `files` are those of a certificate, its key and its chain on the operator's machine; `fingerprint` says which it is.
    `every` is all updates of packages, not those for security alone; `limit` is the one host that gets them,
    or the one that gets its traffic back.
    `infra` is a plan of Terraform. `lag_accepted` is how much a failover may lose where the old database is lost.
    """

    verb: Verb
    release: Release | None = None
    version: str = ""
    share: int = 0
    with_database: bool = False
    service: str = ""
    count: int = 0
    message: str = ""
    force: bool = False
    keep_page: bool = False
    certificate: str = ""
    fingerprint: str = ""
    files: tuple[str, str, str] = ("", "", "")
    every: bool = False
    reboot: bool = False
    limit: str = ""
    infra: InfraPlan | None = None
    destroy_data: bool = False
    lag_accepted: str = ""

    @property
    def what(self) -> str:
        """What it is about, in few words: a version, a certificate, or how much Terraform would do."""
        named = self.release.version if self.release else self.version or self.certificate
        return self.infra.counts if self.infra else named


def checked_share(text: str) -> int:
    """Read a canary's share in percent; empty means none."""
    if text and text not in map(str, SHARES):
        allowed = ", ".join(map(str, SHARES))
        raise BadInput(f"a share of {text!r} percent; allowed: {allowed}, or none", next_step="--share 10")
    return int(text or 0)


def checked_message(text: str) -> str:
    """Read the text of a hold page: one line that can be shown."""
    if not text.isprintable() or len(text) > 500:
        raise BadInput("a message with a control character, or of more than 500", next_step='--message "Back at 14:00"')
    return text
