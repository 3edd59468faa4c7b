"""Services as containers, `inventory-api-blue` and `inventory-api-green`, of an image that is named for its release."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from handrail.runtimes.container import CLEAR, FORGET, TAKE, Containers
from handrail.runtimes.container_engine import WAKE
from handrail.runtimes.container_log import LOG_OPTIONS
from handrail.runtimes.protocol import Argv, File, Instance

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from handrail.model.service import Service

# A version may hold a +, a tag may not; names of releases end with a digest, so that they stay different.
PREPARE = f"""
repository=$1 how=$2 what=$3
image=$repository:$(printf %s "$RELEASE" | tr + _)
docker image inspect "$image" >/dev/null 2>&1 && exit 0
{FORGET}{TAKE}
case $how in
build) docker build --tag "$image" "$what" ;;
registry) pull "$what" ;;
archive)
    before=$(docker image ls --format '{{{{.Repository}}}}:{{{{.Tag}}}}')
    said=$(docker load --quiet --input "$what" 2>&1) || {{ printf '%s\\n' "$said"; exit 1; }}
    loaded=$(printf '%s\\n' "$said" | sed -n 's/^Loaded image\\( ID\\)\\{{0,1\\}}: //p')
    [ "$(printf '%s\\n' "$loaded" | wc -l)" = 1 ] || {{ echo "$what holds not one image: $said"; exit 1; }}
    take "$loaded"
    ;;
esac
"""
# --init: without it the program is the first process, which ignores each signal that it has no handler for, and buries
# nobody's orphans. With it a program stops as it does under systemd, and not only when it is killed.
RUN = """
process=$1 repository=$2 slot=$3 variables=$4 memory=$5; shift 5
image=$repository:$(basename "$(readlink "$slot")" | tr + _) limit=""
# shellcheck source=/dev/null
. "$variables"
run() {
    # shellcheck disable=SC2086,SC2154  # the file of variables sets both; their names hold no spaces
    printf '%s\\n' "$lines" | ${limit:+timeout --kill-after=5 "$limit"} docker run --env-file /dev/stdin $others \\
        --pull never --init ${memory:+--memory "$memory" --memory-swap "$memory"} "$@"
}
"""
LOG = " ".join(f"--log-opt {name}={value}" for name, value in LOG_OPTIONS.items())
START = f"""{RUN}
publish=$1 seconds=$2 system=$3 service=$4 root=${{slot%/slots/*}}; shift 4
{WAKE}{CLEAR}
said=$(run --detach --name "$process" --restart always --stop-timeout "$seconds" --publish "$publish" \\
    --log-driver json-file {LOG} \\
    --label "handrail.system=$system" --label "handrail.service=$service" --label "handrail.slot=${{slot##*/}}" \\
    "$image" "$@" 2>&1 >/dev/null) || {{ printf '%s\\n' "$said" | grep -v '^WARNING: '; exit 1; }}
"""
# One that was lost and still runs keeps its name, so that Docker refuses to start it a second time beside itself.
RUN_ONCE = f"""{RUN}
limit=$1; shift
docker rm --volumes "$process" >/dev/null 2>&1
run --rm --name "$process" "$image" "$@"
code=$?
case $code in
124 | 137) ! docker kill "$process" >/dev/null 2>&1 || code=124 ;;
125) echo "Docker did not start it, for the reason above" ;;
esac
exit "$code"
"""


class Docker(Containers):
    """The runtime of hosts with Docker."""

    def prepare(self, service: Service, *, system: str, version: str) -> tuple[Argv, ...]:
        """Build, load or pull the image, and name it for the release, unless that was done before."""
        image = service.image
        if image is None:
            return ()
        how = "build" if image.build else "archive" if image.archive else "registry"
        what = image.build or image.archive or image.reference(version)
        return (("sh", "-c", PREPARE, "handrail", f"{system}-{service.name}", how, what),)

    def files(self, instance: Instance) -> tuple[File, ...]:
        """List nothing: a container is made with all that it needs."""
        return ()

    def environment(
        self, instance: Instance, variables: Mapping[str, str], secrets: Mapping[str, str] | None = None
    ) -> File:
        """Write shell text that sets `lines` for --env-file, and exports values that do not fit into a line there.

        Most are not exported, because the docker command would take PATH or DOCKER_HOST for its own.
        """
        lines = [f"{name}={value}" for name, value in variables.items() if value.isprintable()]
        others = {name: value for name, value in variables.items() if not value.isprintable()}
        text = (
            f"lines={shlex.quote(chr(10).join(lines))}\n"
            f"others={shlex.quote(' '.join(f'--env {name}' for name in others))}\n"
            + "".join(f"export {name}={shlex.quote(value)}\n" for name, value in others.items())
        )
        return File(instance.environment_file, text, 0o600)

    def start(self, instance: Instance) -> tuple[Argv, ...]:
        """Make a new container unless one runs; Docker starts it again whenever it ends, and at boot."""
        service = instance.service
        # On every address, IPv6 too: an edge may be another host. Docker's rules come before those of ufw.
        publish = f"{instance.port}:{instance.container_port}"
        arguments = (publish, str(int(service.stop.total_seconds())), instance.system, service.name, *service.command)
        return (("sh", "-c", START, "handrail", *_head(instance, instance.process), *arguments),)

    def run_once(self, instance: Instance, command: Argv, deadline: timedelta) -> Argv:
        """Run a command in a container of its own: the same image, variables and memory, no published port."""
        name = f"{instance.process}.once"
        return ("sh", "-c", RUN_ONCE, "handrail", *_head(instance, name), str(int(deadline.total_seconds())), *command)


def _head(instance: Instance, name: str) -> Argv:
    """Give the arguments that RUN reads."""
    service = instance.service
    slot = f"{instance.root}/slots/{instance.slot}"
    return (name, f"{instance.system}-{service.name}", slot, instance.environment_file, service.memory or "")
