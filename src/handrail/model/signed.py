"""Signed documents: what a person says of a change. Line 1 is canonical JSON; what follows is the signature over it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from handrail.model import moment
from handrail.model.canonical import canonical
from handrail.model.change_plan import misshapen

if TYPE_CHECKING:
    from datetime import datetime

    from handrail.model.person import Key, Person


class Kind(StrEnum):
    """What a document does; in this order where several are of the same second."""

    REQUEST = "request"
    ASSESS = "assess"
    STATEMENT = "statement"
    APPROVE = "approve"
    REJECT = "reject"
    REVOKE = "revoke"
    SCHEDULE = "schedule"
    RUN = "run"  # no document: the run itself, which needs the change to be in the right state as well
    CLOSE = "close"
    REVIEW = "review"


class Type(StrEnum):
    """How a change is judged."""

    STANDARD = "standard"
    NORMAL = "normal"
    EMERGENCY = "emergency"


RISKS = ("low", "medium", "high")
# <system>-<environment>-<YYYYMMDD>-<6 hex>
ID = re.compile(r"[a-z][a-z0-9-]{0,30}-[a-z][a-z0-9-]{0,30}-[0-9]{8}-[0-9a-f]{6}")
TEXT_LETTERS = 2_000


def _text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= TEXT_LETTERS and all(c.isprintable() or c == "\n" for c in value)


def _line(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 500 and value.isprintable()


def _moment(value: object) -> bool:
    try:
        moment.read(value)
    except ValueError:
        return False
    return True


def _digest(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"sha256:[0-9a-f]{64}", value) is not None


Check = Callable[[object], bool]
_TYPE: Check = lambda value: isinstance(value, str) and value in set(Type)  # noqa: E731 - one line of the table below
_LATER: Check = lambda value: value == "" or _moment(value)  # noqa: E731 - likewise
_RISK: Check = lambda value: value in RISKS  # noqa: E731 - likewise
_NO_PLAN: Check = lambda value: misshapen(value) == ""  # noqa: E731 - likewise
# What is said of a change is of exactly one request: its plan, type, reason, risk, impact and time.
# The requester has to be named: somebody else who signs the same bytes would make it theirs.
_FOR: Mapping[str, Check] = {"request": _digest, "requester": _line, "plan": _digest}
_DECISION: Mapping[str, Check] = {
    **_FOR, "role": _line, "decision": _line, "expires": _moment, "text": _text,
}  # fmt: skip
_LASTING: Mapping[str, Check] = {**_DECISION, "expires": _LATER}

# Exactly these keys, besides kind, change and at.
KEYS: Mapping[Kind, Mapping[str, Check]] = {
    Kind.REQUEST: {
        "plan": _NO_PLAN, "type": _TYPE, "reason": _line, "risk": _RISK, "impact": _text,
        "not_before": _LATER,
    },
    Kind.ASSESS: {**_FOR, "risk": _RISK, "impact": _text, "text": _text},
    Kind.STATEMENT: {**_FOR, "item": _line, "role": _line, "text": _text, "expires": _moment},
    Kind.APPROVE: _DECISION,
    Kind.REJECT: _LASTING,
    Kind.REVOKE: _LASTING,
    Kind.SCHEDULE: {**_FOR, "not_before": _moment, "text": _text},
    Kind.CLOSE: {"text": _text},
    Kind.REVIEW: {"text": _text},
}  # fmt: skip


@dataclass(frozen=True)
class Document:
    """One document of a change; with `wrong` it does not count, and that says why."""

    file: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    key: Key | None = None
    wrong: str = ""

    @property
    def person(self) -> Person | None:
        """Who signed it, told by the key and by nothing else."""
        return self.key.person if self.key else None

    @property
    def kind(self) -> Kind:
        """What it does."""
        return Kind(self.payload["kind"])

    @property
    def at(self) -> datetime:
        """When it was signed, as its signer says."""
        return moment.read(self.payload["at"])

    def __getitem__(self, key: str) -> Any:
        return self.payload[key]

    def __hash__(self) -> int:
        return hash(self.file)


def name_of(payload: Mapping[str, Any]) -> str:
    """Name the file of a document by its kind and its bytes."""
    return f"{payload['kind']}-{hashlib.sha256(canonical(payload).encode()).hexdigest()[:12]}.signed"


def read(line: bytes) -> Mapping[str, Any]:
    """Read line 1 of a document. Raises ValueError, which says what is wrong with it."""
    try:
        payload = json.loads(line)
        same = canonical(payload).encode() == line
    except (ValueError, RecursionError):
        raise ValueError("its first line is no JSON in UTF-8") from None
    if not isinstance(payload, dict):
        raise ValueError("its first line is no JSON object")  # noqa: TRY004 - one kind of error for the caller
    if not same:
        raise ValueError("its JSON is not in canonical form: keys in order, no spaces")
    if wrong := _misshapen(payload):
        raise ValueError(wrong)
    return payload


def _misshapen(payload: Mapping[str, Any]) -> str:
    kind = payload.get("kind")
    if not isinstance(kind, str) or kind not in {str(each) for each in KEYS}:
        return "its kind is unknown"
    keys = KEYS[Kind(kind)]
    if set(payload) != {"kind", "change", "at", *keys}:
        return f"{kind} has exactly the keys kind, change, at, {', '.join(keys)}"
    if not isinstance(payload["change"], str) or not ID.fullmatch(payload["change"]):
        return "its change is no id of one"
    if not _moment(payload["at"]):
        return f"its at is not {moment.ALLOWED}"
    wrong = [key for key, fits in keys.items() if not fits(payload[key])]
    if wrong:
        told = misshapen(payload["plan"]) if wrong[0] == "plan" and kind == Kind.REQUEST else ""
        return told or f"its {wrong[0]} cannot be read"
    if "decision" in payload and payload["decision"] != kind:
        return f"its decision is {payload['decision']!r}"
    return ""
