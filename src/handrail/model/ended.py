"""The end of a run: its exit code, the word for its record, the text for the operator, and what it failed of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handrail.model.fleet import Do, Outcome

if TYPE_CHECKING:
    from handrail.model.fleet import Fleet


@dataclass(frozen=True)
class Verdict:
    """`word` goes into the record, `text` to the operator."""

    exit_code: int
    word: str
    text: str
    hosts: tuple[str, ...] = ()


def cause(fleet: Fleet) -> str:
    """Give the first thing that went wrong, in the order of the steps."""
    for (do, part), by_host in fleet.outcomes.items():
        for host, outcome in by_host.items():
            if outcome in {Outcome.FAILED, Outcome.UNKNOWN}:
                return f"{do} failed on {host}: {fleet.words.get((do, part, host), '') or outcome}{_why(fleet)}"
    return "stopped by the operator" if fleet.interrupted else "failed"


def first_words(fleet: Fleet, wanted: Outcome) -> str:
    """Give what the first host said on which a step came out so."""
    for (do, part), by_host in fleet.outcomes.items():
        for host, outcome in by_host.items():
            if outcome is wanted:
                return f"{host}: {fleet.words.get((do, part, host), '')}"
    return ""


def _why(fleet: Fleet) -> str:
    """What the programs of the new slot said when they were asked after the failure."""
    asked = fleet.outcomes.get((Do.STEADY, 1), {})
    told = [fleet.words.get((Do.STEADY, 1, host), "") for host, outcome in asked.items() if outcome is Outcome.FAILED]
    return f"; {told[0]}" if told else ""
