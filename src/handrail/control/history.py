"""History: who did what when, and how it ended, from the journals that the hosts keep."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from handrail.errors import HostUnreachable
from handrail.hosts.script import Command

if TYPE_CHECKING:
    from handrail.control.connections import Connections
    from handrail.model.environment import Environment


def history(environment: Environment, connections: Connections, *, lines: int) -> list[dict[str, Any]]:
    """Merge the journals of all hosts: one entry for each run, the newest last, also for runs that never ended."""
    system = environment.system
    hosts = [host.name for host in environment.all_hosts]
    replies = connections.on_each(
        hosts, lambda host: connections.ask(host, Command(("history",), (system.root, "/run", str(lines)), 30))
    )
    if not any(reply.outcome.good for reply in replies.values()):
        raise HostUnreachable("; ".join(f"{host}: {reply.words}" for host, reply in replies.items()))
    runs: dict[str, dict[str, Any]] = {}
    for reply in replies.values():
        for line in reply.values("entry"):
            _add(runs, line)
    # The token tells which run was later; the clock of the machine that a run was made from may be wrong.
    return sorted(runs.values(), key=lambda run: (run.get("token", 0), run["at"]))[-lines:]


def _add(runs: dict[str, dict[str, Any]], line: str) -> None:
    try:
        entry = json.loads(line)
    except ValueError:  # a line that a full disk cut short
        return
    if "record" in entry:
        runs[entry["run"]] = {"verb": entry.pop("record"), **entry}
    elif entry["run"] not in runs:
        verb = entry["step"].partition(":")[0]
        who = entry["result"].partition(" ")[0]
        runs[entry["run"]] = {
            "at": entry["at"],
            "run": entry["run"],
            "token": entry.get("token", 0),
            "verb": verb,
            "who": who,
            "what": "",
            "outcome": "unfinished",
            "text": "",
            "seconds": 0,
        }
