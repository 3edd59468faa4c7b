"""What must be true of a plan before it is applied: it still is what was approved, and does what was said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.errors import Refused
from handrail.infra.shelf import AGAIN
from handrail.model.infra_change import summary

if TYPE_CHECKING:
    from pathlib import Path

    from handrail.control.infra_work import Work
    from handrail.model.infra_plan import InfraPlan


def same(work: Work, plan: InfraPlan) -> Path:
    """See that a plan still is what it was made of: its file, commit, code and description. Raises Refused."""
    now = work.workspace
    for what, then, here in (
        ("commit", plan.commit, now.commit),
        ("Terraform files", plan.code, now.code),
        ("variables", plan.variables, now.variables_digest),
    ):
        if then != here:
            told = f"another commit: {then}, and {here} is checked out" if what == "commit" else f"other {what}"
            raise Refused(f"the plan {plan.id} was made of {told}; nothing was touched", next_step=AGAIN)
    return work.shelf.check(plan)


def newest(work: Work, plan: InfraPlan) -> None:
    """See that nobody has applied anything since the plan was made. Raises Refused."""
    lineage, serial = work.state()
    if (lineage, serial) != (plan.lineage, plan.serial):
        raise Refused(
            f"the state is serial {serial} of {lineage}, and the plan {plan.id} was made for serial {plan.serial} of "
            f"{plan.lineage}; nothing was touched",
            next_step=AGAIN,
        )


def honest(work: Work, plan: InfraPlan, path: Path) -> None:
    """See that the file does what its note says, which is all that people have read. Raises Refused."""
    found = summary(work.show(path))
    if (found.lines, found.loses) != (plan.steps, plan.loses):
        raise Refused(
            f"the plan {plan.id} does something else than what was said of it; nothing was touched", next_step=AGAIN
        )
