"""Read everything that a run must know of a host, in one round trip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.hosts.script import Command, Reply, shell_line
from handrail.model.host_state import Gate, HostState, LeaseState, Pending, Probe, UnitState
from handrail.model.slot import Slot
from handrail.runtimes import RUNTIMES
from handrail.runtimes.protocol import Instance
from handrail.runtimes.systemd import properties, unit_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handrail.model.datastore import Datastore
    from handrail.model.service import Service
    from handrail.model.system import System

# Health checks of both slots, one after the other, at most 2 s each, and slow disks.
SURVEY_SECONDS = 60
HUNDREDTHS = 100


def instances_on(system: System, services: Sequence[Service]) -> tuple[Instance, ...]:
    """List the services of a host, each in both slots."""
    return tuple(Instance(system.name, system.root, service, slot) for service in services for slot in Slot)


def survey_arguments(system: System, services: Sequence[Service], datastores: Sequence[Datastore]) -> tuple[str, ...]:
    """Give the arguments of the survey for a host with these services and datastores."""
    instances = instances_on(system, services)
    by_runtime = {
        one.service.runtime: [same for same in instances if same.service.runtime == one.service.runtime]
        for one in instances
    }
    commands = [RUNTIMES[name].status(members) for name, members in by_runtime.items()]
    if datastores:
        commands.append(("echo",))
        commands.append(
            (
                "systemctl",
                "show",
                "-p",
                "Id,ActiveState,SubState,NRestarts,UnitFileState",
                *(store.unit for store in datastores),
            )
        )
    probes = [
        word
        for one in instances
        for word in (one.service.name, one.slot.value, str(one.service.port(one.slot)), one.service.health.path)
    ]
    return (system.name, shell_line(commands) if commands else "", *probes)


def survey(system: System, run_directory: str, services: Sequence[Service], datastores: Sequence[Datastore]) -> Command:
    """Build the command that only looks."""
    arguments = survey_arguments(system, services, datastores)
    return Command(("survey", "end"), (system.root, run_directory, *arguments), SURVEY_SECONDS)


def read_state(reply: Reply, system: System, services: Sequence[Service], datastores: Sequence[Datastore]) -> HostState:
    """Understand what a survey printed."""
    instances = instances_on(system, services)
    printed = reply.block("units")
    blocks = properties(printed)
    units: dict[tuple[str, Slot], UnitState] = {}
    for name in {one.service.runtime for one in instances}:
        units |= RUNTIMES[name].states(printed, [one for one in instances if one.service.runtime == name])
    health = _health(reply)
    healthy = frozenset(
        (one.service.name, one.slot)
        for one in instances
        if (probe := health.get((one.service.name, one.slot))) and probe.status == one.service.health.status
    )
    return HostState(
        fence=int(reply.value("fence", "0")),
        lease=_lease(reply),
        slots={Slot(slot): release for slot, release in (line.split(" ", 1) for line in reply.values("slot"))},
        units=units,
        health=health,
        healthy=healthy,
        datastores={store.name: unit_state(blocks.get(_unit(store), {})) for store in datastores},
        gate=_gate(reply),
        good=tuple(reply.values("good")),
        staged={release: digest for release, _, digest in (line.partition(" ") for line in reply.values("staged"))},
        free_kilobytes=int(reply.value("free") or 0),
        missing_tools=tuple(reply.values("missing")),
    )


def _unit(store: Datastore) -> str:
    return store.unit if "." in store.unit else f"{store.unit}.service"


def _health(reply: Reply) -> dict[tuple[str, Slot], Probe]:
    found: dict[tuple[str, Slot], Probe] = {}
    for line in reply.values("health"):
        service, slot, status, seconds = line.split(" ")
        found[service, Slot(slot)] = Probe(int(status), float(seconds))
    return found


def _lease(reply: Reply) -> LeaseState | None:
    line = reply.value("lease")
    if not line:
        return None
    token, left, run_id, holder = line.split(" ", 3)
    return LeaseState(int(token), int(left) / HUNDREDTHS, run_id, holder)


def _gate(reply: Reply) -> Gate:
    pending = [line.split(" ") for line in reply.values("pending")]
    shares = [line.split(" ") for line in reply.values("share")]
    record = reply.value("record", "0 blue").split(" ")
    return Gate(
        confirmed=Slot(reply.value("confirmed", "blue")),
        record_token=int(record[0]),
        pending=tuple(Pending(Slot(slot), int(token), int(left) / HUNDREDTHS) for slot, token, left in pending),
        shares=tuple((Slot(slot), int(share)) for slot, share in shares),
        maintenance=bool(reply.value("maintenance")),
    )
