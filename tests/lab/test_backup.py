"""Dumps of databases that are in use, on a host and in a container: taken under load, restored, and given up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lab.load import Load
from tests.lab.conformance.subject import named_subject
from tests.lab.inventory import QUICK, inventory
from tests.lab.lock import only_test_on

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.lab

FOLDER = "/var/backups/handrail-test"
COUNT = "SELECT count(*) FROM items"
CONNECTED = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'handrail backup'"
LOCK = "BEGIN; LOCK TABLE items; SELECT pg_sleep(60)"
INSIDE = 'docker exec -i "$(docker ps -q --filter label=com.docker.compose.service=postgres)"'


class Database:
    """The database of a system, asked as its owner past handrail."""

    def __init__(self, runtime: str, folder: Path) -> None:
        self.subject = named_subject(runtime)
        host, store, self.name, self.inside = {
            "systemd": ("db", "postgresql", "sanvi", "runuser -u postgres --"),
            "compose": ("market1", "postgres", "equipment_marketplace", INSIDE),
        }[runtime]
        self.host, self.user = host, "postgres" if runtime == "systemd" else "marketplace"
        group = "db" if runtime == "systemd" else "app"
        backups = {"database": {"hosts": group, "path": f"{FOLDER}/*.dump", "datastore": store}}
        changes = {**QUICK, "backups": backups, "release": {"backup": True}}
        self.inventory = inventory(folder / "inventory", changes, system=self.subject.system)
        self.sh(f"rm -rf {FOLDER}")

    def sh(self, script: str) -> str:
        return self.subject.sh(self.host, f"cd /; {script}").strip()

    def sql(self, statement: str, database: str = "") -> str:
        return self.sh(f'{self.inside} psql -U {self.user} -XqAt -d {database or self.name} -c "{statement}"')

    def files(self) -> list[str]:
        return self.sh(f"ls -A {FOLDER} 2>/dev/null || :").split()


@pytest.fixture(params=["systemd", "compose"])
def database(request, tmp_path):
    with only_test_on("sanvi" if request.param == "systemd" else "marketplace"):
        made = Database(request.param, tmp_path)
        yield made
        made.sh(f"rm -rf {FOLDER}")


def test_a_dump_under_load_can_be_restored_and_one_that_is_stopped_leaves_nothing(database):
    subject = database.subject
    database.sql("INSERT INTO items (name) SELECT 'of the backup test' FROM generate_series(1, 20000)")
    try:
        with Load(subject.url, rate=100, connections=10) as running:
            taken = subject.run("backup", database.inventory)
        report = running.report()
        assert report.failed == 0, report.failures
        (event,) = taken.steps("back up", database.host)
        dump = event["words"].partition(": ")[0]
        assert database.sh(f"cd {FOLDER} && sha256sum -c *.sha256").endswith(": OK")
        told = json.loads(database.sh(f"cat {dump}.json"))
        assert (told["sha256"] in event["words"], told["release"].startswith(subject.served())) == (True, True)
        database.sh(f"{database.inside} createdb -U {database.user} scratch")
        database.sh(f"{database.inside} pg_restore -U {database.user} --exit-on-error -d scratch <{dump}")
        assert database.sql(COUNT, "scratch") == database.sql(COUNT)
        _stopped(database)
    finally:
        database.sql("DELETE FROM items WHERE name = 'of the backup test'")
        database.sh(f"{database.inside} dropdb -U {database.user} --if-exists scratch")


def _stopped(database):
    """Press Ctrl-C while a dump waits for a lock that somebody holds."""
    before = database.files()
    database.sh(f'{database.inside} psql -U {database.user} -Xq -d {database.name} -c "{LOCK}" >/dev/null 2>&1 &')
    run = database.subject.begin("backup", database.inventory)
    try:
        run.wait_for_begin("back up")
        database.subject.eventually("a dump is connected", lambda: database.sql(CONNECTED) == "1")
        run.interrupt()
        assert (run.wait(), run.end["text"]) == (1, "stopped by the operator")
    finally:
        database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'BEGIN; LOCK%'")
    assert "is ended" in run.steps("back up", database.host)[-1]["words"]
    assert (database.sql(CONNECTED), database.files()) == ("0", before)


@pytest.mark.parametrize("database", ["systemd"], indirect=True)
def test_a_deploy_that_asks_for_a_dump_does_not_migrate_without_one(database):
    subject, fresh = database.subject, database.subject.fresh()
    served = subject.served()
    database.sh(f"mkdir -m 777 {FOLDER}")
    refused = subject.begin("deploy", database.inventory, release=fresh)
    assert refused.wait() == 1
    assert "back up failed on db: others may write" in refused.end["text"]
    assert not refused.steps("migrate")
    assert subject.served() == served
    database.sh(f"chmod 700 {FOLDER}")
    deployed = subject.run("deploy", database.inventory, release=fresh)
    assert deployed.steps("back up")[0]["words"].startswith(f"{FOLDER}/sanvi-")
    assert subject.served() == fresh
