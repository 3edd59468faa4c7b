"""A system with a schedule, and a store of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from handrail.control.inventory import read

VENDHUB = Path("inventories/vendhub.yaml").read_text()
# Ports of this machine where nobody answers: the smallest system that a check finds nothing good about.
INVENTORY = """\
app = [("app1", {"ssh_hostname": "127.0.0.1", "ssh_port": 9, "ssh_user": "nobody", "address": "127.0.0.1"})]
"""
DATA = 'environment = "prod"\nsystems = ("vendhub.yaml",)\n'


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    """Nobody's journal and nobody's key."""
    url = f"sqlite:///{tmp_path}/store/journal.db"
    monkeypatch.setenv("HANDRAIL_STORE", url)
    monkeypatch.setenv("HANDRAIL_JOURNAL_KEY", str(tmp_path / "keys" / "journal.key"))
    for name in ("DB_PASSWORD", "REDIS_PASSWORD", "JWT_SECRET"):
        monkeypatch.setenv(f"VENDHUB_{name}", "very-secret-word")
    return url


@pytest.fixture
def described(tmp_path):
    """Write an inventory whose system has these tasks, and give its path."""

    def write(*tasks, zone="UTC"):
        bare = VENDHUB[: VENDHUB.index("# What is done when.")] + VENDHUB[VENDHUB.index("\nsecrets:\n") :]
        lines = "\n".join(f"    {task}" for task in tasks)
        folder = tmp_path / "inventories"
        (folder / "group_data").mkdir(parents=True, exist_ok=True)
        (folder / "vendhub.yaml").write_text(f"{bare}\nschedule:\n  time_zone: {zone}\n  tasks:\n{lines}\n")
        (folder / "prod.py").write_text(INVENTORY)
        (folder / "group_data" / "prod.py").write_text(DATA)
        return folder / "prod.py"

    return write


@pytest.fixture
def opened(described):
    """Give the inventory and what it loads, for these tasks."""

    def open_(*tasks, **more):
        here = read(described(*tasks, **more))
        return here, here.load()

    return open_
