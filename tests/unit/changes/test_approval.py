"""What counts as an approval, with documents that were signed by ssh-keygen, and files that were meant to deceive."""

from __future__ import annotations

import json
import os
from datetime import timedelta

import pytest

from handrail import filing
from handrail.errors import BadInput, Refused
from handrail.model import approvers
from handrail.model.approval import count, statements
from handrail.model.canonical import canonical, digest
from handrail.model.history import Rules, history
from handrail.model.lifecycle import State
from tests.unit.changes.conftest import CHANGE, NOW, OTHER, PLAN, made, public, raw_sign, yaml_of

NEEDS = {"Product Owner": 1, "CTO": 1}
DIGEST = digest(PLAN)


def counted(desk, needs=NEEDS, now=NOW, plan=DIGEST, **more):
    return count(desk.change(), needs, plan, now, **more)


def reasons(result):
    return [why for _, why in result.others]


def test_two_people_of_two_roles_approve(desk):
    desk.assessed()
    desk.put("approve", "cto", minutes=-5)
    assert not counted(desk).enough
    assert counted(desk).missing == {"Product Owner": 1}
    desk.put("approve", "owner", minutes=-4, role="Product Owner")
    result = counted(desk)
    assert result.enough
    assert {document.person.name for document in result.counted} == {"cto", "owner"}
    assert result.why == ""


def test_a_forged_signature_does_not_count(desk):
    desk.assessed()
    line = canonical(desk.payload("approve", minutes=-5)).encode()
    other = canonical(desk.payload("approve", minutes=-6)).encode()
    desk.write(line, line + b"\n" + raw_sign(other, desk.keys["cto"]))
    result = counted(desk)
    assert result.missing == NEEDS
    assert reasons(result) == ["the signature does not belong to this text: one of them was altered"]


def test_an_approval_that_is_replayed_on_another_change_does_not_count(desk):
    desk.assessed()
    desk.put("request", "requester", minutes=-60, change=OTHER)
    stolen = desk.put("approve", "cto", minutes=-5, change=OTHER)
    (desk.folder / CHANGE / stolen.name).write_bytes(stolen.read_bytes())
    assert reasons(counted(desk)) == [f"it is for the change {OTHER}"]


def test_an_approval_by_an_unknown_key_does_not_count(desk):
    desk.assessed()
    desk.put("approve", "stranger", minutes=-5)
    result = counted(desk)
    assert result.missing == NEEDS
    assert "nobody in the approvers has the key" in reasons(result)[0]


def test_nobody_approves_their_own_change_not_even_with_a_second_key(desk, tmp_path):
    second = made(tmp_path, ["ecdsa", "-b", "521"])
    desk.keys = desk.keys | {"second": second}
    people = {
        "cto": (["CTO"], [public(desk.keys["cto"]), public(second)]),
        "tech": (["Tech Lead"], [public(desk.keys["tech"])]),
    }
    desk.approvers = approvers.parse(yaml_of(people), source="approvers.yaml")
    desk.put("request", "cto", minutes=-60)
    desk.put("assess", "tech", minutes=-50, requester="cto")
    desk.put("approve", "second", minutes=-5, requester="cto")
    result = counted(desk, needs={"CTO": 1})
    assert not result.enough
    assert reasons(result) == ["cto requested the change"]


@pytest.mark.parametrize(("seconds", "enough"), [(-1, True), (0, False), (1, False)])
def test_an_approval_counts_until_it_expires_and_not_a_second_longer(desk, seconds, enough):
    desk.assessed()
    desk.put("approve", "cto", minutes=-5, expires="2026-11-24T12:00:00Z")
    result = counted(desk, needs={"CTO": 1}, now=NOW + timedelta(seconds=seconds))
    assert result.enough is enough
    if seconds == 1:
        assert reasons(result) == ["expired 1 s ago, at 2026-11-24T12:00:00Z"]
        assert result.state is State.EXPIRED


def test_an_approval_is_good_for_no_longer_than_the_rules_say(desk):
    desk.assessed()
    desk.put("approve", "cto", minutes=-5)
    assert counted(desk, needs={"CTO": 1}, valid=timedelta(minutes=6)).enough
    assert not counted(desk, needs={"CTO": 1}, valid=timedelta(minutes=5)).enough


def test_an_approval_of_another_plan_does_not_count(desk):
    desk.assessed()
    desk.put("approve", "cto", minutes=-5, plan=digest({"another": "plan"}))
    assert reasons(counted(desk, needs={"CTO": 1})) == ["it is for another plan"]


def test_a_change_for_another_plan_is_not_approved_even_where_nobody_has_to_approve(desk):
    desk.assessed()
    assert counted(desk, needs={}).enough
    result = counted(desk, needs={}, plan=digest({"another": "plan"}))
    assert not result.enough
    assert result.why == "it was requested for another plan"


@pytest.mark.parametrize(
    "line",
    [
        lambda payload: json.dumps(dict(reversed(payload.items())), separators=(",", ":")),
        lambda payload: json.dumps(payload, sort_keys=True),
        lambda payload: canonical(payload) + " ",
        lambda payload: canonical(payload)[:-1] + ',"role":"CTO"}',
        lambda payload: canonical(payload) + "\r",
    ],
    ids=["re-ordered", "spaces", "a space at the end", "a key twice", "a carriage return"],
)
def test_json_that_is_not_canonical_does_not_count_although_its_signature_is_good(desk, line):
    desk.assessed()
    text = line(desk.payload("approve", minutes=-5)).encode()
    desk.write(text, desk.bytes_of(text, "cto"))
    result = counted(desk, needs={"CTO": 1})
    assert not result.enough
    assert reasons(result) == ["its JSON is not in canonical form: keys in order, no spaces"]


def test_a_file_that_is_cut_off_anywhere_does_not_count(desk):
    desk.assessed()
    path = desk.put("approve", "cto", minutes=-5)
    whole = path.read_bytes()
    for length in (0, 10, whole.index(b"\n"), whole.index(b"\n") + 1, len(whole) - 60, len(whole) - 10):
        path.write_bytes(whole[:length])
        result = counted(desk, needs={"CTO": 1})
        assert not result.enough
        assert len(result.others) == 1


def test_a_file_of_ten_megabytes_is_refused_before_it_is_read(desk, monkeypatch):
    desk.assessed()
    path = desk.put("approve", "cto", minutes=-5)
    os.truncate(path, 10_000_000)
    assert reasons(counted(desk)) == ["it has 10000000 bytes; allowed: 65536"]


def test_a_signature_for_another_purpose_does_not_count(desk):
    desk.assessed()
    line = canonical(desk.payload("approve", minutes=-5)).encode()
    desk.write(line, desk.bytes_of(line, "cto", namespace="git"))
    assert reasons(counted(desk)) == ["the signature was made for 'git', not for 'handrail'"]


def test_a_revoked_approval_does_not_count(desk):
    desk.assessed()
    desk.put("approve", "cto", minutes=-5)
    desk.put("revoke", "owner", minutes=-4, role="CTO")
    assert counted(desk, needs={"CTO": 1}).enough
    desk.put("revoke", "cto", minutes=-4)
    result = counted(desk, needs={"CTO": 1})
    assert not result.enough
    assert reasons(result) == ["revoked at 2026-11-24T11:56:00Z"]
    desk.put("approve", "cto", minutes=-3)
    assert counted(desk, needs={"CTO": 1}).enough


def test_one_person_with_two_roles_counts_once(desk):
    desk.assessed()
    desk.put("approve", "both", minutes=-5)
    desk.put("approve", "both", minutes=-4, role="Product Owner")
    result = counted(desk)
    assert not result.enough
    assert sum(result.missing.values()) == 1
    assert reasons(result) in (["both counts once, as CTO"], ["both counts once, as Product Owner"])


@pytest.mark.parametrize("single", ["CTO", "Product Owner"])
def test_who_has_two_roles_takes_the_one_that_nobody_else_fills(desk, single):
    desk.assessed()
    desk.put("approve", "both", minutes=-5)
    desk.put("approve", "both", minutes=-4, role="Product Owner")
    desk.put("approve", {"CTO": "cto", "Product Owner": "owner"}[single], minutes=-3, role=single)
    assert counted(desk).enough


def test_the_same_person_twice_is_one_person(desk):
    desk.assessed()
    desk.put("approve", "cto", minutes=-5)
    desk.put("approve", "cto", minutes=-4)
    assert counted(desk, needs={"CTO": 2}).missing == {"CTO": 1}


def test_a_role_that_somebody_does_not_hold_does_not_count(desk):
    desk.assessed()
    desk.put("approve", "tech", minutes=-5)
    assert reasons(counted(desk)) == ["tech is not CTO"]


def test_a_rejection_blocks_until_its_author_takes_it_back(desk):
    desk.assessed()
    desk.put("approve", "cto", minutes=-5)
    desk.put("reject", "tech", minutes=-4, role="Tech Lead")
    result = counted(desk, needs={"CTO": 1})
    assert (result.enough, result.state, result.why) == (False, State.REJECTED, "rejected by tech")
    desk.put("revoke", "cto", minutes=-3, role="Tech Lead")
    assert counted(desk, needs={"CTO": 1}).state is State.REJECTED
    desk.put("revoke", "tech", minutes=-2, role="Tech Lead")
    assert counted(desk, needs={"CTO": 1}).enough


def test_a_rejection_blocks_also_when_the_clock_is_set_back(desk):
    desk.assessed()
    desk.put("approve", "cto", minutes=-40)
    desk.put("reject", "tech", minutes=0, role="Tech Lead")
    assert not counted(desk, needs={"CTO": 1}, now=NOW - timedelta(minutes=30)).enough


@pytest.mark.parametrize(("minutes", "enough"), [(4, True), (6, False)])
def test_a_document_from_the_future_does_not_count(desk, minutes, enough):
    desk.assessed()
    desk.put("approve", "cto", minutes=minutes)
    assert counted(desk, needs={"CTO": 1}).enough is enough


def test_an_approval_is_used_up_by_a_run_that_was_done_and_not_by_one_that_failed(desk):
    desk.assessed()
    desk.put("approve", "cto", minutes=-5)
    desk.run("failed", minutes=-4, run="r1")
    assert counted(desk, needs={"CTO": 1}).enough
    desk.run("done", minutes=-3, run="r2")
    result = counted(desk, needs={"CTO": 1})
    assert not result.enough
    assert reasons(result) == ["it is used up: the change was run already"]
    assert result.state is State.VERIFIED


def test_an_approval_before_the_assessment_does_not_count(desk):
    desk.put("request", "requester", minutes=-60)
    desk.put("approve", "cto", minutes=-55)
    desk.put("assess", "tech", minutes=-50)
    result = counted(desk, needs={"CTO": 1})
    assert not result.enough
    assert "the change is requested; approve is for one that is assessed" in reasons(result)[0]


def test_an_emergency_need_not_be_assessed(desk):
    desk.put("request", "requester", minutes=-60, type="emergency")
    desk.put("approve", "cto", minutes=-55)
    assert counted(desk, needs={"CTO": 1}).enough


def test_who_has_no_role_may_request_and_speak_of_no_more_than_that(desk):
    desk.put("request", "requester", minutes=-60)
    desk.put("assess", "requester", minutes=-50)
    past = history(desk.change(), NOW)
    assert past.state is State.REQUESTED
    assert [why for _, why in past.ignored] == [
        "requester has no role: whoever has none may request, and schedule and close what they requested"
    ]


def test_a_key_counts_within_its_time_only(desk):
    line = public(desk.keys["cto"])
    text = yaml_of({name: (["Tech Lead"], [public(desk.keys[name])]) for name in ("requester", "tech")})
    desk.assessed()
    desk.put("approve", "cto", minutes=-5)
    for times, enough in (
        ("from: 2026-11-24, until: 2026-11-25", True),
        ("until: 2026-11-24", False),
        ("from: 2026-11-25", False),
    ):
        more = f"  cto:\n    roles: [CTO]\n    keys: [{{key: '{line}', {times}}}]\n"
        desk.approvers = approvers.parse(text + more, source="approvers.yaml")
        assert counted(desk, needs={"CTO": 1}).enough is enough


def test_a_key_that_has_ended_approves_nothing_any_more(desk):
    text = yaml_of({name: (["Tech Lead"], [public(desk.keys[name])]) for name in ("requester", "tech")})
    desk.assessed()
    desk.put("approve", "cto", minutes=-5)
    more = f"  cto:\n    roles: [CTO]\n    keys: [{{key: '{public(desk.keys['cto'])}', until: 2026-11-25}}]\n"
    desk.approvers = approvers.parse(text + more, source="approvers.yaml")
    assert counted(desk, needs={"CTO": 1}).enough
    # Whoever has a lost key can put any date on what they sign with it.
    result = counted(desk, needs={"CTO": 1}, now=NOW + timedelta(hours=12))
    assert reasons(result) == ["its key ended at 2026-11-25T00:00:00Z: nobody can tell when it was signed"]


@pytest.mark.parametrize("by", ["stranger", "altered", "two"])
def test_a_request_that_is_not_whole_is_no_change(desk, by):
    if by == "stranger":
        desk.put("request", "stranger", minutes=-60)
    else:
        path = desk.put("request", "requester", minutes=-60)
        if by == "altered":
            path.write_bytes(path.read_bytes().replace(b"web1", b"web9"))
        else:
            desk.put("request", "requester", minutes=-59, plan=PLAN | {"verb": "shutdown"})
    with pytest.raises(Refused, match="is no change"):
        desk.change()
    assert [name for name, _ in filing.changes(desk.folder, desk.approvers).broken] == [CHANGE]


def test_what_else_lies_in_the_folder_is_named_and_harmless(desk, tmp_path):
    desk.assessed()
    place = desk.folder / CHANGE
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    (place / "approve-0123456789ab.signed").symlink_to(secret)
    (place / "README").write_text("hello")
    os.mkfifo(place / "approve-0123456789ac.signed")
    (place / "reject-0123456789ab.signed").mkdir()
    (place / "run-x.json").write_text("[" * 100_000)
    (place / "run-y.json").write_text('{"run": "z", "outcome": "done", "at": "2026-11-24T12:00:00Z"}')
    (place / "approve-0123456789ad.signed").write_bytes(b"[" * 60_000 + b"\n-")
    (place / "approve-0123456789ae.signed").write_bytes(b'{"kind":"approve","at":"\\ud800"}\n-')
    renamed = desk.put("approve", "cto", minutes=-5)
    renamed.rename(place / "approve-0123456789af.signed")
    told = {document.file: why for document, why in history(desk.change(), NOW).ignored}
    assert told["approve-0123456789ab.signed"] == "it is a link"
    assert told["README"] == "its name is none of a document or a run"
    assert told["approve-0123456789ac.signed"] == "it is no plain file"
    assert len(told) == 9
    assert desk.change().runs == ()


def test_a_change_whose_folder_is_a_link_is_none(desk, tmp_path):
    desk.assessed()
    (desk.folder / CHANGE).rename(tmp_path / "elsewhere")
    (desk.folder / CHANGE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match="there is no change"):
        desk.change()
    for name in ("../changes", "", "x", "/etc"):
        with pytest.raises(BadInput, match="there is no change"):
            desk.change(name)


def test_a_statement_stands_while_its_signer_has_the_role(desk):
    desk.assessed()
    desk.put("statement", "cto", minutes=-5)
    desk.put("statement", "tech", minutes=-4, item="backups")
    found = statements(desk.change(), NOW, Rules({}))
    assert {item: each["person"] for item, each in found.items()} == {"migrations": "cto"}
    assert statements(desk.change(), NOW + timedelta(hours=48), Rules({})) == {}


def test_filing_never_overwrites(desk):
    desk.assessed()
    path = desk.put("approve", "cto", minutes=-5)
    content = path.read_bytes()
    assert filing.file(desk.folder, CHANGE, path.name, content) == path
    with pytest.raises(Refused, match="is there already"):
        filing.file(desk.folder, CHANGE, path.name, content + b"\n")
    assert path.read_bytes() == content
    assert list(path.parent.glob(".*")) == []
    fresh = filing.file(desk.folder, CHANGE, "approve-0123456789ab.signed", b"x")
    assert fresh.stat().st_mode & 0o777 == 0o644
    for name in ("../x.signed", "README", "approve-0123456789ab.signed/x"):
        with pytest.raises(BadInput):
            filing.file(desk.folder, CHANGE, name, b"x")


@pytest.mark.parametrize(
    "other",
    [
        {"reason": "another"},
        {"risk": "high"},
        {"impact": "all is down"},
        {"not_before": "2026-11-24T10:00:00Z"},
        {"minutes": -70},
        {"by": "both"},
    ],
    ids=str,
)
def test_an_approval_is_for_one_request_and_for_all_that_it_says(desk, other):
    desk.assessed()
    desk.put("approve", "cto", minutes=-5)
    assert counted(desk, needs={"CTO": 1}).enough
    said = {"minutes": -60, "by": "requester", **other}
    first = next((desk.folder / CHANGE).glob("request-*"))
    first.unlink()
    desk.put("request", **said)
    result = counted(desk, needs={"CTO": 1})
    assert (result.enough, result.state) == (False, State.REQUESTED)
    other_signer = "it is for a request of requester, and both has signed this one"
    assert reasons(result) == [other_signer if "by" in other else "it is for another request"] * 2


def test_what_was_approved_as_an_emergency_is_no_normal_change(desk):
    desk.put("request", "requester", minutes=-60, type="emergency")
    desk.put("approve", "cto", minutes=-5)
    assert counted(desk, needs={"CTO": 1}).enough
    next((desk.folder / CHANGE).glob("request-*")).unlink()
    desk.assessed()
    assert reasons(counted(desk, needs={"CTO": 1})) == ["it is for another request"]


@pytest.mark.parametrize("kind", ["assess", "approve", "reject", "revoke", "schedule", "statement"])
def test_whatever_is_said_of_another_request_does_not_count(desk, kind):
    desk.assessed()
    desk.put("approve", "cto", minutes=-20)
    desk.put("approve", "owner", minutes=-20, role="Product Owner")
    path = desk.put(kind, "cto", minutes=-5, request="sha256:" + "1" * 64)
    past = history(desk.change(), NOW, Rules(NEEDS))
    assert [(each.file, why) for each, why in past.ignored] == [(path.name, "it is for another request")]
    assert past.state is State.APPROVED
    payload = desk.payload(kind, minutes=-4)
    del payload["request"]
    line = canonical(payload).encode()
    desk.write(line, desk.bytes_of(line, "cto"), kind=kind)
    assert any(f"{kind} has exactly the keys" in why for _, why in history(desk.change(), NOW).ignored)


def test_a_statement_is_taken_back_by_who_made_it(desk):
    desk.assessed()
    desk.put("statement", "cto", minutes=-5)
    desk.put("revoke", "both", minutes=-4)
    desk.put("revoke", "cto", minutes=-4, role="Product Owner")
    desk.put("revoke", "cto", minutes=-6)
    assert set(statements(desk.change(), NOW, Rules({}))) == {"migrations"}
    desk.put("revoke", "cto", minutes=-4)
    assert statements(desk.change(), NOW, Rules({})) == {}
    desk.put("statement", "cto", minutes=-3)
    assert set(statements(desk.change(), NOW, Rules({}))) == {"migrations"}


def test_a_key_that_has_ended_states_nothing_any_more(desk):
    text = yaml_of({name: (["Tech Lead"], [public(desk.keys[name])]) for name in ("requester", "tech")})
    desk.assessed()
    desk.put("statement", "cto", minutes=-5)
    more = f"  cto:\n    roles: [CTO]\n    keys: [{{key: '{public(desk.keys['cto'])}', until: 2026-11-25}}]\n"
    desk.approvers = approvers.parse(text + more, source="approvers.yaml")
    assert set(statements(desk.change(), NOW, Rules({}))) == {"migrations"}
    assert statements(desk.change(), NOW + timedelta(hours=12), Rules({})) == {}
