"""Ask a host what it could update: its packages, and what its services depend on; all in one round trip."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from handrail.errors import HandrailError
from handrail.hosts.script import Command, text_of
from handrail.model.dependency import NOTHING, Audit, judged
from handrail.model.package import read_packages
from handrail.model.updates import Updates
from handrail.runtimes import RUNTIMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from handrail.hosts.script import Reply
    from handrail.model.environment import Environment
    from handrail.model.package import Package
    from handrail.runtimes.protocol import Instance

# apt reads its lists in a second; a registry has this long for each service, and all are asked at once.
AUDIT_SECONDS = 40
LOOK_SECONDS = 120


def ask_updates(environment: Environment, instances: Sequence[Instance]) -> Command:
    """Build the command that only looks; `instances` are those of the host's services that are audited."""
    words = [word for one in instances for word in (one.service.name, RUNTIMES[one.service.runtime].inside(one))]
    head = (environment.system.root, f"/run/handrail/{environment.system.name}")
    arguments = (*head, text_of("audit"), str(AUDIT_SECONDS), *words)
    return Command(("updates", "updates_look"), arguments, LOOK_SECONDS)


def read_updates(reply: Reply, host: str) -> Updates:
    """Understand what a look printed. Raises BadInput where apt said what nobody understands."""
    age = reply.value("lists")
    return Updates(
        host=host,
        packages=read_packages(reply.block("packages").splitlines()),
        lists_age=timedelta(seconds=int(age)) if age else None,
        reboot=any(reply.values("reboot")),
        stale=tuple(reply.values("stale")),
        again=tuple(reply.values("again")),
        broken=tuple(reply.values("broken")),
        problems=tuple(reply.values("problem")),
        audits=tuple(_audits(reply)),
    )


def understood(reply: Reply, host: str) -> Updates:
    """Understand it likewise; what cannot be read is a problem of that host."""
    if not reply.outcome.good:
        return Updates(host, problems=(reply.words,))
    try:
        return read_updates(reply, host)
    except HandrailError as error:
        return Updates(host, problems=(error.message,), audits=tuple(_audits(reply)))


def _audits(reply: Reply) -> Iterator[Audit]:
    for line in reply.values("audit"):
        service, code, kind = line.split(" ", 2)
        yield judged(service, kind or NOTHING, code, reply.block(f"said {service} {kind}"))


def arguments_of(packages: Sequence[Package]) -> tuple[str, ...]:
    """Write exactly what was seen as apt reads it."""
    return tuple(f"{each.name}={each.version}" for each in packages)
