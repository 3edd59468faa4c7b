"""A folder of many changes, and what is read of it."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from handrail import filing
from handrail.model.canonical import canonical
from handrail.model.history import state
from handrail.model.lifecycle import State
from handrail.model.ssh_key import packed
from handrail.signatures.verify import BEGIN, END
from tests.unit.changes.conftest import CHANGE, NOW

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
