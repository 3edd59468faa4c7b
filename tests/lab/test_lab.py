"""The lab itself: each system's hosts come up, they are closed to the outside, and their checks are strict."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import time

import pytest

from lab import containers, keys, passwords, paths, pm2, status
from lab.docker import docker, shell
from lab.hosts import LABEL, LOOPBACK, SYSTEMS, everywhere, named, with_role
from lab.progress import say, wait_for
from tests.lab.lock import idle_meanwhile, only_test_on

pytestmark = pytest.mark.lab


@pytest.fixture(autouse=True)
def alone(request):
    """Nobody else uses the hosts that a test is about meanwhile."""
    asked = getattr(request.node, "callspec", None)
    with only_test_on(*(set(asked.params.values()) & set(SYSTEMS) if asked else SYSTEMS)):
        yield


PING_POSTGRESQL = """
const { Client } = require('pg');
const { host, name, password } = JSON.parse(require('fs').readFileSync(0));
const client = new Client({ host, user: name, database: name, password });
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


# Where the database is asked from, and where it is.
DATABASES = {"sanvi": ("web1", "db"), "vendhub": ("vendhub1", "vendhub1"), "inventory": ("inventory2", "inventorydb")}
CACHES = {"sanvi": ("web1", "db"), "vendhub": ("vendhub1", "vendhub1")}


def lab_up(system: str) -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "lab", "up", "--system", system], cwd=paths.ROOT, check=True, timeout=240)
    return time.monotonic() - began


def ids(hosts, what="{{.Id}} {{.State.StartedAt}}") -> set[str]:
    return {docker("inspect", "--format", what, host.container) for host in hosts}


def asked(script: str, password: str, *, system: str, where: tuple[str, str]) -> tuple[int, str]:
    """Run a script for Node on a host of the lab, as a service would; the password goes in on stdin."""
    origin, target = where
    command = keys.ssh(named(origin), f"node -e '{script.replace(chr(39), chr(34))}'")
    told = json.dumps({"host": named(target).address, "name": system, "password": password})
    done = subprocess.run(command, input=told, capture_output=True, text=True, timeout=20, check=False)
    return done.returncode, done.stdout.strip() or done.stderr


def inside(name: str, script: str) -> str:
    return shell(named(name).container, script)


@pytest.fixture(scope="module", params=SYSTEMS)
def system(request) -> str:
    """Each system in turn, up."""
    lab_up(request.param)
    return request.param


@pytest.fixture(scope="module", params=["marketplace"])
def market1(request) -> str:
    lab_up(request.param)
    return "market1"


def test_up_leaves_running_hosts_alone(system):
    before = ids(SYSTEMS[system])
    seconds = lab_up(system)
    assert ids(SYSTEMS[system]) == before
    say(f"{system} up again: {seconds:.1f} s")


def test_every_host_answers_and_memory_is_small(system):
    memory = {host.name: status.memory_mb(host) for host in SYSTEMS[system]}
    assert None not in memory.values()
    say(f"memory: {memory}, {sum(memory.values())} MB in all")


def test_every_host_is_itself(system):
    for host in SYSTEMS[system]:
        done = subprocess.run(keys.ssh(host, "hostname; sudo id -u"), capture_output=True, text=True, check=True)
        assert done.stdout.split() == [host.name, "0"]


def test_no_unit_has_failed(system):
    for host in SYSTEMS[system]:
        assert docker("exec", host.container, "systemctl", "list-units", "--failed", "--no-legend") == ""


@pytest.mark.parametrize("system", ["sanvi"], indirect=True)
@pytest.mark.usefixtures("system")
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


def test_everything_is_published_on_loopback_only(system):
    for host in SYSTEMS[system]:
        published = json.loads(docker("inspect", "--format", "{{json .HostConfig.PortBindings}}", host.container))
        assert published
        assert {port["HostIp"] for ports in published.values() for port in ports} == {LOOPBACK}


@pytest.mark.parametrize("name", DATABASES)
def test_postgresql_answers_with_the_password_only(name):
    lab_up(name)
    good = asked(PING_POSTGRESQL, passwords.read("DB_PASSWORD"), system=name, where=DATABASES[name])
    # 28P01: invalid_password
    bad = asked(PING_POSTGRESQL, "wrong", system=name, where=DATABASES[name])
    assert (good, bad) == ((0, name), (1, "28P01"))


@pytest.mark.parametrize("name", CACHES)
def test_redis_answers_with_the_password_only(name):
    lab_up(name)
    good = asked(PING_REDIS, passwords.read("REDIS_PASSWORD"), system=name, where=CACHES[name])
    bad = asked(PING_REDIS, "wrong", system=name, where=CACHES[name])
    assert (good, bad) == ((0, "PONG"), (1, "WRONGPASS"))


def test_passwords_are_hostile_to_careless_quoting_and_readable_by_their_owner_only(system):
    for name in passwords.NAMES:
        assert all(each in passwords.read(name) for each in passwords.BREAKING)
        assert stat.S_IMODE((paths.SECRETS / name).stat().st_mode) == 0o600


def test_every_container_and_volume_is_labelled_so_that_down_finds_it(system):
    hosts = SYSTEMS[system]
    listed = {container.name for container in containers.listed()}
    assert {host.container for host in hosts} <= listed <= {host.container for host in everywhere()}
    volumes = docker("volume", "ls", "-q", "--filter", f"label={LABEL}").split()
    assert {f"{host.container}-docker" for host in with_role("docker", system)} <= set(volumes)


@pytest.mark.parametrize("system", ["vendhub"], indirect=True)
@pytest.mark.usefixtures("system")
def test_every_user_of_a_host_with_pm2_can_run_it():
    assert inside("vendhub1", "runuser -u nobody -- env PM2_HOME=/tmp/pm2 pm2 --version").split()[-1] == pm2.VERSION


def test_a_container_above_its_memory_is_killed_and_its_engine_knows_why(market1):
    eat = "const eaten = []; for (;;) eaten.push(Buffer.alloc(8 << 20, 1))"
    inside(market1, f"docker run --name eater --memory 64m node:18-slim node -e '{eat}' || :")
    killed = inside(
        market1, "docker inspect --format '{{.State.OOMKilled}} {{.State.ExitCode}}' eater; docker rm eater"
    )
    assert killed.split() == ["true", "137", "eater"]


def test_a_container_is_back_after_a_reboot_of_its_host(market1):
    inside(
        market1,
        "docker run --detach --restart=unless-stopped --stop-signal=KILL --name lasting node:18-slim sleep infinity",
    )
    began = inside(market1, "docker inspect --format '{{.State.StartedAt}}' lasting")
    docker("restart", "--time=5", named(market1).container)

    def is_back() -> bool:
        seen = inside(market1, "docker inspect --format '{{.State.Running}} {{.State.StartedAt}}' lasting || :").split()
        return seen[:1] == ["true"] and seen[1] != began

    wait_for("the container", is_back, deadline_seconds=30)
    inside(market1, "docker rm --force lasting")
    lab_up("marketplace")


def test_the_datastores_of_a_compose_file_take_their_passwords_and_stop_at_once(market1):
    words = {"POSTGRES_PASSWORD": passwords.read("DB_PASSWORD"), "REDIS_PASSWORD": passwords.read("REDIS_PASSWORD")}
    given = "".join(f"export {name}=$(cat <<'WORD'\n{word}\nWORD\n)\n" for name, word in words.items())
    file = (paths.ROOT / "inventories/marketplace/docker-compose.production.yml").read_text()
    compose = "docker-compose --project-name trial --file /tmp/trial.yml"
    said = inside(
        market1,
        f"{given}cat >/tmp/trial.yml <<'FILE'\n{file}FILE\n"
        f"trap '{compose} down --volumes 2>/dev/null' EXIT\n"
        f"{compose} up --detach postgres redis 2>/dev/null\n"
        'ask() { docker run --rm --network trial_default -e PGPASSWORD="$1" postgres:15 '
        "psql -h postgres -U marketplace -d equipment_marketplace -Atc 'SELECT current_user' 2>&1; }\n"
        'timeout 20 sh -c "until docker exec trial_postgres_1 pg_isready -qh 127.0.0.1; do sleep 0.1; done"\n'
        'ask "$POSTGRES_PASSWORD"\nask wrong || :\n'
        "docker exec trial_redis_1 redis-cli ping\ndocker exec -e REDISCLI_AUTH= trial_redis_1 redis-cli ping\n"
        f"{compose} stop 2>/dev/null\n"
        "docker inspect --format '{{.State.ExitCode}}' trial_postgres_1 trial_redis_1\n",
    ).splitlines()
    assert (said[0], said[2:4]) == ("marketplace", ["PONG", "NOAUTH Authentication required."]), said
    assert "password authentication failed" in said[1]
    assert said[-2:] == ["0", "0"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_bringing_up_one_system_leaves_the_others_alone(system):
    there = {container.name for container in containers.listed()}
    others = [host for host in everywhere() if host.system != system and host.container in there]
    with idle_meanwhile(*{host.system for host in others}) as idle:
        untouched = [host for host in others if host.system in idle]
        # Tests of the rest may start hosts again meanwhile, but nobody makes one anew.
        before = ids(others, "{{.Id}}"), ids(untouched)
        lab_up(system)
        assert (ids(others, "{{.Id}}"), ids(untouched)) == before
