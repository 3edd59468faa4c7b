"""A service under PM2, an instance of it in each slot, and PM2 itself."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from handrail.model.service import Health, Ports, Service
from handrail.model.slot import Slot
from handrail.runtimes.pm2 import _text
from handrail.runtimes.protocol import Instance
from tests.unit.pm2.stand_in import FAKE_PM2, put


@pytest.fixture
def service():
    return Service(
        runtime="pm2",
        hosts="app",
        user="vendhub",
        directory="backend",
        command=("node", "dist/main.js", "two words", "$HOME"),
        memory="1G",
        ports=Ports(blue=3000, green=3010),
        health=Health(path="/health"),
        stop=timedelta(seconds=12),
    ).named("api")


@pytest.fixture
def blue(service):
    return Instance("vendhub", "/opt/vendhub", service, Slot.BLUE)


@pytest.fixture
def green(service):
    return Instance("vendhub", "/opt/vendhub", service, Slot.GREEN)


@pytest.fixture
def pm2(tmp_path):
    """Give a folder with a stand-in for PM2, found as npm installs it."""
    put(tmp_path, "lib/pm2/index.js", FAKE_PM2)
    put(tmp_path, "lib/pm2/bin/pm2", '#!/bin/sh\necho "pm2 $*" >>"$SAID"\n', 0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/pm2").symlink_to("../lib/pm2/bin/pm2")
    put(tmp_path, "pm2/sync.js", _text("pm2_sync.js"))
    for name in ("kept", "dead", "new", "gone"):
        put(tmp_path, f"pm2/{name}.json", json.dumps({"name": name}))
    (tmp_path / "pm2/enabled").mkdir()
    for name in ("kept", "dead", "new", "dangling"):
        (tmp_path / f"pm2/enabled/{name}.json").symlink_to(f"../{name}.json")
    put(tmp_path, "run/pm2.pid", "1")
    return tmp_path
