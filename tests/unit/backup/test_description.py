"""What a description may say of dumps, what a plan makes of it, and what each host is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from handrail.errors import BadInput, SystemInvalid
from handrail.hosts.intent import intent_of
from handrail.hosts.inventory import Loaded
from handrail.model import document, rollout
from handrail.model.clearance import Clearance, Kind
from handrail.model.decide import decide
from handrail.model.environment import Environment, Host
from handrail.model.fleet import Do, Fleet, Outcome
from handrail.model.guard import must_end_dump
from handrail.model.host_state import HostState
from handrail.model.intent import Intent, Verb
from handrail.model.roles import roles_of
from handrail.model.slot import Slot
from handrail.model.version import Release
from handrail.orchestration.commands import commands
from handrail.orchestration.run import Run

TEXT = Path("inventories/sanvi.yaml").read_text()
ENTRY = "  database: {hosts: db, path: /var/backups/sanvi/*.dump, datastore: postgresql, deadline: 1h}\n"
OLD, NEW = Release("1.0.0", "0" * 64), Release("1.1.0", "0" * 64)
HOSTS = {
    "web": (Host("web1", "10.0.0.1"),), "db": (Host("db1", "10.0.0.2"),), "edge": (Host("edge1", "10.0.0.3"),),
}  # fmt: skip


def system(entry=ENTRY, *, backup="false"):
    assert ENTRY in TEXT
    text = TEXT.replace(ENTRY, entry).replace("  backup: false\n", f"  backup: {backup}\n")
    return document.parse(text, source="sanvi.yaml", environment="prod")


def environment(**how):
    return Environment("prod", system(**how), HOSTS)


@pytest.mark.parametrize(
    ("entry", "key", "allowed"),
    [
        ("{hosts: db, path: /var/backups/x/*.dump, datastore: mysql}", "datastore", "kind postgresql: postgresql"),
        ("{hosts: db, path: /var/backups/x/*.dump, datastore: redis}", "datastore", "kind postgresql: postgresql"),
        ("{hosts: web, path: /var/backups/x/*.dump, datastore: postgresql}", "hosts", "db, as of postgresql"),
        ("{hosts: db, path: /var/backups/x/*.sql, datastore: postgresql}", "path", "sanvi-20260131T221500Z.dump"),
        ("{hosts: db, path: /var/backups/x/shop-*.dump, datastore: postgresql}", "path", "sanvi-20260131T221500Z.dump"),
        ("{hosts: db, path: /var/backups/x/sanvi-*, datastore: postgresql}", "path", "sanvi-20260131T221500Z.dump"),
        ("{hosts: db, path: /var/*/x/*.dump, datastore: postgresql}", "path", "in the last part alone"),
        ("{hosts: db, path: /etc/x/*.dump, datastore: postgresql}", "path", "no directory of the operating system"),
        ("{hosts: db, path: /var/backups/*.dump, deadline: 2h}", "deadline", "no deadline without datastore"),
    ],
)
def test_dumps_that_nobody_would_find_are_refused(entry, key, allowed):
    with pytest.raises(SystemInvalid) as caught:
        system(f"  database: {entry}\n")
    (problem,) = caught.value.problems
    assert problem.key == f"backups.database.{key}"
    assert allowed in problem.allowed


def test_a_database_has_one_entry_and_a_deploy_that_asks_for_dumps_needs_it():
    with pytest.raises(SystemInvalid, match=r"backups\.twice\.datastore: found 'postgresql'; allowed: one entry"):
        system(f"{ENTRY}{ENTRY.replace('database', 'twice')}")
    bare = "  database: {hosts: db, path: /var/backups/sanvi/*.dump}\n"
    with pytest.raises(SystemInvalid, match=r"release\.backup: found true; allowed: an entry under backups"):
        system(bare, backup="true")
    assert system(backup="true").release.backup


def test_a_backup_without_an_entry_for_it_names_the_lines_to_add():
    bare = environment(entry="  database: {hosts: db, path: /var/backups/sanvi/*.dump}\n")
    with pytest.raises(BadInput) as caught:
        intent_of("backup", {}, Loaded(bare, Path("inventories")))
    line = "  postgresql: {hosts: db, path: /var/backups/sanvi/*.dump, datastore: postgresql}"
    assert f"backups:\n{line}" in caught.value.next_step
    assert (
        system(f"{ENTRY.split(', datastore', maxsplit=1)[0]}}}\n{line}\n").backups["postgresql"].datastore
        == "postgresql"
    )
    assert intent_of("backup", {}, Loaded(environment(), Path("inventories"))).verb is Verb.BACKUP


def planned(verb, release=None, *, backup="true", **web):
    found = environment(backup=backup)
    roles = roles_of(found)
    served = frozenset((name, Slot.BLUE) for name in found.system.services)
    at_rest = HostState(slots={Slot.BLUE: OLD.id}, good=(OLD.id,), healthy=served)
    states = dict.fromkeys(roles.hosts, HostState()) | {"web1": replace(at_rest, **web)}
    return Fleet(roles, states=states, plan=decide(Intent(verb, release), states, roles))


def backed_up(fleet):
    step = next(step for step in rollout.DEPLOY if step.do is Do.BACK_UP)
    return [host for host in fleet.roles.hosts if step.runs_on(host, fleet)]


def test_a_deploy_dumps_before_a_release_that_is_new_here_and_only_then():
    assert backed_up(planned(Verb.DEPLOY, NEW)) == ["db1"]
    assert backed_up(planned(Verb.DEPLOY, NEW, backup="false")) == []
    assert backed_up(planned(Verb.DEPLOY, NEW, good=(NEW.id, OLD.id))) == []
    assert backed_up(planned(Verb.RESTART)) == []
    assert backed_up(planned(Verb.ROLLBACK, good=(NEW.id, OLD.id))) == []
    # One that a dead run left in the idle slot may not have migrated yet.
    there = frozenset((name, slot) for name in system().services for slot in Slot)
    left = {Slot.BLUE: OLD.id, Slot.GREEN: NEW.id}
    assert backed_up(planned(Verb.DEPLOY, NEW, slots=left, healthy=there)) == ["db1"]


def test_a_dump_that_nobody_heard_of_is_ended_and_no_other():
    fleet = planned(Verb.BACKUP)
    for outcome, wanted in ((Outcome.OK, False), (Outcome.FAILED, False), (Outcome.UNKNOWN, True)):
        fleet.record(Do.BACK_UP, "db1", outcome)
        assert must_end_dump(fleet) is wanted
    fleet.record(Do.BACK_UP, "db1", Outcome.INTERRUPTED)
    assert must_end_dump(fleet)
    fleet.record(Do.LEASE, "db1", Outcome.REFUSED, part=3)
    assert not must_end_dump(fleet)


def test_a_backup_is_taken_whatever_the_tools_and_runtimes_of_other_hosts():
    fleet = planned(Verb.BACKUP, missing_tools=("curl",), unusable=("pm2: no such file",))
    assert fleet.plan.change == "every database is dumped"
    assert fleet.plan.live_release == OLD.id


def test_a_host_is_told_of_each_database_and_of_no_password(monkeypatch):
    monkeypatch.setenv("SANVI_DB_PASSWORD", "hunter2-hunter2")
    monkeypatch.setenv("SANVI_REDIS_PASSWORD", "x")
    run = Run(
        environment(),
        Intent(Verb.BACKUP),
        Path("inventories"),
        Path("cache"),
        clearance=Clearance(Kind.FREE, {}, ""),
        holder="ann",
    )
    run.fleet.plan = planned(Verb.BACKUP).plan
    take, end = (step for step in rollout.BACKUP if step.do is Do.BACK_UP)
    (command,) = commands(run, take, "db1")
    assert command.scripts == ("fenced", "dump", "backup_take")
    assert command.arguments[4:] == (
        "sanvi", "sanvi", "5432", '"$@"', "/var/backups/sanvi", "3600", "postgresql", "sanvi", "prod", OLD.id
    )  # fmt: skip
    assert (command.stdin, command.seconds) == ("hunter2-hunter2\n", 3660)
    assert "hunter2" not in " ".join(command.argv) + str(command) + repr(command)
    (command,) = commands(run, end, "db1")
    assert command.scripts == ("fenced", "dump", "backup_end")
    assert list(commands(run, take, "web1")) == []
