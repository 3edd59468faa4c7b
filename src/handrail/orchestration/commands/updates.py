"""Update the packages of one host after the other: look, take it out of traffic, update, reboot, check, put it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.hosts.updates import arguments_of
from handrail.model.fleet import Do
from handrail.model.turn import went_out
from handrail.orchestration.commands.data import datastores
from handrail.orchestration.commands.edge import verify
from handrail.orchestration.commands.slot import start_and_wait
from handrail.orchestration.commands.unit import start_edge
from handrail.traffic.nginx import UNIT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handrail.hosts.script import Command, Upload
    from handrail.model.service import Health
    from handrail.model.step import Step
    from handrail.orchestration.run import Run

# Slow mirrors, and another apt that holds the lock for a while.
LOOK_SECONDS = 240
# Some hundred packages on a slow disk, with kernels among them. What is not done by then hangs.
APT_SECONDS = 1500
# As long again for the lock of another apt and for units that do not start, so that the script says how it went.
UPGRADE_SECONDS = APT_SECONDS + 600
# Debian and Ubuntu: a package that needs a reboot makes this file, and names itself in the one with .pkgs.
REBOOT_ASKED = "/run/reboot-required"
# Who is to stand in for a host has to be well now.
STAND_IN_SECONDS = 3
# Restarting these would cut off who is logged in, the host from its network or its address from the others, or stop
# every container or job; needrestart leaves them alone, too.
NEVER = (
    "dbus*.service", "systemd-*.service", "*getty@*.service", "network*.service", "NetworkManager*.service",
    "wpa_supplicant*.service", "ifup@*.service", "openvpn*.service", "*swan*.service", "bird*.service", "frr*.service",
    "quagga*.service", "keepalived*.service", "docker.service", "containerd.service", "libvirt*.service",
    "lxcfs*.service", "cron-*.service", "rc-local.service", "unattended-upgrades.service",
)  # fmt: skip


def look(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Ask the host's sources which updates there are."""
    return [run.fenced(["others", "updates", "updates_ask"], (_leave(run, host),), seconds=LOOK_SECONDS)]


def out(way: str) -> Callable[[Run, Step, str], Sequence[Command]]:
    """Make the builder that takes the host whose turn it is out of an edge's traffic, or puts it back."""

    def build(run: Run, step: Step, host: str) -> Sequence[Command]:
        turn = run.fleet.roles.turns[step.part]
        address = next(each.address for each in run.environment.all_hosts if each.name == turn)
        return [run.fenced(["out"], (way, address))]

    return build


def upgrade(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Install what the host was seen to offer, and start again what runs files that were replaced."""
    arguments = (_leave(run, host), str(APT_SECONDS), *arguments_of(run.updates[host]))
    return [run.fenced(["others", "updates", "upgrade"], arguments, seconds=UPGRADE_SECONDS)]


def _leave(run: Run, host: str) -> str:
    """Write down which units are not started again, as shell patterns."""
    return " ".join((*NEVER, *_serving(run, host)))


def _serving(run: Run, host: str) -> list[str]:
    """Name the units that serve meanwhile: an edge's nginx, and the services of a host that keeps its traffic.

    `fab restart` starts services anew without dropping a request.
    """
    edges = [f"{UNIT}.service"] if host in run.fleet.roles.edges else []
    return edges + ([f"{run.environment.system.name}-*.service"] if host in run.plan.alone else [])


def reboot(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Reboot the host if an update asks for that."""
    return [run.fenced(["others", "boot", "reboot"], (REBOOT_ASKED,))]


def well(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Ask each instance of the live slot on a host for its health; nothing is started.

    At the end services may need a moment, for their datastore was the last to be updated.
    """
    asked = [one for service in run.environment.services_on(host) for one in run.instances(service, run.plan.live)]
    words = [
        word
        for one in asked
        for health in [one.service.health]
        for timeout, wait in [(health.timeout.total_seconds(), _patience(step, health))]
        for word in (one.name, str(one.port), health.path, str(health.status), f"{timeout:g}", str(wait))
    ]
    each = (one.service.health for one in asked)
    seconds = sum(_patience(step, health) + health.timeout.total_seconds() + 1 for health in each)
    return [run.fenced(["well"], words, seconds=seconds + 10)] if words else []


def _patience(step: Step, health: Health) -> int:
    return int(health.deadline.total_seconds()) if step.do is Do.ALL_WELL else STAND_IN_SECONDS


def check(run: Run, step: Step, host: str) -> Sequence[Command | Upload]:
    """Wait for the health of all that is to run on the host; what does not run is started.

    While traffic is held, what did not run before may be stopped on purpose; but who gets its traffic back must be
    known to be well.
    """
    held, state = run.plan.held and not went_out(run.fleet, host), run.fleet.states[host]
    todo: list[Command | Upload] = [run.fenced(["at_rest"], ())]
    if not held or any(unit.running for unit in state.datastores.values()):
        todo += datastores("start")(run, step, host)
    for service in run.environment.services_on(host):
        for one in run.instances(service, run.plan.live):
            unit = state.units.get(one.place)
            if not held or (unit is not None and unit.running):
                todo.append(start_and_wait(run, one))
    if host in run.fleet.roles.edges:
        todo.append(run.fenced(["start_edge"], (start_edge(run.environment.system),), seconds=60))
        todo += verify(run, step, host) if run.plan.release_id and not run.plan.held else ()
    return todo
