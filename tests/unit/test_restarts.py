"""Programs that were started again by themselves: seen by a watch, with their age and the reason."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from handrail.control.inventory import read
from handrail.control.restarts import risen
from handrail.hosts.restarts import ask_restarts, read_restarts
from handrail.hosts.script import Reply
from handrail.hosts.survey import instances_on
from handrail.model.breach import Record
from handrail.model.fleet import Outcome
from handrail.model.level import Level
from handrail.model.restarts import Restarted, Restarts
from handrail.model.slot import Slot
from handrail.secrets import MASK, Secret
from tests.unit.host_folder import Host
from tests.unit.test_check import RUNS, Answers, seen


@pytest.fixture
def environment():
    return read(Path("inventories/prod.py")).load().environment


DIED = Answers("age backend 1234", "said backend Error: connect ECONNREFUSED 10.0.0.7:5432")


def looked(environment, restarts, count, answers=DIED, slot=Slot.GREEN, **secrets):
    """Look at a backend that was started again so often."""
    look = seen(environment, units={("backend", slot, 1): replace(RUNS, restarts=count)})
    return list(risen(look, answers, restarts, secrets=secrets))


def test_a_service_that_dies_and_is_started_again_is_an_alert_with_its_reason(environment):
    restarts, record, web = Restarts(), Record(), environment.groups["web"]
    assert looked(environment, restarts, 500) == []
    found = looked(environment, restarts, 502)
    assert {(one.level, one.what) for one in found} == {(Level.ALERT, "backend")}
    assert [one.host for one in found] == [host.name for host in web]
    assert found[0].text == (
        "on green, started again 2 times since the watch began, the last time 12s ago: "
        "a database or another service cannot be reached: 10.0.0.7:5432"
    )
    assert record.take(found, at=None) == ()
    assert record.take(looked(environment, restarts, 502), at=None)


def test_nobody_is_asked_as_long_as_nothing_was_started_again(environment):
    restarts, answers = Restarts(), Answers()
    looked(environment, restarts, 500, answers)
    looked(environment, restarts, 500, answers)
    assert answers.asked == []


def test_whoever_starts_a_service_anew_has_its_count_begin_anew(environment):
    restarts = Restarts()
    looked(environment, restarts, 500)
    assert looked(environment, restarts, 0) == []
    assert "once since" in looked(environment, restarts, 1)[0].text


def test_what_is_idle_may_die(environment):
    restarts = Restarts()
    looked(environment, restarts, 0, slot=Slot.BLUE)
    assert looked(environment, restarts, 3, slot=Slot.BLUE) == []


def test_a_reason_is_shown_without_secrets(environment):
    restarts = Restarts()
    looked(environment, restarts, 0)
    found = looked(environment, restarts, 1, KEY=Secret("10.0.0.7"))
    assert f"reached: {MASK}:5432" in found[0].text


def test_a_program_that_does_not_run_has_no_age():
    assert Restarted(None, "").words(1, "by itself") == "started again once by itself"


def test_a_host_tells_the_age_of_a_program_and_what_it_logged(tmp_path, environment, monkeypatch):
    instances = instances_on(environment.system, [environment.system.services["backend"]])[:1]
    with subprocess.Popen(["sleep", "60"]) as process:
        try:
            for runtime, reads in (("pid", f"echo {process.pid}"), ("log", "echo KeyError: \"'STORAGE_BUCKET'\"")):
                monkeypatch.setattr(f"handrail.runtimes.systemd.Systemd.{runtime}", _reads(reads))
            command = ask_restarts(instances)
            reply = Host(tmp_path).run("restarts", arguments=command.arguments[2:])
        finally:
            process.kill()
    told = read_restarts(reply, instances)["backend", Slot.BLUE, 1]
    assert told.why == "a variable is missing: STORAGE_BUCKET"
    assert timedelta() <= told.age < timedelta(seconds=20)


def test_a_host_that_does_not_answer_tells_nothing(environment):
    instances = instances_on(environment.system, [environment.system.services["backend"]])[:1]
    assert read_restarts(Reply(Outcome.UNKNOWN, "cannot be reached", ()), instances) == {}


def _reads(line):
    return lambda *_, **__: ("sh", "-c", line)


def test_what_a_program_logs_is_not_taken_for_its_age(tmp_path, environment):
    one = next(each for each in instances_on(environment.system, [environment.system.services["backend"]]))
    log = f"printf 'age {one.name} 999999\\nresult ok\\nlog end\\nError: STORAGE_BUCKET is not set\\n'"
    reply = Host(tmp_path).run("restarts", arguments=(one.name, "echo 0", log))
    (found,) = read_restarts(reply, [one]).values()
    assert (found.age, "STORAGE_BUCKET" in found.why) == (None, True)


def test_a_program_that_began_before_its_clock_is_young(environment):
    one = next(each for each in instances_on(environment.system, [environment.system.services["backend"]]))
    (found,) = read_restarts(Reply(Outcome.OK, "", (f"age {one.name} -250",)), [one]).values()
    assert "0s ago" in found.words(2, "today")
