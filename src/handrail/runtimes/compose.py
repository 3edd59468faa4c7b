"""Services of a Compose file in the release: blue and green are two projects of the same file, each instance one more.

`docker compose` and docker-compose 1.29 both do; what they disagree on, such as --env-file and `!reset`, is not used.
A file of handrail's own is laid over that of the release. It is JSON, which is YAML as well, and holds no values.
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from handrail.model.secret import SecretReference
from handrail.model.slot import Slot
from handrail.runtimes.container import CLEAR, FORGET, TAKE, Containers
from handrail.runtimes.container_engine import USABLE, WAKE
from handrail.runtimes.container_log import LOG_OPTIONS
from handrail.runtimes.protocol import Argv, File, Instance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from handrail.model.service import Service

# Variables have other names until Compose fills them in: else it would take PYTHONPATH or DOCKER_HOST for its own.
PREFIX = "HANDRAIL_"
# No variable of a service has this name when that is before it. What an earlier handrail laid over a slot says
# HANDRAIL_IMAGE.
IMAGE = "handrail_image"

COMPOSE = """
limit=""
if docker compose version >/dev/null 2>&1; then
    compose() { ${limit:+timeout --kill-after=5 "$limit"} docker compose "$@"; }
else
    compose() { ${limit:+timeout --kill-after=5 "$limit"} docker-compose "$@"; }
fi
reason() {
    printf '%s\\n' "$said" | grep -v -e level=warning -e '^Some ' -e '^Found orphan' | tail -n 3 | tr '\\n' ' '
    echo
}
"""
# A file of the release may say ${VERSION} and ${SLOT}.
NAMES = f"""
image=$repository:$(printf %s "$RELEASE" | tr + _)
export VERSION="${{RELEASE%-*}}" SLOT="$slot" {IMAGE}="$image" {PREFIX}IMAGE="$image"
"""
# The keys of a service as both versions print them, and what its two slots would clash over or lose.
FACTS = """
/^[^ ]/ { part = $1 }
/^  [^ -]/ { name = substr($1, 1, length($1) - 1); mine = part == "services:" && name == service }
/^  [^ -]/ && mine { print "found" }
/^    [^ -]/ { key = $1; if (mine) print $1, $2 }
mine && key == "ports:" && (/published:/ || /- .*[0-9]:[0-9]/) { print "published" }
mine && key == "volumes:" && /- [A-Za-z0-9][^:]*:\\// { sub(/^ *- /, ""); sub(/:.*/, ""); used[$0] }
mine && key == "volumes:" && /source: [A-Za-z0-9]/ { used[$NF] }
part == "volumes:" && $1 == "name:" && $2 != project "_" name { shared[name] }
END { for (one in used) if (!(one in shared)) print "kept", one }
"""
# There are no secrets while a release is prepared, not even for a build: what stands open without a default becomes 1.
PREPARE = f"""
repository=$1 service=$2 file=$3 over=$4 slot=none
refuse() {{ echo "$file: $1"; exit 1; }}
{NAMES}
docker image inspect "$image" >/dev/null 2>&1 && exit 0
[ -f "$file" ] || refuse "there is no such file in the release"
{COMPOSE}
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && printf '%s\\n' "$over" >"$work/over.json" || exit 1
# shellcheck disable=SC2016
open='\\$([{{][A-Za-z_][A-Za-z0-9_]*:?[?}}]|[A-Za-z_][A-Za-z0-9_]*)'
for name in $(grep -ohE "$open" "$file" "$work/over.json" | tr -dc 'A-Za-z0-9_\\n' | sort -u); do
    grep -qs "^$name=" "$(dirname "$file")/.env" || eval "export $name=\\"\\${{$name:-1}}\\""
done
said=$(compose -p "$repository" -f "$file" config 2>&1 >"$work/config") || refuse "$(reason)"
facts=$(awk -v service="$service" -v project="$repository" '{FACTS}' "$work/config")
has() {{ printf '%s\\n' "$facts" | grep -q "^$1"; }}
value() {{ printf '%s\\n' "$facts" | sed -n "s/^$1 *//p" | tr -d "'\\""; }}
has found || refuse "there is no service $service in it"
! has published || refuse "$service publishes ports, and only one slot could have them: leave them to handrail"
! has kept || refuse "each slot would have its own volume $(value kept): give that a name: or make it external"
said=$(compose -p "$repository" -f "$file" -f "$work/over.json" config -q 2>&1) || refuse "$(reason)"
{FORGET}{TAKE}
if has build:; then
    compose -p "$repository" -f "$file" -f "$work/over.json" build "$service"
elif before=$(value image:) && docker image inspect "$before" >/dev/null 2>&1; then
    take "$before"
else
    pull "$(value image:)"
fi
"""
HEAD = f"""
process=$1 project=$2 service=$3 root=$4 slot=$5 files=$6 file=$7 repository=$8 standing=$9; shift 9
RELEASE=$(basename "$(readlink "$root/slots/$slot")") file=$root/slots/$slot/$file
{NAMES}{COMPOSE}
# shellcheck source=/dev/null
. "$files.env"
joins() {{ [ -n "$standing" ] && docker network inspect "$standing" >/dev/null 2>&1; }}
"""
# A service that needs something joins the network of the datastores, where there is one. By `docker network connect`:
# Compose would make it known there by its name, and blue's frontend could find green's backend. And before the start: a
# program that does not find its database may end.
START = f"""{HEAD}{WAKE}{CLEAR}
docker image inspect "$image" >/dev/null || exit 1
said=$(compose -p "$project" -f "$file" -f "$files.json" up --no-start --no-deps --no-build "$service" 2>&1) ||
    {{ reason; exit 1; }}
if joins; then docker network connect "$standing" "$process" || exit 1; fi
# Compose lets the file's deploy.restart_policy have its way, which gives up or does not come back at boot.
docker update --restart always "$process" >/dev/null || exit 1
docker start "$process" >/dev/null
"""
# `run` makes nothing known by the service's name, so that the network can be in a file for it.
RUN_ONCE = f"""{HEAD}
limit=$1; shift
docker image inspect "$image" >/dev/null || exit 1
docker rm --volumes "$process" >/dev/null 2>&1
set -- run --rm --no-deps -T --name "$process" "$service" "$@"
if joins; then set -- -f "$files.network.json" "$@"; fi
compose -p "$project" -f "$file" -f "$files.json" "$@"
code=$?
case $code in
124 | 137) ! docker kill "$process" >/dev/null 2>&1 || code=124 ;;
esac
exit "$code"
"""
WITH_COMPOSE = f"""
({USABLE}) || exit 1
command -v docker-compose >/dev/null || docker compose version >/dev/null 2>&1 || {{
    echo "neither docker compose nor docker-compose is installed"
    exit 1
}}
"""


class Compose(Containers):
    """The runtime of hosts with Docker and Compose."""

    def usable(self, instances: Sequence[Instance]) -> Argv:
        """Ask the daemon for its version, and look for either Compose."""
        return ("sh", "-c", WITH_COMPOSE)

    def prepare(self, service: Service, *, system: str, version: str) -> tuple[Argv, ...]:
        """Refuse a file that cannot be used, then build or pull the image and name it for the release."""
        over = _laid_over(Instance(system, "", service, Slot.BLUE))
        return (("sh", "-c", PREPARE, "handrail", f"{system}-{service.name}", service.name, service.file, over),)

    def files(self, instance: Instance) -> tuple[File, ...]:
        """Give what is laid over the release's file: always, and for a command such as a migration."""
        network = {
            "services": {instance.service.name: {"networks": ["default", "standing"]}},
            "networks": {"standing": {"external": True, "name": _standing(instance)}},
        }
        return (
            File(f"{_files(instance)}.json", _laid_over(instance)),
            File(f"{_files(instance)}.network.json", json.dumps(network, indent=1)),
        )

    def environment(
        self, instance: Instance, variables: Mapping[str, str], secrets: Mapping[str, str] | None = None
    ) -> File:
        """Write shell text that exports the variables, and the secrets by their names: the file may ask for them."""
        wanted = instance.service.environment.items()
        own = {value.secret: variables[name] for name, value in wanted if isinstance(value, SecretReference)}
        exported = {**own, **(secrets or {}), **{f"{PREFIX}{name}": value for name, value in variables.items()}}
        return File(instance.environment_file, exports(exported), 0o600)

    def start(self, instance: Instance) -> tuple[Argv, ...]:
        """Make a new container unless one runs; Docker starts it again whenever it ends, and at boot."""
        return (("sh", "-c", START, "handrail", *_head(instance, instance.process)),)

    def run_once(self, instance: Instance, command: Argv, deadline: timedelta) -> Argv:
        """Run a command in a container of its own, as the file describes the service."""
        name, seconds = f"{instance.process}.once", str(int(deadline.total_seconds()))
        return ("sh", "-c", RUN_ONCE, "handrail", *_head(instance, name), seconds, *command)


def exports(variables: Mapping[str, str]) -> str:
    """Write shell text that exports variables, whatever is in them."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())


def logging() -> dict[str, object]:
    """Have Docker keep what a container prints, and not all of it."""
    return {"driver": "json-file", "options": LOG_OPTIONS}


def _laid_over(instance: Instance) -> str:
    service, seconds = instance.service, int(instance.service.stop.total_seconds())
    # Both, because Compose refuses a file where they differ, and that of the release may have either.
    limit = {"mem_limit": service.memory, "memswap_limit": service.memory} if service.memory else {}
    resources = {"resources": {"limits": {"memory": service.memory}}} if service.memory else {}
    labels = {"system": instance.system, "service": service.name, "slot": instance.slot}
    mine = {
        "image": f"${{{IMAGE}}}",
        "container_name": instance.process,
        "environment": {name: f"${{{PREFIX}{name}}}" for name in service.environment},
        "deploy": {"replicas": 1, **resources},
        "ports": [f"{instance.port}:{instance.container_port}"],
        "restart": "always",
        "stop_grace_period": f"{seconds}s",
        "logging": logging(),
        "labels": {f"handrail.{name}": value for name, value in labels.items()},
        **limit,
    }
    return json.dumps({"services": {service.name: mine}}, indent=1)


def _files(instance: Instance) -> str:
    return instance.environment_file.removesuffix(".env")


def _standing(instance: Instance) -> str:
    """Name the network of the datastores, which is that of the project that they are services of."""
    return f"{instance.system}_default"


def _head(instance: Instance, process: str) -> Argv:
    """Give the arguments that HEAD reads."""
    service = instance.service
    number = "" if instance.number == 1 else f"-{instance.number}"
    return (
        process, f"{instance.system}-{instance.slot}{number}", service.name, instance.root, str(instance.slot),
        _files(instance), service.file, f"{instance.system}-{service.name}",
        _standing(instance) if service.needs else "",
    )  # fmt: skip
