"""What `fab checklist` shows and how it ends; on this machine, without hosts."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from handrail.control.checklist import rehearsals
from handrail.journal.record import Entry
from handrail.journal.store import Store
from tests import started

ROOT = Path(__file__).parents[2]
RUN = {
    "run": "0a1b2c", "system": "sanvi", "environment": "staging", "verb": "rehearse", "outcome": "done", "seconds": 4.2,
    "what": "1.4.1",
}  # fmt: skip


@pytest.fixture
def checklist(tmp_path):
    """Run `fab checklist` for production with these items, and give its exit code and what it said."""
    (tmp_path / "group_data").mkdir()
    inventory = tmp_path / "prod.py"
    data = {"environment": "prod", "systems": ("sanvi.yaml",)}
    inventory.write_text(f"web = ['web1']\nedge = ['edge1']\ndb = ['db1']\nall = (web + edge + db, {data!r})\n")

    def run(*items, options=()):
        spec = (ROOT / "inventories" / "sanvi.yaml").read_text().partition("\nchanges:\n")[0]
        listed = "".join(f"    - {item}\n" for item in items)
        text = f"{spec}\nchanges:\n  checklist:\n{listed}" if items else f"{spec}\n"
        (tmp_path / "sanvi.yaml").write_text(f"{text}environments: {{prod: null}}\n")
        words = ["checklist", "--release", "1.4.2", "--inventory", str(inventory), *options]
        env = os.environ | {"HANDRAIL_STORE": f"sqlite:///{tmp_path}/journal.db"}
        return started.run([sys.executable, "-m", "fabric", *words], cwd=ROOT, env=env, timeout=60)

    return run


def test_all_items_that_are_ok_end_with_zero(checklist):
    done = checklist("{item: CI is green, command: [echo, 'checks of ${version} passed']}")
    assert done.returncode == 0, done.stderr
    assert "sanvi 1.4.2 on prod: all 1 items are OK" in done.stdout
    assert "checks of 1.4.2 passed" in done.stdout


def test_one_no_ends_with_three_and_says_what_to_do(checklist):
    done = checklist("{item: CI is green, command: ['true']}", "{item: SBOM is there, file: 'sbom-${version}.json'}")
    assert done.returncode == 3, done.stderr
    assert "1 of 2 items are a NO" in done.stdout
    assert "next  SBOM is there: write sbom-1.4.2.json" in done.stdout


def test_json_has_every_answer(checklist):
    done = checklist("{item: '[red]CI[/]', command: 'false'}", options=["--json"])
    said = json.loads(done.stdout)
    assert (done.returncode, said["exit_code"]) == (3, 3)
    (answer,) = said["items"]
    assert (answer["item"], answer["ok"], answer["evidence"]) == ("[red]CI[/]", False, "exit 1")


def test_an_environment_without_a_checklist_has_nothing_to_say_no_to(checklist):
    done = checklist()
    assert (done.returncode, "there is no checklist" in done.stdout) == (0, True)


def test_a_rehearsal_is_found_in_the_journal(checklist, tmp_path):
    item = "{item: rollback is rehearsed, rehearsal: staging, younger: 168h}"
    assert "no rehearsal in staging" in checklist(item).stdout
    store = Store(f"sqlite:///{tmp_path}/journal.db")
    store.append(Entry("run", RUN | {"environment": "dev"}))
    store.append(Entry("run", RUN | {"outcome": "failed"}))
    assert "no rehearsal in staging" in checklist(item).stdout
    store.append(Entry("run", RUN))
    done = checklist(item)
    assert (done.returncode, "record 3" in done.stdout) == (0, True), done.stdout


def test_where_there_is_no_journal_there_is_no_rehearsal(tmp_path, monkeypatch):
    monkeypatch.setenv("HANDRAIL_STORE", f"sqlite:///{tmp_path}/none.db")
    assert rehearsals("sanvi") == ()
