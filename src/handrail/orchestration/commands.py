"""From a step to commands: what each host is asked to do. Nothing is run here."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from handrail.hosts.bundle import bundle
from handrail.hosts.script import Command, Upload, shell_line, text_of
from handrail.hosts.survey import survey_arguments
from handrail.model.fleet import Do
from handrail.model.plan import Plan, Verb
from handrail.model.rollout import decided
from handrail.model.slot import Slot
from handrail.model.version import version_of
from handrail.runtimes import RUNTIMES
from handrail.runtimes.protocol import File, Instance
from handrail.traffic import nginx

if TYPE_CHECKING:
    from handrail.model.rollout import Step
    from handrail.model.service import Service
    from handrail.orchestration.run import Run

# Unpacking and building are as long as they are; this much is a hung disk or a hung build.
STAGE_SECONDS = 900
# What a start may take beyond its health deadline: systemd's own work on a busy machine.
START_SECONDS = 15
# The edge is asked at most so often for each question, two times for each host behind it.
ASK_EACH_HOST = 2

# `reload` does nothing on a unit that is down (systemctl(1)), and one that is up must not be restarted.
TAKE_IN_SITE = (
    "nginx -t && if systemctl is-active -q nginx; then systemctl reload nginx; else systemctl enable -q --now nginx; fi"
)

Builder = Callable[["Run", "Step", str], Sequence[Command | Upload]]


def commands(run: Run, step: Step, host: str) -> Sequence[Command | Upload]:
    """List what a host is asked to do for a step, in order."""
    return BUILDERS[step.do](run, step, host)


def fenced(
    run: Run, scripts: Sequence[str], arguments: Sequence[str], *, seconds: float = 30, stdin: str = ""
) -> Command:
    """Build a command that changes something: it carries the token, which the host checks in the same command."""
    root = run.environment.system.root
    head = (root, run.run_directory, str(run.fleet.token), run.run_id)
    return Command(("fenced", *scripts), (*head, *arguments), int(seconds), stdin)


def plan_of(run: Run) -> Plan:
    """Give the plan, which every step after the leases has."""
    if run.fleet.plan is None:
        raise RuntimeError("a step that needs a plan ran before there was one")
    return run.fleet.plan


def instance(run: Run, service: Service, slot: Slot) -> Instance:
    """Name a service in a slot."""
    return Instance(run.environment.system.name, run.environment.system.root, service, slot)


def take_lease(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Take the lease and read the host in the same round trip."""
    system = run.environment.system
    seconds = int(system.times.lease.total_seconds())
    looks = survey_arguments(system, run.environment.services_on(host), run.environment.datastores_on(host))
    head = (
        system.root,
        run.run_directory,
        str(run.fleet.token),
        run.run_id,
        str(seconds),
        run.holder,
        str(run.intent.verb),
    )
    return [Command(("lease_take", "survey", "end"), (*head, *looks), 60)]


def renew_lease(run: Run) -> Command:
    """Keep the lease."""
    seconds = int(run.environment.system.times.lease.total_seconds())
    return fenced(run, ["lease_renew"], [str(seconds)], seconds=10)


def stage(run: Run, step: Step, host: str) -> Sequence[Command | Upload]:
    """Send the artifact to a host that lacks the release, and unpack it there."""
    plan, release = plan_of(run), run.environment.system.release
    user = run.environment.services_on(host)[0].user
    target = ""
    sent: list[Command | Upload] = []
    if plan.release_id not in run.fleet.states[host].staged:
        target = f"/tmp/handrail-{run.run_id}.tar.gz"  # noqa: S108  # a random name, and the digest is checked there
        sent.append(Upload(str(run.artifact), target))
    digest = plan.digest or (run.intent.release.digest if run.intent.release else "")
    arguments = (plan.release_id, digest, target, shell_line(release.build) if release.build else "", user)
    return [*sent, fenced(run, ["stage"], arguments, seconds=STAGE_SECONDS)]


def ready(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Give the idle slot its release and files, and the edge its configuration."""
    todo: list[Command] = []
    if host in run.fleet.roles.services and run.intent.verb not in {Verb.STARTUP, Verb.SHUTDOWN}:
        todo.append(_ready_slot(run, host))
    if host in run.fleet.roles.edges:
        todo.append(_ready_edge(run))
    return todo


def _ready_slot(run: Run, host: str) -> Command:
    plan = plan_of(run)
    services = run.environment.services_on(host)
    files: list[File] = []
    for service in services:
        one, runtime = instance(run, service, plan.slot), RUNTIMES[service.runtime]
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
        for argv in RUNTIMES[service.runtime].stop([instance(run, service, plan.slot)])
    ]
    users = sorted({service.user for service in services})
    stop_seconds = sum((service.stop for service in services), timedelta()).total_seconds()
    arguments = (str(plan.slot), plan.release_id, shell_line(stops), reloads, *users)
    return fenced(run, ["put_files", "ready_slot"], arguments, seconds=stop_seconds + 60, stdin=bundle(files))


def _ready_edge(run: Run) -> Command:
    environment = run.environment
    addresses = {
        name: [host.address for host in environment.service_hosts(name)] for name in environment.system.services
    }
    peers = [host.address for host in environment.edge_hosts]
    site = nginx.site(environment.system, run_directory=run.run_directory, addresses=addresses, peers=peers)
    return fenced(
        run, ["put_files", "ready_edge"], (TAKE_IN_SITE,), seconds=60, stdin=bundle([File(site.path, site.text)])
    )


def start(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Start one generation of services and wait for their health."""
    plan = plan_of(run)
    generation = run.environment.system.start_order()[step.part]
    return [
        _start(run, service, plan.slot) for service in run.environment.services_on(host) if service.name in generation
    ]


def _start(run: Run, service: Service, slot: Slot) -> Command:
    one, runtime, health = instance(run, service, slot), RUNTIMES[service.runtime], service.health
    deadline = int(health.deadline.total_seconds())
    arguments = (
        str(slot), service.name, shell_line(runtime.start(one)), shell_line([runtime.died(one)]),
        shell_line([runtime.log(one, lines=20)]), str(service.port(slot)), health.path, str(health.status),
        f"{health.interval.total_seconds():g}", f"{health.timeout.total_seconds():g}", str(deadline),
    )  # fmt: skip
    return fenced(run, ["start"], arguments, seconds=deadline + START_SECONDS)


def stop(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Stop one generation of services: in the idle slot, or in both when the whole system shuts down."""
    generation = run.environment.system.start_order()[step.part]
    services = [service for service in run.environment.services_on(host) if service.name in generation]
    if not services:
        return []
    slots = list(Slot) if run.intent.verb is Verb.SHUTDOWN else [plan_of(run).slot]
    lines = [
        argv for one in services for argv in RUNTIMES[one.runtime].stop([instance(run, one, slot) for slot in slots])
    ]
    seconds = sum((service.stop for service in services), timedelta()).total_seconds() * len(slots) + 10
    return [fenced(run, ["stop"], (" and ".join(slots), shell_line(lines)), seconds=seconds)]


def migrate(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Run the release's migration, on one host."""
    wanted = run.environment.system.release.migrate
    if wanted is None:
        return []
    service = run.environment.system.services[wanted.service]
    one = instance(run, service, plan_of(run).slot)
    line = shell_line([RUNTIMES[service.runtime].run_once(one, wanted.command, wanted.deadline)])
    return [fenced(run, ["run_once"], ("migrate", line), seconds=wanted.deadline.total_seconds() + 5)]


def move(verb: str) -> Builder:
    """Make the builder of one move of the traffic."""

    def build(run: Run, step: Step, host: str) -> Sequence[Command]:
        plan, system = plan_of(run), run.environment.system
        slot = plan.live if verb == "settle" else plan.slot
        edges = [(edge.name, f"{edge.address}:{system.edge.port}") for edge in run.environment.edge_hosts]
        me = dict(edges)[host]
        confirm = int(system.times.confirm.total_seconds())
        others = " ".join(address for _, address in edges if address != me)
        revert = text_of("prelude", "gate", "gate_revert")
        arguments = (verb, str(slot), str(confirm), str(plan.share), revert, system.name, me, edges[0][1], others)
        before = [fenced(run, ["start_edge"], ())] if verb == "resume" else []
        return [*before, fenced(run, ["gate", "gate_do"], arguments)]

    return build


def verify(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Ask the edge as a client would: the version that is served, then the smoke tests."""
    plan, system = plan_of(run), run.environment.system
    version, mark = version_of(plan.release_id), system.release.version
    contains = (mark.contains or "").replace("${version}", version)
    header = (mark.header, version) if mark.header else ("", "")
    questions = [mark.path, "200", *header, contains]
    for smoke in system.release.smoke_of(version, plan.slot):
        questions += [smoke.path, str(smoke.status), "", "", smoke.contains or ""]
    behind = max(len(run.environment.service_hosts(name)) for name in system.services)
    address = f"http://127.0.0.1:{system.edge.port}"
    head = (system.root, run.run_directory, address, system.edge.server_names[0], str(ASK_EACH_HOST * behind))
    return [Command(("verify",), (*head, *questions), 60)]


def bake(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Watch what the edge answers from the new slot."""
    plan, system = plan_of(run), run.environment.system
    seconds = int(system.times.bake.total_seconds())
    limits = (
        f"{system.bake.errors_percent:g}",
        str(int(system.bake.p95.total_seconds() * 1000)),
        str(system.bake.at_least),
    )
    head = (system.root, run.run_directory, nginx.log_of(system.name), str(plan.slot), str(seconds))
    return [Command(("bake",), (*head, *limits), seconds + 20)]


def drain(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Wait until open requests on the old slot are answered."""
    plan, system = plan_of(run), run.environment.system
    slots = list(Slot) if run.intent.verb is Verb.SHUTDOWN else [plan.live]
    ports = [str(service.port(slot)) for service in run.environment.services_on(host) for slot in slots]
    seconds = int(system.times.drain.total_seconds())
    return [Command(("drain",), (system.root, run.run_directory, str(seconds), *ports), seconds + 10)]


def datastores(verb: str) -> Builder:
    """Make the builder that starts or stops the datastores of a host."""

    def build(run: Run, step: Step, host: str) -> Sequence[Command]:
        todo = []
        for store in run.environment.datastores_on(host):
            secret = run.secrets[store.password.secret].reveal() if store.password and verb == "start" else ""
            arguments = (
                verb,
                store.name,
                store.kind,
                store.unit,
                str(store.port),
                store.user or "",
                store.database or "",
                "60",
            )
            todo.append(fenced(run, ["answers", "datastore"], arguments, seconds=90, stdin=secret))
        return todo

    return build


def finish(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Write the record, keep the good releases, give the lease back."""
    good, bad = _good_and_bad(run)
    keep = str(run.environment.system.release.keep)
    return [fenced(run, ["finish"], (json.dumps(record(run)), good, keep, bad))]


def _good_and_bad(run: Run) -> tuple[str, str]:
    """Name the release that proved good, and the one that was rolled back from."""
    plan = run.fleet.plan
    if plan is None or plan.verb in {Verb.STARTUP, Verb.SHUTDOWN}:
        return "", ""
    if plan.nothing:
        return plan.live_release, ""
    if not decided(run.fleet):
        return "", ""
    bad = plan.live_release if plan.verb is Verb.ROLLBACK and plan.live_release != plan.release_id else ""
    return plan.release_id, bad


def record(run: Run) -> dict[str, object]:
    """Say in one line who did what, when, and how it ended."""
    end, ended = run.verdict(), datetime.now(UTC)
    return {
        "at": ended.isoformat(timespec="seconds"),
        "run": run.run_id,
        "token": run.fleet.token,
        "record": run.intent.verb,
        "who": run.holder.partition(" ")[0],
        "environment": run.environment.name,
        "what": run.fleet.plan.change if run.fleet.plan else "",
        "outcome": end.word,
        "text": end.text,
        "started": run.started.isoformat(timespec="seconds"),
        "seconds": round((ended - run.started).total_seconds(), 2),
    }


BUILDERS: dict[Do, Builder] = {
    Do.LEASE: take_lease,
    Do.SETTLE: move("settle"),
    Do.STAGE: stage,
    Do.READY: ready,
    Do.START: start,
    Do.MIGRATE: migrate,
    Do.SHARE: move("share"),
    Do.WATCH_SHARE: bake,
    Do.CUT_OVER: move("cut_over"),
    Do.VERIFY: verify,
    Do.BAKE: bake,
    Do.CONFIRM: move("confirm"),
    Do.GO_BACK: move("back"),
    Do.DRAIN: drain,
    Do.STOP: stop,
    Do.START_DATA: datastores("start"),
    Do.STOP_DATA: datastores("stop"),
    Do.HOLD: move("hold"),
    Do.RESUME: move("resume"),
    Do.FINISH: finish,
}
