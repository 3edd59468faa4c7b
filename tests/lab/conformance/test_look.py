"""What is looked at, whatever runs the services: status, health, logs, history, variables, checks, verification."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest

pytestmark = pytest.mark.lab


def test_status_health_and_history_tell_of_every_part(subject):
    release = subject.served()
    seen = subject.status()
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
    # Ten megabytes, every tenth line with bytes that are no UTF-8.
    subject.run("deploy", release="1.12.0")
    done = subject.fab("logs", subject.first, "--since", "1d", "--grep", "line 9999[0-9] ", "--json")
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(entries) >= 10 * len(subject.service_hosts), done.stderr
    assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)
    assert subject.fab("logs", "all", "--lines", "2").returncode == 0
    subject.run("rollback")
    assert subject.served() == before


def test_variables_are_checked_and_none_is_shown(subject):
    done = subject.fab("config", "--json")
    assert done.returncode == 0, done.stdout
    told = json.loads(done.stdout)
    assert {"PORT", "DATABASE_PASSWORD"} <= {one["variable"] for one in told["variables"]}
    assert not any("value" in one for one in told["variables"])


def test_daily_check_ends_with_the_worst_that_it_found(subject):
    done = subject.fab("check", "daily", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == told["exit_code"] == {"OK": 0, "WARN": 1, "ALERT": 2}[told["level"]]
    failed = [one for one in told["findings"] if one["level"] == "ALERT" and one["check"] in {"services", "health"}]
    assert failed == []


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
