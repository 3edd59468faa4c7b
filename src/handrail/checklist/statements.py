"""What people signed for a change, by item of the checklist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.model import moment
from handrail.model.answer import Statement
from handrail.model.approval import statements

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from handrail.model.change import Change
    from handrail.model.history import Rules


def signed(change: Change, now: datetime, rules: Rules) -> Mapping[str, Statement]:
    """Give the newest statement of each item that stands."""
    return {
        item: Statement(
            person=each["person"],
            role=each["role"],
            text=each["text"],
            at=moment.read(each["at"]),
            expires=moment.read(each["expires"]),
            digest=each["digest"],
        )
        for item, each in statements(change, now, rules).items()
    }
