"""Stage a release, ready a slot, start, stop and drain it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from handrail.hosts.bundle import bundle
from handrail.hosts.script import Command, Upload, shell_line
from handrail.model.plan import Verb
from handrail.model.slot import Slot
from handrail.model.version import version_of
from handrail.runtimes import RUNTIMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handrail.model.rollout import Step
    from handrail.model.service import Service
    from handrail.orchestration.run import Run
    from handrail.runtimes.protocol import File

# Unpacking and building are as long as they are; this much is a hung disk or a hung build.
STAGE_SECONDS = 900
# What a start may take beyond its health deadline: systemd's own work on a busy machine.
START_SECONDS = 15


def stage(run: Run, step: Step, host: str) -> Sequence[Command | Upload]:
    """Send the artifact to a host that lacks the release, and unpack it there."""
    plan, release = run.plan, run.environment.system.release
    user = run.environment.services_on(host)[0].user
    target = ""
    sent: list[Command | Upload] = []
    if plan.release_id not in run.fleet.states[host].staged:
        target = f"/tmp/handrail-{run.run_id}.tar.gz"  # noqa: S108  # a random name, and the digest is checked there
        sent.append(Upload(str(run.artifact), target))
    digest = plan.digest or (run.intent.release.digest if run.intent.release else "")
    arguments = (plan.release_id, digest, target, shell_line(release.build) if release.build else "", user)
    return [*sent, run.fenced(["stage"], arguments, seconds=STAGE_SECONDS)]


def ready_slot(run: Run, host: str) -> Command:
    """Empty the idle slot and give it the release, with its unit and environment files."""
    plan = run.plan
    services = run.environment.services_on(host)
    files: list[File] = []
    for service in services:
        one, runtime = run.instance(service, plan.slot), RUNTIMES[service.runtime]
        variables = run.environment.variables(service, plan.slot, version_of(plan.release_id))
        clear = {
            name: value if isinstance(value, str) else run.secrets[value.secret].reveal()
            for name, value in variables.items()
        }
        files += [*runtime.files(one), runtime.environment(one, clear)]
    reloads = shell_line(list(dict.fromkeys(tuple(RUNTIMES[service.runtime].reload()) for service in services)))
    stops = [
        argv
        for service in reversed(services)
        for argv in RUNTIMES[service.runtime].stop([run.instance(service, plan.slot)])
    ]
    users = sorted({service.user for service in services})
    stop_seconds = sum((service.stop for service in services), timedelta()).total_seconds()
    arguments = (str(plan.slot), plan.release_id, shell_line(stops), reloads, *users)
    return run.fenced(["put_files", "ready_slot"], arguments, seconds=stop_seconds + 60, stdin=bundle(files))


def start(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Start one generation of services and wait for their health."""
    plan = run.plan
    generation = run.environment.system.start_order()[step.part]
    return [
        _start(run, service, plan.slot) for service in run.environment.services_on(host) if service.name in generation
    ]


def _start(run: Run, service: Service, slot: Slot) -> Command:
    one, runtime, health = run.instance(service, slot), RUNTIMES[service.runtime], service.health
    deadline = int(health.deadline.total_seconds())
    arguments = (
        str(slot), service.name, shell_line(runtime.start(one)), shell_line([runtime.died(one)]),
        shell_line([runtime.log(one, lines=20)]), str(service.port(slot)), health.path, str(health.status),
        f"{health.interval.total_seconds():g}", f"{health.timeout.total_seconds():g}", str(deadline),
    )  # fmt: skip
    return run.fenced(["start"], arguments, seconds=deadline + START_SECONDS)


def stop(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Stop one generation of services: in the idle slot, or in both when the whole system shuts down."""
    generation = run.environment.system.start_order()[step.part]
    services = [service for service in run.environment.services_on(host) if service.name in generation]
    if not services:
        return []
    slots = list(Slot) if run.intent.verb is Verb.SHUTDOWN else [run.plan.slot]
    lines = [
        argv for one in services for argv in RUNTIMES[one.runtime].stop([run.instance(one, slot) for slot in slots])
    ]
    seconds = sum((service.stop for service in services), timedelta()).total_seconds() * len(slots) + 10
    return [run.fenced(["stop"], (" and ".join(slots), shell_line(lines)), seconds=seconds)]


def migrate(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Run the release's migration, on one host."""
    wanted = run.environment.system.release.migrate
    if wanted is None:
        return []
    service = run.environment.system.services[wanted.service]
    one = run.instance(service, run.plan.slot)
    line = shell_line([RUNTIMES[service.runtime].run_once(one, wanted.command, wanted.deadline)])
    return [run.fenced(["run_once"], ("migrate", line), seconds=wanted.deadline.total_seconds() + 5)]


def drain(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Wait until open requests on the old slot are answered."""
    plan, system = run.plan, run.environment.system
    slots = list(Slot) if run.intent.verb is Verb.SHUTDOWN else [plan.live]
    ports = [str(service.port(slot)) for service in run.environment.services_on(host) for slot in slots]
    seconds = int(system.times.drain.total_seconds())
    return [Command(("drain",), (system.root, run.run_directory, str(seconds), *ports), seconds + 10)]
