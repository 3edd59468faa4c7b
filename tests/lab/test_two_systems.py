"""Two systems on one host: each has its own releases, slots, lease and names."""

from __future__ import annotations

import os
import shutil
import urllib.request
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.lab.conformance.subject import named_subject
from tests.lab.controller import ROOT, Controller
from tests.lab.lock import only_test_on

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.lab

OTHER = "kiosk"


@pytest.fixture
def both(tmp_path):
    """An inventory of VendHub's host with a second system, which is VendHub under another name and on other ports."""
    with only_test_on("vendhub"):
        vendhub = named_subject("pm2")
        yield with_second_system(tmp_path)
        vendhub.sh("vendhub1", f"systemctl disable --quiet --now {OTHER}-pm2.service || :")


def with_second_system(tmp_path):
    folder = tmp_path / "inventories"
    shutil.copytree(ROOT / "inventories", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / ".handrail").symlink_to(ROOT / ".handrail")
    described = yaml.safe_load((folder / "vendhub.yaml").read_text())
    described["system"] = OTHER
    api = described["services"]["api"]
    api.update(ports={"blue": 4000, "green": 4010}, user=OTHER)
    described["environments"]["lab"]["edge"] = {"server_names": ["kiosk.example.com"]}
    (folder / f"{OTHER}.yaml").write_text(yaml.safe_dump(described, sort_keys=False))
    data = folder / "vendhub" / "group_data" / "all.py"
    data.write_text(data.read_text().replace('("vendhub.yaml",)', f'("vendhub.yaml", "{OTHER}.yaml")'))
    return folder / "vendhub" / "lab.py"


def served(name):
    request = urllib.request.Request("http://127.0.0.1:8081/api/version", headers={"Host": name})
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310  # loopback
        return response.headers["X-Release"]


def run(inventory: Path, verb: str, system: str, **data: str) -> Controller:
    controller = Controller(verb, inventory=inventory, system=system, **data)
    assert controller.wait() == 0, f"{controller.end}\n{controller.output()}"
    return controller


def test_systems_on_one_host_do_not_touch_each_other(both):
    vendhub = named_subject("pm2")
    before = vendhub.served()
    run(both, "deploy", OTHER, release="1.0.0")
    run(both, "deploy", OTHER, release="1.1.0")
    assert (served("kiosk.example.com"), vendhub.served()) == ("1.1.0", before)
    run(both, "rollback", OTHER)
    assert (served("kiosk.example.com"), vendhub.served()) == ("1.0.0", before)
    run(both, "deploy", "vendhub", release=vendhub.other())
    assert served("kiosk.example.com") == "1.0.0"
    run(both, "shutdown", OTHER)
    assert vendhub.served()


def test_which_system_is_asked_where_there_are_two(both):
    refused = Controller("restart", inventory=both)
    assert refused.process.wait(timeout=60) != 0
    assert "which system?" in refused.output()
    assert os.environ.get("HANDRAIL_SYSTEM") is None
