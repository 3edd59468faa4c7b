"""nginx as the edge: both slots are static upstreams; files that nginx looks for on every request choose one.

No move of the traffic reloads nginx: a reload closes kept-alive connections, and requests on them are lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

from handrail.model.slot import Slot

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
        if (-f {root}/gate/maintenance) {{ return 503; }}
        proxy_pass http://{upstream}_${slot};
    }}
"""


@dataclass(frozen=True)
class Site:
    """One system on one edge: where its configuration and its log are, and what the configuration says."""

    path: str
    text: str
    log: str


def log_of(system: str) -> str:
    """Where an edge writes time, slot, status and seconds of each request."""
    return f"/var/log/nginx/handrail-{system}.log"


def site(system: System, *, run_directory: str, addresses: Mapping[str, Sequence[str]], peers: Sequence[str]) -> Site:
    """Write the edge's configuration; `addresses` are of each service's hosts, `peers` of all edges."""
    word = system.name.replace("-", "_")
    text = Template(resources.files("handrail.traffic").joinpath("templates/nginx.conf").read_text()).substitute(
        word=word,
        name=system.name,
        port=system.edge.port,
        server_names=" ".join(system.edge.server_names),
        root=system.root,
        run=run_directory,
        log=log_of(system.name),
        upstreams="".join(_upstreams(system, word, addresses)),
        locations="".join(_locations(system, word)),
        allow="".join(f" allow {peer};" for peer in peers),
        message=_text(system.edge.maintenance.message),
        retry_after=int(system.edge.maintenance.retry_after.total_seconds()),
    )
    return Site(f"/etc/nginx/conf.d/handrail-{system.name}.conf", text, log_of(system.name))


def _upstreams(system: System, word: str, addresses: Mapping[str, Sequence[str]]) -> list[str]:
    return [
        UPSTREAM.format(
            name=f"{word}_{name.replace('-', '_')}_{slot}",
            idle=UPSTREAM_IDLE_SECONDS,
            servers="\n".join(
                f"    server {address}:{service.port(slot)} max_fails=2 fail_timeout=5s;" for address in addresses[name]
            ),
        )
        for name, service in system.services.items()
        for slot in Slot
    ]


def _locations(system: System, word: str) -> list[str]:
    return [
        LOCATION.format(path=path, root=system.root, upstream=f"{word}_{name.replace('-', '_')}", slot=f"{word}_slot")
        for path, name in system.edge.paths.items()
    ]


def _text(message: str) -> str:
    """Quote a message for nginx, where $ begins a variable that cannot be escaped."""
    return message.replace("\\", "\\\\").replace('"', '\\"').replace("$", "")
