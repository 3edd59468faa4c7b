"""Instance classes of RDS: what they have, and the next one up or down."""

from __future__ import annotations

from typing import NamedTuple

# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html
BURSTABLE = {"micro": (2, 1), "small": (2, 2), "medium": (2, 4), "large": (2, 8), "xlarge": (4, 16), "2xlarge": (8, 32)}
GIB_OF_A_PROCESSOR = {"m": 4, "r": 8}
FIXED = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
# Where a burstable family ends, one of the same processors goes on.
GOES_ON_AS = {"t3": "m5", "t4g": "m6g"}


class Power(NamedTuple):
    """Processors and memory."""

    vcpu: int
    gib: int


def power(name: str) -> Power | None:
    """Tell what `db.t4g.medium` has; None of a class that is not known here."""
    family, _, size = name.partition(".")[2].partition(".")
    if family in GOES_ON_AS:
        found = BURSTABLE.get(size)
        return Power(*found) if found else None
    if family[:1] not in GIB_OF_A_PROCESSOR or size not in FIXED:
        return None
    vcpu = 2 if size == "large" else 4 * int(size.removesuffix("xlarge") or 1)
    return Power(vcpu, vcpu * GIB_OF_A_PROCESSOR[family[0]])


def with_more(name: str, *, vcpu: int = 0, gib: float = 0) -> str | None:
    """Name the smallest larger class with more processors, or more memory, than that; None where none is known."""
    return next((each for each in _above(name) if _has(each).vcpu > vcpu and _has(each).gib > gib), None)


def below(name: str) -> str | None:
    """Name the next smaller class of the family."""
    sizes = list(_sizes(name))
    place = sizes.index(name) if name in sizes else 0
    return sizes[place - 1] if place else None


def _has(name: str) -> Power:
    return power(name) or Power(0, 0)


def _above(name: str) -> tuple[str, ...]:
    sizes = _sizes(name)
    if name not in sizes:
        return ()
    kind, family, _ = name.split(".")
    after = tuple(f"{kind}.{GOES_ON_AS[family]}.{size}" for size in FIXED) if family in GOES_ON_AS else ()
    return (*sizes[sizes.index(name) + 1 :], *after)


def _sizes(name: str) -> tuple[str, ...]:
    if power(name) is None:
        return ()
    kind, family, _ = name.split(".")
    return tuple(f"{kind}.{family}.{size}" for size in (BURSTABLE if family in GOES_ON_AS else FIXED))
