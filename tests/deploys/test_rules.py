"""Every rule holds at every entry point: pyinfra by hand and fab are refused alike, and no host is asked anything."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from handrail.control.checklist import stated
from handrail.journal.record import Entry
from handrail.journal.store import Store
from handrail.model.canonical import digest
from handrail.model.intent import OF_TERRAFORM, ONLY_ON_ECS, Intent, Verb
from handrail.model.version import Release
from tasks import ns
from tests import started
from tests.deploys import fleet
from tests.office import RULES, Office, ahead, frozen, make_keys, shut
from tests.unit.tls import authority

BYTES = b"not a real archive; fake hosts do not unpack it"
DIGEST = hashlib.sha256(BYTES).hexdigest()
DEPLOY = Intent(Verb.DEPLOY, release=Release("1.1.0", DIGEST))
SECRET = "hunter2-hunter2"
LOUD = {"emergency": "yes", "reason": "orders are lost"}


def pyinfra(inventory, verb, data):
    words = [word for name, value in data.items() for word in ("--data", f"{name}={json.dumps(value)}")]
    return [sys.executable, "-m", "pyinfra", "-y", str(inventory), f"deploys/{verb}.py", *words]


def fab(inventory, verb, data):
    given = dict(data)
    flags = ["--emergency"] * bool(given.pop("emergency", ""))
    words = [word for name, value in given.items() for word in (f"--{name}", value)]
    return [str(Path(sys.executable).with_name("fab")), verb, *words, *flags, "--yes", "--inventory", str(inventory)]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(params=[pyinfra, fab], ids=["pyinfra", "fab"])
def entrance(request):
    return request.param


@pytest.fixture
def shop(tmp_path, keys, entrance):
    """A system on fake hosts under rules, and a way to change it."""

    def make(**changes):
        (tmp_path / "app").mkdir()
        folder = tmp_path / "app"
        (folder / "app.tar.gz").write_bytes(BYTES)
        fleet.describe(
            folder, {"release": {"artifact": "app.tar.gz", "sha256": DIGEST}, "changes": {**RULES, **changes}}
        )
        return Shop(fleet.write(folder, failing={}), keys, entrance)

    return make


class Shop(Office):
    """An office whose changes are made by one entry point."""

    def __init__(self, inventory, keys, entrance):
        super().__init__(inventory, keys)
        self.entrance = entrance
        self.journal = fleet.journal(inventory.parent)

    def run(self, verb="deploy", **data):
        given = {"release": "1.1.0"} if verb == "deploy" else {}
        return self.typed(self.entrance(self.inventory, verb, {**given, **data}))

    def typed(self, line, cwd=None):
        secrets = dict.fromkeys(["SANVI_DB_PASSWORD", "SANVI_REDIS_PASSWORD"], SECRET)
        env = os.environ | secrets | self.journal
        return started.run(line, env=env, cwd=cwd, timeout=60)

    def refused(self, rule, *words, verb="deploy", **data):
        """See that it is refused by this rule alone, and that no host was asked."""
        done = self.run(verb, **data)
        said = done.stdout + done.stderr
        assert done.returncode == 3, said
        for word in (f"{rule}:", "nothing was touched", *words):
            assert word in said, said
        assert "Take the lease" not in said
        assert self.kinds() == ["refused"]

    def kinds(self):
        store = Store(self.journal["HANDRAIL_STORE"])
        try:
            return [record.kind for record in store.stream()]
        finally:
            store.close()

    def passes(self, **data):
        done = self.run(**data)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


def test_an_approved_change_is_made_and_recorded(shop):
    here = shop()
    here.approved(DEPLOY)
    here.passes()
    assert here.kinds() == ["begun", "run"]
    (filed,) = here.folder.glob("*/run-*.json")
    assert json.loads(filed.read_text())["outcome"] == "done"
    done = here.run()
    assert done.returncode == 3
    assert "approvals: " in done.stdout + done.stderr, "an approval is good for one run that did it"


def test_windows(shop):
    here = shop(windows=shut())
    here.approved(DEPLOY)
    here.refused("windows", "it opens", "fab windows", "--emergency")


def test_freezes(shop):
    here = shop(freezes=frozen())
    here.approved(DEPLOY)
    here.refused("freezes", "year end")


def test_approvals(shop):
    here = shop()
    change = here.request(DEPLOY)
    here.approve(change, "CTO", intent=DEPLOY)
    here.refused(
        "approvals", "missing: 1 x Product Owner", "could approve: Product Owner: product-owner", change,
        f"fab change.approve {change} --role 'Product Owner' --inventory {here.inventory}",
    )  # fmt: skip


def test_schedule(shop):
    here = shop()
    change = here.approved(DEPLOY, not_before=ahead(hours=2))
    here.refused("schedule", change, "fab change.request --verb deploy")


def test_clock(shop):
    here = shop()
    here.approved(DEPLOY)
    store = Store(here.journal["HANDRAIL_STORE"])
    store.append(Entry("refused", {"system": "other"}), at=datetime.now(UTC) + timedelta(hours=1))
    store.append(Entry("refused", {"system": "other"}))
    store.close()
    done = here.run()
    said = done.stdout + done.stderr
    assert done.returncode == 3, said
    assert "clock: this machine says" in said
    assert "fab audit.show 1\n" in said, "the record whose time is in the future, not the newest one"
    assert "Take the lease" not in said


def test_checklist(shop):
    here = shop(checklist=[{"item": "CI is green", "command": ["sh", "-c", "echo 3 tests failed; exit 1"]}])
    here.approved(DEPLOY)
    here.refused("checklist", "CI is green: exit 1: 3 tests failed")


def test_a_checklist_that_hangs(shop):
    here = shop(checklist=[{"item": "CI is green", "command": ["sleep", "600"], "deadline": "1s"}])
    here.approved(DEPLOY)
    here.refused("checklist", "CI is green: no answer within 1s")


def test_a_statement_that_somebody_of_its_role_signed(shop):
    here = shop(checklist=[{"item": "migrations are tested", "statement": "CTO"}])
    change = here.approved(DEPLOY)
    assert stated(here.loaded, "1.1.0") == {}
    here.refused("checklist", "no statement of a CTO", "fab change.state")
    said = {"item": "migrations are tested", "role": "CTO", "text": "up and down", "expires": ahead(days=1)}
    here.sign("statement", "cto", change, plan=digest(here.plan(DEPLOY)), **said)
    assert stated(here.loaded, "1.1.0")["migrations are tested"].person == "cto"
    here.passes()


def test_what_restores_service_goes_on_without_its_journal_and_is_recorded_later(shop, tmp_path):
    """The journal cannot be opened: nothing new is deployed, and what is broken can be rolled back."""
    here = shop(windows=shut())
    away = tmp_path / "away"
    away.write_text("in the place of a folder")
    here.journal["HANDRAIL_STORE"] = f"sqlite:///{away}/journal.db"
    done = here.run("deploy")
    said = done.stdout + done.stderr
    assert done.returncode == 3, said
    assert "no change is made without a record" in said
    assert "Take the lease" not in said
    done = here.run("startup")
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "NOT IN THE JOURNAL YET" in said
    away.unlink()
    assert here.run("startup").returncode == 0
    assert here.kinds() == ["run", "begun", "run"]


def test_an_emergency_has_a_reason(shop):
    here = shop(emergency={"approvals": {"CTO": None}})
    here.refused("emergency", "has a reason", emergency="yes")


def test_an_emergency_where_there_are_none(shop):
    here = shop(emergency={"allowed": False, "approvals": {"CTO": None}})
    here.refused("emergency", "no emergencies", **LOUD)


def test_an_emergency_is_announced_and_in_the_record_in_capitals(shop, tmp_path):
    told = tmp_path / "told"
    here = shop(windows=shut(), emergency={"announce": ["tee", str(told)]})
    change = here.request(DEPLOY, of="emergency")
    here.approve(change, "CTO", intent=DEPLOY)
    said = here.passes(**LOUD)
    if here.entrance is pyinfra:
        assert "EMERGENCY: " in said
    assert json.loads(told.read_text())["reason"] == "orders are lost"
    store = Store(here.journal["HANDRAIL_STORE"])
    begun, run = [record.content for record in store.stream()]
    store.close()
    assert (begun["type"], run["type"], run["change"], run["emergency"]) == ("EMERGENCY", "EMERGENCY", change, True)
    assert [each["person"] for each in run["approvals"]] == ["cto"]


@pytest.mark.parametrize("entrance", [pyinfra], ids=["pyinfra"], indirect=True)
@pytest.mark.parametrize(
    ("key", "value"), [("environment", "dev"), ("systems", ["other.yaml"]), ("ssh_hostname", "10.9.9.9"), ("root", "/")]
)
def test_the_command_line_cannot_put_hosts_under_the_rules_of_others(shop, key, value):
    here = shop()
    done = here.run(**{key: value})
    assert done.returncode == 2
    assert (
        f"--data {key} would put these hosts under the rules of others, or others in their place"
        in done.stdout + done.stderr
    )
    assert here.kinds() == []


ELSEWHERE = {
    "--group-data": "{}/inventories/group_data", "--chdir": "{}", "--config": "{}/config.py",
    "--data": "inventory_folder={}/inventories",
}  # fmt: skip


@pytest.fixture
def elsewhere(tmp_path):
    """A folder whose inventories, with their data, have no rules for anybody."""
    folder = tmp_path / "elsewhere" / "inventories"
    (folder / "group_data").mkdir(parents=True)
    (folder / "group_data" / "all.py").write_text('environment = "lab"\n')
    (folder.parent / "config.py").write_text("")
    fleet.describe(folder, {"changes": None})
    return folder.parent


def from_anywhere(here):
    line = pyinfra(here.inventory.resolve(), "deploy", {"release": "1.1.0"})
    return [str(Path(word).resolve()) if word.startswith("deploys/") else word for word in line]


@pytest.mark.parametrize("entrance", [pyinfra], ids=["pyinfra"], indirect=True)
@pytest.mark.parametrize("option", ELSEWHERE)
def test_no_option_brings_the_rules_of_other_files(shop, elsewhere, option):
    here = shop()
    here.approved(DEPLOY)
    done = here.typed([*from_anywhere(here), option, ELSEWHERE[option].format(elsewhere)])
    said = done.stdout + done.stderr
    assert done.returncode == 2, said
    assert f"{option} " in said
    assert "would put these hosts under the rules of others" in said
    assert here.kinds() == []


@pytest.mark.parametrize("entrance", [pyinfra], ids=["pyinfra"], indirect=True)
def test_the_rules_are_those_beside_the_inventory_wherever_it_is_started(shop, elsewhere):
    here = shop()
    line = from_anywhere(here)
    done = here.typed(line, cwd=elsewhere)
    assert "approvals: no change that was filed has this plan" in done.stdout + done.stderr
    assert here.kinds() == ["refused"]
    (elsewhere / "inventories" / "group_data").rename(elsewhere / "group_data")
    done = here.typed(line, cwd=elsewhere)
    assert done.returncode == 2
    assert "group_data, of the folder that this was started in, would put these hosts" in done.stdout + done.stderr
    assert here.kinds() == ["refused"]


@pytest.mark.parametrize("entrance", [pyinfra], ids=["pyinfra"], indirect=True)
def test_a_dry_run_of_pyinfra_begins_nothing(shop):
    here = shop()
    here.approved(DEPLOY)
    here.entrance = lambda *asked: [*pyinfra(*asked)[:3], "--dry", *pyinfra(*asked)[4:]]
    here.passes()
    assert here.kinds() == []
    here.entrance = pyinfra
    here.passes()


@pytest.mark.parametrize("entrance", [pyinfra], ids=["pyinfra"], indirect=True)
@pytest.mark.parametrize(
    ("command", "words"), [(["sh", "-c", "exit 7"], "ended with 7"), (["no-such-program"], "FileNotFoundError")]
)
def test_an_announcement_that_fails_is_in_the_record_and_stops_nobody(shop, command, words):
    here = shop(emergency={"announce": command})
    change = here.request(DEPLOY, of="emergency")
    here.approve(change, "CTO", intent=DEPLOY)
    here.passes(**LOUD)
    store = Store(here.journal["HANDRAIL_STORE"])
    (run,) = [record.content for record in store.stream() if record.kind == "run"]
    store.close()
    (told,) = [step for step in run["steps"] if step["step"] == "announce"]
    assert (told["outcome"], "NOBODY WAS TOLD" in told["words"], words in told["words"]) == ("failed", True, True)


@pytest.mark.parametrize("entrance", [pyinfra], ids=["pyinfra"], indirect=True)
def test_a_run_that_cannot_be_filed_is_in_the_journal_and_says_so(shop):
    here = shop()
    change = here.approved(DEPLOY)
    place = here.folder / change
    here.entrance = lambda *asked: ["sh", "-c", f"{shlex.join(pyinfra(*asked))}; chattr -i {place}"]
    if subprocess.run(["chattr", "+i", place], check=False).returncode:
        pytest.skip("chattr +i needs root, and a file system that has it")
    try:
        said = here.passes()
    finally:
        subprocess.run(["chattr", "-i", place], check=False)
    assert "NOT FILED WITH ITS CHANGE" in said
    assert "NOT IN THE JOURNAL" not in said
    assert here.kinds() == ["begun", "run"]


# What makes the gate's word old at once, where a large artifact or a long thought would.
OLD = {
    "fetched": "import handrail.orchestration.session as _session; _session.PATIENCE_SECONDS = -1",
    "thought": "import handrail.orchestration.evidence as _evidence; _evidence.GOOD_FOR *= -1",
}


@pytest.mark.parametrize("entrance", [pyinfra], ids=["pyinfra"], indirect=True)
@pytest.mark.parametrize("old", OLD)
def test_the_gate_is_asked_again_where_its_word_is_old_and_what_it_says_then_counts(shop, tmp_path, old):
    asked = tmp_path / "asked"
    once = ["sh", "-c", f"echo >>{asked}; test $(wc -l <{asked}) -lt 2"]
    here = shop(checklist=[{"item": "CI is green", "command": once}])
    here.approved(DEPLOY)
    here.inventory.write_text(f"{OLD[old]}\n{here.inventory.read_text()}")
    done = here.run()
    assert done.returncode == 3, done.stdout + done.stderr
    assert "checklist: 1 of 1 items say no" in done.stdout + done.stderr
    assert here.kinds() == ["refused"]
    assert asked.read_text() == "\n\n"


@pytest.mark.parametrize("entrance", [pyinfra], ids=["pyinfra"], indirect=True)
def test_a_fresh_word_of_the_gate_is_asked_for_once_and_an_old_one_that_still_holds_begins(shop, tmp_path):
    asked = tmp_path / "asked"
    here = shop(checklist=[{"item": "CI is green", "command": ["sh", "-c", f"echo >>{asked}"]}])
    here.approved(DEPLOY)
    here.entrance = lambda *words: [*pyinfra(*words)[:3], "--dry", *pyinfra(*words)[4:]]
    here.passes()
    assert asked.read_text() == "\n"
    here.entrance = pyinfra
    here.inventory.write_text(f"{OLD['thought']}\n{here.inventory.read_text()}")
    here.passes()
    assert here.kinds() == ["begun", "run"]


CHANGING = {
    "deploy": {"release": "1.1.0"}, "rollback": {}, "restart": {}, "startup": {}, "shutdown": {}, "logrotate": {},
    "rehearse": {}, "hold": {}, "resume": {}, "disk": {}, "scale": {"service": "frontend", "count": "2"},
    "backup": {}, "vacuum": {},
    "certificate": {"certificate": "app", "cert": "app/cert.pem", "key": "app/key.pem"},
    "renew": {"certificate": "app"}, "update": {"limit": "@fake/web1"},
    "back": {"limit": "@fake/web1"},
}  # fmt: skip


def test_every_verb_is_among_those_that_are_tried():
    # On hosts there is nothing to promote, whatever the rules say; the gate on ECS is tests/unit/test_gate.py's.
    assert set(CHANGING) == set(Verb) - OF_TERRAFORM - ONLY_ON_ECS
    assert {path.stem for path in Path("deploys").glob("*.py")} == set(Verb) - OF_TERRAFORM


@pytest.mark.parametrize("verb", CHANGING)
def test_every_deploy_file_asks_the_rules(tmp_path, keys, verb):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "app.tar.gz").write_bytes(BYTES)
    release = {"artifact": "app.tar.gz", "sha256": DIGEST}
    # The example has more standard changes than there are by default; none is to be one here.
    nothing = dict.fromkeys(set(CHANGING) - {"deploy", "shutdown"})
    (tmp_path / "app" / "ca.pem").write_text(authority.root().cert_pem)
    for name, text in authority.issue("app.sanvi-machinery.com").files().items():
        (tmp_path / "app" / name.replace("fullchain", "cert")).write_text(text)
    described = {"release": release, "changes": {**RULES, "standard": nothing}, "certificates": {"ca": "ca.pem"}}
    fleet.describe(tmp_path / "app", described)
    here = Shop(fleet.write(tmp_path / "app", failing={}), keys, pyinfra)
    words = {key: word.replace("app/", f"{tmp_path}/app/") for key, word in CHANGING[verb].items()}
    here.refused("approvals", verb=verb, **words)


def test_every_task_that_changes_something_runs_a_deploy_file():
    """Tasks that take `--emergency` are those that change something; they run `deploys/VERB.py`, as pyinfra does."""
    loud = {name for name in ns.task_names if any("emergency" in each.names for each in ns[name].get_arguments())}
    named = {
        "hold": "maintenance-page", "resume": "maintenance-page", "backup": "backup.take", "vacuum": "database.vacuum",
        "certificate": "certificate.deploy", "renew": "certificate.renew",
        "update": "updates.apply", "back": "updates.back",
    }  # fmt: skip
    # Terraform's touch no host, and ask the gate themselves: tests/unit/infra/test_cycle.py.
    assert loud == {named.get(verb, verb) for verb in CHANGING} | {"database.promote", "infra.apply", "infra.destroy"}


def test_the_reason_of_a_refused_run_is_in_the_journal_without_the_secret(shop):
    made = shop(windows=shut())
    made.approved(DEPLOY)
    done = made.run(reason=f"try {SECRET} once more")
    assert done.returncode, done.stdout
    store = Store(made.journal["HANDRAIL_STORE"])
    (record,) = store.stream()
    store.close()
    assert (record.kind, record.content["reason"]) == ("refused", "try ******** once more")
