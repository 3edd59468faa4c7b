"""The part of nginx's configuration that is about TLS: which pair a handshake gets, the redirect, ACME's challenges."""

from __future__ import annotations

from importlib import resources
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handrail.model.system import System
    from handrail.model.tls import Tls

# What a URL of https need not say; nginx listens there inside its container, and the compose file publishes it.
HTTPS_PORT = 443
# Mozilla's "intermediate" list, version 5.7; TLS 1.3 has suites of its own.
CIPHERS = ":".join(
    [
        *(f"ECDHE-{key}-{suite}" for suite in ("AES128-GCM-SHA256", "AES256-GCM-SHA384") for key in ("ECDSA", "RSA")),
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "ECDHE-RSA-CHACHA20-POLY1305",
    ]
)
# `map` keeps what it found for the rest of a handshake; $realpath_root alone would be looked up again for the key,
# and a swap between the two would part them.
MAPS = """\
map $ssl_server_name ${word}_certificate {{
    hostnames;
    default {first};
{names}}}
map $realpath_root ${word}_pair {{ default $realpath_root; }}
"""
PEER = """\
    location @{word}_acme {{
        if ($http_x_handrail_asked) {{ return 404; }}
        proxy_set_header X-Handrail-Asked 1;
        proxy_set_header Host $host;
        proxy_pass http://{first}:{port};
    }}
"""


def maps(tls: Tls, word: str) -> str:
    """Say which certificate belongs to which name, outside of any server."""
    names = "".join(
        f"    {name} {certificate.name};\n" for certificate in tls.certificates.values() for name in certificate.names
    )
    return MAPS.format(word=word, first=next(iter(tls.certificates)), names=names)


def listening(system: System, tls: Tls, word: str, peers: Sequence[str]) -> str:
    """Write what the server needs to speak TLS; `peers` are all edges, the first of which has certbot's answers."""
    port = HTTPS_PORT if system.edge.runtime == "compose" else tls.port
    alone = len(peers) < 2
    return Template(resources.files("handrail.traffic").joinpath("templates/tls.conf").read_text()).substitute(
        word=word,
        port=port,
        root=system.root,
        ciphers=CIPHERS,
        redirect=f"    if ($scheme = http) {{ set ${word}_plain 1; }}\n" if tls.redirect else "",
        otherwise="=404" if alone else f"@{word}_acme",
        peer="" if alone else PEER.format(word=word, first=peers[0], port=system.edge.port),
    )


def redirect(tls: Tls, word: str) -> str:
    """Write what comes first in each location: plain HTTP is sent on, with its method and its body."""
    port = "" if tls.port == HTTPS_PORT else f":{tls.port}"
    return f"        if (${word}_plain) {{ return 308 https://$host{port}$request_uri; }}\n"
