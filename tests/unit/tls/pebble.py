"""pebble, an ACME server, with the DNS that it asks, on loopback."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.ports import free_port
from tests.unit.tls.authority import issue, pem, root

if TYPE_CHECKING:
    from pathlib import Path

needs_pebble = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("pebble", "pebble-challtestsrv", "certbot")),
    reason="needs Debian's packages pebble and certbot",
)
# Debian ships pebble without certificates; these make it answer at once and refuse no nonce.
QUICK = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"}


class Pebble:
    """An ACME server that looks for every name at one address; `known_as` is what others call it."""

    def __init__(self, folder: Path, *, http_port: int, address: str, known_as: str = "localhost") -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.http_port, self.known_as = folder, http_port, known_as
        self.port, self.management, self.dns, self.names = (free_port() for _ in range(4))
        own = issue("localhost", known_as)
        (folder / "ca.pem").write_text(pem(root().certificate))
        (folder / "cert.pem").write_text(own.cert_pem + own.chain_pem)
        (folder / "key.pem").write_text(own.key_pem)
        (folder / "pebble.json").write_text(json.dumps({"pebble": self._settings()}))
        self._running = [
            self._start(
                "pebble-challtestsrv", "-defaultIPv4", address, "-defaultIPv6", "", "-dns01", f"127.0.0.1:{self.dns}",
                "-http01", "", "-https01", "", "-tlsalpn01", "", "-management", f"127.0.0.1:{self.names}",
            ),
            self._start("pebble", "-config", str(folder / "pebble.json"), "-dnsserver", f"127.0.0.1:{self.dns}"),
        ]  # fmt: skip
        until = time.monotonic() + 20
        while not self._answers() and time.monotonic() < until:
            time.sleep(0.1)

    @property
    def directory(self) -> str:
        return f"https://{self.known_as}:{self.port}/dir"

    def _settings(self) -> dict[str, object]:
        # Lab hosts reach this machine by its address on their network.
        everywhere = "127.0.0.1" if self.known_as == "localhost" else "0.0.0.0"
        return {
            "listenAddress": f"{everywhere}:{self.port}", "managementListenAddress": f"127.0.0.1:{self.management}",
            "certificate": str(self.folder / "cert.pem"), "privateKey": str(self.folder / "key.pem"),
            "httpPort": self.http_port, "tlsPort": self.http_port, "ocspResponderURL": "",
            "externalAccountBindingRequired": False, "certificateValidityPeriod": 6 * 86400,
        }  # fmt: skip

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(words, env=os.environ | QUICK, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _answers(self) -> bool:
        try:
            self.root()
        except OSError:
            return False
        return True

    def root(self) -> str:
        """Give the root that its certificates lead to; another one at each start."""
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        url = f"https://localhost:{self.management}/roots/0"
        with urllib.request.urlopen(url, context=context, timeout=5) as answer:  # loopback
            return answer.read().decode()

    def look_at(self, address: str) -> None:
        """Have every name lead to another address."""
        body = json.dumps({"ip": address}).encode()
        url = f"http://127.0.0.1:{self.names}/set-default-ipv4"
        urllib.request.urlopen(url, data=body, timeout=5).close()  # likewise

    def stop(self) -> None:
        for each in self._running:
            each.kill()
            each.wait()
