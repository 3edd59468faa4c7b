"""What a program prints on a host may hold a secret: nobody who listens to a run is told it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from handrail.journal.store import Store
from handrail.secrets import MASK
from tests.deploys import fleet

FAB = str(Path(sys.executable).with_name("fab"))
SUMMARY = Path(".github/summary.py").absolute()
SECRET = "zanzibar-0815-secret"
BYTES = b"not a real archive; fake hosts do not unpack it"


@pytest.fixture
def deploy(tmp_path):
    """A deploy whose program dies on one host and prints a password, by either entry point."""
    (tmp_path / "app.tar.gz").write_bytes(BYTES)
    release = {"artifact": "app.tar.gz", "sha256": hashlib.sha256(BYTES).hexdigest()}
    fleet.describe(tmp_path, {"release": release, "changes": None})
    words = f"cannot log in to postgres with {SECRET}"
    inventory = str(fleet.write(tmp_path, failing={"web2": "# SLOT NAME START"}, words=words))
    secrets = dict.fromkeys(["SANVI_DB_PASSWORD", "SANVI_REDIS_PASSWORD"], SECRET)
    environment = os.environ | secrets | fleet.journal(tmp_path) | {"COLUMNS": "500"}

    def run(*line):
        done = subprocess.run(
            [word.replace("INVENTORY", inventory) for word in line],
            env=environment, capture_output=True, text=True, check=False, timeout=100,
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert done.returncode == 1, said
        assert f"cannot log in to postgres with {MASK}" in said, said
        assert SECRET not in said
        return done.stdout

    yield run
    store = Store(environment["HANDRAIL_STORE"])
    assert not [record.seq for record in store.stream() if SECRET in (record.body or "")]
    store.close()


def test_the_terminal_is_told_no_secret(deploy, tmp_path):
    data = ["--data", 'release="1.1.0"', "--data", f"inventory_folder={tmp_path}"]
    deploy(sys.executable, "-m", "pyinfra", "-y", "INVENTORY", "deploys/deploy.py", *data)


def test_machines_and_the_summary_of_ci_are_told_no_secret(deploy, tmp_path):
    before = set(Path(".handrail/log").glob("*"))
    (tmp_path / "end.json").write_text(deploy(FAB, "deploy", "1.1.0", "--yes", "--json", "--inventory", "INVENTORY"))
    said = json.loads((tmp_path / "end.json").read_text())
    assert [event["log"] for event in said["events"] if MASK in event["log"]]
    assert MASK in said["text"]
    line = [sys.executable, str(SUMMARY), str(tmp_path / "end.json")]
    shown = subprocess.run(line, check=True, capture_output=True, text=True, timeout=10)
    assert SECRET not in shown.stdout + shown.stderr
    logs = set(Path(".handrail/log").glob("*")) - before
    assert logs
    assert not [path for path in logs if SECRET in path.read_text(errors="replace")]
