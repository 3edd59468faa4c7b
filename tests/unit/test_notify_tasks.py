"""`fab notify.test` sends, `fab notify.list` lists; both end with an exit code, and show no URL."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml

from handrail.model.delivery import Delivery, State
from handrail.notify.outbox import Outbox, Slip
from tests import receivers, started
from tests.notified import notify_part

ROOT = Path(__file__).parents[2]


@pytest.fixture
def fab(tmp_path, monkeypatch):
    """Run a task of an environment with these channels, and give how it ended."""
    monkeypatch.setenv("HANDRAIL_STORE", f"sqlite:///{tmp_path}/place/journal.db")
    (tmp_path / "group_data").mkdir()
    data = {"environment": "prod", "systems": ("sanvi.yaml",)}
    inventory = tmp_path / "prod.py"
    inventory.write_text(f"web = ['web1']\nedge = ['edge1']\ndb = ['db1']\nall = (web + edge + db, {data!r})\n")

    def run(*words, **urls):
        described = yaml.safe_load((ROOT / "inventories" / "sanvi.yaml").read_text())
        described["environments"] = {"prod": None}
        if urls:
            described |= {"notify": notify_part(tmp_path, {}, **urls)["notify"]}
            described["secrets"] |= notify_part(tmp_path, {}, **urls)["secrets"]
        else:
            del described["notify"]
        (tmp_path / "sanvi.yaml").write_text(yaml.safe_dump(described, sort_keys=False))
        line = [sys.executable, "-m", "fabric", *words, "--inventory", str(inventory)]
        return started.run(line, cwd=ROOT, timeout=120)

    return run


def test_a_test_is_sent_and_listed(fab):
    with receivers.http() as server, receivers.smtp() as box:
        urls = {"ops": server.url, "users": box.url}
        one = fab("notify.test", "users", **urls)
        every = fab("notify.test", "all", "--json", **urls)
        listed = fab("notify.list", "--json", **urls)
        table = fab("notify.list", **urls)
    assert (one.returncode, every.returncode) == (0, 0), one.stdout + one.stderr + every.stdout
    assert [mail["Subject"] for mail in box.mails] == ["Test of the channel users of sanvi prod"] * 2
    assert server.titles() == ["Test of the channel ops of sanvi prod"]
    assert [each["state"] for each in json.loads(every.stdout)["deliveries"]] == ["sent", "sent"]
    found = json.loads(listed.stdout)
    assert (found["exit_code"], listed.returncode) == (0, 0)
    assert sorted((row["channel"], row["event"], row["state"], row["tries"]) for row in found["messages"]) == [
        ("ops", "notify.test", "sent", 1), ("users", "notify.test", "sent", 1), ("users", "notify.test", "sent", 1),
    ]  # fmt: skip
    assert "Test of the channel ops" in table.stdout
    said = "".join(done.stdout + done.stderr for done in (one, every, listed, table))
    assert receivers.SECRET not in said
    assert receivers.PASSWORD not in said


def test_a_test_that_does_not_arrive_ends_with_one(fab):
    done = fab("notify.test", "ops", ops="nosuch://x")
    assert done.returncode == 1
    assert "failed" in done.stdout
    listed = fab("notify.list", ops="nosuch://x")
    assert listed.returncode == 1
    assert "its secret holds no Apprise URL" in listed.stdout


def test_an_unknown_channel_is_bad_input_with_the_one_that_was_meant(fab):
    done = fab("notify.test", "opps", ops="nosuch://x")
    assert done.returncode == 2
    assert "did you mean 'ops'?" in done.stderr
    assert "fab notify.test ops" in done.stderr


def test_an_environment_without_channels_says_where_they_belong(fab):
    done = fab("notify.test", "all")
    assert done.returncode == 2
    assert "docs/how-to/notify.md" in done.stderr


def test_a_list_without_a_store_is_empty_and_makes_none(fab, tmp_path):
    done = fab("notify.list")
    assert (done.returncode, done.stdout) == (0, "nothing was sent\n")
    assert not (tmp_path / "place").exists()


def test_the_list_has_what_others_left_of_this_system_alone(fab):
    box = Outbox()
    for system in ("sanvi", "another"):
        slip = Slip(system, "prod", "run.failed", "r1", "ops", "OPS_1", "me")
        box.claim(slip, f"{system} failed")
        box.mark(slip, Delivery("ops", "OPS_1", State.FAILED, 4, "error=500"))
    done = fab("notify.list", "--json")
    (row,) = json.loads(done.stdout)["messages"]
    assert (row["title"], row["text"], row["tries"], done.returncode) == ("sanvi failed", "error=500", 4, 1)
    assert fab("notify.list", "--since", "x").returncode == 2
