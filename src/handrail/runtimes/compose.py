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
from handrail.runtimes.container import CLEAR, FORGET, LOG_OPTIONS, TAKE, USABLE, WAKE, Containers
from handrail.runtimes.protocol import Argv, File, Instance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from handrail.model.service import Service

# Variables go by other names until Compose puts them in, so that it does not take PYTHONPATH or DOCKER_HOST for its own.
PREFIX = "HANDRAIL_"

COMPOSE = """
limit=""
if docker compose version >/dev/null 2>&1; then
    compose() { ${limit:+timeout --kill-after=5 "$limit"} docker compose "$@"; }
else
    compose() { ${limit:+timeout --kill-after=5 "$limit"} docker-compose "$@"; }
fi
last_words() { printf '%s\\n' "$said" | grep -v -e level=warning -e '^Some ' -e '^Found orphan' | tail -n 3 | tr '\\n' ' '; echo; }
"""
# A file of the release may say ${VERSION} and ${SLOT}.
NAMES = f"""
image=$repository:$(printf %s "$release" | tr + _)
export VERSION="${{release%-*}}" SLOT="$slot" {PREFIX}IMAGE="$image"
"""
# The keys of a service as both versions print them, and over what two slots of it would clash.
FACTS = """
/^[^ ]/ { part = $1 }
/^  [^ -]/ { name = substr($1, 1, length($1) - 1); mine = part == "services:" && name == service; if (mine) print "is" }
/^    [^ -]/ { key = $1; if (mine) print $1, $2 }
mine && key == "ports:" && (/published:/ || /- .*[0-9]:[0-9]/) { print "publishes" }
mine && key == "volumes:" && /- [A-Za-z0-9][^:]*:\\// { sub(/^ *- /, ""); sub(/:.*/, ""); used[$0] }
mine && key == "volumes:" && /source: [A-Za-z0-9]/ { used[$NF] }
part == "volumes:" && ($1 == "external:" || ($1 == "name:" && $2 != project "_" name)) { shared[name] }
END { for (one in used) if (!(one in shared)) print "keeps", one }
"""
# No secret is here while a release is prepared, not even for a build: what stands open without a default becomes 1.
PREPARE = f"""
repository=$1 service=$2 file=$3 over=$4 slot=none release=$RELEASE
no() {{ echo "$file: $1"; exit 1; }}
{NAMES}
docker image inspect "$image" >/dev/null 2>&1 && exit 0
[ -f "$file" ] || no "there is no such file in the release"
{COMPOSE}
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && printf '%s\\n' "$over" >"$work/over.json" || exit 1
for name in $(grep -ohE '\\$([{{][A-Za-z_][A-Za-z0-9_]*:?[?}}]|[A-Za-z_][A-Za-z0-9_]*)' "$file" "$work/over.json" |
    tr -dc 'A-Za-z0-9_\\n' | sort -u); do
    grep -qs "^$name=" "$(dirname "$file")/.env" || eval "export $name=\\"\\${{$name:-1}}\\""
done
said=$(compose -p "$repository" -f "$file" config 2>&1 >"$work/config") || no "$(last_words)"
facts=$(awk -v service="$service" -v project="$repository" '{FACTS}' "$work/config")
fact() {{ printf '%s\\n' "$facts" | sed -n "s/^$1 *//p" | tr -d "'\\""; }}
is() {{ printf '%s\\n' "$facts" | grep -q "^$1"; }}
is is || no "there is no service $service in it"
! is publishes || no "$service publishes ports, and both slots cannot have the same: leave them out, handrail adds its own"
! is keeps || no "each slot would have a volume $(fact keeps) of its own: give it a name: or make it external"
said=$(compose -p "$repository" -f "$file" -f "$work/over.json" config -q 2>&1) || no "$(last_words)"
{FORGET}{TAKE}
if is build:; then
    compose -p "$repository" -f "$file" -f "$work/over.json" build "$service"
elif before=$(fact image:) && docker image inspect "$before" >/dev/null 2>&1; then
    take "$before"
else
    pull "$(fact image:)"
fi
"""
HEAD = f"""
process=$1 project=$2 service=$3 root=$4 slot=$5 files=$6 file=$7 repository=$8 standing=$9; shift 9
release=$(basename "$(readlink "$root/slots/$slot")") file=$root/slots/$slot/$file
{NAMES}{COMPOSE}
# shellcheck source=/dev/null
. "$files.env"
"""
# The network of the datastores is joined by `docker network connect`, because Compose would also make the service known
# there by its name, and blue's frontend could find green's backend. It happens before the start: a program that does
# not find its database may end.
START = f"""{HEAD}{WAKE}{CLEAR}
docker image inspect "$image" >/dev/null || exit 1
said=$(compose -p "$project" -f "$file" -f "$files.json" up --no-start --no-deps --no-build "$service" 2>&1) ||
    {{ last_words; exit 1; }}
if docker network inspect "$standing" >/dev/null 2>&1; then docker network connect "$standing" "$process" || exit 1; fi
docker start "$process" >/dev/null
"""
# `run` makes nothing known by the service's name, so that here the network can be one of the file's.
RUN_ONCE = f"""{HEAD}
limit=$1; shift
docker image inspect "$image" >/dev/null || exit 1
docker rm --volumes "$process" >/dev/null 2>&1
set -- run --rm --no-deps -T --name "$process" "$service" "$@"
if docker network inspect "$standing" >/dev/null 2>&1; then set -- -f "$files.network.json" "$@"; fi
compose -p "$project" -f "$file" -f "$files.json" "$@"
code=$?
[ "$code" = 0 ] || {{ docker kill "$process" >/dev/null 2>&1 && code=124; }}
[ "$code" != 124 ] || echo "ended after $limit s, which is all the time that it has"
exit "$code"
"""


class Compose(Containers):
    """The runtime of hosts with Docker and Compose."""

    def usable(self, instances: Sequence[Instance]) -> Argv:
        """Ask the daemon for its version, and look for either Compose."""
        wanted = "docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null"
        return (
            "sh",
            "-c",
            f'({USABLE}) || exit 1\n{{ {wanted}; }} || {{ echo "Docker Compose is not installed"; exit 1; }}',
        )

    def prepare(self, service: Service, *, system: str, version: str) -> tuple[Argv, ...]:
        """Refuse a file that cannot be used, then build or pull the image and name it for the release."""
        over = _laid_over(Instance(system, "", service, Slot.BLUE))
        return (("sh", "-c", PREPARE, "handrail", f"{system}-{service.name}", service.name, service.file, over),)

    def files(self, instance: Instance) -> tuple[File, ...]:
        """Give what is laid over the release's file: always, and for a command such as a migration."""
        networks = {"standing": {"external": True, "name": _standing(instance)}}
        joined = {instance.service.name: {"networks": {"default": {}, "standing": {}}}}
        return (
            File(f"{_files(instance)}.json", _laid_over(instance)),
            File(f"{_files(instance)}.network.json", json.dumps({"services": joined, "networks": networks})),
        )

    def environment(
        self, instance: Instance, variables: Mapping[str, str], secrets: Mapping[str, str] | None = None
    ) -> File:
        """Write shell text that exports the variables, and the secrets by their names for what stands open in the file."""
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
    limit = {"mem_limit": service.memory, "memswap_limit": service.memory} if service.memory else {}
    labels = {"system": instance.system, "service": service.name, "slot": instance.slot}
    mine = {
        "image": f"${{{PREFIX}IMAGE}}",
        "container_name": instance.process,
        "environment": {name: f"${{{PREFIX}{name}}}" for name in service.environment},
        "deploy": {"replicas": 1},
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
        _files(instance), service.file, f"{instance.system}-{service.name}", _standing(instance),
    )  # fmt: skip
