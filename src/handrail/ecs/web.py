"""Ask the load balancer as a client would: by one of the system's names, whatever address it has."""

from __future__ import annotations

import http.client
import ssl
from typing import TYPE_CHECKING

from handrail.ecs.reply import failed, ok
from handrail.model.tls import asked_name

if TYPE_CHECKING:
    from handrail.hosts.script import Reply
    from handrail.model.slot import Slot
    from handrail.model.system import System

SECONDS = 10
# Each question goes to some task; two rounds meet a task that is not the others'.
ROUNDS = 4
GOOD = 200


class _Named(http.client.HTTPSConnection):
    """A connection to an address by a name that is not its own."""

    name = ""

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.name)


def ask(system: System, address: str, path: str) -> tuple[int, dict[str, str], str]:
    """Ask for a path; status 0 where nobody answers."""
    name = system.edge.server_names[0]
    if system.edge.tls is None:
        connection = http.client.HTTPConnection(address, system.edge.port, timeout=SECONDS)
    else:
        connection = _Named(address, system.edge.tls.port, timeout=SECONDS)
        connection.name = asked_name(name)
    try:
        connection.request("GET", path, headers={"Host": name})
        answer = connection.getresponse()
        headers = {key.lower(): value for key, value in answer.getheaders()}
        return answer.status, headers, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, {}, str(error) or type(error).__name__
    finally:
        connection.close()


def verify(system: System, address: str, version: str, slot: Slot) -> Reply:
    """See that the version is served, and ask the release's own questions."""
    said = serves(system, address, version)
    if not said.outcome.good:
        return said
    for smoke in system.release.smoke_of(version, slot):
        status, _, body = ask(system, address, smoke.path)
        if status != smoke.status or (smoke.contains or "") not in body:
            wanted = f"{smoke.status} {smoke.contains or ''}".rstrip()
            return failed(f"{smoke.path} answers {status or body}; wanted {wanted}")
    return ok("served as expected")


def serves(system: System, address: str, version: str) -> Reply:
    """See that the version is served."""
    mark = system.release.version
    for _ in range(ROUNDS):
        status, headers, body = ask(system, address, mark.path)
        served = headers.get((mark.header or "").lower(), "")
        if status != GOOD:
            return failed(f"{mark.path} answers {status or body} through the load balancer")
        if mark.header and served != version:
            return failed(f"{mark.path} is served by release {served!r} through the load balancer, wanted {version!r}")
        if mark.contains and mark.contains.replace("${version}", version) not in body:
            return failed(f"{mark.path} does not contain what {version} answers")
    return ok(f"{version} is served")
