"""An engine that is down: `make lab-down` wakes it where it would bring hosts of the lab back, and only there."""

from __future__ import annotations

import json

import pytest

from lab import engine
from lab.hosts import LABEL


@pytest.mark.parametrize(("labels", "answers", "sleeps"), [
    (dict([LABEL.split("=")]), False, True),
    (dict([LABEL.split("=")]), True, False),
    ({"handrail.system": "shop"}, False, False),
])  # fmt: skip
def test_an_engine_is_woken_for_hosts_of_the_lab_alone(tmp_path, monkeypatch, labels, answers, sleeps):
    (tmp_path / "0a1b").mkdir()
    (tmp_path / "0a1b/config.v2.json").write_text(json.dumps({"Config": {"Labels": labels}}, separators=(",", ":")))
    monkeypatch.setattr(engine, "KEPT", tmp_path)
    monkeypatch.setattr(engine.packages, "can_install", lambda: True)
    monkeypatch.setattr(engine, "answers", lambda: answers)
    assert engine.sleeps() is sleeps


def test_a_machine_without_an_engine_has_none_to_wake(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "KEPT", tmp_path / "nothing")
    assert not engine.sleeps()


@pytest.mark.parametrize("started_by_us", [True, False])
def test_hosts_get_their_part_of_the_processors_where_the_engine_is_the_labs_own(tmp_path, monkeypatch, started_by_us):
    pid, shares = tmp_path / "dockerd.pid", tmp_path / "cpu.shares"
    shares.write_text("1024\n")
    if started_by_us:
        pid.write_text("1")
    monkeypatch.setattr("lab.paths.ENGINE_PID", pid)
    monkeypatch.setattr("lab.engine.SHARES", shares)
    engine.favour_hosts()
    assert int(shares.read_text()) == (engine.SHARES_OF_HOSTS if started_by_us else 1024)
