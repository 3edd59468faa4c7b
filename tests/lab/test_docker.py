"""What can be wrong with Docker on a host: its daemon down, its disk full, the image of a release taken away."""

from __future__ import annotations

import pytest

from tests.lab.conformance.subject import named_subject
from tests.lab.lock import only_test_on

pytestmark = pytest.mark.lab

HOST = "inventory2"
# Where Docker unpacks what it is given.
SCRATCH = "/var/lib/docker/tmp"
TAGS = "docker images --format '{{.Repository}}:{{.Tag}}'"


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
    # What an image needs is taken away by a file that is as large as what is free, on a small disk of its own.
    subject.sh(
        HOST,
        f"mount -t tmpfs -o size=64k tmpfs {SCRATCH} && dd if=/dev/zero of={SCRATCH}/full bs=1k || :",
    )
    try:
        deploy = subject.begin("deploy", release=subject.fresh())
        code = deploy.wait()
    finally:
        subject.sh(HOST, f"umount {SCRATCH}")
    assert code == 1, deploy.end
    assert "no space left on device" in deploy.end["text"]
    assert subject.served() == release
    subject.run("deploy", release=subject.fresh())


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
