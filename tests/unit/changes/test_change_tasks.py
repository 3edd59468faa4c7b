"""Changes from the command line: requested, approved, refused, closed, verified elsewhere."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from handrail import filing
from handrail.control import change_looks, changes
from handrail.journal.open import writer
from handrail.journal.record import Entry
from handrail.model.signed import Kind
from tests.unit.changes.conftest import public, yaml_of

SAID = dict.fromkeys(("role", "text", "valid", "at", "item", "risk", "impact", "type", "reason", "key"), "")
REPOSITORY = Path(__file__).parents[3]
DEPLOY = {"release": "1.4.2"}


@pytest.fixture
def project(tmp_path, keys, monkeypatch):
    """Copy the inventories, with people of our own."""
    shutil.copytree(REPOSITORY / "inventories", tmp_path / "inventories")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HANDRAIL_INVENTORY", "inventories/prod.py")
    for name in ("HANDRAIL_STORE", "HANDRAIL_JOURNAL_KEY"):
        monkeypatch.delenv(name, raising=False)
    roles = {"requester": [], "tech": ["Tech Lead"], "owner": ["Product Owner"], "cto": ["CTO"]}
    people = {name: (held, [public(keys[name])]) for name, held in roles.items()}
    Path("inventories/approvers.yaml").write_text(yaml_of(people))
    sanvi = Path("inventories/sanvi.yaml")
    artifact = "https://artifacts.sanvi-machinery.com/sanvi-${version}.tar.gz"
    assert artifact in sanvi.read_text()
    sanvi.write_text(sanvi.read_text().replace(artifact, "../releases/sanvi-${version}.tar.gz"))
    Path("releases").mkdir()
    Path("releases/sanvi-1.4.2.tar.gz.sha256").write_text("ab" * 32)
    return tmp_path


@pytest.fixture
def fab(project, keys, capsys):
    """Run a task's function and give its exit code and what it wrote."""

    def run(function, *args, **kwargs):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            function(*args, as_json=True, **kwargs)
        return ended.value.code, json.loads(capsys.readouterr().out)

    def request(by="requester", words=DEPLOY, verb="deploy", **said):
        told = SAID | {"reason": "a release", "risk": "low", "key": str(keys[by])} | said
        return run(changes.request_change, None, verb, words, told)

    def say(kind, name, by, **said):
        return run(changes.say, None, Kind(kind), name, SAID | {"key": str(keys[by])} | said)

    run.request, run.say = request, say
    return run


def test_a_normal_change_from_its_request_to_its_end(fab, project):
    code, told = fab.request()
    name = told["change"]
    assert (code, told["state"]) == (0, "requested")
    assert told["next"] == f'fab change.assess {name} --text "…"'

    code, refused = fab.say("approve", name, "cto", role="CTO")
    assert code == 3
    assert "the change is requested" in refused["text"]
    assert fab.say("assess", name, "tech")[1]["state"] == "assessed"
    code, refused = fab.say("approve", name, "tech", role="CTO")
    assert (code, "tech is not CTO" in refused["text"]) == (3, True)
    assert fab.say("approve", name, "cto", role="CTO")[1]["next"] == f"fab change.approve {name} --role 'Product Owner'"

    _, seen = fab(change_looks.show_change, None, name)
    assert seen["missing"] == {"Product Owner": 1}
    assert seen["could_approve"] == {"Product Owner": ["owner"]}

    code, told = fab.say("approve", name, "owner", role="Product Owner", valid="48h")
    assert (code, told["state"], told["next"]) == (0, "approved", f"fab deploy 1.4.2 --change {name}")
    assert fab.say("close", name, "cto")[0] == 3

    folder = project / "changes"
    at = json.loads(fab_time(folder, name))
    filing.file_run(folder, name, {"run": "r1", "outcome": "done", "exit_code": 0, "at": at, "seconds": 0})
    assert fab.say("close", name, "cto")[1]["state"] == "closed"

    elsewhere = project / "elsewhere"
    shutil.move(folder, elsewhere)
    args = (name, None, str(elsewhere), "inventories/approvers.yaml")
    code, verified = fab(change_looks.verify_change, *args)
    assert code == 0
    assert {each["person"] for each in verified["runs"][0]["approved_by"]} == {"cto", "owner"}
    paper = next((elsewhere / name).glob("approve-*"))
    paper.write_bytes(paper.read_bytes().replace(b"approve", b"Approve", 1))
    code, verified = fab(change_looks.verify_change, *args)
    assert code == 1
    assert [each["file"] for each in verified["ignored"]] == [paper.name]


@pytest.mark.parametrize("of", ["normal", "emergency"])
@pytest.mark.parametrize("offline", [True, False])
def test_a_run_that_nobody_approved_does_not_verify(fab, project, capsys, of, offline):
    name = fab.request(type=of)[1]["change"]
    fab.say("assess", name, "tech")
    where = (str(project / "changes"), "inventories/approvers.yaml") if offline else ("", "")
    assert fab(change_looks.verify_change, name, None, *where)[0] == 0
    run = {"run": "aabbccddeeff", "exit_code": 0, "at": json.loads(fab_time(project / "changes", name)), "seconds": 0}
    filing.file_run(project / "changes", name, {**run, "run": "ffffffffffff", "outcome": "refused"})
    assert fab(change_looks.verify_change, name, None, *where)[0] == 0
    filing.file_run(project / "changes", name, {**run, "outcome": "failed"})
    code, told = fab(change_looks.verify_change, name, None, *where)
    assert (code, told["exit_code"]) == (1, 1)
    assert [(each["run"], each["approved"]) for each in told["runs"]] == [
        ("aabbccddeeff", False), ("ffffffffffff", True),
    ]  # fmt: skip
    with pytest.raises(SystemExit):
        change_looks.verify_change(name, None, *where, as_json=False)
    assert "NOT APPROVED run aabbccddeeff lacked" in capsys.readouterr().out


def test_a_run_that_one_of_two_approved_does_not_verify_by_the_rules(fab, project):
    name = fab.request()[1]["change"]
    fab.say("assess", name, "tech")
    fab.say("approve", name, "cto", role="CTO")
    at = json.loads(fab_time(project / "changes", name))
    filing.file_run(project / "changes", name, {"run": "r1", "outcome": "done", "exit_code": 0, "at": at, "seconds": 0})
    code, told = fab(change_looks.verify_change, name, None, "", "")
    assert (code, told["runs"][0]["missing"]) == (1, {"Product Owner": 1})


def fab_time(folder, name):
    """Give the newest time in a change, so that a run comes after all that was signed."""
    lines = [path.read_text().split("\n")[0] for path in (folder / name).iterdir()]
    return json.dumps(max(json.loads(line)["at"] for line in lines))


def test_a_change_is_not_moved_before_the_time_that_was_approved(fab):
    name = fab.request(at="2099-11-26 22:00")[1]["change"]
    code, told = fab.say("schedule", name, "requester", at="2099-11-26 21:59")
    assert (code, "is approved for no earlier time" in told["text"]) == (2, True)
    code, told = fab.say("schedule", name, "requester", at="2099-11-26 22:01")
    assert (code, "the change is requested" in told["text"]) == (3, True)


def test_what_comes_next_names_the_digest_that_no_file_holds_and_the_inventory_that_was_given(fab, keys, project):
    name = fab.request(words={**DEPLOY, "sha256": "CD" * 32})[1]["change"]
    fab.say("assess", name, "tech")
    fab.say("approve", name, "cto", role="CTO")
    code, told = fab.say("approve", name, "owner", role="Product Owner")
    assert (code, told["next"]) == (0, f"fab deploy 1.4.2 --sha256 {'cd' * 32} --change {name}")
    given = "inventories/prod.py"
    told = fab(changes.say, given, Kind.SCHEDULE, name, SAID | {"key": str(keys["cto"]), "at": "2099-01-01 10:00"})[1]
    assert told["next"] == f"fab deploy 1.4.2 --sha256 {'cd' * 32} --change {name} --inventory {given}"


def test_what_differs_today_is_shown(fab, project):
    name = fab.request()[1]["change"]
    seen = fab(change_looks.show_change, None, name)[1]
    assert (seen["differences"], seen["today_unknown"]) == ([], "")
    Path("releases/sanvi-1.4.2.tar.gz.sha256").write_text("cd" * 32)
    assert fab(change_looks.show_change, None, name)[1]["differences"] == ["release.sha256: abab… is now cdcd…"]
    Path("releases/sanvi-1.4.2.tar.gz.sha256").unlink()
    assert "there is no file" in fab(change_looks.show_change, None, name)[1]["today_unknown"]


def test_a_document_that_came_by_chat_is_verified_and_filed(fab, project):
    name = fab.request()[1]["change"]
    assessed = Path(fab.say("assess", name, "tech")[1]["file"])
    sent = project / "from-chat.txt"
    sent.write_bytes(assessed.read_bytes())
    assessed.unlink()
    code, told = fab(changes.add_document, None, str(sent))
    assert (code, told["state"]) == (0, "assessed")
    assert Path(told["file"]).name == assessed.name
    sent.write_bytes(sent.read_bytes().replace(b'"low"', b'"high"', 1))
    assert fab(changes.add_document, None, str(sent))[0] == 3


def test_what_cannot_count_is_not_even_filed(fab, project):
    code, refused = fab.request(by="stranger")
    assert (code, "nobody in the approvers" in refused["text"]) == (3, True)
    assert not (project / "changes").exists()
    name = fab.request()[1]["change"]
    assert fab.say("assess", name, "requester")[0] == 3
    assert fab.say("assess", name, "tech", risk="none")[0] == 2
    assert len(list((project / "changes" / name).iterdir())) == 1


@pytest.mark.parametrize(
    ("said", "words", "code", "text"),
    [
        ({"reason": ""}, DEPLOY, 2, "--reason is missing"),
        ({"risk": "none"}, DEPLOY, 2, "allowed: low, medium, high"),
        ({"type": "urgent"}, DEPLOY, 2, "allowed: standard, normal, emergency"),
        ({"type": "standard"}, DEPLOY, 2, "deploy is not standard"),
        ({"at": "tomorrow"}, DEPLOY, 2, "Asia/Kolkata"),
        ({"at": "2020-01-01 22:00"}, DEPLOY, 2, "that is past"),
        ({}, {}, 2, "which release"),
    ],
)
def test_a_slip_in_a_request_is_told(fab, said, words, code, text):
    told = fab.request(words=words, **said)
    assert told[0] == code
    assert text in told[1]["text"]


@pytest.mark.parametrize(("valid", "code"), [("48h", 0), ("169h", 2), ("0s", 2), ("2 days", 2)])
def test_an_approval_is_for_no_longer_than_the_rules_say(fab, valid, code):
    name = fab.request()[1]["change"]
    fab.say("assess", name, "tech")
    assert fab.say("approve", name, "cto", role="CTO", valid=valid)[0] == code


def test_an_emergency_without_a_review_is_listed_as_due(fab, project):
    name = fab.request(type="emergency")[1]["change"]
    assert fab.say("approve", name, "cto", role="CTO")[1]["next"].endswith(
        f"--change {name} --emergency --reason 'a release'"
    )
    assert fab(change_looks.list_changes, None, due=True)[0] == 0
    details = {"run": "r1", "outcome": "done", "exit_code": 0, "at": "2020-01-01T00:00:00Z"}
    filing.file_run(project / "changes", name, details)
    code, listed = fab(change_looks.list_changes, None, due=True)
    assert code == 1
    assert [(row["change"], row["review_due"]) for row in listed["changes"]] == [(name, "2020-01-06T00:00:00Z")]
    assert fab.say("review", name, "tech", text="the disk was full")[0] == 0
    code, listed = fab(change_looks.list_changes, None, due=True)
    assert (code, listed["changes"]) == (0, [])
    assert [row["state"] for row in fab(change_looks.list_changes, None, due=False)[1]["changes"]] == ["verified"]


def test_what_is_due_is_only_read_and_without_a_journal_nothing_is(fab, project, monkeypatch):
    handrail = project / ".handrail"
    code, listed = fab(change_looks.list_changes, None, due=True)
    assert (code, listed["changes"], handrail.exists()) == (0, [], False)
    ran = {
        "run": "0123456789ab", "system": "sanvi", "environment": "prod", "verb": "restart", "what": "", "change": "",
        "emergency": True, "exit_code": 0, "who": "me@here", "reason": "orders are lost",
        "started": "2020-01-01T00:00:00Z", "ended": "2020-01-01T00:01:00Z",
    }  # fmt: skip
    with writer() as store:
        store.append(Entry("run", ran))
    for key in handrail.glob("journal.key*"):
        key.unlink()
    code, listed = fab(change_looks.list_changes, None, due=True)
    assert (code, [row["change"] for row in listed["changes"]]) == (1, ["0123456789ab"])
    assert not list(handrail.glob("journal.key*"))
    monkeypatch.setenv("HANDRAIL_STORE", "mysql://h/d")
    assert fab(change_looks.list_changes, None, due=True)[0] == 2


def test_who_rejected_is_told_how_to_take_it_back(fab):
    name = fab.request()[1]["change"]
    told = fab.say("reject", name, "tech", role="Tech Lead")[1]
    assert told["state"] == "rejected"
    assert told["next"] == f"fab change.revoke {name} --role 'Tech Lead'  # by tech"
    # Documents are dated to the second; within one second the rejection goes before.
    time.sleep(1)
    assert fab.say("revoke", name, "tech", role="Tech Lead")[1]["state"] == "requested"


def test_an_environment_without_rules_says_so(fab, monkeypatch):
    path = Path("inventories/sanvi.yaml")
    path.write_text(path.read_text().replace("  prod: {}", "  prod: {changes: null}"))
    code, told = fab.request()
    assert (code, "has no rules for changes" in told["text"]) == (2, True)


@pytest.mark.parametrize("shown", ["show", "list", "verify"])
def test_people_get_it_in_words(fab, project, capsys, shown):
    name = fab.request()[1]["change"]
    fab.say("assess", name, "tech", text="looked at [it]")
    (project / "changes" / name / "README").write_text("hello")
    calls = {
        "show": lambda: change_looks.show_change(None, name, as_json=False),
        "list": lambda: change_looks.list_changes(None, due=False, as_json=False),
        "verify": lambda: change_looks.verify_change(name, None, "", "", as_json=False),
    }
    capsys.readouterr()
    with pytest.raises(SystemExit):
        calls[shown]()
    out = capsys.readouterr().out
    assert name in out
    assert "assessed" in out
    if shown != "list":
        assert "looked at [it]" in out
        assert "does not count README" in out
