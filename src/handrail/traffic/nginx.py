"""nginx as the edge: both slots are static upstreams; files that nginx looks for on every request choose one.

No move of the traffic reloads nginx: a reload closes kept-alive connections, and requests on them are lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

from handrail.model.inventory import is_ip_address
from handrail.model.slot import Slot
from handrail.traffic import tls

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from handrail.model.system import System

# Node's http.Server closes idle connections after 5 s (server.keepAliveTimeout); nginx must be first to let go of one.
UPSTREAM_IDLE_SECONDS = 4

UPSTREAM = """\
upstream {name} {{
{servers}
    keepalive 64;
    keepalive_requests 1000000;
    keepalive_timeout {idle}s;
}}
"""
LOCATION = """\
    location {path} {{
{redirect}        if (${word}_held) {{ return 503; }}
        proxy_pass http://{upstream}_${{{word}_slot}}_{number}{out};
    }}
"""
# What the edge's nginx is called: a unit of systemd, a service of a compose file.
UNIT = "nginx"
SITES = "/etc/nginx/conf.d"
LOGS = "/var/log/nginx"
# Inside its container nginx listens here; the compose file publishes it.
CONTAINER_PORT = 80
# LOG SINCE LINES FOLLOW: the time stands before the first tab. That time may lie before the last rotations; who follows
# wants what comes, line by line: mawk, which is Debian's awk, waits for 4096 bytes.
READ_LOG = """
[ -r "$0" ] || { echo "there is no $0, or it cannot be read" >&2; exit 1; }
case $1 in
"") since=0 ;;
*-*) since=$(TZ=UTC date -d "$(echo "$1" | tr T ' ')" +%s) ;;
*) since=$(($(date +%s) - ${1%?} * $(echo "${1#"${1%?}"}" | sed 's/s/1/;s/m/60/;s/h/3600/;s/d/86400/'))) ;;
esac
recent() { awk -F'\\t' -v since="$since" '$1 >= since'; }
rotated() {
    find "${0%/*}" -maxdepth 1 -name "${0##*/}.*" -newermt "@$since" -printf '%T@ %p\\n' | sort -n | cut -d' ' -f2- |
        while read -r file; do zcat -f "$file"; done
}
if [ "$3" ]; then
    [ -z "$1" ] || set -- "$1" "$(recent <"$0" | wc -l)" "$3"
    tail -n "$2" -F "$0"
elif [ "$1" ]; then
    { rotated; cat "$0"; } | recent
else
    tail -n "$2" "$0"
fi | sed -u 's/\\t/ /'
"""


@dataclass(frozen=True)
class Site:
    """One system on one edge: where its configuration and its log are, and what the configuration says."""

    path: str
    text: str
    log: str


def log_of(system: str) -> str:
    """Where an edge writes time, slot, status and seconds of each request."""
    return f"{LOGS}/handrail-{system}.log"


def read_log(system: str, *, since: str, lines: int, follow: bool) -> tuple[str, ...]:
    """Print the requests that an edge answered, each after its time in seconds since 1970."""
    return ("sh", "-c", READ_LOG, log_of(system), since, str(lines or "+1"), "follow" if follow else "")


def folder(system: System) -> str:
    """Where on a host its configuration is."""
    return SITES if system.edge.runtime == "systemd" else f"{system.root}/compose/conf.d"


def directories(system: System, run_directory: str) -> Mapping[str, str]:
    """List the directories of a host that an edge in a container must see, and where."""
    mine = [f"{system.root}/gate", run_directory]
    if system.edge.tls:
        mine += [f"{system.root}/tls", f"{system.root}/acme"]
    return {**{path: path for path in mine}, folder(system): SITES, LOGS: LOGS}


def site(
    system: System,
    *,
    run_directory: str,
    addresses: Mapping[str, Sequence[str]],
    peers: Sequence[str],
    most: Mapping[str, int] | None = None,
) -> Site:
    """Write the edge's configuration; `addresses` are of each service's hosts, `peers` of all edges.

    `most` is how many instances of a service there may be; the limits of today if left out.
    """
    word = system.name.replace("-", "_")
    most = most or {name: service.instances.max for name, service in system.services.items()}
    text = Template(resources.files("handrail.traffic").joinpath("templates/nginx.conf").read_text()).substitute(
        word=word,
        name=system.name,
        port=CONTAINER_PORT if system.edge.runtime == "compose" else system.edge.port,
        server_names=" ".join(system.edge.server_names),
        root=system.root,
        run=run_directory,
        log=log_of(system.name),
        maps=tls.maps(system.edge.tls, word) if system.edge.tls else "",
        tls=tls.listening(system, system.edge.tls, word, peers) if system.edge.tls else "",
        upstreams="".join(_upstreams(system, word, addresses, most)),
        instances="".join(_instances(system, word, most)),
        out="".join(_out(system, word, addresses)),
        locations="".join(_locations(system, word, most, out=len(_hosts(addresses)) > 1)),
        operators="".join(f"    {one} 1;\n" for one in system.edge.maintenance.operators),
        allow="".join(f" allow {peer.strip('[]')};" for peer in peers if is_ip_address(peer)),
        retry_after=int(system.edge.maintenance.retry_after.total_seconds()),
    )
    return Site(f"{folder(system)}/handrail-{system.name}.conf", text, log_of(system.name))


def _upstreams(system: System, word: str, addresses: Mapping[str, Sequence[str]], most: Mapping[str, int]) -> list[str]:
    return [
        UPSTREAM.format(
            name=f"{word}_{name.replace('-', '_')}_{slot}_{count}{suffix}",
            idle=UPSTREAM_IDLE_SECONDS,
            servers="\n".join(
                f"    server {address}:{service.port(slot, number)} max_fails=2 fail_timeout=5s;"
                for address in mine
                for number in range(1, count + 1)
            ),
        )
        for name, service in system.services.items()
        for slot in Slot
        # From one on: when the least is raised, the live slot still has what it has.
        for count in range(1, most[name] + 1)
        for suffix, mine in _with_one_out(addresses[name], _hosts(addresses)).items()
    ]


def _hosts(addresses: Mapping[str, Sequence[str]]) -> list[str]:
    """List where services run; each but an only one can be taken out of traffic."""
    return list(dict.fromkeys(address for mine in addresses.values() for address in mine))


def _with_one_out(mine: Sequence[str], hosts: Sequence[str]) -> dict[str, Sequence[str]]:
    """Give the hosts of a service, and those that are left while one of all hosts is out of traffic.

    An only host stays: it is never taken out, and an upstream without servers would be refused.
    """
    if len(hosts) < 2:
        return {"": mine}
    rest = {f"_without_{n}": [one for one in mine if one != host] or mine for n, host in enumerate(hosts, 1)}
    return {"": mine, **rest}


def _out(system: System, word: str, addresses: Mapping[str, Sequence[str]]) -> list[str]:
    """Ask on every request which host is out of traffic, if any."""
    hosts = _hosts(addresses)
    if len(hosts) < 2:
        return []
    lines = [
        f"    if (-f {system.root}/gate/out/{host}) {{ set ${word}_out _without_{number}; }}\n"
        for number, host in enumerate(hosts, 1)
    ]
    return [f'    set ${word}_out "";\n', *lines]


def _instances(system: System, word: str, most: Mapping[str, int]) -> list[str]:
    """Ask on every request how many instances have traffic, of services that can have several."""
    lines = []
    for name in system.services:
        if most[name] > 1:
            variable = f"${word}_{name.replace('-', '_')}_instances"
            lines.append(f"    set {variable} 1;\n")
            lines += [
                f"    if (-f {system.root}/gate/instances/{name}.{count}) {{ set {variable} {count}; }}\n"
                for count in range(2, most[name] + 1)
            ]
    return lines


def _locations(system: System, word: str, most: Mapping[str, int], *, out: bool) -> list[str]:
    # nginx looks for a file where no path fits, and with TLS there are keys.
    rest = [] if "/" in system.edge.paths else ["    location / { return 404; }\n"]
    return rest + [
        LOCATION.format(
            path=path,
            word=word,
            upstream=f"{word}_{name.replace('-', '_')}",
            number=_number(word, name, most),
            out=f"${{{word}_out}}" if out else "",
            redirect=tls.redirect(system.edge.tls, word) if system.edge.tls else "",
        )
        for path, name in system.edge.paths.items()
    ]


def _number(word: str, name: str, most: Mapping[str, int]) -> str:
    return f"${{{word}_{name.replace('-', '_')}_instances}}" if most[name] > 1 else "1"
