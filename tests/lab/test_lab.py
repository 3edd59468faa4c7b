"""The lab itself: it comes up, it is closed to the outside, and its checks are strict."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import time

import pytest

from lab import containers, keys, passwords, paths, status
from lab.docker import docker
from lab.hosts import HOSTS, LOOPBACK, named
from lab.progress import say

pytestmark = pytest.mark.lab

PING_POSTGRESQL = """
const { Client } = require('pg');
const { host, password } = JSON.parse(require('fs').readFileSync(0));
const client = new Client({ host, user: 'sanvi', database: 'sanvi', password });
client.connect().then(() => client.query('SELECT current_user')).then((found) => {
  console.log(found.rows[0].current_user); process.exit(0);
}).catch((error) => { console.log(error.code); process.exit(1); });
"""
PING_REDIS = """
const { createClient } = require('redis');
const { host, password } = JSON.parse(require('fs').readFileSync(0));
const client = createClient({ socket: { host, reconnectStrategy: false }, password });
// this client tries a wrong password again and again, and tells of it only here
client.on('error', (error) => { console.log(error.message.split(' ')[0]); process.exit(1); });
client.connect().then(() => client.ping()).then((pong) => { console.log(pong); process.exit(0); });
"""


def lab_up() -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "lab", "up"], cwd=paths.ROOT, check=True, timeout=240)
    return time.monotonic() - began


def ids() -> set[str]:
    return {docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", host.container) for host in HOSTS}


def from_web1(script: str, password: str) -> subprocess.CompletedProcess[str]:
    """Run a script for Node on another host of the lab, as a service would; the password goes in on stdin."""
    command = keys.ssh(named("web1"), f"node -e '{script.replace(chr(39), chr(34))}'")
    told = json.dumps({"host": "db", "password": password})
    return subprocess.run(command, input=told, capture_output=True, text=True, timeout=20, check=False)


@pytest.fixture(scope="module", autouse=True)
def _lab() -> None:
    lab_up()


def test_up_leaves_running_hosts_alone():
    before = ids()
    seconds = lab_up()
    assert ids() == before
    say(f"up again: {seconds:.1f} s")


def test_every_host_answers_and_memory_is_small():
    memory = {host.name: status.memory_mb(host) for host in HOSTS}
    assert None not in memory.values()
    say(f"memory: {memory}, {sum(memory.values())} MB in all")


def test_every_host_is_itself():
    for host in HOSTS:
        done = subprocess.run(keys.ssh(host, "hostname; sudo id -u"), capture_output=True, text=True, check=True)
        assert done.stdout.split() == [host.name, "0"]


def test_no_unit_has_failed():
    for host in HOSTS:
        assert docker("exec", host.container, "systemctl", "list-units", "--failed", "--no-legend") == ""


def test_a_host_with_another_key_is_refused(tmp_path):
    edge, web1 = named("edge"), named("web1")
    wrong = paths.KNOWN_HOSTS.read_text().replace(f":{edge.ssh_port} ", ":0 ")
    wrong = wrong.replace(f":{web1.ssh_port} ", f":{edge.ssh_port} ")
    (tmp_path / "known_hosts").write_text(wrong)
    command = [part.replace(str(paths.KNOWN_HOSTS), str(tmp_path / "known_hosts")) for part in keys.ssh(edge, "true")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 255
    assert "Host key verification failed" in done.stderr
    subprocess.run(keys.ssh(edge, "true"), check=True, timeout=20)


def test_everything_is_published_on_loopback_only():
    for host in HOSTS:
        published = json.loads(docker("inspect", "--format", "{{json .HostConfig.PortBindings}}", host.container))
        assert published
        assert {port["HostIp"] for ports in published.values() for port in ports} == {LOOPBACK}


def test_postgresql_answers_with_the_password_only():
    good = from_web1(PING_POSTGRESQL, passwords.read("DB_PASSWORD"))
    assert (good.returncode, good.stdout.strip()) == (0, "sanvi"), good.stdout + good.stderr
    # 28P01: invalid_password
    bad = from_web1(PING_POSTGRESQL, "wrong")
    assert (bad.returncode, bad.stdout.strip()) == (1, "28P01"), bad.stdout + bad.stderr


def test_redis_answers_with_the_password_only():
    good = from_web1(PING_REDIS, passwords.read("REDIS_PASSWORD"))
    assert (good.returncode, good.stdout.strip()) == (0, "PONG"), good.stdout + good.stderr
    bad = from_web1(PING_REDIS, "wrong")
    assert (bad.returncode, bad.stdout.strip()) == (1, "WRONGPASS"), bad.stdout + bad.stderr


def test_passwords_are_hostile_to_careless_quoting_and_readable_by_their_owner_only():
    for name in passwords.NAMES:
        assert set("$;'") <= set(passwords.read(name))
        assert stat.S_IMODE((paths.SECRETS / name).stat().st_mode) == 0o600


def test_every_container_is_labelled_so_that_down_finds_it():
    assert {container.name for container in containers.listed()} == {host.container for host in HOSTS}
