"""Moves of the traffic while it is watched: those of a run are its own, any other one is an ALERT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handrail.model.level import Level

if TYPE_CHECKING:
    from handrail.model.host_state import Gate
    from handrail.model.slot import Slot
    from handrail.model.vitals import Judged


@dataclass
class Moves:
    """Where the traffic went when it was looked at last, and the number of the run that had the lease by then."""

    slot: Slot
    run: int

    def judged(self, gate: Gate, *, run: int, under_way: bool) -> Judged:
        """Judge where it goes now.

        A move while a run has the lease, or after one that was not there before, is that run's. Without one the
        schedule has put the weights back, or somebody has by hand: that stays an ALERT.
        """
        shares = [f"{percent} % to {slot}" for slot, percent in gate.shares if percent]
        words = f"all to {gate.slot}" if not shares else f"{', '.join(shares)}, the rest to {gate.slot}"
        if gate.slot is not self.slot and not under_way and run == self.run:
            return Level.ALERT, (
                f"{words}: it went there from {self.slot} without a run, so the schedule has put it back, or somebody "
                "by hand"
            )
        moved = gate.slot is not self.slot
        self.slot, self.run = gate.slot, run
        return Level.WARN if moved or shares else Level.OK, f"{words}, moved by a run" if moved else words
