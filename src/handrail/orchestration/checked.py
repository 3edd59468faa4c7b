"""The checklist at the gate: asked once no rule says no, its answers go into the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.checklist import Case as Asked
from handrail.checklist import answers
from handrail.checklist.statements import signed
from handrail.checklist.variables import mask_here
from handrail.errors import Refused
from handrail.model.clearance import Kind
from handrail.model.command_line import at
from handrail.model.history import Rules
from handrail.model.intent import Verb

if TYPE_CHECKING:
    from handrail.model.answer import Answer
    from handrail.model.case import Case
    from handrail.orchestration.attempt import Attempt

# Items whose next step ends with a command of `fab` about this inventory.
WITH_INVENTORY = frozenset({"file", "variables", "backup", "statement"})


def checked(attempt: Attempt, case: Case) -> tuple[Answer, ...]:
    """Answer the checklist of a deploy, and raise Refused with every no; an emergency goes without it."""
    items, release = case.changes.checklist, attempt.intent.release
    if case.verb is not Verb.DEPLOY or case.kind is Kind.EMERGENCY or not items or release is None:
        return ()
    loaded, system = attempt.loaded, attempt.loaded.environment.system
    asked = Asked(
        loaded.environment, loaded.base, release,
        ask=attempt.ask, mask=mask_here(system, base=loaded.base), now=case.now,
        statements=signed(case.change, case.now, Rules(case.needs, case.changes.normal.valid)) if case.change else {},
        runs=case.rehearsals,
    )  # fmt: skip
    found = answers(items, asked)
    no = [answer for answer in found if not answer.ok]
    if no:
        lines = [f"  {answer.item}: {answer.evidence}" for answer in no]
        raise Refused(
            "\n".join([f"checklist: {len(no)} of {len(found)} items say no; nothing was touched", *lines]),
            next_step="\n        ".join(dict.fromkeys(_next_step(answer, attempt) for answer in no)),
        )
    return found


def _next_step(answer: Answer, attempt: Attempt) -> str:
    """Give what is to be typed, for the inventory that is meant here."""
    return answer.next_step + (at(attempt.request.inventory) if answer.kind in WITH_INVENTORY else "")
