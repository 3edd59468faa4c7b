"""Certificates of a load balancer's listener: what it has, what it is to have, and the way from one to the other.

The invariant: at every moment each name has a certificate, the new one or the old one; and the way back needs nothing
that was given away, for nothing is deleted before the new one is proved. No I/O, no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from handrail.model.tls import asked_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from handrail.model.chain import Chain

IMPORTED = "IMPORTED"


@dataclass(frozen=True)
class Hung:
    """What a listener has: the default, and the list that is looked through first, by the name that is asked for."""

    default: str = ""
    listed: tuple[str, ...] = ()

    @property
    def arns(self) -> tuple[str, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys(arn for arn in (self.default, *self.listed) if arn))


@dataclass(frozen=True)
class Kept:
    """One certificate that ACM keeps. `name` is that of the description, where handrail imported it for this system."""

    arn: str
    kind: str
    name: str = ""
    chain: Chain | None = None
    in_use_by: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """Say where it comes from."""
        match self.kind:
            case "IMPORTED":
                return f"imported by handrail as {self.name}" if self.name else "imported, and not by handrail"
            case "AMAZON_ISSUED":
                return "issued by Amazon, which renews it"
        return f"of the kind {self.kind}"

    @property
    def words(self) -> str:
        """Say where it comes from, and who uses it."""
        users = ", ".join(arn.rpartition(":")[2] for arn in self.in_use_by)
        return f"{self.source}; in use by {users or 'nobody, as ACM knows'}"

    def fits(self, name: str) -> bool:
        """Whether it is good for what a client asks for by a name."""
        return self.chain is not None and self.chain.fits(asked_name(name))

    def json(self) -> dict[str, Any]:
        """Give it for machines."""
        return {"arn": self.arn, "kind": self.kind, "by_handrail": bool(self.name), "in_use_by": list(self.in_use_by)}


@dataclass(frozen=True)
class Exchange:
    """What one run exchanges.

    `shown` are the fingerprints that each name was served with before. `earlier` is what handrail imported for the same
    certificate; `imported` is what this run imported, and empty where ACM had it already.
    """

    before: Hung
    after: Hung
    shown: Mapping[str, frozenset[str]] = field(default_factory=dict)
    earlier: tuple[str, ...] = ()
    imported: str = ""

    def over(self, now: Hung, *, back: bool) -> tuple[str, ...]:
        """Tell what may be deleted: what the new one has replaced, or the new one where it was taken back."""
        candidates = (self.imported,) if back else self.earlier
        return tuple(arn for arn in candidates if arn and arn not in now.arns)


def exchanged(before: Hung, new: str, *, first: bool, mine: Iterable[str]) -> Hung:
    """Tell what a listener is to have: the new one in the place of `mine`, the earlier ones of the same name.

    The first certificate of the description is the default; the others are listed. Whatever is not `mine` stays.
    """
    old = set(mine) - {new}
    others = tuple(arn for arn in before.listed if arn not in {*old, new})
    if first:
        return Hung(new, others)
    default = new if before.default in old else before.default
    return Hung(default, (*others, new))


def changes(now: Hung, wanted: Hung) -> Iterator[tuple[str, str]]:
    """List what is to be done, in an order in which no name is without a certificate."""
    yield from (("add", arn) for arn in wanted.listed if arn not in now.listed)
    if wanted.default != now.default:
        yield "default", wanted.default
    yield from (("remove", arn) for arn in now.listed if arn not in wanted.listed)


def in_the_way(
    hung: Hung, kept: Mapping[str, Kept], names: Iterable[str], *, mine: Collection[str]
) -> Iterator[tuple[Kept, str]]:
    """Find what would be served for a name in the place of the new one: what is listed for it, and is not `mine`.

    Where several that are listed fit, the load balancer chooses by their keys and dates, whatever is asked of it.
    """
    others = [kept[arn] for arn in hung.listed if arn not in mine]
    yield from ((each, name) for name in names for each in others if each.fits(name))


def bare(before: Hung, after: Hung, kept: Mapping[str, Kept], names: Iterable[str]) -> list[str]:
    """Name what has a certificate on the listener now, and would have none."""
    return [name for name in names if _has(before, kept, name) and not _has(after, kept, name)]


def _has(hung: Hung, kept: Mapping[str, Kept], name: str) -> bool:
    return any(kept[arn].fits(name) for arn in hung.arns)


def fitting(hung: Hung, kept: Mapping[str, Kept], name: str) -> tuple[Kept, ...]:
    """Tell which certificates a listener may serve a name with."""
    listed = [kept[arn] for arn in hung.listed if arn in kept]
    found = tuple(each for each in listed if each.fits(name))
    return found or tuple(kept[arn] for arn in (hung.default,) if arn in kept)
