"""Datastores and the edge as services of a Compose file on the host: one standing project, with the system's name.

Their data is in the project's volumes, such as `marketplace_postgres-data`, unless the file names them otherwise.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from handrail.model.host_state import UnitState
from handrail.runtimes.compose import COMPOSE, WITH_COMPOSE, exports, logging
from handrail.runtimes.container import STATES, read_states, stop
from handrail.runtimes.container_engine import WAKE, in_time
from handrail.runtimes.container_log import LOG, read_log
from handrail.runtimes.protocol import Argv, File

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from handrail.runtimes.unit import Unit

# Docker's default of 10 s kills a PostgreSQL that still writes down what it has in memory.
STOP_SECONDS = 60

# Labels are the same from both versions of Compose; names of containers are not.
LABELS = "--filter label=com.docker.compose.oneoff=False --filter label=com.docker.compose.project="
# Compose starts the container that is there, or makes it anew with its data where its description changed. A stop took
# its policy away, and may have failed then. Exit 77: it ran already.
START = f"""
system=$1 name=$2 files=$3
{WAKE}
find_it() {{ docker ps --quiet {LABELS}"$system" --filter label=com.docker.compose.service="$name" "$@"; }}
running=$(find_it --filter status=running)
[ -z "$running" ] || {{ docker update --restart always "$running" >/dev/null || exit 1; exit 77; }}
{COMPOSE}
# shellcheck source=/dev/null
. "$files.env"
said=$(compose -p "$system" -f "$files.yml" -f "$files.json" up -d --no-deps --no-build "$name" 2>&1) || {{
    case $said in
    *ContainerConfig*) echo "docker-compose 1.29 cannot change a container of this Docker: docker rm $(find_it -a)" ;;
    *) reason ;;
    esac
    exit 1
}}
docker update --restart always "$(find_it --all)" >/dev/null
"""


class ComposeUnits:
    """The units of a host with Docker and Compose."""

    def usable(self) -> Argv:
        """Ask the daemon for its version, and look for either Compose."""
        return ("sh", "-c", WITH_COMPOSE)

    def files(
        self, unit: Unit, *, text: str, variables: Mapping[str, str], mounts: Mapping[str, str]
    ) -> tuple[File, ...]:
        """Give its Compose file, what is laid over it, and the variables, all for root alone."""
        volumes = [f"{host}:{there}{'' if host.startswith('/var/log/') else ':ro'}" for host, there in mounts.items()]
        mine = {"restart": "always", "logging": logging(), "volumes": volumes}
        over = json.dumps({"services": {unit.name: mine}}, indent=1)
        return (
            File(f"{_files(unit)}.yml", text, 0o600),
            File(f"{_files(unit)}.json", over, 0o600),
            File(f"{_files(unit)}.env", exports({"VERSION": "none", **variables}), 0o600),
        )

    def start(self, unit: Unit) -> Argv:
        """Start its container, and nothing that it depends on."""
        return ("sh", "-c", START, "handrail", unit.system, unit.name, _files(unit))

    def stop(self, unit: Unit) -> Argv:
        """Stop its container and keep it; it does not come back at boot."""
        return _with_containers(unit, stop(STOP_SECONDS))

    def runs(self, unit: Unit) -> Argv:
        """Look for its container among those that run."""
        return ("sh", "-c", f'[ "$(docker ps --quiet {_filters(unit)} --filter status=running 2>/dev/null)" ]')

    def status(self, units: Sequence[Unit]) -> Argv:
        """Show the containers of the whole project in one call."""
        return in_time(_with_containers(units[0], ("docker", "container", "inspect", "--format", STATES), every=True))

    def states(self, output: str, units: Sequence[Unit]) -> Mapping[str, UnitState]:
        """Read a line for each container."""
        known = {service: state for _, service, state in read_states(output)}
        return {unit.name: known.get(unit.name, UnitState(state="never made")) for unit in units}

    def inside(self, unit: Unit) -> str:
        """Run it in the container, as root there, with the passwords that its programs take from the environment."""
        passed = " ".join(f"-e {name}" for name in ("PGPASSWORD", "PGCONNECT_TIMEOUT", "REDISCLI_AUTH"))
        return f'docker exec -i {passed} "$(docker ps --quiet {_filters(unit)})" "$@"'

    def log(self, unit: Unit, *, lines: int) -> Argv:
        """Print its last lines, and in the last one its state and how it ended."""
        return _with_containers(unit, ("sh", "-c", LOG, "handrail", str(lines)))

    def read_log(self, unit: Unit, *, since: str, lines: int, follow: bool) -> Argv:
        """Read what Docker kept of its container."""
        return _with_containers(unit, read_log(since=since, lines=lines, follow=follow))


def _with_containers(unit: Unit, argv: Argv, *, every: bool = False) -> Argv:
    """Run a command with the ids of the unit's containers, or of its whole project's, as further arguments."""
    return ("sh", "-c", f'docker ps --all --quiet {_filters(unit, every=every)} | xargs "$@"', "handrail", *argv)


def _filters(unit: Unit, *, every: bool = False) -> str:
    one = "" if every else f" --filter label=com.docker.compose.service={unit.name}"
    return f"{LABELS}{unit.system}{one}"


def _files(unit: Unit) -> str:
    return f"{unit.folder}/{unit.name}"
