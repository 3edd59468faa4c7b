"""Runs tell their channels how they ended, from whatever entry point, and also when their controller was killed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from handrail.journal.store import Store
from tests import receivers, started
from tests.deploys import fleet
from tests.notified import notify_part
from tests.office import RULES

BYTES = b"not a real archive; fake hosts do not unpack it"
ALL = {"run.done": ["ops"], "run.failed": ["ops"], "emergency": ["ops"]}
FREE = {"approvals": {"Product Owner": None, "CTO": None}}


def pyinfra(folder, inventory, **data):
    words = [word for name, value in data.items() for word in ("--data", f"{name}={json.dumps(value)}")]
    given = ["--data", f"inventory_folder={folder}", "--data", 'release="1.1.0"']
    return [sys.executable, "-m", "pyinfra", "-y", str(inventory), "deploys/deploy.py", *given, *words]


def fab(inventory, *options):
    program = str(Path(sys.executable).with_name("fab"))
    return [program, "deploy", "1.1.0", "--yes", "--json", "--inventory", str(inventory), *options]


@pytest.fixture
def shop(tmp_path):
    """Describe a system whose channel has a URL, and give its inventory and what its runs find around them."""
    (tmp_path / "app.tar.gz").write_bytes(BYTES)
    secrets = dict.fromkeys(["SANVI_DB_PASSWORD", "SANVI_REDIS_PASSWORD"], "hunter2-hunter2")
    around = os.environ | secrets | fleet.journal(tmp_path)

    def make(*urls, failing=None, changes=None):
        release = {"artifact": "app.tar.gz", "sha256": hashlib.sha256(BYTES).hexdigest()}
        told = notify_part(tmp_path, ALL, ops=list(urls))
        fleet.describe(tmp_path, {"release": release, "changes": changes, **told})
        shutil.copy("inventories/approvers.yaml", tmp_path)
        return fleet.write(tmp_path, failing=failing or {}), around

    return make


def play(line, around):
    return started.run(line, env=around, timeout=120)


def test_a_run_by_pyinfra_is_told_once(shop, tmp_path):
    with receivers.http() as server:
        inventory, around = shop(server.url)
        done = play(pyinfra(tmp_path, inventory), around)
        server.wait_for(1)
    assert done.returncode == 0, done.stdout + done.stderr
    (told,) = server.got
    assert told["title"].startswith("sanvi prod: deploy 1.0.0 -> 1.1.0 done")
    assert told["type"] == "info"


def test_a_run_by_fab_that_fails_is_told_and_says_so(shop):
    with receivers.http() as server:
        inventory, around = shop(server.url, failing={"web2": "# SLOT NAME START"})
        done = play(fab(inventory), around)
        server.wait_for(1)
    assert done.returncode == 1, done.stdout + done.stderr
    (told,) = server.got
    assert told["title"].startswith("FAILED on sanvi prod: deploy")
    assert "nothing that is served has changed" in told["message"]
    end = json.loads(done.stdout)
    (sent,) = end["told"]
    # On a slow machine it may still be under way when the run ends.
    assert (sent["channel"], sent["state"] in {"sent", "under way"}) == ("ops", True)


def test_a_channel_that_is_down_is_reported_and_changes_no_exit_code(shop, tmp_path):
    inventory, around = shop(receivers.nobody())
    done = play(fab(inventory), around)
    assert done.returncode == 0, done.stdout + done.stderr
    end = json.loads(done.stdout)
    assert "NOT TOLD: ops (OPS_1) " in end["text"]
    # On a slow machine it may still be tried when the run ends.
    assert (end["exit_code"], end["told"][0]["state"] in {"failed", "under way"}) == (0, True)
    seen = [done.stdout, done.stderr, *(file.read_text() for file in Path(".handrail/log").glob("*-deploy.log"))]
    with Store(around["HANDRAIL_STORE"]) as store:
        seen += [str(record.json()) for record in store.stream()]
    assert receivers.SECRET not in "".join(seen)
    assert receivers.PASSWORD not in "".join(seen)


def test_an_emergency_is_told_beside_its_command_and_both_are_in_the_record(shop, tmp_path):
    rules = RULES | {"normal": FREE, "emergency": {**FREE, "announce": ["sh", "-c", f"cat > {tmp_path}/told"]}}
    with receivers.http() as server:
        inventory, around = shop(server.url, changes=rules)
        done = play(pyinfra(tmp_path, inventory, emergency="yes", reason="orders are lost"), around)
        server.wait_for(2)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {each["title"].partition(":")[0] for each in server.got} == {"EMERGENCY", "sanvi prod"}
    assert json.loads((tmp_path / "told").read_text())["event"] == "emergency"
    with Store(around["HANDRAIL_STORE"]) as store:
        (steps,) = [record.content["steps"] for record in store.stream() if record.kind == "run"]
    announced = [step["words"] for step in steps if step["step"] == "announce"]
    assert announced[0] == "told"
    # On a slow machine it may not be there yet when the record is written.
    assert announced[1].split(":")[0] in {"ops (OPS_1) sent", "ops (OPS_1) under way"}


def test_a_controller_that_is_killed_is_told_as_lost(shop, tmp_path):
    with receivers.http() as server:
        inventory, around = shop(server.url)
        line = [*pyinfra(tmp_path, inventory), "--data", "fake_delay=2"]
        process = subprocess.Popen(line, env=around, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for text in process.stdout:
            if "Stage the release" in text:
                break
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        server.wait_for(1)
    (told,) = server.got
    assert told["title"].endswith("unknown")
    assert "the controller was lost; what is unconfirmed goes back by itself" in told["message"]
