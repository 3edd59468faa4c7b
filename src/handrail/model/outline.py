"""A document as a tree in which every value knows its line and its key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from handrail.model.finding import Path


class Trap:
    """Stands where a value was refused while reading; what checks the tree later leaves it alone."""


TRAP = Trap()


@dataclass(frozen=True)
class Outline:
    """One value with its place. `value` is a dict of outlines, a tuple of outlines, or a scalar."""

    line: int
    key: str
    value: Any
    text: str = ""

    def plain(self) -> Any:
        """Give the values without their places."""
        if isinstance(self.value, dict):
            return {name: child.plain() for name, child in self.value.items()}
        if isinstance(self.value, tuple):
            return tuple(child.plain() for child in self.value)
        return self.value

    def deepest(self, path: Path) -> tuple[Outline, Path]:
        """Walk along a path as far as the document goes; the rest of the path is what is missing."""
        here = self
        for count, part in enumerate(path):
            child = here.child(part)
            if child is None:
                return here, path[count:]
            here = child
        return here, ()

    def child(self, part: str | int) -> Outline | None:
        """Take one step of a path."""
        if isinstance(self.value, dict):
            return self.value.get(part)
        if isinstance(self.value, tuple) and isinstance(part, int) and part < len(self.value):
            found: Outline = self.value[part]
            return found
        return None

    def without(self, *names: str) -> Outline:
        """Leave keys out."""
        return replace(self, value={name: child for name, child in self.value.items() if name not in names})

    def under(self, over: Outline, path: Path = ()) -> Outline:
        """Lay another outline over this one, key by key; a null takes a key away, lists and scalars replace.

        An entry of `secrets` is replaced as a whole: it is a choice of one place, and two of them would be none.
        """
        both = isinstance(self.value, dict) and isinstance(over.value, dict)
        if not both or (len(path) == 2 and path[0] == "secrets"):
            return over
        merged = dict(self.value)
        for name, child in over.value.items():
            if child.value is None:
                merged.pop(name, None)
            else:
                merged[name] = merged[name].under(child, (*path, name)) if name in merged else child
        return replace(self, value=merged)


def joined(key: str, part: str | int) -> str:
    """Write the path of a child: `services.backend.needs[0]`."""
    if isinstance(part, int):
        return f"{key}[{part}]"
    name = part if part.isprintable() and len(part) <= 60 else ascii(part[:40])
    return f"{key}.{name}" if key else name
