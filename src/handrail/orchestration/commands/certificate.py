"""Certificates of the edge: put there, served, proved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.hosts.certificates import LOOPBACK, sni
from handrail.hosts.script import shell_line
from handrail.model.tls import alternative_names
from handrail.orchestration.commands.unit import inside_edge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handrail.hosts.script import Command
    from handrail.model.step import Step
    from handrail.model.tls import Tls
    from handrail.orchestration.run import Run

# certbot has 150 s, twice where the account is forgotten.
ISSUE_SECONDS = 320
# What a folder of a certificate is called by: enough of its fingerprint.
ID_LETTERS = 16


def placeholders(run: Run) -> Sequence[Command]:
    """Make a certificate that says what it is, where one never came."""
    system = run.environment.system
    if system.edge.tls is None:
        return []
    pairs = [(each.name, alternative_names(each.names)) for each in system.edge.tls.certificates.values()]
    arguments = (inside_edge(system), *(word for pair in pairs for word in pair))
    return [run.fenced(["tls", "placeholder"], arguments)]


def issue(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Have the key of this run certified by ACME, through the edges. The key itself stays on this machine."""
    acme = _tls(run).acme
    authority = (run.base / acme.ca).read_text() if acme.ca else ""
    hooks = (shell_line([acme.dns.add]), shell_line([acme.dns.remove])) if acme.dns else ("", "")
    arguments = (acme.directory, acme.email or "", *hooks)
    return [run.fenced(["acme"], arguments, seconds=ISSUE_SECONDS, stdin=run.pair.request + authority)]


def put(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Put the certificate and its key on an edge, where nothing reads them yet."""
    pair = run.pair
    arguments = (inside_edge(run.environment.system), pair.certificate.name, _id(run))
    return [run.fenced(["tls", "certificate_put"], arguments, stdin=f"{pair.fullchain}\n{pair.key.reveal()}\n")]


def swap(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Serve it, or what was served before this run."""
    way = "back" if step.part else "on"
    arguments = (inside_edge(run.environment.system), way, run.pair.certificate.name, _id(run))
    return [run.fenced(["tls", "certificate_swap"], arguments)]


def prove(run: Run, step: Step, host: str) -> Sequence[Command]:
    """See by handshake what each name is served with: the new certificate, or what is in the file after going back."""
    pair = run.pair
    wanted = "" if step.part else pair.chain.fingerprint
    asked = (LOOPBACK, str(_tls(run).port), *map(sni, pair.certificate.names))
    arguments = (inside_edge(run.environment.system), pair.certificate.name, wanted, *asked)
    return [run.fenced(["tls", "certificate_prove"], arguments, seconds=60)]


def _id(run: Run) -> str:
    return run.pair.chain.fingerprint[:ID_LETTERS]


def _tls(run: Run) -> Tls:
    tls = run.environment.system.edge.tls
    if tls is None:
        raise RuntimeError("a certificate was asked for where there is no TLS")
    return tls
