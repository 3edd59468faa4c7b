"""What the tasks infra.plan, apply, destroy, drift, output, cost and graph do."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from handrail.control import infra_check, infra_tables
from handrail.control.infra_progress import teller
from handrail.control.infra_work import Work
from handrail.control.show import as_json_line, confirmed
from handrail.control.show import end as show_end
from handrail.control.task import exits, opened
from handrail.errors import BadInput, Refused
from handrail.infra import tools
from handrail.infra.identity import identity
from handrail.model.aws_variables import aws_of
from handrail.model.command_line import at
from handrail.model.infra_drift import drift
from handrail.model.intent import Verb
from handrail.model.request import Request

if TYPE_CHECKING:
    from handrail.model.infra_plan import InfraPlan
    from handrail.model.intent import Intent

# As `fab check` has them: cron and monitoring look at nothing but the code.
DRIFTED = 2


@exits
def make_plan(inventory: str | None, *, destroy: bool, as_json: bool) -> int:
    """Make a plan, show what it would do, and keep it. Changes nothing on AWS."""
    work = Work.opened(inventory, teller(quiet=as_json))
    found, shown, made = work.plan(destroy=destroy)
    by_hand = [each for each in drift(shown) if each.how.endswith("by hand")]
    verb = Verb.DESTROY if destroy else Verb.INFRA
    environment = work.loaded.environment
    if made and found.protected:
        work.shelf.drop(made)
        raise _half_way(found.protected)
    step = _next_step(verb, made, inventory, rules=environment.system.changes is not None) if made else ""
    infra_tables.plan(environment, found, made, by_hand, next_step=step, as_json=as_json)
    return 0


def _half_way(protected: tuple[str, ...]) -> Refused:
    """Refuse what AWS would refuse as well, when half of the rest is gone."""
    return Refused(
        f"AWS protects what this would delete: {', '.join(protected)}; nothing was touched",
        next_step="set aws.protect: false in the YAML, fab infra.plan, fab infra.apply; then this again",
    )


def _next_step(verb: Verb, made: InfraPlan, inventory: str | None, *, rules: bool) -> str:
    data = " --destroy-data" if made.loses else ""
    where = at(inventory or "")
    if rules:
        return f'fab change.request --verb {verb} --plan {made.id}{data}{where} --reason "…"'
    return f"fab infra.{'destroy' if made.destroy else 'apply'} --plan {made.id}{data}{where}"


@exits
def apply_plan(
    inventory: str | None, verb: str, words: dict[str, str], said: dict[str, str], *, as_json: bool, yes: bool
) -> int:
    """Apply exactly the plan that was made, approved and not touched since, or refuse."""
    from handrail.control.infra_run import Apply  # noqa: PLC0415  # what only looks need not wait for it
    from handrail.hosts.intent import intent_of  # noqa: PLC0415  # likewise

    work = Work.opened(inventory, teller(quiet=as_json))
    intent = intent_of(verb, words, work.loaded)
    plan = _plan_of(intent)
    path = infra_check.same(work, plan)
    work.initialise()
    infra_check.newest(work, plan)
    infra_check.honest(work, plan, path)
    request = Request(
        said["change"], emergency=bool(said["emergency"]), reason=said["reason"].strip(), inventory=inventory or ""
    )
    apply = Apply(work, intent, request, plan)
    clearance = apply.clear()
    if not yes:
        _ask(plan, work)
        infra_check.newest(work, plan)
    # Read once more: what is applied is what was approved, however long the rules and the answer took.
    verdict = apply.run(infra_check.same(work, plan), clearance)
    if verdict.exit_code == 0 and not plan.destroy:
        work.settle()
    return _told(verdict.exit_code, verdict.word, verdict.text, as_json=as_json)


def _plan_of(intent: Intent) -> InfraPlan:
    if intent.infra is None:
        raise RuntimeError("an intent of Terraform has a plan")
    return intent.infra


def _ask(plan: InfraPlan, work: Work) -> None:
    name = work.loaded.environment.name
    if not sys.stdin.isatty():
        raise BadInput(
            f"this changes {name}, and nobody can be asked; nothing was touched",
            next_step=f"add --yes: --plan {plan.id} --yes",
        )
    sys.stderr.write("\n".join([*plan.steps, f"{plan.counts} on {name}", ""]))
    if not confirmed():
        raise BadInput("not confirmed; nothing was touched")


def _told(code: int, word: str, text: str, *, as_json: bool) -> int:
    if as_json:
        as_json_line({"exit_code": code, "outcome": word, "text": text})
    else:
        from handrail.control.change import End  # noqa: PLC0415  # likewise

        show_end(End(code, word, text, {}, ()), as_json=False)
    return code


@exits
def show_drift(inventory: str | None, *, as_json: bool) -> int:
    """Show what is not as Terraform left it; 2 when anything is not. Changes nothing."""
    work = Work.opened(inventory, teller(quiet=True))
    _, shown, made = work.plan(destroy=False)
    if made is not None:
        work.shelf.drop(made)  # nobody asked for a plan that can be applied
    found = drift(shown)
    code = DRIFTED if found else 0
    infra_tables.drift(work.loaded.environment, found, code, as_json=as_json)
    return code


@exits
def show_outputs(inventory: str | None, *, as_json: bool) -> int:
    """Show the outputs. Changes nothing."""
    infra_tables.outputs(Work.opened(inventory, teller(quiet=True)).outputs(), as_json=as_json)
    return 0


@exits
def show_costs(inventory: str | None, *, as_json: bool) -> int:
    """Show what AWS bills for it. Changes nothing, and needs no Terraform."""
    from handrail.infra.costs import costs  # noqa: PLC0415  # likewise

    environment = opened(inventory).load().environment
    aws = aws_of(environment)
    tools.check_extra()
    identity(aws)
    found = costs(environment, today=datetime.now(UTC).date())
    infra_tables.costs(environment, found, as_json=as_json)
    return 0


@exits
def show_graph(inventory: str | None, *, output: str, as_json: bool) -> int:
    """Write the graph of resources in DOT. Changes nothing."""
    text = Work.opened(inventory, teller(quiet=True)).graph()
    if output:
        Path(output).write_text(text)
    sys.stdout.write(f"{output}\n" if output else json.dumps({"dot": text}) + "\n" if as_json else text)
    return 0
