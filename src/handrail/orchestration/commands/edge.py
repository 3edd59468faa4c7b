"""Ready an edge, move its traffic, ask it what it serves and watch it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.hosts.bundle import bundle
from handrail.hosts.script import Command, text_of
from handrail.model.version import version_of
from handrail.runtimes.protocol import File
from handrail.traffic import nginx

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handrail.model.rollout import Step
    from handrail.orchestration.run import Run

# The edge is asked at most so often for each question, two times for each host behind it.
ASK_EACH_HOST = 2
# `reload` does nothing on a unit that is down (systemctl(1)), and one that is up must not be restarted.
TAKE_IN_SITE = (
    "nginx -t && if systemctl is-active -q nginx; then systemctl reload nginx; else systemctl enable -q --now nginx; fi"
)


def ready_edge(run: Run) -> Command:
    """Install the edge's configuration, and have nginx take it in if it differs."""
    environment = run.environment
    addresses = {
        name: [host.address for host in environment.service_hosts(name)] for name in environment.system.services
    }
    peers = [host.address for host in environment.edge_hosts]
    site = nginx.site(environment.system, run_directory=run.run_directory, addresses=addresses, peers=peers)
    return run.fenced(
        ["put_files", "ready_edge"], (TAKE_IN_SITE,), seconds=60, stdin=bundle([File(site.path, site.text)])
    )


def move(verb: str) -> Callable[[Run, Step, str], Sequence[Command]]:
    """Make the builder of one move of the traffic."""

    def build(run: Run, step: Step, host: str) -> Sequence[Command]:
        plan, system = run.plan, run.environment.system
        slot = plan.live if verb == "settle" else plan.slot
        edges = [(edge.name, f"{edge.address}:{system.edge.port}") for edge in run.environment.edge_hosts]
        me = dict(edges)[host]
        confirm = int(system.times.confirm.total_seconds())
        others = " ".join(address for _, address in edges if address != me)
        revert = text_of("prelude", "gate", "gate_revert")
        names = (system.name, system.edge.server_names[0], me, edges[0][1], others)
        arguments = (verb, str(slot), str(confirm), str(plan.share), revert, *names)
        before = [run.fenced(["start_edge"], ())] if verb == "resume" else []
        return [*before, run.fenced(["gate", "gate_do"], arguments)]

    return build


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
    address = f"http://127.0.0.1:{system.edge.port}"
    head = (system.root, run.run_directory, address, system.edge.server_names[0], str(ASK_EACH_HOST * behind))
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
