"""Read everything that a run must know of a host, in one round trip."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from handrail.hosts.script import Command, Reply, shell_line
from handrail.model.host_state import Gate, HostState, LeaseState, Pending, Probe, UnitState
from handrail.model.slot import Slot
from handrail.runtimes import RUNTIMES, UNITS
from handrail.runtimes.protocol import Instance, Place
from handrail.runtimes.unit import Unit
from handrail.traffic import nginx

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from handrail.model.datastore import Datastore
    from handrail.model.environment import Environment
    from handrail.model.service import Service
    from handrail.model.system import System

# Health checks of both slots, one after the other, at most 2 s each, and slow disks.
SURVEY_SECONDS = 60
HUNDREDTHS = 100


def instances_on(system: System, services: Sequence[Service]) -> tuple[Instance, ...]:
    """List what may run on a host: its services, each in both slots, each as often as it may."""
    return tuple(
        Instance(system.name, system.root, service, slot, number)
        for service in services
        for slot in Slot
        for number in service.numbers
    )


def unit_of(system: System, store: Datastore) -> Unit:
    """Name a datastore as its runtime does."""
    return Unit(system.name, system.root, store.name, store.unit)


def edge_unit(system: System) -> Unit:
    """Name the edge's nginx as its runtime does."""
    return Unit(system.name, system.root, nginx.UNIT, nginx.UNIT)


def _units_on(environment: Environment, host: str) -> dict[str, list[Unit]]:
    """Sort a host's datastores, and the edge's nginx, by what runs them."""
    system = environment.system
    found: dict[str, list[Unit]] = defaultdict(list)
    for store in environment.datastores_on(host):
        found[store.runtime].append(unit_of(system, store))
    if host in {edge.name for edge in environment.edge_hosts}:
        found[system.edge.runtime].append(edge_unit(system))
    return dict(found)


def survey_arguments(environment: Environment, host: str) -> tuple[str, ...]:
    """Give the arguments of the survey for a host."""
    system = environment.system
    instances = instances_on(system, environment.services_on(host))
    probes = [
        word
        for service in environment.services_on(host)
        for slot in Slot
        for word in (
            service.name, slot.value, str(service.port(slot)), service.health.path,
            f"{service.health.timeout.total_seconds():g}",
        )
    ]  # fmt: skip
    return (system.name, *_sections(instances, _units_on(environment, host)), "--", *probes)


def _sections(instances: Sequence[Instance], kept: Mapping[str, Sequence[Unit]]) -> list[str]:
    """List what to ask of each runtime, in groups of three: a title, whether it is usable, the states."""
    words = []
    for name, mine in by_runtime(instances).items():
        runtime = RUNTIMES[name]
        words += [name, shell_line([runtime.usable(mine)]), shell_line([runtime.status(mine)])]
    for name, units in kept.items():
        keeper = UNITS[name]
        words += [f"{name}-units", shell_line([keeper.usable()]), shell_line([keeper.status(units)])]
    return words


def by_runtime(instances: Iterable[Instance]) -> dict[str, list[Instance]]:
    """Sort instances by what runs them."""
    found: dict[str, list[Instance]] = defaultdict(list)
    for one in instances:
        found[one.service.runtime].append(one)
    return dict(found)


def survey(environment: Environment, run_directory: str, host: str) -> Command:
    """Build the command that only looks."""
    arguments = survey_arguments(environment, host)
    return Command(
        ("survey", "end"), (environment.system.root, run_directory, *arguments), survey_seconds(environment, host)
    )


def survey_seconds(environment: Environment, host: str) -> int:
    """Tell how long a survey may take: one instance after the other may need all of its time to answer."""
    asked = instances_on(environment.system, environment.services_on(host))
    return SURVEY_SECONDS + sum(int(one.service.health.timeout.total_seconds() + 1) for one in asked)


def read_state(reply: Reply, environment: Environment, host: str) -> HostState:
    """Understand what a survey printed."""
    system, services = environment.system, environment.services_on(host)
    units: dict[Place, UnitState] = {}
    for name, mine in by_runtime(instances_on(system, services)).items():
        units |= RUNTIMES[name].states(reply.block(f"units {name}"), mine)
    kept_up: dict[str, UnitState] = {}
    broken = dict(line.split(": ", 1) for line in reply.values("unusable"))
    for name, kept in _units_on(environment, host).items():
        title = f"{name}-units"
        if title in broken:
            kept_up |= {unit.name: UnitState(state=f"unknown: {broken[title]}") for unit in kept}
        else:
            kept_up |= UNITS[name].states(reply.block(f"units {title}"), kept)
    edge = kept_up.pop(nginx.UNIT, None)
    health = _health(reply)
    return HostState(
        fence=int(reply.value("fence", "0")),
        lease=_lease(reply),
        slots={Slot(slot): release for slot, release in (line.split(" ", 1) for line in reply.values("slot"))},
        units=units,
        health=health,
        healthy=_healthy(health, services),
        instances=_instances(reply),
        datastores=kept_up,
        edge=edge,
        gate=_gate(reply, {one.address: one.name for one in environment.all_hosts}),
        good=tuple(reply.values("good")),
        staged={release: digest for release, _, digest in (line.partition(" ") for line in reply.values("staged"))},
        free_kilobytes=int(reply.value("free") or 0),
        missing_tools=tuple(reply.values("missing")),
        unusable=tuple(reply.values("unusable")),
    )


def _healthy(health: dict[Place, Probe], services: Sequence[Service]) -> frozenset[tuple[str, Slot]]:
    """Name the services that are healthy in a slot: each of the instances that were asked is."""
    return frozenset(
        (service.name, slot)
        for service in services
        for slot in Slot
        for answers in [[probe for (name, where, _), probe in health.items() if (name, where) == (service.name, slot)]]
        if answers and all(probe.status == service.health.status for probe in answers)
    )


def _health(reply: Reply) -> dict[Place, Probe]:
    found: dict[Place, Probe] = {}
    for line in reply.values("health"):
        service, slot, number, status, seconds = line.split(" ")
        found[service, Slot(slot), int(number)] = Probe(int(status), float(seconds))
    return found


def _instances(reply: Reply) -> dict[str, int]:
    """Tell how many instances of each service the host was told of; while the number changes there are two files."""
    found: dict[str, int] = {}
    for line in reply.values("instances"):
        service, number = line.split(" ")
        found[service] = max(found.get(service, 0), int(number))
    return found


def _lease(reply: Reply) -> LeaseState | None:
    line = reply.value("lease")
    if not line:
        return None
    token, left, run_id, holder = line.split(" ", 3)
    return LeaseState(int(token), int(left) / HUNDREDTHS, run_id, holder)


def _gate(reply: Reply, names: Mapping[str, str]) -> Gate:
    pending = [line.split(" ") for line in reply.values("pending")]
    shares = [line.split(" ") for line in reply.values("share")]
    return Gate(
        confirmed=Slot(reply.value("confirmed", "blue")),
        record_token=_record_token(reply.value("record")),
        pending=tuple(Pending(Slot(slot), int(token), int(left) / HUNDREDTHS) for slot, token, left in pending),
        shares=tuple((Slot(slot), int(share)) for slot, share in shares),
        maintenance=bool(reply.value("maintenance")),
        # One that the description does not name any more stays out of nothing.
        out=tuple(names[address] for address in reply.values("out") if address in names),
    )


def _record_token(record: str) -> int | None:
    """Read the token of `TOKEN SLOT`; who writes that by hand may leave it out."""
    if not record:
        return None
    token, _, _ = record.partition(" ")
    return int(token) if token.isdecimal() else 0
