"""A folder of many changes, and what is read of it."""

from __future__ import annotations

import base64
import hashlib
import os
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from handrail import filing
from handrail.filing.find import for_plan
from handrail.model.canonical import canonical
from handrail.model.history import history, review_due, state
from handrail.model.lifecycle import State
from handrail.model.ssh_key import packed
from handrail.signatures.verify import BEGIN, END
from tests.unit.changes.conftest import CHANGE, FIELDS, NOW, PLAN

if TYPE_CHECKING:
    from pathlib import Path

MANY = 500


def armoured(line: bytes, key: Path) -> bytes:
    """Sign as ssh-keygen does, without a process for each of a thousand documents."""
    private = serialization.load_ssh_private_key(key.read_bytes(), None)
    assert isinstance(private, Ed25519PrivateKey)
    public = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    parts = (b"handrail", b"", b"sha512", hashlib.sha512(line).digest())
    made = private.sign(b"SSHSIG" + b"".join(map(packed, parts)))
    kind = packed(b"ssh-ed25519")
    pieces = (kind + packed(public), b"handrail", b"", b"sha512", kind + packed(made))
    blob = b"SSHSIG" + (1).to_bytes(4) + b"".join(map(packed, pieces))
    text = base64.b64encode(blob).decode()
    lines = [text[place : place + 70] for place in range(0, len(text), 70)]
    return "\n".join([BEGIN, *lines, END, ""]).encode()


def test_five_hundred_changes_are_listed_in_a_second(desk):
    for number in range(MANY):
        for kind, by in (("request", "cto"), ("assess", "both")):
            payload = desk.payload(kind, minutes=-60, change=f"shop-prod-20261124-{number:06x}")
            payload |= {"requester": "cto"} if kind == "assess" else {}
            line = canonical(payload).encode()
            content = line + b"\n" + armoured(line, desk.keys[by])
            desk.write(line, content, kind=kind, change=payload["change"])
    one = filing.read_change(desk.folder, "shop-prod-20261124-000000", desk.approvers)
    assert not any(document.wrong for document in one.documents)

    began = time.process_time()
    found = filing.changes(desk.folder, desk.approvers)
    states = {state(change, NOW) for change in found.changes}
    seconds = time.process_time() - began
    assert (len(found.changes), found.broken, states) == (MANY, (), {State.ASSESSED})
    # Of the processor, whatever else the machine does.
    assert seconds < 1


def test_a_list_names_what_is_no_change(desk):
    desk.assessed()
    other = desk.put("request", "stranger", minutes=-60, change="shop-prod-20261124-000000")
    (desk.folder / "notes.txt").write_text("hello")
    found = filing.changes(desk.folder, desk.approvers)
    assert [change.id for change in found.changes] == [CHANGE]
    assert state(found.changes[0], NOW) is State.ASSESSED
    ((name, why),) = found.broken
    assert name == other.parent.name
    assert "nobody in the approvers has the key" in why
    assert filing.changes(desk.folder / "nothing", desk.approvers).changes == ()


def test_the_list_and_the_run_are_told_the_same(desk):
    desk.assessed()
    desk.put("approve", "cto", minutes=-5)
    desk.put("approve", "owner", minutes=-5, role="Product Owner")
    path = desk.put("approve", "both", minutes=-5)
    path.write_bytes(path.read_bytes().replace(b'"expires":"2026-11-26', b'"expires":"2027-11-26'))
    (listed,) = filing.changes(desk.folder, desk.approvers).changes
    read = desk.change()
    assert [(each.file, each.person, bool(each.wrong)) for each in listed.documents] == [
        (each.file, each.person, bool(each.wrong)) for each in read.documents
    ]


CLOSE = {"kind": "close", "change": "shop-prod-20261124-000000", "at": "2026-11-24T12:00:00Z", "text": ""}
ASKED = FIELDS["request"] | {"kind": "request", "change": CLOSE["change"], "at": CLOSE["at"]}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("request-000000000000.signed", {"kind": []}),
        ("assess-000000000000.signed", {"kind": {}}),
        ("request-000000000000.signed", CLOSE),
        ("request-000000000000.signed", ASKED | {"type": []}),
        ("request-000000000000.signed", ASKED | {"risk": {}}),
        ("request-000000000000.signed", ASKED | {"plan": PLAN | {"hosts": {"web": [1]}}}),
        ("request-000000000000.signed", ASKED | {"reason": "another", "impact": f'"plan":{canonical(PLAN)}'}),
        ("run-y.json", {"run": ["y"], "outcome": "done", "at": "2026-11-24T12:00:00Z"}),
        ("run-y.json", {"run": "y", "outcome": "done", "at": "9999-12-31T23:59:59Z"}),
        ("run-y.json", {"run": "y", "outcome": "done", "at": "0001-01-01T00:00:00Z"}),
        (os.fsdecode(b"\xff\n.signed"), {}),
    ],
    ids=str,
)
def test_no_file_that_somebody_puts_there_stops_a_gate_or_a_list(desk, name, content):
    desk.put("request", "requester", minutes=-60, type="emergency")
    for change in (CHANGE, "shop-prod-20261124-000000"):
        path = desk.folder / change / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(canonical(content).encode() + b"\nx")
        if name.startswith("run-"):
            path.write_text(canonical(content))
    assert [change.id for change in for_plan(desk.folder, PLAN, desk.approvers)] == [CHANGE]
    listed = filing.changes(desk.folder, desk.approvers)
    assert [change.id for change in listed.changes] == [CHANGE]
    assert [change for change, _ in listed.broken] == ["shop-prod-20261124-000000"]
    assert review_due(listed.changes[0], NOW, timedelta(days=5)) is None
    assert len(history(desk.change(), NOW).ignored) == 1
    assert all(document.file.isprintable() for document in desk.change().documents)


def test_a_folder_that_is_shut_is_passed_over(desk, monkeypatch):
    desk.assessed()
    (desk.folder / "shop-prod-20261124-000000").mkdir()
    real = os.listdir

    def listed(place):
        if str(place).endswith("000000"):
            raise PermissionError(13, "Permission denied")
        return real(place)

    # Nothing is shut to the superuser.
    monkeypatch.setattr(os, "listdir", listed)
    assert [change.id for change in for_plan(desk.folder, PLAN, desk.approvers)] == [CHANGE]
    assert filing.changes(desk.folder, desk.approvers).broken == (
        ("shop-prod-20261124-000000", "it cannot be read: Permission denied"),
    )


def test_the_change_of_a_plan_is_found_among_a_thousand(desk):
    names = [f"web{number}.example (10.0.0.{number})" for number in range(20)]
    payload = desk.payload("request", minutes=-90, plan=PLAN | {"hosts": {"web": names}})
    for number in range(1000):
        line = canonical(payload | {"change": f"shop-prod-20261124-{number:06x}"}).encode()
        desk.write(line, line + b"\nx", kind="request", change=f"shop-prod-20261124-{number:06x}")
    seconds = []
    for _ in range(5):
        began = time.process_time()
        assert list(for_plan(desk.folder, PLAN, desk.approvers)) == []
        seconds.append(time.process_time() - began)
    assert min(seconds) < 0.05, seconds
    desk.assessed()
    assert [change.id for change in for_plan(desk.folder, PLAN, desk.approvers)] == [CHANGE]
