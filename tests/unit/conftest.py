"""People with keys, and offices with rules of their own."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace

import pytest

from handrail.journal import recorder
from handrail.notify import herald
from handrail.signatures import good
from tests import started
from tests.gated import Gated
from tests.lab.inventory import inventory
from tests.office import RULES, make_keys


@pytest.fixture(autouse=True)
def nothing_verified_yet(monkeypatch):
    """Let no test live on what another has verified."""
    monkeypatch.setattr(good, "_keys", {})


@pytest.fixture(autouse=True)
def forked(monkeypatch):
    """Fork recorders and heralds: a start of Python takes most of a second, and they are what is tried."""
    forking = SimpleNamespace(**vars(subprocess) | {"Popen": started.popen})
    for module in (recorder, herald):
        monkeypatch.setattr(module, "subprocess", forking)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def office(tmp_path, keys, monkeypatch):
    """Make an office with these rules."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HANDRAIL_STORE", f"sqlite:///{tmp_path}/journal.db")
    monkeypatch.setenv("HANDRAIL_JOURNAL_KEY", str(tmp_path / "journal.key"))
    monkeypatch.setattr(recorder, "_mine", [])

    def make(**changes):
        return Gated(inventory(tmp_path / "office", {"changes": {**RULES, **changes}}), keys)

    yield make
    for each in recorder._mine:
        each.close()
        each.process.wait(timeout=10)
