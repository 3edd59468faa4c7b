"""What the items of a checklist are asked about: one release for one environment, and who answers for the hosts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from handrail.hosts.script import Command, Reply
from handrail.model.placeholder import fill

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from handrail.model.answer import Statement
    from handrail.model.environment import Environment, Host
    from handrail.model.version import Release

T = TypeVar("T")
Ask = Callable[[str, Command], Reply]
"""Sends a command to a host by its name, waits no longer than the command's own deadline, and never raises."""


@dataclass(frozen=True)
class Case:
    """One release for one environment. `mask` takes secrets out of what others wrote; `base` is the YAML's folder.

    `statements` are the verified ones of the change, by item; `runs` are those that the journal calls done.
    """

    environment: Environment
    base: Path
    release: Release
    ask: Ask
    mask: Callable[[str], str]
    now: datetime
    statements: Mapping[str, Statement] = field(default_factory=dict)
    runs: Sequence[Mapping[str, Any]] = ()
    _locks: dict[str, threading.Lock] = field(default_factory=dict, repr=False)

    def filled(self, text: str) -> str:
        """Put the release and the environment into one word."""
        return fill(text, {
            "version": self.release.version, "sha256": self.release.digest,
            "system": self.environment.system.name, "environment": self.environment.name,
        })  # fmt: skip

    def asked(self, host: str, command: Command) -> Reply:
        """Ask a host. One question at a time: a connection that is being opened cannot be used by others."""
        with self._locks.setdefault(host, threading.Lock()):
            return self.ask(host, command)

    def on_each(self, hosts: Iterable[Host], do: Callable[[str], T]) -> dict[str, T]:
        """Do something for all hosts at once and give the results in their order."""
        return at_once({host.name: host.name for host in hosts}, do)


def at_once(inputs: Mapping[str, Any], do: Callable[[Any], T]) -> dict[str, T]:
    """Do something for each input, all at once; threads that nobody waits for any more do not keep the program.

    What goes wrong in one of them goes wrong here.
    """
    results: dict[str, T] = {}
    errors: list[Exception] = []

    def keep(name: str) -> None:
        try:
            results[name] = do(inputs[name])
        except Exception as error:  # noqa: BLE001  # raised below, where somebody waits for it
            errors.append(error)

    threads = [threading.Thread(target=keep, args=(name,), daemon=True) for name in inputs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return {name: results[name] for name in inputs}
