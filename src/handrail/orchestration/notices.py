"""What a run tells the channels of its environment: that an emergency begins, how it ended, or that it was lost.

Nothing here holds a run up: a sender of its own has the messages, and nobody waits for it before the leases are back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handrail.hosts.inventory import Loaded
from handrail.journal.run_record import LOST
from handrail.model.clearance import Kind
from handrail.model.happening import Happening
from handrail.model.message import message
from handrail.notify.announce import announce
from handrail.notify.herald import Herald
from handrail.secrets import masked

if TYPE_CHECKING:
    from handrail.model.delivery import Delivery
    from handrail.model.ended import Verdict
    from handrail.model.message import Message
    from handrail.orchestration.run import Run

# How long the last word of a run may take, when nothing is held any more. What is not there by then is tried on.
END_SECONDS = 10
# How long the record of an emergency waits to hear who was told of its beginning; the leases are back by then, too.
RECORD_SECONDS = 3


@dataclass
class Notices:
    """The messages of one run."""

    run: Run
    _herald: Herald | None = None
    _emergency: int = 0
    _begun: bool = False

    def begin(self) -> None:
        """Start the sender where anybody is to be told of this run, and tell of an emergency."""
        self._begun = True
        wanted = [event for event in (Happening.EMERGENCY, Happening.RUN_DONE, Happening.RUN_FAILED) if self._to(event)]
        if not wanted:
            return
        try:
            self._herald = Herald(self._loaded)
        except OSError:  # the end tries again, and says so
            return
        if self._to(Happening.RUN_FAILED):
            text = f"{LOST}; what is unconfirmed goes back by itself"
            lost = self._facts() | {"outcome": "unknown", "text": text}
            self._herald.will(self._message(Happening.RUN_FAILED, lost), self._to(Happening.RUN_FAILED))
        if self.run.clearance.kind is Kind.EMERGENCY and self._to(Happening.EMERGENCY):
            told = self._message(Happening.EMERGENCY, self._facts())
            self._emergency = self._herald.tell(told, self._to(Happening.EMERGENCY))

    def emergency(self) -> tuple[Delivery, ...]:
        """Give what became of the message about an emergency, as far as it is known when the record is written."""
        if self._herald is not None:
            return self._herald.told(self._emergency, wait=RECORD_SECONDS) if self._emergency else ()
        if self.run.clearance.kind is not Kind.EMERGENCY:
            return ()
        return self._announced(Happening.EMERGENCY, self._facts(), wait=RECORD_SECONDS)

    def ended(self, end: Verdict) -> tuple[Delivery, ...]:
        """Tell how a run that has begun ended, and give what became of that within some seconds."""
        event = Happening.RUN_DONE if end.exit_code == 0 else Happening.RUN_FAILED
        herald, channels = self._herald, self._to(event)
        if not self._begun:
            return ()
        facts = self._facts() | {"outcome": end.word, "text": masked(end.text, self.run.secrets)}
        told: tuple[Delivery, ...] = ()
        if herald is not None and not herald.gone:
            herald.forget()
            if channels:
                told = herald.told(herald.tell(self._message(event, facts), channels), wait=END_SECONDS)
            herald.close()
        if herald is None or herald.gone:
            # One that was killed is replaced; what it has sent is not sent again.
            told = self._announced(event, facts, wait=END_SECONDS)
        return told

    def _announced(self, event: Happening, facts: dict[str, str], *, wait: float) -> tuple[Delivery, ...]:
        return announce(self._loaded, event, facts, key=self.run.run_id, wait=wait)

    @property
    def _loaded(self) -> Loaded:
        return Loaded(self.run.environment, self.run.base)

    def _to(self, event: Happening) -> tuple[str, ...]:
        notify = self.run.environment.system.notify
        return notify.channels_of(event) if notify else ()

    def _message(self, event: Happening, facts: dict[str, str]) -> Message:
        return message(self.run.environment, event, facts, key=self.run.run_id)

    def _facts(self) -> dict[str, str]:
        run, plan = self.run, self.run.fleet.plan
        return {
            "verb": str(run.intent.verb),
            "what": plan.change if plan else run.intent.what,
            "who": run.holder.partition(" ")[0],
            "reason": masked(run.clearance.reason, run.secrets),
            "change": run.clearance.change or "none",
            "run": run.run_id,
        }
