"""What can be wrong with a compose file, which Compose a host has, and what the system's own nginx shows."""

from __future__ import annotations

import socket
from uuid import uuid4

import httpx
import pytest
from cryptography import x509

from lab.hosts import named
from lab.load import Load
from tests.lab.artifact import repacked
from tests.lab.conformance.subject import named_subject
from tests.lab.inventory import QUICK, inventory
from tests.lab.lock import only_test_on
from tests.unit.tls.authority import issue, pem, root
from tests.unit.tls.edge import blind

pytestmark = pytest.mark.lab

HOST = "market1"
FILE = "docker-compose.production.yml"
NAME = "market.test"
# Where Debian 13 keeps `docker compose`; see lab/images/docker/compose.sh.
PLUGIN = "/usr/libexec/docker/cli-plugins/docker-compose"
PROJECTS = "docker ps --all --quiet --filter label=com.docker.compose.project"


@pytest.fixture
def subject():
    with only_test_on("marketplace"):
        yield named_subject("compose")


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda text: text.replace("services:", "services: [", 1), "docker-compose.production.yml"),
        (lambda text: text.replace("\n  backend:", "\n  api:", 1), "backend"),
    ],
    ids=["invalid", "without the service"],
)
def test_compose_file_that_cannot_work_is_refused_before_a_slot_is_touched(subject, tmp_path, edit, told):
    release, fresh = subject.served(), subject.fresh()
    place = repacked(
        tmp_path / "releases", "marketplace", fresh,
        lambda files: {**files, FILE: edit(files[FILE].decode()).encode()},
    )  # fmt: skip
    changed = inventory(tmp_path / "inventory", {**QUICK, "release": {"artifact": place}}, system="marketplace")
    deploy = subject.begin("deploy", changed, release=fresh)
    assert deploy.wait() == 1, deploy.end
    assert told in deploy.end["text"]
    assert not deploy.steps("start")
    assert subject.served() == release


@pytest.fixture
def only_1_29(subject):
    """Take `docker compose` from the host; what is called puts it back."""

    def put_back():
        subject.sh(HOST, f"[ ! -f {PLUGIN}.away ] || mv {PLUGIN}.away {PLUGIN}")

    put_back()  # a run that was killed may have left it away
    subject.sh(HOST, f"mv {PLUGIN} {PLUGIN}.away")
    yield put_back
    put_back()


def made_by(subject):
    """Give the version of Compose that made each container, but for nginx, which goes on without an end."""
    row = '{{index .Config.Labels "com.docker.compose.service"}} {{index .Config.Labels "com.docker.compose.version"}}'
    rows = subject.sh(HOST, f"docker inspect --format '{row}' $({PROJECTS})").splitlines()
    return {tuple(line.split()) for line in rows if not line.startswith("nginx ")}


@pytest.mark.timeout(600)
def test_system_of_docker_compose_1_29_goes_on_when_the_host_gets_docker_compose(subject, only_1_29):
    services = ("backend", "frontend", "postgres", "redis")
    subject.run("shutdown", with_database="yes")
    subject.sh(HOST, f"docker rm --force $({PROJECTS})")
    subject.run("startup")
    subject.run("deploy", release=subject.fresh())
    subject.run("scale", service=subject.scaled, count="2")
    assert made_by(subject) == {(name, "1.29.2") for name in services}
    with Load(subject.url, rate=100, connections=15, paths=subject.paths) as requests:
        subject.run("rollback")
        only_1_29()
        subject.run("restart")
        subject.run("deploy", release=subject.fresh())
        subject.run("scale", service=subject.scaled, count="1")
    assert requests.report().failed == 0, requests.report().failures[:5]
    name = str(uuid4())
    httpx.post(f"{subject.url}/api/items", json={"name": name}).raise_for_status()
    subject.run("shutdown", with_database="yes")
    subject.run("startup")
    assert {version.partition(".")[0] for _, version in made_by(subject)} == {"2"}
    assert name in httpx.get(f"{subject.url}/api/items").text


@pytest.fixture
def with_tls(subject, tmp_path):
    """The system with TLS at its edge, which is as it was afterwards."""
    certificates = {"shop": {"names": [NAME], "from": "files"}}
    edge = {"server_names": [NAME], "tls": {"redirect": False, "certificates": certificates}}
    made = inventory(
        tmp_path / "tls", {**QUICK, "edge": edge, "certificates": {"ca": "roots.pem"}}, system="marketplace"
    )
    (made.parent.parent / "roots.pem").write_text(pem(root().certificate))
    # A container gets its folders when it is made: docs/how-to/certificates.md.
    one = 'docker rm --force "$(docker ps --all --quiet --filter label=com.docker.compose.service=nginx)"'
    subject.sh(HOST, one)
    subject.run("startup", made)
    yield made
    subject.sh(HOST, one)
    subject.run("startup")
    subject.sh(HOST, "rm -rf /opt/marketplace/tls /opt/marketplace/acme")


def shown():
    """Give the certificate that the host shows to who asks for the name."""
    with (
        socket.create_connection((named(HOST).address, 443), timeout=5) as raw,
        blind().wrap_socket(raw, server_hostname=NAME) as wrapped,
    ):
        return x509.load_der_x509_certificate(wrapped.getpeercert(binary_form=True))


def test_the_systems_own_nginx_shows_the_certificate_that_is_deployed(subject, with_tls, tmp_path):
    assert shown().subject.rfc4514_string() == "O=handrail placeholder"
    made = issue(NAME)
    (tmp_path / "cert.pem").write_text(made.cert_pem + made.chain_pem)
    (tmp_path / "key.pem").write_text(made.key_pem)
    words = {"certificate": "shop", "cert": f"{tmp_path}/cert.pem", "key": f"{tmp_path}/key.pem"}
    subject.run("certificate", with_tls, **words)
    assert shown() == made.certificate
