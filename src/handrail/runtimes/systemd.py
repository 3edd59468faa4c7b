"""Services as units of systemd: `sanvi-backend@blue` and `sanvi-backend@green` on each host.

Each slot has its own, so that what serves keeps its description while another release gets one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.model.host_state import UnitState
from handrail.runtimes.protocol import Argv, File, Instance, Place, in_directory, transient

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from handrail.model.service import Service

# Where units are that no package brought; see systemd.unit(5).
FOLDER = "/etc/systemd/system"
# The service is called dead when it was started again this often within one wait for its health.
RESTARTS_THAT_MEAN_DEAD = 3

# `enable` reloads the daemon, which takes longer than all the rest: only when it is needed. A unit that was stopped
# while it waited for its next start keeps its count of restarts, which `reset-failed` clears.
START = """
systemctl is-enabled -q "$0" || systemctl enable -q "$0" || exit
systemctl is-active -q "$0" && exit
systemctl reset-failed "$0" 2>/dev/null
systemctl start "$0"
"""
# Of several one that was never installed would keep the others enabled.
STAY_DOWN = """
for unit; do
    shift
    ! systemctl is-enabled -q "$unit" 2>/dev/null || set -- "$@" "$unit"
done
[ $# = 0 ] || systemctl disable -q "$@"
"""
# One that was stopped, or has ended well, will not come up: whoever waits for its health keeps others from the host.
DIED = """
restarts=$(systemctl show -p NRestarts --value "$0")
[ "$((${restarts:-0} - ${RESTARTS:-0}))" -lt "$1" ] || exit 0
case $(systemctl is-active "$0") in inactive | failed) exit 0 ;; esac
exit 1
"""
# systemd reads each unit that it is asked for by name and does not have, and forgets it at once: 7 ms for each on a
# host of the lab. A pattern lists what it has: all that run, have failed, or come at boot. Others are stopped.
STATUS = """
properties=$0 mine=$1 folder=$2 stopped=inactive; shift 2
shown=$(systemctl show --all -p "$properties" "$mine") || stopped=unknown
for unit; do
    [ ! -e "$folder/$unit" ] || printf 'Id=%s\nActiveState=%s\nSubState=dead\n\n' "$unit" "$stopped"
done
printf '%s\n' "$shown"
"""
# What is asked of a unit; see systemctl(1), "show".
PROPERTIES = "Id,LoadState,ActiveState,SubState,NRestarts,UnitFileState"

UNIT = """\
# Written by handrail; changes are overwritten by the next deploy.
[Unit]
Description={system} {name} in slot %i
After=network-online.target
Wants=network-online.target
# A database that is away for an hour must not leave the service down for good.
StartLimitIntervalSec=0

[Service]
Type=exec
User={user}
WorkingDirectory={root}/slots/%i{inside}
EnvironmentFile={root}/env/%i/{name}.env
ExecStart={command}
{memory}Restart=on-failure
RestartSec=1
TimeoutStopSec={stop}
SyslogIdentifier={system}-{service}

[Install]
WantedBy=multi-user.target
"""


class Systemd:
    """The runtime of hosts under systemd."""

    def usable(self, instances: Sequence[Instance]) -> Argv:
        """Every host that can be worked with has systemd."""
        return ("true",)

    def prepare(self, service: Service, *, system: str, version: str) -> tuple[Argv, ...]:
        """Do nothing: an unpacked release can be started."""
        return ()

    def files(self, instance: Instance) -> tuple[File, ...]:
        """Give its unit."""
        service = instance.service
        text = UNIT.format(
            system=instance.system,
            service=service.name,
            name=instance.name,
            user=service.user,
            root=instance.root,
            inside="" if service.directory == "." else f"/{service.directory}",
            command=" ".join(_quoted(word) for word in _from_the_release(instance, service.command)),
            memory=f"MemoryMax={service.memory}\n" if service.memory else "",
            stop=int(service.stop.total_seconds()),
        )
        return (File(f"{FOLDER}/{_unit(instance)}", text),)

    def environment(
        self, instance: Instance, variables: Mapping[str, str], secrets: Mapping[str, str] | None = None
    ) -> File:
        """Write the variables as systemd.exec(5) EnvironmentFile= reads them."""
        text = "".join(f'{name}="{_escaped(value)}"\n' for name, value in variables.items())
        return File(instance.environment_file, text, 0o600)

    def reload(self, instances: Sequence[Instance]) -> tuple[Argv, ...]:
        """Read unit files again."""
        return (("systemctl", "daemon-reload"),)

    def start(self, instance: Instance) -> tuple[Argv, ...]:
        """Start it, and have it started at boot."""
        return (("sh", "-c", START, _unit(instance)),)

    def stop(self, instances: Sequence[Instance]) -> tuple[Argv, ...]:
        """Stop them all at once; systemd waits up to the unit's TimeoutStopSec."""
        # A unit that was never installed is as stopped as one can be (exit 5, systemctl(1)).
        return (("sh", "-c", 'systemctl stop "$@" || [ $? = 5 ]', "handrail", *map(_unit, instances)),)

    def stay_down(self, instances: Sequence[Instance]) -> tuple[Argv, ...]:
        """Disable them: what gets another release at once, which is most of what is stopped, stays enabled for that."""
        return (("sh", "-c", STAY_DOWN, "handrail", *map(_unit, instances)),)

    def died(self, instance: Instance) -> Argv:
        """Exit 0 when it was stopped, systemd gave up, or has started it again and again since `$RESTARTS`."""
        return ("sh", "-c", DIED, _unit(instance), str(RESTARTS_THAT_MEAN_DEAD))

    def restarts(self, instance: Instance) -> Argv:
        """Print the unit's own count since it was started."""
        return ("systemctl", "show", "-p", "NRestarts", "--value", _unit(instance))

    def pid(self, instance: Instance) -> Argv:
        """Print the unit's main process."""
        return ("systemctl", "show", "-p", "MainPID", "--value", _unit(instance))

    def status(self, instances: Sequence[Instance]) -> Argv:
        """Show the properties of all units in one call, after those of units that systemd need not have."""
        return ("sh", "-c", STATUS, PROPERTIES, f"{instances[0].system}-*", FOLDER, *map(_unit, instances))

    def states(self, output: str, instances: Sequence[Instance]) -> Mapping[Place, UnitState]:
        """Read blocks of `Key=value` lines, one block for each unit."""
        blocks = properties(output)
        known = {one.place: blocks[_unit(one)] for one in instances if _unit(one) in blocks}
        return {place: unit_state(pairs) for place, pairs in known.items() if pairs.get("LoadState") != "not-found"}

    def log(self, instance: Instance, *, lines: int) -> Argv:
        """Print its last lines from the journal since the slot got its release; the OOM killer's are among them."""
        script = 'journalctl -u "$0" -n "$1" --since "@$(stat -c %Y "$2")" --no-pager -q -o cat'
        return ("sh", "-c", script, _unit(instance), str(lines), f"{instance.root}/slots/{instance.slot}")

    def read_log(self, instances: Sequence[Instance], *, since: str, lines: int, follow: bool) -> Argv:
        """Read the journal of all slots; `-o short-unix` begins a line with seconds since 1970."""
        units = tuple(word for one in instances for word in ("-u", _unit(one)))
        return journal(units, since=since, lines=lines, follow=follow)

    def run_once(self, instance: Instance, command: Argv, deadline: timedelta) -> Argv:
        """Run a command in a transient unit with the service's user, directory and variables."""
        return (
            *transient(instance, deadline),
            f"--working-directory={instance.directory}",
            f"--property=EnvironmentFile={instance.environment_file}",
            # systemd would put values in the place of $NAMES, for everybody to see among the processes
            "--", *(word.replace("$", "$$") for word in _from_the_release(instance, command)),
        )  # fmt: skip

    def inside(self, instance: Instance) -> str:
        """Run it in the release's directory, as the service's user."""
        return in_directory(instance)

    def reopen_logs(self, services: Sequence[Service], *, root: str) -> Argv:
        """Do nothing: what the services print is in the journal, which rotates itself."""
        return ()


def journal(units: Sequence[str], *, since: str, lines: int, follow: bool) -> Argv:
    """Read the journal of units; times are UTC on the way in as they are on the way out."""
    begin = ("--since", f"-{since}" if since[-1] in "smhd" else since.replace("T", " ")) if since else ()
    count = ("-n", str(lines)) if lines else ("-n", "all")
    how = ("--no-pager", "--no-hostname", "-q", "-a", "-o", "short-unix")
    return ("env", "TZ=UTC", "journalctl", *units, *begin, *count, *how, *(("-f",) if follow else ()))


def properties(output: str) -> dict[str, dict[str, str]]:
    """Split the output of `systemctl show` into one table for each unit, by its Id."""
    blocks: dict[str, dict[str, str]] = {}
    for block in output.split("\n\n"):
        pairs = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if "Id" in pairs:
            blocks[pairs["Id"]] = pairs
    return blocks


def unit_state(pairs: Mapping[str, str]) -> UnitState:
    """Read one unit's properties."""
    return UnitState(
        running=pairs.get("ActiveState") == "active",
        state=f"{pairs.get('ActiveState', 'unknown')} ({pairs.get('SubState', '?')})",
        restarts=int(pairs.get("NRestarts", "0") or 0),
        enabled=pairs.get("UnitFileState") == "enabled",
    )


def _unit(instance: Instance) -> str:
    return f"{instance.system}-{instance.name}@{instance.slot}.service"


def _from_the_release(instance: Instance, command: Argv) -> Argv:
    """Give a command whose program systemd finds: it takes no path from the directory that the command runs in."""
    first, *rest = command
    inside = "/" in first and not first.startswith("/")
    return (f"{instance.directory}/{first.removeprefix('./')}", *rest) if inside else command


def _escaped(text: str) -> str:
    for letter in ("\\", '"', "`", "$"):
        text = text.replace(letter, f"\\{letter}")
    return text


def _quoted(word: str) -> str:
    """Quote a word for ExecStart=, where % begins a specifier and $ a variable (systemd.service(5))."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'
