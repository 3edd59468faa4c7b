"""Health of a system, from the database to the edge: OK, WARN and ALERT lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.hosts.script import Command
from handrail.hosts.survey import unit_of
from handrail.model.level import Finding, Level
from handrail.model.live import live_slot
from handrail.model.tls import asked_name
from handrail.model.turn import out_of_traffic
from handrail.model.version import version_of
from handrail.runtimes import UNITS
from handrail.secrets import resolve_all, secrets_that_are_there

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.control.connections import Connections
    from handrail.control.look import Look
    from handrail.hosts.inventory import Loaded
    from handrail.model.datastore import Datastore
    from handrail.model.host_state import HostState, Probe
    from handrail.model.service import Service
    from handrail.model.slot import Slot
    from handrail.secrets import Secret

# A health check that takes half of its timeout will miss it soon.
SLOW_SHARE = 0.5
FREE_KILOBYTES = 1 << 20


def health(look: Look, connections: Connections, *, secrets: Mapping[str, Secret]) -> list[Finding]:
    """Ask everything, in the order in which the system starts: datastores, services, edges."""
    if look.cluster is not None:
        from handrail.control import cloud_health  # noqa: PLC0415  # boto3 only where AWS is used

        return cloud_health.health(look, look.cluster)
    asked = [*_datastores(look, connections, secrets), *_services(look), *_edges(look, connections), *_disks(look)]
    return [*lost(look), *left_out(look), *asked]


def lost(look: Look) -> list[Finding]:
    """Name the hosts that cannot be reached."""
    return [Finding(Level.ALERT, "host", host, reason) for host, reason in look.lost.items()]


def left_out(look: Look) -> list[Finding]:
    """Name the hosts that edges send nothing to though no run is under way that could put them back."""
    if any(state.lease is not None and state.lease.seconds_left > 0 for state in look.states.values()):
        return []
    text = "out of traffic, and no run is under way that puts it back; once it is well: fab updates.back"
    out = out_of_traffic(look.states, look.roles.edges)
    return [Finding(Level.ALERT, "traffic", host, f"{text} {host}") for host in look.roles.hosts if host in out]


def secrets_of(loaded: Loaded) -> Mapping[str, Secret]:
    """Read the secrets once.

    Without datastores of its own, and on AWS, none is needed to look: there they are for masking alone, so far as
    they can be read here.
    """
    system = loaded.environment.system
    needed = system.datastores and not loaded.environment.on_ecs
    return (resolve_all if needed else secrets_that_are_there)(system.own_secrets, base=loaded.base)


def _datastores(look: Look, connections: Connections, secrets: Mapping[str, Secret]) -> list[Finding]:
    system = look.environment.system

    def ask(host: str) -> list[Finding]:
        return [_datastore(host, store) for store in look.environment.datastores_on(host)]

    def _datastore(host: str, store: Datastore) -> Finding:
        password = secrets[store.password.secret].reveal() if store.password else ""
        inside = UNITS[store.runtime].inside(unit_of(system, store))
        words = (inside, store.kind, str(store.port), store.user or "", store.database or "")
        reply = connections.ask(host, Command(("answers", "ask"), (system.root, "/run", *words), 10, password))
        return Finding(Level.OK if reply.outcome.good else Level.ALERT, store.name, host, reply.words)

    hosts = [host for host in look.roles.data if host in look.states]
    return [finding for findings in connections.on_each(hosts, ask).values() for finding in findings]


def _services(look: Look) -> list[Finding]:
    if any(host not in look.states for host in look.roles.edges):
        return []
    live = live_slot(look.states, look.roles)
    findings = []
    for host in (host for host in look.roles.services if host in look.states):
        for service in look.environment.services_on(host):
            where, probe = _worst(look.states[host], service, live)
            answer = (
                f"{probe.status} in {probe.seconds * 1000:.0f} ms on {where}"
                if probe and probe.status
                else f"no answer on {where}"
            )
            level = Level.OK if (service.name, live) in look.states[host].healthy else Level.ALERT
            if level is Level.OK and probe and probe.seconds > service.health.timeout.total_seconds() * SLOW_SHARE:
                level = Level.WARN
            findings.append(Finding(level, service.name, host, answer))
    return findings


def _worst(state: HostState, service: Service, live: Slot) -> tuple[str, Probe | None]:
    """Give the answer of the instance that is worst off: one that is not well, else the slowest."""
    answers = {n: probe for (name, slot, n), probe in state.health.items() if (name, slot) == (service.name, live)}
    well = service.health.status
    number = min(answers, key=lambda n: (answers[n].status == well, -answers[n].seconds), default=1)
    return f"{live}, instance {number}" if len(answers) > 1 else str(live), answers.get(number)


def _edges(look: Look, connections: Connections) -> list[Finding]:
    system = look.environment.system
    mark = system.release.version

    def ask(host: str) -> Finding:
        state = look.states[host]
        if state.gate.maintenance:
            return Finding(Level.WARN, "edge", host, "traffic is held")
        release = next(
            (look.states[one].slots.get(state.gate.slot, "") for one in look.roles.services if one in look.states), ""
        )
        version = version_of(release) if release else ""
        header = (mark.header, version) if mark.header else ("", "")
        words = (
            system.edge.origin,
            asked_name(system.edge.server_names[0]),
            "2",
            mark.path,
            "200",
            *header,
            "",
        )
        reply = connections.ask(host, Command(("verify",), (system.root, f"/run/handrail/{system.name}", *words), 30))
        level = Level.OK if reply.outcome.good else Level.ALERT
        if level is Level.OK and not state.gate.settled:
            return Finding(Level.WARN, "edge", host, "a cutover is not confirmed yet")
        if level is Level.OK and state.gate.out:
            text = f"{version} from {state.gate.slot}, nothing to {', '.join(state.gate.out)}"
            return Finding(Level.WARN, "edge", host, text)
        return Finding(level, "edge", host, f"{version} from {state.gate.slot}" if level is Level.OK else reply.words)

    return list(connections.on_each([host for host in look.roles.edges if host in look.states], ask).values())


def _disks(look: Look) -> list[Finding]:
    return [
        Finding(
            Level.WARN, "disk", host, f"{state.free_kilobytes // 1024} MiB free below {look.environment.system.root}"
        )
        for host, state in look.states.items()
        if state.free_kilobytes < FREE_KILOBYTES
    ]
