"""What is looked at, whatever runs the services: status, health, logs, history, variables, checks, verification."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest

from handrail.control.check import services
from handrail.control.connections import Connections
from handrail.control.inventory import read
from handrail.control.look import look
from handrail.model.level import Level

pytestmark = pytest.mark.lab


def test_status_health_and_history_tell_of_every_part(subject):
    release = subject.served()
    seen = json.loads(subject.fab("status", "--json").stdout)
    live = [row for row in seen["services"] if row["live"] and row["instance"] == 1]
    assert seen["release"] == release
    assert {row["host"] for row in live} == set(subject.service_hosts)
    assert all(row["running"] and row["healthy"] and row["runtime"] == subject.runtime for row in live)
    assert all(store["running"] for store in seen["datastores"])
    done = subject.fab("health", "--json")
    assert done.returncode == 0, done.stdout
    runs = json.loads(subject.fab("history", "--json").stdout)["runs"]
    assert any(run["verb"] == "deploy" and run["outcome"] == "done" for run in runs)


def test_logs_are_merged_and_searched_even_when_they_are_long_and_no_text(subject):
    before = subject.served()
    # Ten megabytes from each host; a tenth line has bytes that are no UTF-8.
    subject.run("deploy", release="1.12.0")
    times: list[str] = []

    def found() -> bool:
        done = subject.fab("logs", subject.first, "--since", "1d", "--grep", "line 9999[0-9] ", "--json")
        # journald that rotates its files at every moment can make journalctl give up, which is told, and not hidden.
        times[:] = [] if done.returncode else [json.loads(line)["at"] for line in done.stdout.splitlines()]
        return len(times) >= 10 * len(subject.service_hosts)

    # It serves before a busy journal has all that it printed.
    subject.eventually("the last lines are in the log", found)
    assert times == sorted(times)
    assert subject.fab("logs", "all", "--lines", "2").returncode == 0
    subject.run("rollback")
    assert subject.served() == before


def test_variables_are_checked_and_none_is_shown(subject):
    done = subject.fab("config", "--json")
    assert done.returncode == 0, done.stdout
    told = json.loads(done.stdout)
    assert {"PORT", "DATABASE_PASSWORD"} <= {one["variable"] for one in told["variables"]}
    assert not any("value" in one for one in told["variables"])


def test_logs_are_followed(subject):
    with subject.fab_lines("logs", subject.first, "--follow", "--lines", "1", "--json") as follower:
        try:
            assert json.loads(follower.stdout.readline())["what"] == subject.first
            # PostgreSQL has no such letter, which is an error that the service logs.
            wrong = urllib.request.Request(f"{subject.url}/api/items", data=b'{"name": "\\u0000"}', method="POST")  # noqa: S310  # loopback
            with pytest.raises(urllib.error.HTTPError):
                urllib.request.urlopen(wrong, timeout=10)  # noqa: S310  # likewise
            texts = (json.loads(line)["text"] for line in follower.stdout)
            assert any("POST /api/items: " in text for text in texts)
        finally:
            follower.terminate()


# What an answer of each check says; a question that got none says why instead.
ANSWERS = {
    "services": " on ", "health": "", "disk": " % in use", "memory": " % in use", "cpu": " % busy",
    "traffic": "requests", "errors": " error lines in 24 h", "connections": " connections (", "cache": "PONG",
    "backups": "none is configured",
}  # fmt: skip


def test_daily_check_gets_an_answer_to_every_question_and_ends_with_the_worst(subject):
    done = subject.fab("check", "daily", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == told["exit_code"] == {"OK": 0, "WARN": 1, "ALERT": 2}[told["level"]]
    stores = subject.status()["datastores"]
    caches = {"cache"} if any(store["datastore"] == "redis" for store in stores) else set()
    assert {one["check"] for one in told["findings"]} == set(ANSWERS) - {"cache"} | caches
    programs = [one for one in told["findings"] if one["check"] == "services"]
    # The disks, the processors and the load of this machine are not what is tried here.
    well = {"services", "health", "connections", "cache"}
    bad = [one for one in told["findings"] if one["level"] == "ALERT" and one["check"] in well]
    # Another test may have killed a program a few minutes ago.
    assert [one for one in bad if "started again" not in one["text"]] == []
    assert len(programs) >= len(stores) + len(subject.service_hosts)
    answered = [one for one in told["findings"] if one["what"] not in {store["datastore"] for store in stores}]
    assert [one for one in answered if ANSWERS[one["check"]] not in one["text"]] == []


def test_maintenance_page_holds_every_request_and_lets_them_in_again(subject):
    subject.run("hold", message="Back at 14:00")
    try:
        request = urllib.request.Request(f"{subject.url}/api/items", data=b"{}", method="POST")  # noqa: S310  # loopback
        with pytest.raises(urllib.error.HTTPError) as answer:
            urllib.request.urlopen(request, timeout=10)  # noqa: S310  # likewise
        assert answer.value.code == 503
        assert answer.value.headers["Retry-After"]
        assert answer.value.read() == b"Back at 14:00\n"
    finally:
        subject.run("resume")
    assert subject.served()


def test_everything_is_as_described(subject):
    done = subject.fab("verify")
    assert done.returncode == 0, done.stdout[-3000:]


def test_watch_of_a_healthy_system_goes_on_until_its_time_is_over(subject):
    done = subject.fab("watch", "--minutes", "0.02", "--every", "1s", "--json")
    *looks, end = [json.loads(line) for line in done.stdout.splitlines()]
    levels = {look["level"] for look in looks}
    # On a busy machine a health check may be slow.
    assert levels <= {"OK", "WARN"}, done.stdout
    assert (done.returncode, end["outcome"]) == (1 if "WARN" in levels else 0, "done")
    assert len(looks) >= 1


def test_watch_ends_with_the_reason_when_a_program_dies_and_is_started_again(subject):
    host = subject.service_hosts[0]
    # So seldom that the program is well again at the second look that sees it: its health alone tells nothing.
    with subject.fab_lines("watch", "--minutes", "5", "--every", "4s", "--json") as watch:
        assert json.loads(watch.stdout.readline())["level"] in {"OK", "WARN"}
        subject.kill(subject.status()["live_slot"], host)
        *_, end = [json.loads(line) for line in watch.stdout]
    assert watch.returncode == end["exit_code"] == 2
    assert end["outcome"] == "breach"
    assert f"{subject.first} on {host}: " in end["text"]
    assert "started again once since the watch began" in end["text"]
    subject.eventually("it is back", subject.is_good)
    here = read(subject.inventory)
    with Connections(here) as connections:
        found = list(services(look(here.load().environment, connections), connections, secrets={}))
    mine = next(one for one in found if (one.what, one.host) == (subject.first, host))
    assert mine.level is Level.ALERT
    assert "started again once by itself" in mine.text
