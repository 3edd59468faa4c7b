"""Instance classes of RDS: what they have, and the next one up or down."""

from __future__ import annotations

import re
from typing import NamedTuple

# GiB of memory that a `large` has by the letter of its family; the other sizes are multiples of it.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html
LARGE = {"t": 8, "m": 8, "r": 16, "x": 32, "c": 4}
SIZES = {"nano": 1 / 16, "micro": 1 / 8, "small": 1 / 4, "medium": 1 / 2, "large": 1.0, "xlarge": 2.0}
CLASS = re.compile(
    r"(?:db|cache)\.(?P<family>[a-z])[a-z0-9]*\.(?P<times>[0-9]{1,2})?(?P<size>nano|micro|small|medium|x?large)"
)
# Processors of the families that can be advised, by size.
BURSTABLE = {"micro": 2, "small": 2, "medium": 2, "large": 2, "xlarge": 4, "2xlarge": 8}
FIXED = {"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16, "8xlarge": 32, "12xlarge": 48, "16xlarge": 64}
# Where a burstable family ends, one of the same processors goes on.
GOES_ON_AS = {"t3": "m5", "t4g": "m6g"}


class Power(NamedTuple):
    """Processors and memory."""

    vcpu: int
    gib: int


def memory(name: str) -> float:
    """Tell how many GiB `db.t4g.medium` has; 0 of a class that is not known here."""
    found = CLASS.fullmatch(name)
    if found is None or found["family"] not in LARGE:
        return 0
    return LARGE[found["family"]] * SIZES[found["size"]] * int(found["times"] or 1)


def power(name: str) -> Power | None:
    """Tell what a class has; None of one that cannot be advised."""
    family, _, size = name.partition(".")[2].partition(".")
    if family not in GOES_ON_AS and family[:1] not in {"m", "r"}:
        return None
    vcpu = (BURSTABLE if family in GOES_ON_AS else FIXED).get(size)
    return Power(vcpu, int(memory(name))) if vcpu else None


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
