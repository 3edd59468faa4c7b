"""pyinfra executes a table of steps: one operation for each step, its guard as `_if`.

A step that fails on a host records that and keeps the host in the run; with an operation that fails, pyinfra would drop
the host, and it could not be sent back. The last operation turns what is known into success or failure.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from pyinfra import host as this_host
from pyinfra.api import FunctionCommand, deploy, operation

from handrail.ecs.reply import Call, Known
from handrail.errors import HandrailError
from handrail.hosts.script import Command, Reply
from handrail.hosts.survey import read_state
from handrail.hosts.updates import read_updates
from handrail.journal.event import Event
from handrail.model import acme
from handrail.model.decide import decide
from handrail.model.fleet import Do, Outcome
from handrail.model.reason import reason
from handrail.model.step import in_order
from handrail.orchestration import report
from handrail.orchestration.argument_types import read_argument_types_once
from handrail.orchestration.commands import commands
from handrail.orchestration.commands.lease import renew_lease
from handrail.orchestration.leaving import leave_with
from handrail.orchestration.order import order_by_lines
from handrail.orchestration.reboot import back_again

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from pyinfra.api.host import Host
    from pyinfra.api.state import State

    from handrail.hosts.script import Upload
    from handrail.model.step import Step
    from handrail.orchestration.run import Run
    from handrail.orchestration.send import Line
    from handrail.orchestration.watch import Watch


@deploy("handrail")
def execute(watch: Watch, table: tuple[Step, ...]) -> None:
    """Queue the steps of a table on this host, and the verdict on the first one."""
    generations, turns = len(watch.run.environment.system.start_order()), watch.run.fleet.roles.turns
    steps = list(in_order(table, generations=generations, turns=turns))
    name = this_host.name
    order_by_lines()
    read_argument_types_once()
    for step in this_host.loop(steps):  # type: ignore[no-untyped-call]
        # Every host queues every step: pyinfra orders operations only where hosts share them.
        perform(name=watch.run.title(step), watch=watch, step=step, _if=partial(watch.run.runs_on, step, name))
    seal(name="Write the journal, and leave its head on the hosts", watch=watch, _if=partial(_touched, watch, name))
    conclude(name="Verdict", watch=watch, _if=lambda: name == watch.run.fleet.roles.hosts[0])


@operation(is_idempotent=False)
def perform(watch: Watch, step: Step) -> Generator[Any]:
    """Do one step on this host and record how it came out."""
    yield FunctionCommand(_act, (watch, step), {})


@operation(is_idempotent=False)
def seal(watch: Watch) -> Generator[Any]:
    """Record how the run ended, and leave the head of the journal on this host."""
    yield FunctionCommand(_seal, (watch,), {})


@operation(is_idempotent=False)
def conclude(watch: Watch) -> Generator[Any]:
    """End with success, or with a failure that says why."""
    yield FunctionCommand(_judge, (watch,), {})


def _act(state: State, host: Host, watch: Watch, step: Step) -> bool:
    """Always True: see the module's docstring. pyinfra passes state and host to functions that name them."""
    run = watch.run
    began = time.monotonic()
    watch.begins(step)
    run.tell(_event(watch, host, step, Reply(Outcome.RUNNING, "", ()), 0.0))
    if step.do is Do.FINISH:
        watch.let_go(host)
    reply = _plan(watch) if step.do is Do.PLAN else _ask(watch.line, host, watch, step)
    if step.do is Do.LEASE and reply.outcome.good:
        _know(host, watch, reply)
    seconds = time.monotonic() - began
    run.fleet.record(step.do, host.name, reply.outcome, part=step.part, words=reply.words)
    run.fleet.seconds[step.do, step.part, host.name] = seconds
    run.tell(_event(watch, host, step, reply, seconds))
    return True


def _ask(line: Line, host: Host, watch: Watch, step: Step) -> Reply:
    """Send what the step asks of this host, and stop at the first command that does not work."""
    try:
        if step.do is Do.LEASE:
            watch.evidence.begin()
        todo = _todo(watch.run, step, host.name)
    except HandrailError as error:
        watch.run.error = error
        return Reply(Outcome.FAILED, error.message, ())
    reply = Reply(Outcome.UNCHANGED, "nothing to do here", ())
    for command in todo:
        if step.do is Do.REBOOT and not isinstance(command, Call):
            reply = back_again(watch, host, command)
        else:
            reply = line.send(host, command)
        if not reply.outcome.good:
            return _with_reason(reply, step)
    return _taken_in(watch, step, reply, host.name)


def _todo(run: Run, step: Step, host: str) -> Sequence[Command | Upload | Call]:
    """List what a host, or AWS in its place, is asked to do."""
    if run.cluster is None:
        return commands(run, step, host)
    from handrail.orchestration.cloud import calls  # noqa: PLC0415  # 0.03 s that hosts need not wait for

    return calls(run, run.cluster, step)


def _taken_in(watch: Watch, step: Step, reply: Reply, host: str) -> Reply:
    """Look at a certificate that was issued as at one from files; keep what a host was seen to offer."""
    try:
        match step.do:
            case Do.ISSUE:
                watch.run.issued(reply.block("issued"))
            case Do.LOOK:
                seen = read_updates(reply, host)
                intent = watch.run.intent
                watch.run.updates[host] = seen.to_apply(every=intent.every)
                due = seen.is_due(every=intent.every, reboot=intent.reboot)
                return Reply(Outcome.OK if due else Outcome.UNCHANGED, seen.words, ())
    except HandrailError as error:
        return Reply(Outcome.FAILED, error.message, ())
    return reply


def _with_reason(reply: Reply, step: Step) -> Reply:
    """Add why a program died, or why no certificate was issued, where the log tells."""
    why = (acme.reason if step.do is Do.ISSUE else reason)(reply.block("log"))
    return replace(reply, words=f"{reply.words}: {why}") if why else reply


def _plan(watch: Watch) -> Reply:
    fleet = watch.run.fleet
    try:
        fleet.plan = decide(watch.run.intent, fleet.states, fleet.roles)
    except HandrailError as error:
        watch.run.error = error
        return Reply(Outcome.FAILED, error.message, ())
    return Reply(Outcome.OK, fleet.plan.change, ())


def _know(host: Host, watch: Watch, reply: Reply) -> None:
    run = watch.run
    environment = run.environment
    run.fleet.tokens[host.name] = int(reply.value("token"))
    if isinstance(reply, Known):
        from handrail.orchestration.cloud.lease import renewal  # noqa: PLC0415  # likewise

        run.fleet.states[host.name] = reply.state
        watch.keep(host, renewal)
        return
    run.fleet.states[host.name] = read_state(reply, environment, host.name)
    watch.keep(host, renew_lease)


def _event(watch: Watch, host: Host, step: Step, reply: Reply, seconds: float) -> Event:
    extra = [*(f"last answer: {probe}" for probe in reply.values("probe")), reply.block("log")]
    return Event(
        run_id=watch.run.run_id,
        step=step.do,
        title=watch.run.title(step),
        host=host.name,
        outcome=reply.outcome,
        words=reply.words,
        at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        seconds=round(seconds, 3),
        log="" if reply.outcome.good or reply.outcome is Outcome.RUNNING else "\n".join(line for line in extra if line),
    )


def _touched(watch: Watch, host: str) -> bool:
    """Whether a host has heard of this run; the first one writes the record."""
    return watch.run.fleet.leased(host) or host == watch.run.fleet.roles.hosts[0]


def _seal(state: State, host: Host, watch: Watch) -> bool:
    """Always True: the journal's trouble is told, and does not change how the run ended on the hosts."""
    head = watch.evidence.sealed()
    if head and watch.run.fleet.leased(host.name) and watch.run.cluster is None:
        keep = Command(("head_keep",), (watch.run.environment.system.root, watch.run.run_directory, head), 10)
        watch.line.send(host, keep)
    return True


def _judge(state: State, host: Host, watch: Watch) -> bool:
    end = watch.run.verdict()
    told = watch.evidence.notices.ended(end)
    report.ended(watch.run, end, trouble=watch.evidence.trouble, told=told)
    leave_with(end.exit_code)
    return end.exit_code == 0
