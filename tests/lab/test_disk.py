"""Disks and the rotation of logs, for each runtime: what is named is freed, and nothing that anybody needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.conformance.subject import HOSTED, Subject
from tests.lab.lock import only_test_on

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.lab
PARAMS = [pytest.param(one, id=one.runtime) for one in HOSTED]
OLD = "touch -d '9 days ago'"
# The names say what is to become of each.
FILES = f"""
mkdir -p ROOT/logs 'ROOT/releases/9.9.9-000000000000' ROOT/releases/.9.9.8-000000000000.partial
for name in 'gone old.log' gone.log.1 stays.log.1; do
    head -c 100000 /dev/urandom >"ROOT/logs/$name"
    {OLD} "ROOT/logs/$name"
done
touch -d '40 days ago' ROOT/logs/gone.log.1  # older than any rotation keeps them
head -c 100000 /dev/urandom >ROOT/logs/stays-young.log
head -c 100000 /dev/urandom >/tmp/handrail-gone.tar.gz
{OLD} /tmp/handrail-gone.tar.gz
"""
CLEAR = """
rm -rf ROOT/logs/*stays* ROOT/logs/*gone* ROOT/releases/9.9.* ROOT/releases/.9.9.* /tmp/handrail-gone.tar.gz
rm -f /etc/logrotate.d/handrail-* ROOT/journal.[0-9]*
rmdir ROOT/logs 2>/dev/null || :
"""
IMAGES = """
empty() { tar --create --files-from /dev/null | docker import - "$1" >/dev/null; }
empty SERVICE:9.9.9-000000000000
empty SERVICE:9.9.8-000000000000
docker create --name stays SERVICE:9.9.8-000000000000 /none >/dev/null
runs=$(docker ps --quiet --filter name=SERVICE- | head -n 1)
docker tag "$(docker inspect --format '{{.Image}}' "$runs")" SERVICE:9.9.7-000000000000
"""
CLEAR_IMAGES = """
docker rm stays >/dev/null
docker image rm SERVICE:9.9.8-000000000000 SERVICE:9.9.7-000000000000 >/dev/null
docker image rm SERVICE:9.9.9-000000000000 >/dev/null 2>&1 || :
"""


@pytest.fixture(params=PARAMS)
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """A system with a good release live; what the tests leave on its hosts is taken away."""
    one: Subject = request.param
    one.bring_up()
    with only_test_on(one.system):
        one.make_good()
        clear(one)  # a test may have been killed
        yield one
        clear(one)


def clear(subject: Subject) -> None:
    for host in subject.hosts:
        subject.sh(host, filled(CLEAR, subject))


def filled(script: str, subject: Subject) -> str:
    return script.replace("ROOT", f"/opt/{subject.system}").replace("SERVICE", f"{subject.system}-{subject.first}")


def usages(subject: Subject) -> dict[str, dict[str, Any]]:
    done = subject.fab("disk", "--json")
    assert done.returncode == 0, done.stderr
    return {usage["host"]: usage for usage in json.loads(done.stdout)["hosts"]}


def words(done: Any, step: str) -> dict[str, str]:
    assert done.returncode == 0, done.stdout + done.stderr
    return {event["host"]: event["words"] for event in json.loads(done.stdout)["events"] if event["step"] == step}


def test_what_is_named_is_freed_and_the_system_goes_on(subject):
    host, containers = subject.service_hosts[0], subject.runtime in {"docker", "compose"}
    before, served = usages(subject), subject.served()
    subject.sh(host, filled(FILES, subject))
    if containers:
        subject.sh(host, filled(IMAGES, subject))
    try:
        named = usages(subject)
        new = {one["path"] for one in named[host]["candidates"]} - {one["path"] for one in before[host]["candidates"]}
        root = f"/opt/{subject.system}"
        image = {f"{subject.system}-{subject.first}:9.9.9-000000000000"} if containers else set()
        assert new == image | {
            f"{root}/logs/gone old.log", f"{root}/logs/gone.log.1", "/tmp/handrail-gone.tar.gz",  # noqa: S108
            f"{root}/releases/9.9.9-000000000000", f"{root}/releases/.9.9.8-000000000000.partial",
        }  # fmt: skip
        freed = words(subject.fab("disk", "--free", "--yes", "--json"), "free the disk")
        assert "2 logs" in freed[host]
        assert "2 releases" in freed[host]
        assert all(not usage["candidates"] for usage in usages(subject).values())
        assert subject.sh(host, f"ls {root}/logs").count("stays-young.log") == 1
        assert subject.served() == served
    finally:
        if containers:
            subject.sh(host, filled(CLEAR_IMAGES, subject))


def test_logs_are_rotated_while_everything_writes_on(subject):
    root = f"/opt/{subject.system}"
    subject.served()
    for host in subject.service_hosts:  # an empty log is not rotated
        subject.sh(host, f'for log in {root}/logs/*-out.log; do [ ! -f "$log" ] || echo "a line" >>"$log"; done')
    rotated = words(subject.fab("logrotate", "--force", "--yes", "--json"), "rotate the logs")
    assert set(rotated) == set(subject.hosts)
    for host in subject.hosts:
        assert subject.sh(host, "logrotate --debug /etc/logrotate.conf 2>&1 | grep '^error:' || :") == ""
        assert subject.sh(host, f"ls {root}/journal.1")
    last = json.loads(subject.fab("history", "--json").stdout)["runs"][-2:]
    assert [run["verb"] for run in last][-1] == "logrotate"
    assert len(last) == 2
    log = f"/var/log/nginx/handrail-{subject.system}.log"
    if subject.runtime == "compose":
        assert subject.sh(subject.edge, f"ls {log}.1")
    else:
        assert "the edge's log is rotated by nginx" in rotated[subject.edge]
    subject.served()
    subject.eventually("nginx writes to its log", lambda: subject.sh(subject.edge, f"cat {log}") != "", seconds=10)
    if subject.runtime == "pm2":
        held = subject.sh(subject.edge, "ls -l /proc/[0-9]*/fd 2>/dev/null | grep -o '/opt/vendhub/logs/.*' || :")
        assert held
        assert ".log.1" not in held
    again = words(subject.fab("logrotate", "--yes", "--json"), "rotate the logs")
    assert all("installed" not in each for each in again.values())


@pytest.mark.parametrize("subject", PARAMS[:1], indirect=True)
def test_a_host_without_logrotate_is_named_and_no_host_is_touched(subject):
    host = subject.service_hosts[-1]
    subject.sh(host, "mv /usr/sbin/logrotate /usr/sbin/logrotate.away")
    try:
        done, dry = subject.fab("logrotate", "--yes"), subject.fab("logrotate", "--dry-run")
    finally:
        subject.sh(host, "mv /usr/sbin/logrotate.away /usr/sbin/logrotate")
    for each in (done, dry):
        assert each.returncode == 2
        assert f"{host} lacks logrotate; nothing was touched" in each.stderr
    assert all(subject.sh(one, "ls /etc/logrotate.d | grep handrail || :") == "" for one in subject.hosts)
