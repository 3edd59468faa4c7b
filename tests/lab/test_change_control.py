"""A change of production from its request to its closing, under rules that no entry point can step around."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests import started
from tests.lab.controller import ROOT
from tests.lab.inventory import QUICK, inventory

pytestmark = pytest.mark.lab

FAB = str(Path(sys.executable).with_name("fab"))
# Windows as the operations guide has them. 1 December 2026 is a Tuesday; in Kolkata it is five and a half hours later.
RULES = {
    "time_zone": "Asia/Kolkata",
    "windows": ["Tue & Thu 22:00-02:00"],
    "freezes": [{"from": "2026-11-26", "to": "2026-11-26", "reason": "stock is counted"}],
    "normal": {"approvals": {"Product Owner": 1, "CTO": 1}},
    "emergency": {"approvals": {"CTO": 1}},
    "checklist": [],
}
SHUT = "2026-12-01 12:00:00"
OPEN = "2026-12-01 16:45:00"
FROZEN = "2026-11-26 16:45:00"
PEOPLE = {"operator": [], "product-owner": ["Product Owner"], "cto": ["CTO"], "stranger": None}


def key(folder, name):
    path = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path], check=True)
    return path


@dataclass
class Office:
    """People with keys, a system with rules, a journal, and a clock that can be set."""

    folder: Path
    inventory: Path
    faketime: str
    keys: dict[str, Path] = field(default_factory=dict)

    @property
    def environment(self):
        # A key of its own, too: the hosts have heads of other tests' journals.
        journal = {"HANDRAIL_STORE": f"sqlite:///{self.folder}/journal.db"}
        return os.environ | journal | {"HANDRAIL_JOURNAL_KEY": str(self.folder / "journal.key")}

    def at(self, time, *words, cwd=ROOT):
        """Run a command at a time of the operator's clock; the hosts keep theirs."""
        return self.run(time, words, cwd=cwd, env=self.environment)

    def away(self, time, *words, cwd):
        """Run a command as an auditor does, in another folder, who has neither the journal nor its key."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("HANDRAIL_")}
        return self.run(time, words, cwd=cwd, env=env)

    def run(self, time, words, *, cwd, env):
        ahead = datetime.fromisoformat(f"{time}Z") - datetime.now(UTC)
        clock = {"LD_PRELOAD": self.faketime, started.AHEAD: str(ahead.total_seconds())}
        return started.run(words, cwd=cwd, env=env | clock, timeout=200)

    def fab(self, time, task, *words, by=""):
        who = ["--key", str(self.keys[by])] if by else []
        return self.at(time, FAB, task, *words, *who, "--inventory", str(self.inventory))

    def change(self, time, task, *words, by):
        done = self.fab(time, f"change.{task}", *words, "--json", by=by)
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout)

    def deploy(self, time, *words, release="1.1.0"):
        return self.fab(time, "deploy", "--release", release, "--yes", *words)


@pytest.fixture(scope="module")
def faketime():
    """Give the library that sets the clock for one command."""
    assert shutil.which("faketime"), "there is no faketime: apt-get install faketime"
    line = ["faketime", "-m", "-f", "+0s", "printenv", "LD_PRELOAD"]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def office(fleet, tmp_path, faketime):
    """The lab under the rules of production."""
    made = Office(tmp_path, inventory(tmp_path / "rules", {**QUICK, "changes": RULES}), faketime)
    made.keys = {name: key(tmp_path, name) for name in PEOPLE}
    lines = ["people:"]
    for name, roles in PEOPLE.items():
        if roles is not None:
            public = made.keys[name].with_suffix(".pub").read_text().strip()
            lines += [f"  {name}:", f"    roles: {json.dumps(roles)}", f'    keys: ["{public}"]']
    (made.inventory.parent / "approvers.yaml").write_text("\n".join(lines) + "\n")
    return made


def refused(done, *words):
    assert done.returncode in {1, 3}, done.stdout + done.stderr
    said = done.stdout + done.stderr
    for word in words:
        assert word in said, said
    return said


def requested(office, time="2026-11-26 08:00:00", release="1.1.0", **options):
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    asked = office.change(
        time, "request", "--verb", "deploy", "--release", release, "--reason", "new price list",
        "--risk", "low", "--impact", "none", *words, by="operator",
    )  # fmt: skip
    return asked["change"]


def test_a_normal_change_from_its_request_to_its_closing(office, fleet, load, tmp_path):
    before = fleet.snapshot()
    early = "2026-11-26 07:00:00"
    refused(office.deploy(early), "approvals", "1 x Product Owner", "fab change.request --verb deploy --release 1.1.0")
    change = requested(office)
    refused(office.deploy("2026-11-26 08:10:00"), change, "missing", f"fab change.assess {change}")
    office.change("2026-11-26 08:30:00", "assess", change, "--text", "one table is read anew", by="product-owner")
    office.change("2026-11-26 09:00:00", "approve", change, "--role", "Product Owner", by="product-owner")
    refused(office.deploy("2026-11-26 09:10:00"), change, "missing: 1 x CTO")
    office.change("2026-11-26 09:30:00", "approve", change, "--role", "CTO", by="cto")
    refused(office.deploy(FROZEN), "stock is counted")
    assert "2026-12-01 22:00" in refused(office.deploy(SHUT), "window", "fab windows")
    assert fleet.snapshot() == before
    with load() as requests:
        done = office.deploy(OPEN)
        assert done.returncode == 0, done.stdout + done.stderr
    assert (requests.report().failed, fleet.served()) == (0, "1.1.0")
    refused(office.deploy("2026-12-01 17:00:00", release="1.0.0"), "approvals")
    told = office.change("2026-12-01 17:00:00", "show", change, by="")
    assert told["state"] == "verified"
    office.change("2026-12-01 17:10:00", "close", change, "--text", "price list is live", by="operator")
    assert office.change("2026-12-01 17:11:00", "show", change, by="")["state"] == "closed"
    verified = office.fab("2026-12-01 17:12:00", "audit.verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    exported(office, change, tmp_path)


def exported(office, change, tmp_path):
    """All of it is verified in another folder, with the export, the documents and the public key alone."""
    away, moved = tmp_path / "away", tmp_path / "moved"
    away.mkdir()
    time, later = "2026-12-01 18:00:00", "2028-06-01 12:00:00"
    export = ["--since", "2026-12-01", "--format", "json", "--output", str(away / "journal.json")]
    done = office.at(time, FAB, "audit.export", *export)
    assert done.returncode == 0, done.stderr
    shutil.copy(office.folder / "journal.key.pub", away / "keys")
    (office.inventory.parent.parent / "changes").rename(away / "changes")
    (office.inventory.parent / "approvers.yaml").rename(away / "approvers.yaml")
    # Nothing of the operator's is where it was.
    moved.mkdir()
    for path in (*office.folder.glob("journal.*"), office.inventory.parent):
        path.rename(moved / path.name)
    # `fab` needs a fabfile, which the auditor has from the repository.
    fab = [FAB, "--search-root", str(ROOT)]
    verified = office.away(later, *fab, "audit.verify", "--export", "journal.json", "--keys", "keys", cwd=away)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    line = [*fab, "change.verify", change, "--folder", "changes", "--approvers", "approvers.yaml"]
    verified = office.away(later, *line, cwd=away)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "approved by" in verified.stdout
    (away / "keys").write_text((office.keys["cto"].with_suffix(".pub")).read_text())
    wrong = office.away(later, *fab, "audit.verify", "--export", "journal.json", "--keys", "keys", cwd=away)
    assert wrong.returncode == 1, wrong.stdout + wrong.stderr
    assert not (away / ".handrail").exists()


def test_an_emergency_goes_round_the_window_and_is_reviewed(office, fleet):
    refused(office.deploy(SHUT, "--emergency"), "an emergency has a reason")
    reason = ["--emergency", "--reason", "orders are lost"]
    refused(office.deploy(SHUT, *reason), "1 x CTO", "--type emergency")
    change = requested(office, "2026-12-01 11:50:00", type="emergency")
    refused(office.deploy(SHUT, *reason), "missing: 1 x CTO")
    office.change("2026-12-01 11:55:00", "approve", change, "--role", "CTO", by="cto")
    refused(office.deploy(SHUT), "window")
    done = office.deploy(SHUT, *reason)
    assert done.returncode == 0, done.stdout + done.stderr
    assert fleet.served() == "1.1.0"
    assert any("EMERGENCY" in json.dumps(entry) for entry in fleet.journal("web1"))
    due = office.fab("2026-12-08 12:00:00", "change.list", "--due")
    assert (due.returncode, change in due.stdout) == (1, True), due.stdout + due.stderr
    office.change("2026-12-08 12:10:00", "review", change, "--text", "the price list had a gap", by="cto")
    assert office.fab("2026-12-08 12:11:00", "change.list", "--due").returncode == 0


def test_a_journal_that_was_cut_is_found_out_by_the_hosts(office, fleet):
    """Whoever can write the journal can cut off its end and the heads in it, but not those on the hosts."""
    assert office.fab(OPEN, "restart", "--yes").returncode == 0
    assert office.fab(OPEN, "restart", "--yes").returncode == 0
    with sqlite3.connect(office.folder / "journal.db") as journal:
        journal.execute("delete from records where seq > 2")
        journal.execute("delete from heads")
    journal.close()
    done = office.fab(OPEN, "audit.verify")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "truncated" in done.stdout + done.stderr


def test_what_restores_service_is_never_held_up(office, fleet):
    assert office.fab(FROZEN, "startup", "--yes").returncode == 0
    assert office.fab(FROZEN, "maintenance-page", "on", "--yes").returncode == 0
    assert office.fab(FROZEN, "maintenance-page", "off", "--yes").returncode == 0
