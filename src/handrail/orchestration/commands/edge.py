"""Ready an edge, move its traffic, ask it what it serves and watch it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.hosts.bundle import bundle
from handrail.hosts.script import Command, text_of
from handrail.hosts.survey import edge_unit
from handrail.model.intent import Verb
from handrail.model.tls import asked_name
from handrail.model.version import version_of
from handrail.orchestration.commands.certificate import placeholders
from handrail.orchestration.commands.slot import told_instances
from handrail.orchestration.commands.unit import put_unit, start_edge, take_in_site
from handrail.runtimes.protocol import File
from handrail.traffic import nginx

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handrail.model.step import Step
    from handrail.orchestration.run import Run

# The edge is asked at most so often for each question, two times for each host behind it.
ASK_EACH_HOST = 2


def ready_edge(run: Run) -> Sequence[Command]:
    """Install the edge's configuration, and have nginx take it in if it differs."""
    environment = run.environment
    edge = environment.system.edge
    unit = edge_unit(environment.system)
    addresses = {
        name: [host.address for host in environment.service_hosts(name)] for name in environment.system.services
    }
    peers = [host.address for host in environment.edge_hosts]
    site = nginx.site(
        environment.system, run_directory=run.run_directory, addresses=addresses, peers=peers, most=run.most
    )
    arguments = (take_in_site(environment.system), *told_instances(run))
    return [
        *put_unit(run, edge.runtime, unit, edge.file),
        run.fenced(
            ["instances", "put_files", "ready_edge"], arguments, seconds=60,
            stdin=bundle([File(site.path, site.text)]),
        ),
        *placeholders(run),
    ]  # fmt: skip


def move(verb: str) -> Callable[[Run, Step, str], Sequence[Command]]:
    """Make the builder of one move of the traffic."""

    def build(run: Run, step: Step, host: str) -> Sequence[Command]:
        plan, system = run.plan, run.environment.system
        if verb == "hold" and plan.verb is Verb.SHUTDOWN and run.fleet.states[host].gate.maintenance:
            return []  # the page that is up says why
        slot = plan.live if verb == "settle" else plan.slot
        edges = [(edge.name, f"{edge.address}:{system.edge.port}") for edge in run.environment.edge_hosts]
        me = dict(edges)[host]
        confirm = int(system.times.confirm.total_seconds())
        others = " ".join(address for _, address in edges if address != me)
        revert = text_of("prelude", "gate", "gate_revert")
        names = (system.name, asked_name(system.edge.server_names[0]), me, edges[0][1], others)
        arguments = (verb, str(slot), str(confirm), str(plan.share), revert, *names)
        message = run.intent.message or system.edge.maintenance.message
        # From an nginx that is down nobody gets anything, no page either.
        starts = verb == "resume" or plan.verb is Verb.HOLD
        before = [run.fenced(["start_edge"], (start_edge(system),), seconds=60)] if starts else []
        return [*before, run.fenced(["gate", "gate_do"], arguments, stdin=message if verb == "hold" else "")]

    return build


def spread(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Let so many instances of the service that is scaled have traffic, or as many as before."""
    plan = run.plan
    way, number = ("back", plan.before) if step.part else ("on", plan.instances[plan.service])
    return [run.fenced(["instances", "spread"], (way, plan.service, str(number)))]


def verify(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Ask the edge as a client would: the version that is served, then the smoke tests."""
    plan, system = run.plan, run.environment.system
    version, mark = version_of(plan.release_id), system.release.version
    contains = (mark.contains or "").replace("${version}", version)
    header = (mark.header, version) if mark.header else ("", "")
    questions = [mark.path, "200", *header, contains]
    for smoke in system.release.smoke_of(version, plan.slot):
        questions += [smoke.path, str(smoke.status), "", "", smoke.contains or ""]
    behind = max(len(run.environment.service_hosts(name)) for name in system.services)
    head = (
        system.root,
        run.run_directory,
        system.edge.origin,
        asked_name(system.edge.server_names[0]),
        str(ASK_EACH_HOST * behind),
    )
    return [Command(("verify",), (*head, *questions), 60)]


def bake(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Watch what the edge answers from the new slot."""
    plan, system = run.plan, run.environment.system
    seconds = int(system.times.bake.total_seconds())
    limits = (
        f"{system.bake.errors_percent:g}",
        str(int(system.bake.p95.total_seconds() * 1000)),
        str(system.bake.at_least),
    )
    head = (system.root, run.run_directory, nginx.log_of(system.name), str(plan.slot), str(seconds))
    return [Command(("bake",), (*head, *limits), seconds + 20)]
