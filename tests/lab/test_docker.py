"""What can be wrong with Docker on a host: its daemon down, its disk full, the image of a release taken away."""

from __future__ import annotations

import base64
from contextlib import contextmanager
from uuid import uuid4

import pytest

from lab.docker import shell
from lab.hosts import named
from tests.lab.artifact import content, packed, repacked
from tests.lab.conformance.subject import named_subject
from tests.lab.inventory import QUICK, inventory
from tests.lab.lock import only_test_on

pytestmark = pytest.mark.lab

HOST = "inventory2"
# Where Docker unpacks what it is given.
SCRATCH = "/var/lib/docker/tmp"
TAGS = "docker images --format '{{.Repository}}:{{.Tag}}'"


@contextmanager
def full_scratch(subject):
    """Take away what an image needs by a file that is as large as what is free, on a small disk of its own."""
    fill = f"mount -t tmpfs -o size=64k tmpfs {SCRATCH} && dd if=/dev/zero of={SCRATCH}/full bs=1k || :"
    subject.sh(HOST, fill)
    try:
        yield
    finally:
        subject.sh(HOST, f"umount {SCRATCH}")


@pytest.fixture
def subject():
    with only_test_on("inventory"):
        yield named_subject("docker")


def test_daemon_that_is_down_is_refused_before_anything_is_touched_and_startup_mends_it(subject):
    release = subject.served()
    subject.sh(HOST, "systemctl stop docker.socket docker.service")
    try:
        deploy = subject.begin("deploy", release=subject.other())
        assert deploy.wait() == 2, deploy.end
        assert "Docker" in deploy.end["text"]
        assert HOST in deploy.end["text"]
        assert subject.served() == release
        subject.run("startup")
    finally:
        subject.sh(HOST, "systemctl start docker.service")
    subject.eventually("all is healthy", lambda: subject.fab("health").returncode == 0)


def test_disk_that_is_full_while_an_image_is_made_is_named_and_nothing_served_changes(subject):
    release = subject.served()
    with full_scratch(subject):
        deploy = subject.begin("deploy", release=subject.fresh())
        code = deploy.wait()
    assert code == 1, deploy.end
    assert "no space left on device" in deploy.end["text"]
    assert subject.served() == release
    subject.run("deploy", release=subject.fresh())


def test_what_a_container_printed_is_read_after_another_has_taken_its_name(subject):
    slot, words = subject.status()["live_slot"], str(uuid4())
    subject.sh(HOST, f"docker exec inventory-api-{slot} sh -c 'echo {words} >/proc/1/fd/1'")
    subject.run("deploy", release=subject.fresh())
    subject.run("restart")
    assert subject.status()["live_slot"] == slot
    assert words not in subject.sh(HOST, f"docker logs inventory-api-{slot} 2>&1")
    assert words in subject.fab("logs", "api", "--since", "1h", "--lines", "0").stdout


def test_image_from_a_tarball_is_loaded_and_a_disk_that_is_full_meanwhile_is_named(subject, tmp_path):
    release, fresh = subject.served(), subject.fresh()
    image = saved_image(subject, fresh)
    place = repacked(tmp_path / "releases", "inventory", fresh, lambda files: {**files, "api.tar": image})
    described = inventory(tmp_path / "inventory", {**QUICK, "release": {"artifact": place}}, system="inventory")
    document = described.parent.parent / "inventory.yaml"
    text = document.read_text()
    document.write_text(text.replace("build: backend", "archive: api.tar", 1))
    assert document.read_text() != text
    with full_scratch(subject):
        deploy = subject.begin("deploy", described, release=fresh)
        assert deploy.wait() == 1, deploy.end
    assert "no space left on device" in deploy.end["text"]
    assert subject.served() == release
    subject.run("deploy", described, release=fresh)
    assert subject.served() == fresh
    for host in subject.service_hosts:
        names = subject.sh(host, TAGS).split()
        assert [name for name in names if name.startswith(f"inventory-api:{fresh}-")]
        assert "saved:1" not in names


def saved_image(subject, version):
    """Build an image of a release on a host, and give what `docker save` makes of it, compressed as it may be.

    It is made of Node and what Node needs alone: the lab's usual base has 250 MB, and another digest on each host.
    """
    files = {name: text for name, text in content("inventory", version).items() if name.startswith("backend/")}
    recipe = files["backend/Dockerfile"].decode().replace("node:18-slim", "saved:base")
    recipe = recipe.replace("USER node", "USER 1000").replace('"node"', '"/usr/bin/node"')
    context = base64.b64encode(packed({**files, "backend/Dockerfile": recipe.encode()})).decode()
    script = f"""
work=$(mktemp -d -p /var/tmp) && cd "$work"
base64 -d <<'CONTEXT' | tar -x
{context}
CONTEXT
needed=$(ldd /usr/bin/node | grep -o '/[^ ]*')
tar -c -h $needed /usr/bin/node /usr/share/nodejs 2>/dev/null | docker import - saved:base >/dev/null
docker build --quiet --tag saved:1 backend >/dev/null
docker save saved:1 | gzip -1 | base64 -w 0
docker image rm saved:1 saved:base >/dev/null
rm -rf "$work"
"""
    return base64.b64decode(shell(named(HOST).container, script, timeout_seconds=120))


def test_warm_rollback_works_when_somebody_removed_the_image(subject):
    before = subject.served()
    subject.run("deploy", release=subject.other())
    for host in subject.service_hosts:
        subject.sh(
            host,
            f"{TAGS} | grep ':{before}-' | xargs -r docker rmi --force",
        )
    subject.run("rollback")
    assert subject.served() == before
    # A cold start of the same release makes the image again.
    subject.run("restart")
    assert subject.served() == before
