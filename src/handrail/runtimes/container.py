"""What containers have in common, whoever made them: each is named like its instance.

All of it is the docker command line, not Docker's Python SDK: the commands run on the host, in the round trip of their
step. The SDK would be one more package on every host, or a tunnel to each daemon's socket and a round trip for every
call. Docker 20.10 is the oldest that will do.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from handrail.model.host_state import UnitState
from handrail.runtimes.container_engine import USABLE, in_time
from handrail.runtimes.container_log import FOLDER, LOG, PUT_ASIDE, read_log

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from handrail.model.service import Service
    from handrail.runtimes.protocol import Argv, Instance, Place

# The instance is called dead when it was started again this often within one wait for its health.
RESTARTS_THAT_MEAN_DEAD = 3

# What runs is left alone, but gets its policy back: a stop takes that away first, and may have failed then. Everything
# else is made anew, also what only waits for its next try: its image or its variables may be others by now. Volumes
# without a name would be nobody's afterwards.
CLEAR = f"""{PUT_ASIDE}
state='{{{{.State.Status}}}} {{{{.HostConfig.RestartPolicy.Name}}}}'
case $(docker container inspect --format "$state" "$process" 2>/dev/null) in
"running always") exit 0 ;;
running*) docker update --restart always "$process" >/dev/null; exit ;;
?*) put_aside "$process" "$root/{FOLDER}" ;;
esac
docker rm --force --volumes "$process" >/dev/null 2>&1
"""
# Images of releases that are no longer beside this one; a tag that is no release's name is somebody else's. An image
# that a container has, even a stopped one, stays.
FORGET = """
kept=$(printf '%s\\n' ../* | sed 's|.*/||' | tr + _)
docker image ls --format '{{.Repository}}:{{.Tag}}' "$repository" 2>/dev/null | while read -r old; do
    printf '%s\\n' "${old##*:}" | grep -qE '^.+-[0-9a-f]{12}$' || continue
    [ "$old" = "$image" ] || printf '%s\\n' "$kept" | grep -qFxe "${old##*:}" || docker image rm "$old"
done >/dev/null 2>&1
"""
# Give an image the release's name, as its only one unless somebody had it before: a second one would keep it for ever.
TAKE = """
take() { # IMAGE
    docker tag "$1" "$image" || return 1
    case $1 in sha256:*) return 0 ;; esac
    printf '%s\\n' "$before" | grep -qFxe "$1" || docker image rm "$1" >/dev/null
}
pull() { # IMAGE
    before=$(docker image inspect --format "$1" "$1" 2>/dev/null)
    docker pull --quiet "$1" && take "$1"
}
"""
# Containers restart `always`, so a stop must take that away first. `unless-stopped` would need no such step, but a
# daemon that was killed stops such containers when it comes back, and then takes them for stopped by hand.
STOP = """
seconds=$1; shift
known=$(docker ps --all --format '{{.Names}}\\n{{.ID}}') || exit 1
mine=$(printf '%s\\n' "$@" | grep -Fxe "${known:-/}") || exit 0
# shellcheck disable=SC2086  # names hold no spaces
docker update --restart no $mine >/dev/null && docker stop -t "$seconds" $mine
"""
DIED = """
docker container inspect --format '{{.State.Status}} {{.RestartCount}}' "$1" | {
    read -r state count
    case $state in created | exited | dead | removing) exit 0 ;; esac
    [ "$((${count:-0} - ${RESTARTS:-0}))" -ge "$2" ]
}
"""
# What is never empty comes last: a connector may strip lines.
STATES = "\t".join(
    f"{{{{{field}}}}}"
    for field in (
        ".Name", 'index .Config.Labels "com.docker.compose.service"', ".State.ExitCode", ".RestartCount",
        ".HostConfig.RestartPolicy.Name", ".State.Status",
    )
)  # fmt: skip


class Containers:
    """The verbs that need no more than the names of containers."""

    def usable(self, instances: Sequence[Instance]) -> Argv:
        """Ask the daemon for its version."""
        return ("sh", "-c", USABLE)

    def reload(self, instances: Sequence[Instance]) -> tuple[Argv, ...]:
        """Do nothing: files are read at each start."""
        return ()

    def stop(self, instances: Sequence[Instance]) -> tuple[Argv, ...]:
        """Stop them all at once and keep them, for what they printed; they do not come back at boot."""
        seconds = max(int(one.service.stop.total_seconds()) for one in instances)
        return (stop(seconds, *(one.process for one in instances)),)

    def stay_down(self, instances: Sequence[Instance]) -> tuple[Argv, ...]:
        """Do nothing: what was stopped does not come back at boot."""
        return ()

    def died(self, instance: Instance) -> Argv:
        """Exit 0 when it will not be started again, or was started again and again since `$RESTARTS`."""
        return ("sh", "-c", DIED, "handrail", instance.process, str(RESTARTS_THAT_MEAN_DEAD))

    def restarts(self, instance: Instance) -> Argv:
        """Print Docker's own count; each start makes a new container."""
        return ("docker", "container", "inspect", "--format", "{{.RestartCount}}", instance.process)

    def pid(self, instance: Instance) -> Argv:
        """Print the first process of the container, as the host numbers it; its network is the container's."""
        script = "docker container inspect --format '{{.State.Pid}}' \"$0\" 2>/dev/null || echo 0"
        return ("sh", "-c", script, instance.process)

    def status(self, instances: Sequence[Instance]) -> Argv:
        """Show all of them in one call; it ends with 1 when some are unknown."""
        return in_time(("docker", "container", "inspect", "--format", STATES, *(one.process for one in instances)))

    def states(self, output: str, instances: Sequence[Instance]) -> Mapping[Place, UnitState]:
        """Read a line for each container."""
        known = {name: state for name, _, state in read_states(output)}
        return {one.place: known[one.process] for one in instances if one.process in known}

    def log(self, instance: Instance, *, lines: int) -> Argv:
        """Print its last lines, and in the last one its state and how it ended."""
        return ("sh", "-c", LOG, "handrail", str(lines), instance.process)

    def read_log(self, instances: Sequence[Instance], *, since: str, lines: int, follow: bool) -> Argv:
        """Read what Docker has of each, and what was put aside of those before it."""
        names, folder = (one.process for one in instances), f"{instances[0].root}/{FOLDER}"
        return read_log(*names, since=since, lines=lines, follow=follow, folder=folder)

    def inside(self, instance: Instance) -> str:
        """Run it in the container that runs."""
        return f'docker exec {shlex.quote(instance.process)} "$@"'

    def reopen_logs(self, services: Sequence[Service], *, root: str) -> Argv:
        """Do nothing: Docker rotates its files itself."""
        return ()


def stop(seconds: int, *names: str) -> Argv:
    """Stop containers, by their names or short ids."""
    return ("sh", "-c", STOP, "handrail", str(seconds), *names)


def read_states(output: str) -> Iterator[tuple[str, str, UnitState]]:
    """Read lines of `STATES`: a container's name, that of its service in a Compose file, and its state."""
    for line in output.splitlines():
        if not line:
            continue
        name, service, code, restarts, policy, status = line.split("\t")
        state = UnitState(
            running=status == "running",
            state=f"{status} ({code})" if status == "exited" else status,
            restarts=int(restarts),
            enabled=policy not in {"", "no"},
        )
        yield name.removeprefix("/"), service, state
