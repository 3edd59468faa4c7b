"""What every part of a system's description has in common: it is frozen, and it knows all its keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Generic, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer, PrivateAttr
from pydantic_core import PydanticCustomError

K = TypeVar("K")
V = TypeVar("V")


class Value(BaseModel):
    """A part of the description. An unknown key is an error: a typing mistake must not become a default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Named(Value):
    """A part that stands under a name of its own, and knows it."""

    _name: str = PrivateAttr("")

    @property
    def name(self) -> str:
        """The key that it stands under."""
        return self._name

    def named(self, name: str) -> Self:
        """Copy it with the key that it stands under."""
        named = self.model_copy()
        named._name = name  # noqa: SLF001 - a copy of the same class
        return named


class Table(Mapping[K, V], Generic[K, V]):
    """A mapping that cannot change, so that a system can be shared, hashed and copied without care."""

    __slots__ = ("_rows",)

    def __init__(self, rows: Mapping[K, V]) -> None:
        self._rows = dict(rows)

    def __getitem__(self, key: K) -> V:
        return self._rows[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __hash__(self) -> int:
        return hash(frozenset(self._rows.items()))

    def __repr__(self) -> str:
        return repr(self._rows)


def as_table(rows: Mapping[K, V]) -> Mapping[K, V]:
    """Freeze a mapping that has just been validated."""
    return Table(rows)


def as_dict(rows: Mapping[K, V]) -> dict[K, V]:
    """Thaw a table for a dump; the values inside are dumped by pydantic."""
    return dict(rows)


Rows = Annotated[Mapping[K, V], AfterValidator(as_table), PlainSerializer(as_dict)]


def unfit(allowed: str, *, found: str = "", suggestion: str = "") -> PydanticCustomError:
    """Refuse a value in the words of `errors.Problem`.

    Without `found` the reader of the document says what stands there; give it where the value itself must not be shown.
    """
    context = {"allowed": allowed, "found": found, "suggestion": suggestion}
    return PydanticCustomError("unfit", "allowed: {allowed}", context)
