"""An edge on loopback: real nginx with the configuration that handrail writes, below a folder in place of a host."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from http.client import HTTPConnection, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from handrail.model import document
from handrail.model.environment import Environment
from handrail.model.environment import Host as Named
from handrail.traffic import nginx
from tests.ports import free_port
from tests.unit import host_folder

if TYPE_CHECKING:
    from pathlib import Path

    from handrail.hosts.script import Reply
    from handrail.model.system import System

needs_nginx = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("nginx", "openssl")) or os.geteuid() != 0,
    reason="needs Debian's packages nginx-light and openssl, and root",
)
NAMES = ("shop.test", "api.shop.test")
SHOP = """\
system: shop
root: {root}
services:
  site:
    runtime: systemd
    hosts: web
    user: nobody
    command: [node, server.js]
    ports: {{blue: {backend}, green: {idle}}}
    health: {{path: /}}
edge:
  hosts: web
  port: {port}
  server_names: [shop.test, api.shop.test]
  paths: {{/: site}}
  tls:
    port: {tls_port}
    certificates:
      shop: {{names: [shop.test], from: acme}}
      api: {{names: [api.shop.test]}}
    acme: {acme}
release: {{artifact: shop.tar.gz, version: {{path: /, header: X-Release}}}}
environments: {{prod: {{}}}}
"""
MAIN = """\
user www-data;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 1024; }}
http {{ access_log off; include {folder}/site.conf; }}
"""


def blind() -> ssl.SSLContext:
    """Take any certificate; a context that knows the authorities takes long to make."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Service(BaseHTTPRequestHandler):
    """Tells what it was asked."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        told = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("X-Release", "1.0.0")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    do_GET = do_POST = answer  # noqa: N815  # the server looks for these names

    def log_message(self, *_: object) -> None:
        pass


class Edge(host_folder.Host):
    """One edge. Edges of one system differ in their address alone."""

    def __init__(self, folder: Path, system: System, address: str, peers: tuple[str, ...]) -> None:
        super().__init__(folder)
        folder.chmod(0o755)
        self.folder, self.system, self.address, self.peers = folder, system, address, peers
        self.configure(system)
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
        self.inside = f'[ "$1" != nginx ] || {{ shift; set -- nginx -c {folder}/nginx.conf "$@"; }}; "$@"'

    def configure(self, system: System) -> None:
        """Write the site of a system as it is described."""
        text = nginx.site(
            system, run_directory=str(self.run_directory), addresses={"site": ["127.0.0.1"]}, peers=self.peers
        ).text
        text = text.replace("/var/log/nginx", str(self.folder))
        for port in self.ports:
            text = text.replace(f"listen {port}", f"listen {self.address}:{port}")
        (self.folder / "site.conf").write_text(text)

    @property
    def ports(self) -> tuple[int, int]:
        return self.system.edge.port, self.system.edge.tls.port

    def nginx(self, *words: str) -> None:
        subprocess.run(["nginx", "-c", str(self.folder / "nginx.conf"), *words], check=True, capture_output=True)

    def tls(self, script: str, *arguments: object, stdin: str = "", run: str = "run") -> Reply:
        """Run one of the scripts about certificates, with a lease for that long."""
        held = host_folder.token(self.take(run))
        reply = self.fenced(held, run, "tls", script, arguments=(self.inside, *arguments), stdin=stdin)
        (self.run_directory / "lease").unlink()
        return reply

    def ask(
        self, path: str = "/", *, https: bool = True, name: str = "shop.test", method: str = "GET", source: str = ""
    ):
        """Ask as a client does, without a look at the certificate; `source` is the client's address."""
        context = blind()
        connection: HTTPConnection = HTTPConnection(self.address, self.ports[0], timeout=5)
        if https:
            connection = HTTPSConnection(self.address, self.ports[1], timeout=5, context=context)
            raw = socket.create_connection((self.address, self.ports[1]), timeout=5, source_address=(source, 0))
            connection.sock = context.wrap_socket(raw, server_hostname=name)
        connection.request(method, path, headers={"Host": name})
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, dict(answer.getheaders()), body

    def served(self, name: str = "shop.test") -> x509.Certificate:
        """Give the certificate that a client is shown."""
        context = blind()
        with (
            socket.create_connection((self.address, self.ports[1]), timeout=5) as raw,
            context.wrap_socket(raw, server_hostname=name) as wrapped,
        ):
            return x509.load_der_x509_certificate(wrapped.getpeercert(binary_form=True))


def environment(folder: Path, *, acme: str = "{}", ports: tuple[int, int, int] | None = None) -> Environment:
    """Describe the shop below a folder."""
    port, tls_port, backend = ports or (free_port(), free_port(), free_port())
    text = SHOP.format(root=folder, backend=backend, idle=free_port(), port=port, tls_port=tls_port, acme=acme)
    system = document.parse(text, source="shop.yaml", environment="prod")
    return Environment("prod", system, {"web": (Named("web1", "127.0.0.1"), Named("web2", "127.0.0.2"))})


class Edges:
    """Two edges in front of one service."""

    def __init__(self, folder: Path, acme: str = "{}") -> None:
        folder.chmod(0o755)
        ports = (free_port(), free_port(), free_port())
        addresses = ("127.0.0.1", "127.0.0.2")
        self.all: list[Edge] = []
        for number, address in enumerate(addresses, 1):
            here = folder / f"web{number}"
            here.mkdir()
            self.environment = environment(here / "root", acme=acme, ports=ports)
            self.all.append(Edge(here, self.environment.system, address, addresses))
        self.service = ThreadingHTTPServer(("127.0.0.1", ports[2]), Service)
        threading.Thread(target=self.service.serve_forever, daemon=True).start()
        for edge in self.all:
            edge.nginx()
            until = time.monotonic() + 5
            while not (edge.folder / "nginx.pid").exists() and time.monotonic() < until:
                time.sleep(0.01)

    @property
    def first(self) -> Edge:
        return self.all[0]

    def close(self) -> None:
        for edge in self.all:
            if (edge.folder / "nginx.pid").exists():
                edge.nginx("-s", "stop")
        self.service.shutdown()
        self.service.server_close()
