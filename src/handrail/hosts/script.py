"""Commands for hosts, as data: a script of this package, its arguments, its standard input, its deadline.

Each command is one round trip. Scripts are constant text; everything that varies is a positional argument, quoted as
one word, and what must not be seen in a process list goes in on standard input.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from handrail.model.fleet import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# coreutils timeout(1): a command that ignores SIGTERM gets SIGKILL this much later.
KILL_SECONDS = 5
# How much longer than a command's own deadline its reply may be on the way.
REPLY_SECONDS = 10


@cache
def text_of(*names: str) -> str:
    """Join scripts of this package into the text of one."""
    folder = resources.files("handrail.hosts").joinpath("scripts")
    return "\n".join(folder.joinpath(f"{name}.sh").read_text() for name in names)


@dataclass(frozen=True)
class Command:
    """One thing to do on a host."""

    scripts: tuple[str, ...]
    arguments: tuple[str, ...]
    seconds: int = 30
    stdin: str = field(default="", repr=False)

    @property
    def argv(self) -> tuple[str, ...]:
        """The words to run; `timeout` ends the command on the host itself when its deadline is over."""
        limit = ("timeout", f"--kill-after={KILL_SECONDS}", str(self.seconds))
        return (*limit, "sh", "-c", text_of("prelude", *self.scripts), "handrail", *self.arguments)

    def __str__(self) -> str:
        return shlex.join(
            [self.scripts[-1], *(word if len(word) < 60 else f"{word[:57]}..." for word in self.arguments)]
        )


@dataclass(frozen=True)
class Upload:
    """A local file to be put at a temporary place on a host."""

    source: str
    target: str


def shell_line(commands: Sequence[Sequence[str]]) -> str:
    """Join commands into one line of shell, each word quoted; the line stops at the first that fails."""
    return " && ".join(shlex.join(command) for command in commands) or ":"


@dataclass(frozen=True)
class Reply:
    """What a script answered."""

    outcome: Outcome
    words: str
    lines: tuple[str, ...]

    def values(self, key: str) -> Iterator[str]:
        """Give the rest of each line that begins with a key."""
        for line in self.lines:
            name, _, rest = line.partition(" ")
            if name == key:
                yield rest

    def value(self, key: str, default: str = "") -> str:
        """Give the rest of the first line that begins with a key."""
        return next(self.values(key), default)

    def block(self, key: str) -> str:
        """Give what stands between the lines `key begin` and `key end`."""
        if f"{key} begin" not in self.lines:
            return ""
        start = self.lines.index(f"{key} begin") + 1
        end = self.lines.index(f"{key} end", start) if f"{key} end" in self.lines[start:] else len(self.lines)
        return "\n".join(self.lines[start:end])


def read_reply(lines: Sequence[str], errors: Sequence[str] = ()) -> Reply:
    r"""Understand a script's output. Without a last line `result …` nobody knows what happened.

    Lines end with \n alone: what programs have logged may hold all else that Unicode calls the end of a line.
    """
    for line in reversed(lines):
        word, _, rest = line.partition(" ")
        if word == "result":
            name, _, words = rest.partition(" ")
            return Reply(Outcome(name), words, tuple(lines))
    said = " ".join(errors[-2:]).strip()
    return Reply(Outcome.UNKNOWN, f"no reply: {said}" if said else "no reply", tuple(lines))
