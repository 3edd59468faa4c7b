"""What somebody is about to do, as the gate gets to see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handrail.checklist.case import Ask
    from handrail.hosts.inventory import Loaded
    from handrail.journal.recorder import Recorder
    from handrail.model.intent import Intent
    from handrail.model.request import Request


@dataclass(frozen=True)
class Attempt:
    """One verb on one inventory, with what was said about it on the command line, and who can be asked."""

    loaded: Loaded
    intent: Intent
    request: Request
    journal: Recorder
    ask: Ask
