"""From documents to a state: no sequence of them leads where it must not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.model import moment
from handrail.model.approval import count
from handrail.model.canonical import digest
from handrail.model.change import Change, ChangeRun
from handrail.model.history import Rules, counted, history, may, review_due, state
from handrail.model.lifecycle import TRANSITIONS, State
from handrail.model.person import Key, Person
from handrail.model.signed import Document, Kind
from tests.unit.changes.conftest import CHANGE, FIELDS, NOW, PLAN

PEOPLE = {
    "asker": Person("asker"),
    "tech": Person("tech", ("Tech Lead",)),
    "cto": Person("cto", ("CTO",)),
    "both": Person("both", ("CTO", "Product Owner")),
}
RULES = Rules({"CTO": 1})
DIGEST = digest(PLAN)


def document(kind, by, minutes, number=0, **given):
    at = NOW + timedelta(minutes=minutes)
    fields = FIELDS[kind] | given
    if kind in {"approve", "statement"} and not fields["expires"]:
        fields["expires"] = moment.written(at + timedelta(hours=2))
    payload = {"kind": kind, "change": CHANGE, "at": moment.written(at), **fields}
    return Document(f"{kind}-{number}-{minutes}-{by}", payload, Key(by, PEOPLE[by]))


def change(*documents, runs=(), of="normal"):
    request = document("request", "asker", -60, type=of)
    return Change(CHANGE, request, (request, *(bound(each, request) for each in documents)), tuple(runs))


def bound(said, request):
    """Let a document be for this request, unless it names another."""
    here = {"request": digest(request.payload)} if said.payload.get("request") == "" else {}
    here |= {"requester": request.person.name} if "requester" in said.payload else {}
    return replace(said, payload={**said.payload, **here})


def run(outcome, minutes, name="r1"):
    return ChangeRun(name, outcome, NOW + timedelta(minutes=minutes))


ASSESS, APPROVE = document("assess", "tech", -50), document("approve", "cto", -40)


@pytest.mark.parametrize(
    ("documents", "runs", "wanted"),
    [
        ((), (), State.REQUESTED),
        ((ASSESS,), (), State.ASSESSED),
        ((ASSESS, APPROVE), (), State.APPROVED),
        ((ASSESS, APPROVE, document("schedule", "tech", -30)), (), State.SCHEDULED),
        ((ASSESS, APPROVE), (run("failed", -20),), State.IMPLEMENTED),
        ((ASSESS, APPROVE), (run("refused", -20),), State.APPROVED),
        ((ASSESS, APPROVE), (run("failed", -20), run("done", -10, "r2")), State.VERIFIED),
        ((ASSESS, APPROVE, document("close", "tech", -5)), (run("done", -10),), State.CLOSED),
        ((ASSESS, APPROVE, document("close", "tech", -15)), (run("done", -10),), State.VERIFIED),
        ((ASSESS, document("reject", "cto", -40)), (), State.REJECTED),
        ((ASSESS, document("approve", "cto", -40, expires="2026-11-24T11:59:59Z")), (), State.EXPIRED),
        ((ASSESS, APPROVE, document("revoke", "cto", -30)), (), State.ASSESSED),
        ((APPROVE,), (), State.REQUESTED),
    ],
)
def test_documents_and_runs_make_a_state(documents, runs, wanted):
    assert state(change(*documents, runs=runs), NOW, RULES) is wanted


@pytest.mark.parametrize(
    ("kind", "documents", "runs", "why"),
    [
        (Kind.APPROVE, (), (), "the change is requested"),
        (Kind.CLOSE, (ASSESS, APPROVE), (), "the change is approved; close is for one that is verified"),
        (Kind.SCHEDULE, (ASSESS,), (), "the change is assessed"),
        (Kind.RUN, (ASSESS,), (), "the change is assessed"),
        (Kind.REVIEW, (ASSESS, APPROVE), (run("done", -10),), "a review is for an emergency that was run"),
        (Kind.REQUEST, (), (), "the change is requested"),
        (Kind.APPROVE, (ASSESS, document("reject", "tech", -40, role="Tech Lead")), (), "the change is rejected"),
        (Kind.RUN, (ASSESS, APPROVE), (run("done", -10),), "the change is verified"),
    ],
)
def test_an_illegal_step_is_refused_with_its_reason(kind, documents, runs, why):
    assert why in may(change(*documents, runs=runs), kind, NOW, RULES)


def test_where_the_rules_are_not_known_each_person_counts_once():
    others = document("approve", "both", -39), document("approve", "both", -38, role="Product Owner")
    past = history(change(ASSESS, APPROVE, *others), NOW)
    votes = counted(change(), past.standing, (), NOW, Rules())
    assert (past.state, votes.enough) == (State.APPROVED, True)
    assert [(each.person.name, each["role"]) for each in votes.counted] == [("cto", "CTO"), ("both", "Product Owner")]
    assert not counted(change(), (ASSESS,), (), NOW, Rules()).enough


def test_an_emergency_that_ran_is_due_for_its_review_until_it_is_done():
    within = timedelta(hours=120)
    quiet = change(of="emergency")
    assert review_due(quiet, NOW, within) is None
    ran = change(of="emergency", runs=(run("failed", -30), run("done", -10, "r2")))
    assert review_due(ran, NOW, within) == NOW - timedelta(minutes=30) + within
    assert may(ran, Kind.REVIEW, NOW) == ""
    reviewed = change(document("review", "tech", -5), of="emergency", runs=(run("done", -10),))
    assert review_due(reviewed, NOW, within) is None
    assert review_due(change(runs=(run("done", -10),)), NOW, within) is None


people = st.sampled_from(sorted(PEOPLE))
roles = st.sampled_from(["CTO", "Product Owner", "Tech Lead", "Nobody"])
kinds = st.sampled_from([kind.value for kind in Kind if kind not in {Kind.REQUEST, Kind.RUN}])


@st.composite
def documents(draw):
    kind = draw(kinds)
    given = {"role": draw(roles)} if "role" in FIELDS[kind] else {}
    if kind == "approve":
        given["expires"] = moment.written(NOW + timedelta(minutes=draw(st.integers(-70, 70))))
    if "plan" in FIELDS[kind] and draw(st.integers(0, 5)) == 0:
        given["plan"] = digest("another")
    if "request" in FIELDS[kind] and draw(st.integers(0, 5)) == 0:
        given["request"] = digest("another")
    return document(kind, draw(people), draw(st.integers(-70, 10)), draw(st.integers(0, 9)), **given)


runs = st.builds(
    run,
    st.sampled_from(["done", "failed", "unchanged", "unknown", "refused"]),
    st.integers(-70, 0),
    st.text("abc", min_size=1),
)
changes = st.builds(
    lambda docs, done, of: change(*docs, runs=done, of=of),
    st.lists(documents(), max_size=12, unique_by=lambda each: each.file),
    st.lists(runs, max_size=3, unique_by=lambda each: each.run),
    st.sampled_from(["normal", "emergency", "standard"]),
)
needs = st.sampled_from([{}, {"CTO": 1}, {"CTO": 1, "Product Owner": 1}, {"CTO": 2}])


@settings(max_examples=300, deadline=None)
@given(changes, needs)
def test_no_sequence_of_documents_leads_to_an_illegal_state(made, wanted):
    rules = Rules(wanted)
    past = history(made, NOW, rules)
    result = count(made, wanted, DIGEST, NOW)
    kinds_standing = {each.kind for each in past.standing}
    good = any(each.good for each in made.runs)
    touched = any(each.touched for each in made.runs)
    assert len(past.standing) + len(past.ignored) == len(made.documents) - 1
    assert (past.state is State.CLOSED) <= (good and Kind.CLOSE in kinds_standing)
    assert (past.state is State.VERIFIED) <= good
    assert (past.state is State.IMPLEMENTED) <= touched
    assessed = made.type != "normal" or Kind.ASSESS in kinds_standing
    assert (past.state is State.IMPLEMENTED or result.enough) <= assessed
    assert (Kind.REVIEW in kinds_standing) <= (made.type == "emergency" and touched)
    assert (Kind.SCHEDULE in kinds_standing) <= (made.type != "normal" or Kind.ASSESS in kinds_standing)
    assert all(each.at <= NOW + timedelta(minutes=10) for each in past.standing)
    assert all(each.person.roles or each.kind in {Kind.SCHEDULE, Kind.CLOSE} for each in past.standing)
    assert all(each.person.roles or each.person == made.requester for each in past.standing)
    if result.enough:
        assert past.state in TRANSITIONS[Kind.RUN]
        assert not good
        signers = [each.person.name for each in result.counted]
        assert len(signers) == len(set(signers)) == sum(wanted.values())
        assert "asker" not in signers
        for each in result.counted:
            assert each["role"] in each.person.roles
            assert each["plan"] == DIGEST
            assert each["request"] == digest(made.request.payload)
            assert moment.read(each["expires"]) > NOW


@settings(max_examples=200, deadline=None)
@given(changes, needs, st.randoms(use_true_random=False))
def test_the_order_in_which_files_are_read_does_not_matter(made, wanted, random):
    mixed = list(made.documents)
    random.shuffle(mixed)
    other = Change(made.id, made.request, tuple(mixed), made.runs[::-1])
    assert history(made, NOW, Rules(wanted)).state is history(other, NOW, Rules(wanted)).state
    assert count(made, wanted, DIGEST, NOW).enough == count(other, wanted, DIGEST, NOW).enough


@settings(max_examples=200, deadline=None)
@given(changes, needs)
def test_a_rejection_only_ever_makes_less_possible(made, wanted):
    # Later than each revocation that counts now.
    more = bound(document("reject", "tech", 6, number=99, role="Tech Lead"), made.request)
    other = Change(made.id, made.request, (*made.documents, more), made.runs)
    assert not count(other, wanted, DIGEST, NOW).enough or not count(made, wanted, DIGEST, NOW).enough


def test_a_record_of_a_run_stands_for_no_assessment():
    runs = (run("failed", -45),)
    forged = change(APPROVE, runs=runs)
    assert state(forged, NOW, RULES) is State.REQUESTED
    assert "the change is requested" in may(forged, Kind.RUN, NOW, RULES)
    assert not count(forged, {"CTO": 1}, DIGEST, NOW).enough
    assert state(change(APPROVE, runs=runs, of="emergency"), NOW, RULES) is State.IMPLEMENTED
    assert state(change(ASSESS, APPROVE, runs=runs), NOW, RULES) is State.IMPLEMENTED


def test_a_change_that_has_run_can_be_scheduled_for_later():
    later = document("schedule", "tech", -30)
    made = change(ASSESS, APPROVE, later, runs=(run("failed", -35),))
    past = history(made, NOW, RULES)
    assert [each.file for each in past.standing if each.kind is Kind.SCHEDULE] == [later.file]
    assert past.state is State.IMPLEMENTED


def test_who_requested_an_emergency_does_not_review_it():
    request = document("request", "cto", -60, type="emergency")
    own = document("review", "cto", -5)
    made = Change(CHANGE, request, (request, own), (run("done", -10),))
    assert review_due(made, NOW, timedelta()) == NOW - timedelta(minutes=10)
    assert [why for _, why in history(made, NOW).ignored] == ["cto requested the change: somebody else reviews it"]


@pytest.mark.parametrize(("minutes", "due"), [(-20, False), (-15, True), (-10, True)])
def test_a_review_is_of_the_runs_before_it(minutes, due):
    review = document("review", "tech", -15)
    made = change(review, of="emergency", runs=(run("failed", -30), run("done", minutes, "r2")))
    assert review_due(made, NOW, timedelta()) == (NOW + timedelta(minutes=minutes) if due else None)
    again = change(review, document("review", "tech", -5), of="emergency", runs=made.runs)
    assert review_due(again, NOW, timedelta()) is None
