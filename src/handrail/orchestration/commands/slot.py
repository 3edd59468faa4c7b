"""Stage a release, ready a slot, start, watch, stop and drain its instances."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from handrail.hosts.bundle import bundle
from handrail.hosts.script import Command, Upload, shell_line
from handrail.hosts.survey import by_runtime
from handrail.model.intent import Verb
from handrail.model.roles import told
from handrail.model.slot import Slot
from handrail.model.version import version_of
from handrail.runtimes import RUNTIMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from handrail.model.service import Service
    from handrail.model.step import Step
    from handrail.orchestration.run import Run
    from handrail.runtimes.protocol import File, Instance

# Unpacking, building and loading images are as long as they are; this much is a hung disk or a hung build.
STAGE_SECONDS = 900
# What a start may take beyond its health deadline: the runtime's own work on a busy machine.
START_SECONDS = 30
# What asking after all that runs may take beyond its answers.
STEADY_SECONDS = 60
# What a stop may take beyond the programs' own time.
STOP_SECONDS = 30


def stage(run: Run, step: Step, host: str) -> Sequence[Command | Upload]:
    """Send the artifact to a host that lacks the release, unpack it there, and let the runtimes prepare it."""
    plan, system = run.plan, run.environment.system
    services = run.environment.services_on(host)
    target = ""
    sent: list[Command | Upload] = []
    if plan.release_id not in run.fleet.states[host].staged:
        target = f"/tmp/handrail-{run.run_id}.tar.gz"  # noqa: S108  # a random name, and the digest is checked there
        sent.append(Upload(str(run.artifact), target))
    digest = plan.digest or (run.intent.release.digest if run.intent.release else "")
    prepare = [
        argv
        for service in services
        for argv in RUNTIMES[service.runtime].prepare(service, system=system.name, version=version_of(plan.release_id))
    ]
    build = shell_line(system.release.build) if system.release.build else ""
    user = next((service.user for service in services if service.user), "nobody")
    arguments = (plan.release_id, digest, target, build, user, shell_line(prepare) if prepare else "")
    return [*sent, run.fenced(["stage"], arguments, seconds=STAGE_SECONDS)]


def ready_slot(run: Run, host: str) -> Command:
    """Empty the idle slot and give it the release, with the files of its instances."""
    plan = run.plan
    services = run.environment.services_on(host)
    instances = [one for service in services for one in run.instances(service, plan.slot)]
    stops = stop_lines([one for service in reversed(services) for one in run.every(service, plan.slot)])
    head = (str(plan.slot), plan.release_id, shell_line(stops), reloads(instances), users(services))
    arguments = (*head, *told_instances(run))
    seconds = stop_seconds(services) + STOP_SECONDS
    return run.fenced(
        ["instances", "put_files", "ready_slot"], arguments, seconds=seconds, stdin=bundle(files(run, instances, host))
    )


def ready_instances(run: Run, host: str) -> Command:
    """Put the files of new instances beside those that run."""
    service = run.environment.system.services[run.plan.service]
    instances = [one for one in run.instances(service, run.plan.slot) if one.number > run.plan.before]
    return run.fenced(
        ["put_files", "ready_instances"], (reloads(instances),), seconds=60, stdin=bundle(files(run, instances, host))
    )


def files(run: Run, instances: Sequence[Instance], host: str) -> list[File]:
    """List what the instances need on their host, each file once."""
    found: dict[str, File] = {}
    secrets = {name: secret.reveal() for name, secret in run.secrets.items()}
    for one in instances:
        runtime, version = RUNTIMES[one.service.runtime], version_of(run.plan.release_id)
        variables = run.clear(run.environment.variables(one.service, one.slot, version, one.number, host))
        for file in (*runtime.files(one), runtime.environment(one, variables, secrets)):
            found[file.path] = file
    return list(found.values())


def reloads(instances: Iterable[Instance]) -> str:
    """Give the line that makes the runtimes read their files again."""
    return shell_line([argv for name, mine in by_runtime(instances).items() for argv in RUNTIMES[name].reload(mine)])


def users(services: Iterable[Service]) -> str:
    """Name the Unix users of services."""
    return " ".join(sorted({service.user for service in services} - {""}))


def told_instances(run: Run) -> tuple[str, ...]:
    """Give each service that can have several instances, and how many may have traffic by now, for hosts that are new.

    Where hosts disagree, those above the least number that one was told of may be stopped.
    """
    plan, most = run.plan, run.most
    counts = {name: plan.before if name == plan.service else count for name, count in plan.instances.items()}
    least = {name: min(told(name, run.fleet.states), default=count) for name, count in counts.items()}
    return tuple(word for name, count in least.items() if most[name] > 1 for word in (name, str(count)))


def start(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Start one generation of services and wait for their health."""
    plan = run.plan
    generation = run.environment.system.start_order()[step.part]
    return [
        start_and_wait(run, one)
        for service in run.environment.services_on(host)
        if service.name in generation
        for one in run.instances(service, plan.slot)
        if plan.service in {"", service.name}
    ]


def start_and_wait(run: Run, one: Instance) -> Command:
    """Start one instance unless it runs, and wait for its health."""
    runtime, health = RUNTIMES[one.service.runtime], one.service.health
    deadline = int(health.deadline.total_seconds())
    # A slot that gets a release was emptied: all that starts in it begins to count at 0.
    count = "" if run.plan.verb.moves_release else shell_line([runtime.restarts(one)])
    arguments = (
        str(one.slot), one.name, shell_line(runtime.start(one)), count, shell_line([runtime.died(one)]),
        shell_line([runtime.log(one, lines=20)]), str(one.port), health.path, str(health.status),
        f"{health.interval.total_seconds():g}", f"{health.timeout.total_seconds():g}", str(deadline),
    )  # fmt: skip
    return run.fenced(["start"], arguments, seconds=deadline + START_SECONDS)


def steady(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Ask each instance that this run started whether it still is as it was started."""
    plan = run.plan
    services = [one for one in run.environment.services_on(host) if plan.service in {"", one.name}]
    mine = [one for service in services for one in run.instances(service, plan.slot) if one.number > plan.before]
    words = [
        word
        for one in mine
        for runtime, health in [(RUNTIMES[one.service.runtime], one.service.health)]
        for word in (
            one.name, shell_line([runtime.restarts(one)]), shell_line([runtime.log(one, lines=20)]),
            str(one.port), health.path, str(health.status), f"{health.timeout.total_seconds():g}",
        )
    ]  # fmt: skip
    # Each may be asked twice.
    seconds = STEADY_SECONDS + sum(2 * int(one.service.health.timeout.total_seconds() + 1) for one in mine)
    return [Command(("steady",), (run.environment.system.root, run.run_directory, *words), seconds)] if words else []


def stop(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Stop one generation of services: in the idle slot, or in both when the whole system shuts down."""
    plan = run.plan
    generation = run.environment.system.start_order()[step.part]
    services = [service for service in run.environment.services_on(host) if service.name in generation]
    slots = list(Slot) if plan.verb is Verb.SHUTDOWN else [plan.slot]
    instances = [one for service in services for slot in slots for one in run.every(service, slot)]
    if plan.verb is Verb.SCALE:
        least = min(plan.before, plan.instances[plan.service])
        instances = [one for one in instances if one.service.name == plan.service and one.number > least]
    if not instances:
        return []
    seconds = stop_seconds(services) * len(slots) + STOP_SECONDS
    lines = [*stop_lines(instances), *_stay_down_lines(instances)]
    return [run.fenced(["stop"], (" and ".join(slots), shell_line(lines)), seconds=seconds)]


def _stay_down_lines(instances: Iterable[Instance]) -> list[Sequence[str]]:
    return [argv for name, mine in by_runtime(instances).items() for argv in RUNTIMES[name].stay_down(mine)]


def stop_lines(instances: Iterable[Instance]) -> list[Sequence[str]]:
    """List the commands that stop instances, one service after the other, each service's all at once."""
    by_service: dict[str, list[Instance]] = defaultdict(list)
    for one in instances:
        by_service[one.service.name].append(one)
    return [argv for mine in by_service.values() for argv in RUNTIMES[mine[0].service.runtime].stop(mine)]


def stop_seconds(services: Iterable[Service]) -> float:
    """Tell how long services may take to stop, one after the other."""
    return sum((service.stop for service in services), timedelta()).total_seconds()


def migrate(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Run the release's migration, on one host."""
    wanted = run.environment.system.release.migrate
    if wanted is None:
        return []
    service = run.environment.system.services[wanted.service]
    one = run.instances(service, run.plan.slot)[0]
    line = shell_line([RUNTIMES[service.runtime].run_once(one, wanted.command, wanted.deadline)])
    seconds = int(wanted.deadline.total_seconds())
    return [run.fenced(["run_once"], ("migrate", line, str(seconds)), seconds=seconds + 15)]


def drain(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Wait until open requests are answered: on the old slot, on the instances that go, or on everything."""
    plan, system = run.plan, run.environment.system
    slots = list(Slot) if plan.verb is Verb.SHUTDOWN else [plan.live]
    services = run.environment.services_on(host)
    instances = [one for service in services for slot in slots for one in run.every(service, slot)]
    if plan.verb is Verb.SCALE:
        after = plan.instances[plan.service]
        instances = [one for one in instances if one.service.name == plan.service and one.number > after]
    words = [
        word
        for one in instances
        for word in (shell_line([RUNTIMES[one.service.runtime].pid(one)]), str(one.container_port))
    ]
    seconds = int(system.times.drain.total_seconds())
    return [Command(("drain",), (system.root, run.run_directory, str(seconds), *words), seconds + 30)]
