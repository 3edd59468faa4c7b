"""The rules of a host for logrotate: which files, how often, and how their writers learn of it.

Numbers in place of dates: a second rotation on one day needs a name of its own, and PM2's reader looks for `.log.1`.
What only the host knows stands between @ signs, and `logrotate.sh` puts it in.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from handrail.hosts.script import shell_line
from handrail.model.files import split
from handrail.runtimes import RUNTIMES, UNITS
from handrail.runtimes.unit import Unit
from handrail.traffic import nginx

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handrail.model.environment import Environment
    from handrail.model.service import Service

# Where logrotate looks for rules.
FOLDER = "/etc/logrotate.d"
HEAD = "# Written by handrail for the system {name}; changes are overwritten by `fab logrotate`.\n"
RULE = """\
{files} {{
    {when}
    rotate {keep}
    nodateext
    compress
    delaycompress
    missingok
    notifempty
{more}}}
"""
# PM2 writes on to the file that was moved until it is told; only then may anybody compress it.
REOPENED = """\
    su {user} @group {user}@
    create 0644 {user} @group {user}@
    sharedscripts
    postrotate
        {hook}
    endscript
"""
# Nobody can tell these programs. What they write between the copy and the cut is lost.
COPIED = """\
    @su {folder}@
    copytruncate
"""
# PM2 does not open its own log again when it opens those of its programs.
PM2_LOG = ".pm2/pm2.log"
# `fab history` reads handrail's journal itself, so what it needs stays in it: the records of the last runs, and the
# last lines whatever they are. Under the exclusive lock nobody writes: every step holds it shared. It is for the next
# day if a step takes long.
JOURNAL = """\
    copy
    postrotate
        mkdir -p {run} && cd {root} && flock -E 0 -w 10 {run}/lock sh -c '
            head -n -{lines} journal | grep -E "\\"record\\":|: take the lease" | tail -n {lines} >journal.new &&
            tail -n {lines} journal >>journal.new && mv -T journal.new journal'
    endscript
"""
# Runs, or lines, that stay; 1000 runs have 0.5 MB.
JOURNAL_LINES = 1000
# An nginx that is down has nothing open, and would make every logrotate fail; a Docker that hangs would hold up the
# logrotate of the whole host, which nothing else ends.
EDGE = """\
    @ignoreduplicates@
    @su {folder}@
    create
    sharedscripts
    postrotate
        if timeout 10 {runs}; then timeout 20 sh -c {inside} inside nginx -s reopen; fi
    endscript
"""


@dataclass(frozen=True)
class Rotation:
    """The rules of one host. Those of the edge's log are apart: the host's own nginx has brought some of its own."""

    text: str
    users: tuple[str, ...]
    edge_log: str
    edge_text: str
    edge_is_ours: bool


def rotation(environment: Environment, host: str, run_directory: str) -> Rotation:
    """Write the rules of a host."""
    system = environment.system
    services = environment.services_on(host)
    folder = f"{system.root}/logs"
    mine = system.logs.files if _has_files(environment, host) else ()
    told = _hooks(services, system.root)
    rules = [_journal(environment, run_directory)]
    for user, hook in told.items():
        # The others in that directory are among *.log already, and logrotate refuses to have a file twice.
        others = [one for one in mine if split(one)[0] == folder and not one.endswith(".log")]
        rules.append(_rule(environment, [f"{folder}/*.log", *others], REOPENED.format(user=user, hook=hook)))
    copied = [one for one in mine if split(one)[0] != folder or not told]
    if any(service.runtime == "pm2" for service in services):
        copied.append(f"{system.root}/{PM2_LOG}")
    for place in dict.fromkeys(split(one)[0] for one in copied):
        files = [one for one in copied if split(one)[0] == place]
        rules.append(_rule(environment, files, COPIED.format(folder=place)))
    is_edge = any(edge.name == host for edge in environment.edge_hosts)
    return Rotation(
        text=HEAD.format(name=system.name) + "".join(rules),
        users=tuple(told),
        edge_log=nginx.log_of(system.name) if is_edge else "",
        edge_text=_edge(environment) if is_edge else "",
        edge_is_ours=system.edge.runtime != "systemd",
    )


def _has_files(environment: Environment, host: str) -> bool:
    group = environment.system.logs.hosts
    return not group or any(one.name == host for one in environment.groups.get(group, ()))


def _hooks(services: Sequence[Service], root: str) -> dict[str, str]:
    """Give the line that has log files opened again, by the user whose they are; one user has one runtime's logs."""
    hooks: dict[str, str] = {}
    for runtime in dict.fromkeys(service.runtime for service in services):
        mine = [service for service in services if service.runtime == runtime]
        hook = RUNTIMES[runtime].reopen_logs(mine, root=root)
        if hook:
            hooks[mine[0].user] = shell_line([hook])
    return hooks


def _rule(environment: Environment, files: Sequence[str], more: str, *, when: str = "daily") -> str:
    return RULE.format(files=" ".join(dict.fromkeys(files)), when=when, keep=environment.system.logs.keep, more=more)


def _journal(environment: Environment, run_directory: str) -> str:
    root = environment.system.root
    more = JOURNAL.format(root=root, run=run_directory, lines=JOURNAL_LINES)
    return _rule(environment, [f"{root}/journal"], more, when="size 2M")


def _edge(environment: Environment) -> str:
    system = environment.system
    unit = Unit(system.name, system.root, nginx.UNIT, nginx.UNIT)
    log = nginx.log_of(system.name)
    keeper = UNITS[system.edge.runtime]
    more = EDGE.format(
        folder=split(log)[0], runs=shell_line([keeper.runs(unit)]), inside=shlex.quote(keeper.inside(unit))
    )
    return _rule(environment, [log], more)
