"""From YAML's text to an outline.

YAML 1.1 reads `on` as true, `22:30` as 1350 and `010` as 8. Nothing here guesses: numbers are decimal, and what YAML
takes for something else than it looks like is refused with a word to quote it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from handrail.errors import Problem, SystemInvalid
from handrail.model.outline import TRAP, Outline, joined

# The C loader is ten times as fast; PyYAML has it where libyaml was there when it was built.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# A description of twenty services has 20 kB.
SIZE_BYTES = 1_000_000
# Sixteen levels are twice what a description needs, and shallow enough for everything here that recurses.
DEPTH = 16
# Aliases multiply: nine lines can ask for a billion values. A description of twenty services has 1,500.
VALUES = 5_000

_TAG = "tag:yaml.org,2002:"
_BOOLEANS = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}


def compose(text: str, *, source: str) -> yaml.Node:
    """Make YAML's own tree, or say in which line there is none."""

    def unreadable(line: int, found: str, allowed: str) -> SystemInvalid:
        return SystemInvalid([Problem(source, line, "(document)", found, allowed)])

    try:
        if len(text.encode()) > SIZE_BYTES:
            raise unreadable(1, "more than 1 MB", "a description of less than 1 MB")
        if line := _too_deep(text):
            raise unreadable(line, f"more than {DEPTH} levels", f"{DEPTH} levels at the most")
        node: yaml.Node | None = yaml.compose(text, Loader=LOADER)
    except UnicodeError:
        raise unreadable(1, "text that has no UTF-8", "text in UTF-8") from None
    except yaml.reader.ReaderError as error:
        line = text.encode()[: error.position].count(b"\n") + 1
        raise unreadable(line, "a control character", "printable text in UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise unreadable(mark.line + 1 if mark else 1, _said(error), "one YAML document") from None
    if not isinstance(node, yaml.MappingNode) or node.tag != f"{_TAG}map":
        raise unreadable(1, "no mapping", "a mapping that begins with system:")
    return node


def _too_deep(text: str) -> int:
    """Give the line that nests deeper than any description, or 0: what comes later recurses as deep."""
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH:
            return int(event.start_mark.line) + 1 if event.start_mark else 1
    return 0


def _said(error: yaml.MarkedYAMLError) -> str:
    """Repeat what YAML said, but not what it quotes: `password: *hunter2` is an alias to it, a secret to its author."""
    return "broken YAML: " + re.sub(r"(['\"]).{2,}\1", "…", str(error.problem or error.context or "no document"))


@dataclass
class Reader:
    """Turns YAML's nodes into an outline and keeps what it had to refuse."""

    refused: list[tuple[int, str, str, str]] = field(default_factory=list)
    seen: int = 0
    full: bool = False

    def read(self, node: yaml.Node, key: str = "", line: int = 1, depth: int = 0) -> Outline:
        """Read one node and all below it."""
        if self._is_full(depth, line, key):
            return Outline(line, key, TRAP)
        match node:
            case yaml.MappingNode(tag=tag) if tag == f"{_TAG}map":
                children: dict[str, Outline] = {}
                self._fill(children, node, key, depth)
                return Outline(line, key, children)
            case yaml.SequenceNode(tag=tag) if tag == f"{_TAG}seq":
                items = [
                    self.read(item, joined(key, index), item.start_mark.line + 1, depth + 1)
                    for index, item in enumerate(node.value)
                ]
                return Outline(line, key, tuple(items))
            case yaml.ScalarNode():
                value = _scalar(node)
                if value is TRAP:
                    return self.refuse(
                        line, key, _trap(node), "decimal numbers and text; put quotes around it", node.value
                    )
                return Outline(line, key, value, node.value)
        return self.refuse(line, key, "a tag (!)", "values without tags")

    def refuse(self, line: int, key: str, found: str, allowed: str, text: str = "") -> Outline:
        """Note a problem and leave a trap in the value's place."""
        self.refused.append((line, key or "(document)", found, allowed))
        return Outline(line, key, TRAP, text)

    def _is_full(self, depth: int, line: int, key: str) -> bool:
        """Count every value and every merge, and say once that there are too many."""
        self.seen += 1
        full = depth > DEPTH or self.seen > VALUES
        if full and not self.full:
            self.full = True
            self.refuse(line, key, "more than a description holds", f"{DEPTH} levels and {VALUES} values")
        return full

    def _fill(self, children: dict[str, Outline], node: yaml.MappingNode, key: str, depth: int) -> None:
        merged: list[yaml.Node] = []
        lines: dict[str, int] = {}
        for name, value in node.value:
            line = name.start_mark.line + 1
            if name.tag == f"{_TAG}merge":
                merged.append(value)
            elif not isinstance(name, yaml.ScalarNode) or name.tag != f"{_TAG}str":
                shown = joined(key, name.value) if isinstance(name, yaml.ScalarNode) else key
                self.refuse(line, shown, "a key that YAML does not read as text", "text as keys; put quotes around it")
            elif name.value in lines:
                shown = joined(key, name.value)
                self.refuse(line, shown, f"the key twice, first on line {lines[name.value]}", "each key once")
            else:
                lines[name.value] = line
                children[name.value] = self.read(value, joined(key, name.value), line, depth + 1)
        for value in merged:
            self._merge(children, value, key, depth)

    def _merge(self, children: dict[str, Outline], value: yaml.Node, key: str, depth: int) -> None:
        """Add the keys of `<<`, which never replace keys that are there."""
        line = value.start_mark.line + 1
        sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
        for source in sources:
            if self._is_full(depth, line, key):
                return
            if not isinstance(source, yaml.MappingNode):
                self.refuse(
                    line, joined(key, "<<"), "something else than a mapping", "a mapping, or a list of mappings"
                )
                continue
            more: dict[str, Outline] = {}
            self._fill(more, source, key, depth + 1)
            for name, child in more.items():
                children.setdefault(name, child)


def _scalar(node: yaml.ScalarNode) -> Any:
    """Read a scalar as it looks."""
    text = node.value
    match node.tag.removeprefix(_TAG):
        case "str":
            return text
        case "null":
            return None
        case "bool" if text.lower() in _BOOLEANS:
            return _BOOLEANS[text.lower()]
        case "int" if re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", text):
            return int(text)
        case "float" if re.fullmatch(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}", text):
            return float(text)
    return TRAP


def _trap(node: yaml.ScalarNode) -> str:
    """Say what YAML makes of a scalar, without the scalar itself, which may be half of a password."""
    match node.tag.removeprefix(_TAG):
        case "int" | "float" if ":" in node.value:
            return "a number that YAML reads in base 60"
        case "int" if re.match(r"[-+]?0[0-9_]", node.value):
            return "a number that YAML reads in base 8"
        case "int" | "float":
            return "a number that is not written in plain decimals"
        case "timestamp":
            return "what YAML reads as a date"
    return "a value with a tag of its own"
