"""What a load balancer shows, by handshake: each of its addresses is asked for each name, and nothing is trusted."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handrail.model.chain import Chain, read_chain
from handrail.model.tls import asked_name, is_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

SECONDS = 5
LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Shown:
    """One name at one address; `words` says why there is no chain."""

    address: str
    name: str
    chain: Chain | None = None
    words: str = ""


@dataclass(frozen=True)
class Handshake:
    """A load balancer and its port; `sleep` and `clock` are the machine's, but in tests."""

    host: str
    port: int
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def ask(self, names: Sequence[str]) -> list[Shown]:
        """Ask every address for every name. Never raises: what goes wrong is in the words."""
        try:
            addresses = self._addresses()
        except OSError as error:
            return [Shown(self.host, name, words=f"{self.host} is not found: {_said(error)}") for name in names]
        return [shown for address in addresses for shown in self._ask(address, names)]

    def until(self, names: Sequence[str], wanted: Mapping[str, frozenset[str]], *, seconds: float) -> tuple[bool, str]:
        """Wait until every name is served with a certificate that is wanted for it; tells what is still served."""
        began = self.clock()
        while True:
            seen = self.ask(names)
            wrong = [each for each in seen if each.chain is None or each.chain.fingerprint not in wanted[each.name]]
            passed = self.clock() - began
            if not wrong:
                places = len({each.address for each in seen})
                return True, f"{len(names)} names at {places} addresses after {passed:.1f} s"
            if passed >= seconds:
                return False, f"not served within {seconds:.0f} s: {'; '.join(map(_served, wrong))}"
            self.sleep(LOOK_SECONDS)

    def _addresses(self) -> list[str]:
        """Look the addresses up each time: a load balancer changes them as it grows. IPv6 is not everybody's."""
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        four = [each for each in found if each[0] is socket.AF_INET]
        return list(dict.fromkeys(str(each[4][0]) for each in four or found))

    def _ask(self, address: str, names: Sequence[str]) -> Iterator[Shown]:
        for number, name in enumerate(names):
            try:
                connection = socket.create_connection((address, self.port), timeout=SECONDS)
            except OSError as error:
                # Who does not answer for one name does not answer for the next.
                words = f"no certificate at {address}:{self.port}: {_said(error)}"
                yield from (Shown(address, each, words=words) for each in names[number:])
                return
            with connection:
                yield _shown(connection, address, name)


def _shown(connection: socket.socket, address: str, name: str) -> Shown:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # What is shown is judged by the model, and must be seen also where nobody should trust it.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    asked = None if is_address(name) else asked_name(name)
    try:
        with context.wrap_socket(connection, server_hostname=asked) as wrapped:
            pem = "".join(map(ssl.DER_cert_to_PEM_cert, _sent(wrapped)))
    except (OSError, ValueError) as error:
        return Shown(address, name, words=f"no certificate at {address}: {_said(error)}")
    return Shown(address, name, read_chain(pem))


def _sent(wrapped: ssl.SSLSocket) -> list[bytes]:
    """Give what was sent, the server's own first; Python has a method for it since 3.13, and had it hidden before."""
    if hasattr(wrapped, "get_unverified_chain"):
        return list(wrapped.get_unverified_chain())
    inner: Any = wrapped._sslobj  # type: ignore[attr-defined]  # noqa: SLF001  # see above
    return [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in inner.get_unverified_chain()]


def _served(each: Shown) -> str:
    if each.chain is None:
        return each.words or f"{each.name} is served with nothing at {each.address}"
    return f"{each.name} is served at {each.address} with serial {each.chain.serial}"


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
