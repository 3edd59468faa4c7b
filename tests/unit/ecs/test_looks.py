"""`fab check`, `config` and `watch` as whole commands, against moto's server; and that no task is left out on ECS."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager

import pytest

from handrail.control import backup, certificate, disk, looks, updates, verbs
from handrail.control.host_heads import heads_on_hosts
from handrail.control.inventory import read
from handrail.ecs.join import cluster_of
from handrail.errors import BadInput
from handrail.hosts.intent import intent_of
from handrail.maintenance.plan import planned
from handrail.model.hosts_only import INSTEAD, TASKS
from handrail.model.intent import OF_TERRAFORM, ON_ECS, Verb
from tasks import ns
from tests.unit.ecs.amazon import described
from tests.unit.ecs.living import live, task, told

# What works on ECS as elsewhere, or has nothing to do with where a system runs.
WORKS = frozenset({
    "deploy", "rollback", "restart", "rehearse", "scale", "history", "startup", "shutdown", "maintenance-page",
    "certificate.deploy", "certificate.status", "status", "health", "schema", "check", "watch", "config", "capacity",
    "database.promote", "logs", "windows", "checklist", "metrics", "worker",
})  # fmt: skip
NOUNS = frozenset({"audit", "change", "infra", "maintenance", "notify", "schedule"})


@pytest.fixture
def inventory(tmp_path):
    return described(tmp_path, port=80)


def test_every_task_works_on_ecs_or_says_what_to_use_instead():
    left = {name for name in ns.task_names if name.partition(".")[0] not in NOUNS} - WORKS - set(INSTEAD)
    assert left == set()
    assert {TASKS.get(verb, verb) for verb in set(Verb) - ON_ECS - OF_TERRAFORM} <= set(INSTEAD)


@pytest.mark.parametrize("verb", sorted(set(Verb) - ON_ECS - OF_TERRAFORM))
def test_verbs_for_hosts_are_refused(inventory, verb):
    with pytest.raises(BadInput, match=rf"fab {TASKS.get(verb, verb)} is for hosts") as refused:
        intent_of(verb, {}, read(inventory).load())
    assert refused.value.next_step == INSTEAD[TASKS.get(verb, verb)]


def test_a_database_of_rds_is_not_shut_down(inventory):
    with pytest.raises(BadInput, match="shutdown --with-database"):
        intent_of("shutdown", {"with_database": "yes"}, read(inventory).load())


def test_a_cluster_keeps_no_heads_of_the_journal(inventory):
    with pytest.raises(BadInput, match=r"audit\.verify --inventory is for hosts"):
        heads_on_hosts(str(inventory))


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("verify", lambda where: verbs.run_verify(where, as_json=True)),
        ("disk", lambda where: disk.show_disk(where, as_json=True)),
        ("disk", lambda where: disk.free_disk(where, {}, as_json=True, yes=False)),
        ("backup.list", lambda where: backup.show_backups(where, verify=False, as_json=True)),
        (
            "certificate.renew",
            lambda where: certificate.renew_certificates(
                where, "", {}, force=False, as_json=True, yes=True, dry_run=False
            ),
        ),
        ("updates.report", lambda where: updates.show_updates(where, as_json=True)),
    ],
)
def test_tasks_for_hosts_are_refused_before_anybody_is_asked(inventory, capsys, name, asked):
    with pytest.raises(SystemExit) as ended:
        asked(str(inventory))
    told_ = json.loads(capsys.readouterr().out)
    assert (ended.value.code, told_["outcome"]) == (2, "BadInput")
    assert told_["text"].endswith(f"next: {INSTEAD[name]}")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("tasks: [{task: again, restart: true}]", "write `backup: false`; RDS backs up by itself"),
        ("backup: false\ntasks: [{task: clean, vacuum: true}]", "leave it out; RDS vacuums by itself"),
        ("backup: false\ntasks: [{task: packages, updates: all}]", "leave it out; ECR scans images"),
    ],
)
def test_a_window_with_a_step_for_hosts_is_refused_before_it_is_booked(inventory, tmp_path, words, said):
    file = tmp_path / "window.yaml"
    file.write_text(f"window: night\nsystem: shop\nlasts: 2h\nannounce: []\n{words}\n")
    with pytest.raises(BadInput, match="is for hosts, and aws is on ECS") as refused:
        planned(str(file), read(inventory), "")
    assert refused.value.next_step.startswith(said)


def test_a_window_with_steps_that_ecs_knows_is_planned(inventory, tmp_path):
    file = tmp_path / "window.yaml"
    file.write_text(
        "window: night\nsystem: shop\nlasts: 2h\nannounce: []\nbackup: false\ntasks: [{task: again, restart: true}]\n"
    )
    assert planned(str(file), read(inventory), "").window.window == "night"


def test_an_unknown_check_or_service_is_refused_before_aws_is_asked(inventory, capsys):
    for asked in (
        lambda: looks.show_check("discs", str(inventory), as_json=True),
        lambda: looks.show_config("apis", str(inventory), as_json=True),
    ):
        with pytest.raises(SystemExit) as ended:
            asked()
        assert ended.value.code == 2
        assert "did you mean" in capsys.readouterr().out


@contextmanager
def dying(service):
    """Have a task of a service end each second."""
    over = threading.Event()

    def end():
        while not over.wait(1):
            task(service, ended="OutOfMemoryError: Container killed")

    thread = threading.Thread(target=end)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_system_is_checked_watched_and_its_variables_compared(site):
    cluster = cluster_of(read(site.inventory).load().environment)
    live(cluster)
    told(cluster.place.listener)
    site.until("the tasks are there", lambda: cluster.look(exact=True).healthy)
    code, seen = site.fab("check", "daily")
    assert (code, seen["level"]) == (1, "WARN"), seen
    # The description names no most connections.
    assert [each["text"] for each in seen["findings"] if each["level"] != "OK"] == [
        "12 connections; aws.database.max_connections is not described; not judged"
    ]
    code, seen = site.fab("config")
    assert (code, seen["findings"]) == (0, [])
    assert {each["variable"] for each in seen["variables"]} == {
        "PORT",
        "RELEASE",
        "SLOT",
        "DB_HOST",
        "DATABASE_PASSWORD",
    }
    with dying("web"):
        code, end = site.fab("watch", "--minutes", "1", "--every", "1s")
    assert (code, end["outcome"]) == (2, "breach"), end
    assert "web on @ecs/shop: 2 of 2 tasks on blue" in end["text"]
    assert "out of memory" in end["text"]
    assert end["next_step"] == "fab rollback, if a change is the cause; fab logs web --since 10m"
    assert site.fab("verify")[0] == 2
