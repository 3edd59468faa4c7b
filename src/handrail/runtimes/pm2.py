"""Services under PM2: processes `vendhub-api-blue` and `vendhub-api-green` of the system's own PM2 on each host.

PM2 lives in a unit of systemd, `vendhub-pm2.service`: it belongs to no login, starts at boot, comes back when it is
killed. The unit makes what PM2 runs equal to the links in `pm2/enabled`; what PM2 itself has saved is not used, for it
is what ran when somebody saved it. Variables do not go through PM2, which shows and saves them: a shell reads them and
then becomes the program.
"""

from __future__ import annotations

import json
import re
import shlex
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

from handrail.model.host_state import UnitState
from handrail.runtimes.pm2_process import description, logs, program
from handrail.runtimes.protocol import Argv, File, Instance, Place, in_directory, transient

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from handrail.model.service import Service

# The service is called dead when it was started again this often within one wait for its health.
RESTARTS_THAT_MEAN_DEAD = 3
# PM2's answer takes 0.3 s; a daemon that hangs must not hang us.
ANSWER_SECONDS = "10"

USABLE = """
command -v node >/dev/null || { echo "node is not installed"; exit 1; }
command -v pm2 >/dev/null || { echo "pm2 is not installed: npm install -g pm2"; exit 1; }
"""
# A reload that is asked for while the unit starts is taken for that start, which may have read the links before.
# When PM2 dies in between, it is all to be done again.
SYNC = """
unit=$0
sync() {
    for _ in 1 2; do systemctl start "$unit" 2>/dev/null && systemctl reload "$unit" 2>/dev/null && return; done
    echo "$(journalctl -u "$unit" -t node -n 1 -q -o cat): see journalctl -u $unit"
    return 1
}
"""
# What was asked for is made anew also where PM2 would try again by itself: its count of restarts begins anew as well.
START = """
name=$1 enabled=$2
mkdir -p "$enabled" && ln -sfn "../$name.json" "$enabled/$name.json" && true >"$enabled/$name.asked" || exit 1
trap 'rm -f "$enabled/$name.asked"' EXIT
systemctl is-enabled -q "$unit" || systemctl enable -q "$unit" || exit 1
sync
"""
STOP = """
rm -f "$@"
case $(systemctl is-active "$unit") in inactive | failed | unknown) ;; *) sync ;; esac
"""
# A program that could not be started at all is online without a number.
DIED = """
most=$0
"$@" | awk -F '\\t' -v most="$most" -v began="${RESTARTS:-0}" '
    $2 == "errored" || $2 == "stopped" || $2 == "online" && $4 == 0 || $3 - began >= most { dead = 1 }
    END { exit !dead }'
"""
FIELD = """
field=$0
"$@" | awk -F '\\t' -v field="$field" '{ number = $field } END { print number + 0 }'
"""
AGES = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Pm2:
    """The runtime of hosts under PM2."""

    def usable(self, instances: Sequence[Instance]) -> Argv:
        """PM2 must be installed; whether its daemon runs is our unit's business."""
        return ("sh", "-c", USABLE)

    def prepare(self, service: Service, *, system: str, version: str) -> tuple[Argv, ...]:
        """Do nothing: an unpacked release can be started."""
        return ()

    def files(self, instance: Instance) -> tuple[File, ...]:
        """Give the unit of PM2, which all services of the system share, and PM2's description of the process."""
        system, root = instance.system, instance.root
        unit = Template(_text("pm2.service")).substitute(system=system, root=root, user=instance.service.user)
        return (
            File(f"/etc/systemd/system/{_unit(instance)}", unit),
            File(f"{root}/pm2/sync.js", _text("pm2_sync.js")),
            File(f"{root}/pm2/{instance.process}.json", json.dumps(description(instance), indent=2) + "\n"),
        )

    def environment(
        self, instance: Instance, variables: Mapping[str, str], secrets: Mapping[str, str] | None = None
    ) -> File:
        """Write the variables for a shell."""
        text = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
        return File(instance.environment_file, text, 0o600, instance.service.user)

    def reload(self, instances: Sequence[Instance]) -> tuple[Argv, ...]:
        """Have systemd read unit files again."""
        return (("systemctl", "daemon-reload"),)

    def start(self, instance: Instance) -> tuple[Argv, ...]:
        """Enable it, and start PM2, or have it start what it does not run yet."""
        return (("sh", "-c", SYNC + START, _unit(instance), instance.process, _enabled(instance)),)

    def stop(self, instances: Sequence[Instance]) -> tuple[Argv, ...]:
        """Have PM2, if it runs, end them all at once: SIGINT, and SIGKILL when their time is over."""
        links = [f"{_enabled(one)}/{one.process}.json" for one in instances]
        return tuple(("sh", "-c", SYNC + STOP, unit, *links) for unit in {_unit(one) for one in instances})

    def stay_down(self, instances: Sequence[Instance]) -> tuple[Argv, ...]:
        """Do nothing: what was stopped does not come back at boot."""
        return ()

    def died(self, instance: Instance) -> Argv:
        """Exit 0 when PM2 gave up or has started it again and again since `$RESTARTS`."""
        return ("sh", "-c", DIED, str(RESTARTS_THAT_MEAN_DEAD), *self.status([instance]))

    def restarts(self, instance: Instance) -> Argv:
        """Print PM2's own count, which begins anew with each start."""
        return ("sh", "-c", FIELD, "3", *self.status([instance]))

    def pid(self, instance: Instance) -> Argv:
        """Print the number of the program itself."""
        return ("sh", "-c", FIELD, "4", *self.status([instance]))

    def status(self, instances: Sequence[Instance]) -> Argv:
        """Print a line for each: name, status, restarts, process number, enabled."""
        first = instances[0]
        return _ask(first.root, first.service, "list", *(one.process for one in instances))

    def states(self, output: str, instances: Sequence[Instance]) -> Mapping[Place, UnitState]:
        """Read those lines."""
        rows = {name: rest for name, *rest in (line.split("\t") for line in output.splitlines())}
        return {one.place: _state(*rows[one.process]) for one in instances if one.process in rows}

    def log(self, instance: Instance, *, lines: int) -> Argv:
        """Print its last lines since its slot got its release, and PM2's own of how it ended."""
        slot = f"{instance.root}/slots/{instance.slot}"
        script = ("sh", "-c", _text("pm2_log.sh"))
        return (*_as(instance.service), *script, instance.process, instance.root, str(lines), slot)

    def read_log(self, instances: Sequence[Instance], *, since: str, lines: int, follow: bool) -> Argv:
        """Read the log files, and those that were moved aside: all since a time, or the last of each."""
        begin = f"{since[:-1]} {AGES[since[-1]]} ago" if since[-1:] in AGES else since
        files = [path for one in instances for path in logs(one)]
        script = (*_as(instances[0].service), "sh", "-c", _text("pm2_read_log.sh"), _text("pm2_show.js"))
        return (*script, begin, str(lines), "follow" if follow else "", *files)

    def run_once(self, instance: Instance, command: Argv, deadline: timedelta) -> Argv:
        """Run a command in a transient unit with the service's user, directory and variables."""
        words = ("sh", "-c", *program(instance, command))
        return (
            *transient(instance, deadline),
            # systemd would put its own variables in the place of $names
            "--", *(word.replace("$", "$$") for word in words),
        )  # fmt: skip

    def inside(self, instance: Instance) -> str:
        """Run it in the release's directory, as the service's user."""
        return in_directory(instance)

    def reopen_logs(self, services: Sequence[Service], *, root: str) -> Argv:
        """Have PM2 open them, if it runs."""
        return _ask(root, services[0], "reloadLogs")


def _ask(root: str, service: Service, *words: str) -> Argv:
    # Some steps ask of each instance by itself, and their command is one word of at most 128 KiB (MAX_ARG_STRLEN of
    # execve(2)): so no comments, and in the text no quotes that a shell must quote again.
    text = re.sub(r"^ *//.*\n", "", _text("pm2_ask.js"), flags=re.MULTILINE)
    return ("timeout", ANSWER_SECONDS, *_as(service), "node", "-e", text, root, *words)


def _as(service: Service) -> Argv:
    return ("runuser", "-u", service.user, "--")


def _text(name: str) -> str:
    return resources.files("handrail.runtimes").joinpath(f"templates/{name}").read_text()


def _unit(instance: Instance) -> str:
    return f"{instance.system}-pm2.service"


def _enabled(instance: Instance) -> str:
    return f"{instance.root}/pm2/enabled"


def _state(status: str, restarts: str, number: str, enabled: str) -> UnitState:
    return UnitState(
        running=status == "online" and number != "0", state=status, restarts=int(restarts), enabled=enabled == "true"
    )
