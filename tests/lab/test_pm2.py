"""What can be wrong with PM2 on a host: not installed, its daemon dead, what it saved long out of date."""

from __future__ import annotations

import pytest

from tests.lab.conformance.subject import GOOD, named_subject
from tests.lab.lock import only_test_on

pytestmark = pytest.mark.lab

HOST = "vendhub1"
HOME = "/opt/vendhub/.pm2"
STALE = '[{"name": "vendhub-api-blue", "pm_exec_path": "/bin/sleep", "args": ["9999"], "exec_interpreter": "none"}]'


@pytest.fixture
def subject():
    with only_test_on("vendhub"):
        yield named_subject("pm2")


def test_host_without_pm2_is_refused_before_anything_is_touched(subject):
    release = subject.served()
    subject.sh(HOST, "mv /usr/bin/pm2 /usr/bin/pm2.away")
    try:
        deploy = subject.begin("deploy", release=subject.other())
        assert deploy.wait() == 2, deploy.end
    finally:
        subject.sh(HOST, "mv /usr/bin/pm2.away /usr/bin/pm2")
    assert "pm2 is not installed" in deploy.end["text"]
    assert subject.served() == release


def test_daemon_that_is_killed_comes_back_with_what_was_live(subject):
    release = subject.served()
    subject.sh(HOST, "systemctl kill --kill-whom=main --signal=KILL vendhub-pm2")
    subject.eventually("PM2 and the release are back", lambda: subject.served() == release and healthy(subject))
    subject.run("deploy", release=subject.other())


def test_stale_dump_does_not_come_back_with_a_reboot(subject):
    release = subject.served()
    subject.sh(HOST, f"runuser -u vendhub -- sh -c \"cat >{HOME}/dump.pm2\" <<'DUMP'\n{STALE}\nDUMP\n")
    try:
        subject.reboot(HOST)
        subject.eventually("the release is back", lambda: subject.served() == release and healthy(subject), seconds=90)
        assert "sleep 9999" not in subject.sh(HOST, "ps ax -o args")
    finally:
        subject.sh(HOST, f"rm -f {HOME}/dump.pm2")
    assert release in GOOD


def healthy(subject):
    return subject.fab("health").returncode == 0
