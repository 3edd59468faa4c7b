"""The gate: each rule says no where it should, and its no is gone when the rule is taken out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from handrail.control.inventory import read
from handrail.errors import BadInput, Refused
from handrail.journal import recorder
from handrail.model import rule
from handrail.model.canonical import digest
from handrail.model.clearance import Kind
from handrail.model.intent import Intent, Verb
from handrail.model.version import Release
from handrail.orchestration import gate as gates
from handrail.signatures import good, inside, verify
from tests import office as offices
from tests.gated import Gated
from tests.lab.inventory import inventory
from tests.office import DAYS, DEPLOY, RULES, ago, ahead, frozen, shut


def no(office, name, *words, intent=DEPLOY, **said):
    """See that the gate says no, by this rule, with these words; and that nothing else is in the way."""
    with pytest.raises(Refused) as refused:
        office.check(intent, **said)
    assert refused.value.exit_code == 3
    text = str(refused.value)
    for word in (f"{name}:", "nothing was touched", *words):
        assert word in text, text
    assert text.startswith(f"{name}:"), f"another rule says no as well: {text}"
    return text


def without(monkeypatch, *rules):
    kept = tuple(each for each in rule.RULES if each not in rules)
    assert len(kept) == len(rule.RULES) - len(rules)
    monkeypatch.setattr(gates, "RULES", kept)


def test_a_change_with_the_approvals_of_both_roles_passes(office):
    here = office()
    change = here.approved()
    clearance = here.check()
    assert (clearance.kind, clearance.change) == (Kind.NORMAL, change)
    assert [(each["person"], each["role"]) for each in clearance.approvals] == [
        ("product-owner", "Product Owner"), ("cto", "CTO"),
    ]  # fmt: skip


def test_an_environment_without_rules_lets_everything_pass(office):
    here = office()
    here.loaded = read(inventory(here.inventory.parent.parent / "free", {})).load()
    assert here.check().kind is Kind.FREE


def test_a_shut_window(office, monkeypatch):
    here = office(windows=shut())
    here.approved()
    assert "it opens" in no(here, "windows", "fab windows", "--emergency")
    without(monkeypatch, rule.window)
    assert here.check().kind is Kind.NORMAL


def test_a_freeze(office, monkeypatch):
    here = office(freezes=frozen())
    here.approved()
    no(here, "freezes", "year end")
    without(monkeypatch, rule.window)
    assert here.check().kind is Kind.NORMAL


def test_a_window_that_shuts_before_the_change_can_be_done(office):
    here = office()
    began = datetime.now(UTC)
    lasted = {"system": "sanvi", "environment": "lab", "verb": "deploy", "run": "1", "started": began.isoformat()}
    recorder.start().begin(lasted)
    recorder.start().end({**lasted, "outcome": "done", "seconds": 3600.0})
    soon = (began + timedelta(minutes=30)).replace(second=0, microsecond=0)
    opened = soon - timedelta(hours=2)
    here.loaded = read(
        inventory(
            here.inventory.parent.parent / "short",
            {"changes": {**RULES, "windows": [f"{DAYS[opened.weekday()]} {opened:%H:%M}-{soon:%H:%M}"]}},
        )
    ).load()
    (here.loaded.base / "approvers.yaml").write_text((here.inventory.parent / "approvers.yaml").read_text())
    here.approved()
    no(here, "windows", "closes", "1h")


def test_what_nobody_approved(office, monkeypatch):
    here = office()
    no(here, "approvals", "1 x Product Owner, 1 x CTO", "fab change.request --verb deploy --release 1.1.0")
    change = here.request()
    no(here, "approvals", change, "missing: 1 x Product Owner, 1 x CTO", f"next: fab change.approve {change}")
    here.approve(change, "CTO")
    no(here, "approvals", "missing: 1 x Product Owner", "could approve: Product Owner: product-owner")
    without(monkeypatch, rule.approvals)
    assert here.check().kind is Kind.NORMAL


def test_each_no_names_a_command_that_will_not_be_refused_itself(office):
    here = office()
    change = "sanvi-lab-20261121-00000c"
    said = {"type": "normal", "reason": "x", "risk": "low", "impact": "", "not_before": ""}
    here.sign("request", "operator", change, plan=here.plan(), **said)
    no(here, "approvals", "it is not assessed yet", f'next: fab change.assess {change} --text "…"')
    plan = digest(here.plan())
    here.sign("assess", "cto", change, plan=plan, risk="low", impact="", text="")
    here.approve(change, "Product Owner", "CTO")
    rejected = {"role": "Product Owner", "decision": "reject", "expires": "", "text": ""}
    here.sign("reject", "product-owner", change, plan=plan, **rejected)
    no(here, "approvals", f"next: fab change.revoke {change} --role 'Product Owner'  # by product-owner")
    here.sign("revoke", "product-owner", change, plan=plan, **rejected | {"decision": "revoke"}, at=ago(minutes=4))
    no(here, "approvals", "missing: 1 x Product Owner", f"next: fab change.approve {change} --role 'Product Owner'")


def test_what_is_typed_next_names_the_inventory_and_the_digest_that_were_given(office):
    here = office(windows=shut(), normal={"approvals": {"CTO": 1, "Product Owner": None}})
    given = {"inventory": "a b.py", "with_digest": True}
    with pytest.raises(Refused) as refused:
        here.check(**given)
    windows, request = refused.value.next_step.splitlines()
    digested = f"--sha256 {'a' * 64}"
    deploy = f"fab deploy 1.1.0 {digested} --inventory 'a b.py' --emergency --reason \"…\""
    assert windows == f"fab windows --inventory 'a b.py'; if it cannot wait: {deploy}"
    assert request.strip() == (
        f"fab change.request --verb deploy --release 1.1.0 {digested} --type normal --inventory 'a b.py' --reason \"…\""
    )
    change = here.request()
    with pytest.raises(Refused) as refused:
        here.check(**given)
    assert f"fab change.approve {change} --role CTO --inventory 'a b.py'" in refused.value.next_step


def test_nobody_is_named_to_approve_their_own_change(office, monkeypatch):
    monkeypatch.setattr(offices, "PEOPLE", {**offices.PEOPLE, "operator": ["CTO"]})
    here = office()
    here.request()
    assert "CTO: cto)" in no(here, "approvals", "could approve: Product Owner: product-owner; CTO: cto)")


def test_another_release_is_another_plan_and_the_refusal_says_what_differs(office):
    here = office()
    change = here.approved()
    other = Intent(Verb.DEPLOY, release=Release("1.1.0", "b" * 64))
    no(here, "approvals", "no change that was filed has this plan", intent=other)
    no(here, "approvals", "another plan", "release.sha256: aaaa… is now bbbb…", intent=other, change=change)


def test_an_approval_is_used_up_by_the_run_that_it_allowed(office):
    here = office()
    change = here.approved()
    body = {"system": "sanvi", "environment": "lab", "verb": "deploy", "run": "1", "change": change}
    recorder.start().begin(body)
    recorder.start().end({**body, "outcome": "done", "seconds": 1.0})
    no(here, "approvals", change, "used up", "next: fab change.request --verb deploy --release 1.1.0")


def test_a_change_that_is_scheduled_for_later(office, monkeypatch):
    here = office()
    change = here.approved(not_before=ahead(hours=2))
    no(here, "schedule", change, "fab change.request --verb deploy")
    without(monkeypatch, rule.schedule)
    assert here.check().change == change


def test_who_requested_a_change_can_move_it_later_and_never_before_what_was_approved(office):
    here = office()
    change = here.approved(not_before=ahead(hours=2))
    plan = digest(here.plan())
    here.sign("schedule", "operator", change, plan=plan, not_before=ago(hours=1), text="")
    no(here, "schedule", change, "fab change.request --verb deploy")
    later = ahead(hours=3)
    here.sign("schedule", "operator", change, plan=plan, not_before=later, text="", at=ago(minutes=1))
    no(here, "schedule", later, f"fab change.schedule {change}")


def test_a_clock_that_was_set_back(office, monkeypatch):
    here = office()
    here.approved()
    late = datetime.now(UTC) + timedelta(minutes=10)
    monkeypatch.setattr(Gated, "check", lambda self, intent=DEPLOY, **said: later(self.attempt(intent, **said), late))
    no(here, "clock", "timedatectl", "fab audit.show 17")
    without(monkeypatch, rule.clock)
    assert here.check().kind is Kind.NORMAL


def later(attempt, newest):
    """Pass the gate with a journal whose newest record is of that time."""
    facts = attempt.journal.facts("sanvi", "lab", "deploy") | {"newest_at": newest.isoformat(), "newest_at_seq": 17}
    told = type("Told", (), {"facts": lambda *_: facts, "change_runs": attempt.journal.change_runs})()
    return gates.check(replace(attempt, journal=told))


def test_an_emergency_goes_round_the_window_with_its_own_approvals(office, monkeypatch):
    here = office(windows=shut())
    with pytest.raises(Refused, match="an emergency has a reason"):
        here.check(emergency=True)
    said = {"emergency": True, "reason": "orders are lost"}
    no(here, "approvals", "1 x CTO", "--type emergency", **said)
    change = here.request(of="emergency", number="00000b")
    no(here, "approvals", change, "missing: 1 x CTO", **said)
    here.approve(change, "CTO")
    clearance = here.check(**said)
    assert (clearance.kind, clearance.change, clearance.loud) == (Kind.EMERGENCY, change, "EMERGENCY")
    with pytest.raises(Refused, match="a change of the type emergency"):
        here.check(change=change)


def test_an_emergency_where_there_are_none(office, monkeypatch):
    here = office(emergency={"allowed": False, "approvals": {"CTO": None}})
    no(here, "emergency", "no emergencies", emergency=True, reason="x")
    without(monkeypatch, rule.emergency)
    assert here.check(emergency=True, reason="x").kind is Kind.EMERGENCY


def test_a_rollback_is_never_held_up(office):
    here = office(windows=shut(), freezes=frozen())
    assert here.check(Intent(Verb.ROLLBACK)).kind is Kind.STANDARD


def test_a_failover_is_never_held_up(office):
    here = office(windows=shut(), freezes=frozen())
    assert here.check(Intent(Verb.PROMOTE, lag_accepted="7m")).kind is Kind.STANDARD


def test_a_failover_that_the_description_has_approved_is_approved_with_its_loss(office):
    here = office(standard={"promote": None})
    assert "--lag-accepted 7m" in no(here, "approvals", intent=Intent(Verb.PROMOTE, lag_accepted="7m"))


def test_a_checklist_item_that_says_no(office):
    here = office(checklist=[{"item": "CI is green", "command": ["sh", "-c", "echo 3 tests failed; exit 1"]}])
    here.approved()
    no(here, "checklist", "CI is green: exit 1: 3 tests failed")


def test_the_rules_are_asked_again_after_the_checklist_which_may_take_minutes(office, tmp_path):
    lose = f"rm {tmp_path}/office/changes/*/approve-*"
    here = office(checklist=[{"item": "CI is green", "command": ["sh", "-c", lose]}])
    here.approved()
    no(here, "approvals", "missing: 1 x Product Owner, 1 x CTO")


def test_each_signature_is_verified_once_in_a_run_however_often_its_gate_is_asked(office, monkeypatch):
    here = office(checklist=[{"item": "CI is green", "command": ["true"]}])
    filed = {path.read_bytes().partition(b"\n")[0] for path in (here.folder / here.approved()).iterdir()}
    good._keys.clear()  # whoever signs sees that it is good
    by_openssh, made_by = verify._by_openssh, inside.made_by
    asked, here_in = [], []
    monkeypatch.setattr(verify, "_by_openssh", lambda papers: asked.extend(papers) or by_openssh(papers))
    monkeypatch.setattr(inside, "made_by", lambda *what: here_in.append(what) or made_by(*what))
    for _ in range(2):  # as where somebody thinks about pyinfra's question
        assert here.check().kind is Kind.NORMAL
    assert sorted(payload for _, payload, _, _ in asked) == sorted(filed)
    assert len(here_in) == len(filed)


def test_what_was_altered_since_the_gate_was_asked_is_refused_when_it_is_asked_again(office):
    here = office()
    change = here.approved()
    assert here.check().change == change
    for path in (here.folder / change).glob("approve-*"):
        path.write_bytes(path.read_bytes().replace(b'"text":""', b'"text":"x"'))
    no(here, "approvals", "missing: 1 x Product Owner, 1 x CTO")


def test_answers_of_the_checklist_go_into_the_record(office):
    here = office(checklist=[{"item": "CI is green", "command": ["echo", "all of", "${version}"]}])
    here.approved()
    (answer,) = here.check().checklist
    assert (answer["ok"], answer["evidence"]) == (True, "all of 1.1.0")


def test_without_the_file_of_approvers_nobody_passes(office):
    here = office()
    (here.inventory.parent / "approvers.yaml").unlink()
    with pytest.raises(BadInput, match=r"approvers\.yaml"):
        here.check()


def test_every_rule_that_says_no_is_named_at_once(office):
    here = office(windows=shut())
    with pytest.raises(Refused) as refused:
        here.check()
    text = str(refused.value)
    for word in ("2 rules say no", "windows:", "approvals:", "fab windows", "fab change.request"):
        assert word in text


def test_approvers_that_cannot_be_read(office):
    here = office()
    (here.inventory.parent / "approvers.yaml").write_bytes(b"people: \xff")
    with pytest.raises(BadInput, match="cannot be read"):
        here.check()


def test_a_broken_change_beside_a_good_one_is_passed_over(office):
    here = office()
    broken = here.request(number="00000b")
    next((here.folder / broken).glob("request-*")).chmod(0o644)
    (request,) = (here.folder / broken).glob("request-*")
    request.write_text(request.read_text().replace("SSH SIGNATURE-----\n", "SSH SIGNATURE-----\nAAAA", 1))
    with pytest.raises(Refused, match="is no change"):
        here.check()
    change = here.approved()
    assert here.check().change == change


def test_a_change_that_is_named_must_be_for_this_plan_also_where_nothing_needs_one(office):
    here = office()
    change = here.approved()
    no(here, "approvals", "a change of the type normal", intent=Intent(Verb.ROLLBACK), change=change)
    assert here.check().change == change


def test_a_calendar_that_cannot_be_read_holds_up_a_deploy_and_nothing_that_restores_service(office):
    here = office(freezes=[{"calendar": "nowhere.ics"}], emergency={"approvals": {"CTO": None}})
    with pytest.raises(BadInput, match="nowhere"):
        here.check()
    for verb in (Verb.ROLLBACK, Verb.STARTUP, Verb.HOLD):
        assert here.check(Intent(verb)).kind is Kind.STANDARD
    assert here.check(emergency=True, reason="orders are lost").kind is Kind.EMERGENCY
