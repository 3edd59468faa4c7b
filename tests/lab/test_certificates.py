"""Certificates on two edge hosts: one that is brought, one that an ACME server issues; neither costs a request."""

from __future__ import annotations

import socket

import pytest
from cryptography import x509

from lab.docker import shell
from lab.hosts import named
from lab.load import Load
from tests.lab.inventory import QUICK, inventory
from tests.unit.tls.authority import issue, pem, root
from tests.unit.tls.edge import blind
from tests.unit.tls.pebble import Pebble, needs_pebble

pytestmark = pytest.mark.lab

EDGES = ("edge", "web2")
NAME = "app.sanvi.test"
AT = {name: f"http://{named(name).address}" for name in EDGES}
SITE = "/etc/nginx/conf.d/handrail-sanvi.conf"
# The address of this machine on the lab's network.
HERE = "172.31.77.1"
CERTBOT = "command -v certbot || { apt-get update -qq; apt-get install -qq -y --no-install-recommends certbot; } >&2"


@pytest.fixture
def acme(tmp_path):
    """An ACME server that looks for every name on the second edge."""
    made = Pebble(tmp_path / "acme", http_port=80, address=named("web2").address, known_as="acme.test")
    yield made
    made.stop()


@pytest.fixture
def both(tmp_path, fleet, start, acme):
    """The lab with web2 as its second edge, both with a placeholder."""
    fleet.sh("edge", f"cp {SITE} /root/site; grep -q acme.test /etc/hosts || echo {HERE} acme.test >>/etc/hosts")
    tls = {
        "redirect": False,
        "certificates": {"app": {"names": [NAME], "from": "acme"}},
        "acme": {"directory": acme.directory, "ca": "roots.pem", "email": None},
    }
    described = {**QUICK, "edge": {"server_names": [NAME], "tls": tls}, "certificates": {"ca": "roots.pem"}}
    made = inventory(tmp_path / "two", described, second_edge=True)
    (made.parent / "roots.pem").write_text(pem(root().certificate) + acme.root())
    run = start("restart", inventory=made)
    assert run.wait() == 0, run.end
    yield made
    fleet.sh(
        "edge", f"mv /root/site {SITE} && nginx -s reload; rm -rf /opt/sanvi/tls /opt/sanvi/acme /opt/sanvi/certbot"
    )
    fleet.sh("web2", "rm -rf /opt/sanvi/tls /opt/sanvi/acme")


def requests(url: str) -> Load:
    """Kept-alive connections, which a reload would close; asking for no page that itself waits for another program."""
    return Load(url, paths={"/api/version": 1}, rate=60, connections=20)


def shown(edge: str) -> x509.Certificate:
    with (
        socket.create_connection((named(edge).address, 443), timeout=5) as raw,
        blind().wrap_socket(raw, server_hostname=NAME) as wrapped,
    ):
        return x509.load_der_x509_certificate(wrapped.getpeercert(binary_form=True))


@needs_pebble
def test_certificates_are_deployed_and_renewed_on_two_edges_under_load(fleet, start, both, tmp_path):
    assert {shown(edge).subject.rfc4514_string() for edge in EDGES} == {"O=handrail placeholder"}
    shell(named("edge").container, CERTBOT, timeout_seconds=200)
    made = issue(NAME)
    (tmp_path / "cert.pem").write_text(made.cert_pem + made.chain_pem)
    (tmp_path / "key.pem").write_text(made.key_pem)
    words = {"certificate": "app", "cert": f"{tmp_path}/cert.pem", "key": f"{tmp_path}/key.pem"}
    with requests(AT["edge"]) as one, requests(AT["web2"]) as other:
        run = start("certificate", inventory=both, **words)
        assert run.wait() == 0, run.end
        assert [shown(edge) for edge in EDGES] == [made.certificate] * 2
        for _ in range(2):
            run = start("renew", inventory=both, certificate="app")
            assert run.wait() == 0, run.end
    print(f"three certificates: {one.report().failed} and {other.report().failed} requests failed")  # noqa: T201
    assert (one.report().failed, other.report().failed) == (0, 0)
    issued = [shown(edge) for edge in EDGES]
    assert issued[0] == issued[1] != made.certificate
    assert "Pebble" in issued[0].issuer.rfc4514_string()
    assert secret_of(fleet, "edge") == {"640 root www-data"}

    # a service host that is lost does not matter, an edge does
    fleet.sh("web2", "systemctl stop ssh")
    run = start("renew", inventory=both, certificate="app")
    assert run.wait() == 1
    assert "nothing was touched" in run.end["text"]
    assert shown("edge") == issued[0]


def secret_of(fleet, host):
    return set(fleet.sh(host, "stat -L -c '%a %U %G' /opt/sanvi/tls/app/key.pem").splitlines())
