"""People with real SSH keys, and a folder in which they file what they sign."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from handrail import filing
from handrail.model import approvers, moment
from handrail.model.canonical import canonical, digest

if TYPE_CHECKING:
    from pathlib import Path

    from handrail.model.change import Change

KINDS = {"ed25519": ["ed25519"], "ecdsa": ["ecdsa"], "rsa": ["rsa", "-b", "3072"]}
ROLES = {
    "requester": ([], "ed25519"),
    "tech": (["Tech Lead"], "ecdsa"),
    "owner": (["Product Owner"], "rsa"),
    "cto": (["CTO"], "ed25519"),
    "both": (["CTO", "Product Owner"], "ed25519"),
}
CHANGE = "shop-prod-20261124-0a1b2c"
OTHER = "shop-prod-20261124-ffffff"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PLAN: dict[str, Any] = {
    "system": "shop",
    "environment": "prod",
    "verb": "deploy",
    "release": {"version": "1.4.2", "sha256": "ab" * 32},
    "options": {"share": 10},
    "hosts": {"web": ["web1", "web2"]},
    "steps": ["Take the lease", "Stage the release"],
    "description": {"edge": "sha256:" + "1" * 64},
}
# An empty request is filled with the one that lies there.
FOR = {"request": "", "requester": "requester", "plan": digest(PLAN)}
FIELDS: dict[str, dict[str, Any]] = {
    "request": {
        "plan": PLAN, "type": "normal", "reason": "a release", "risk": "low", "impact": "none", "not_before": "",
    },
    "assess": {**FOR, "risk": "low", "impact": "none", "text": ""},
    "approve": {**FOR, "role": "CTO", "decision": "approve", "expires": "", "text": ""},
    "reject": {**FOR, "role": "CTO", "decision": "reject", "expires": "", "text": ""},
    "revoke": {**FOR, "role": "CTO", "decision": "revoke", "expires": "", "text": ""},
    "schedule": {**FOR, "not_before": "2026-11-24T16:30:00Z", "text": ""},
    "statement": {**FOR, "item": "migrations", "role": "CTO", "text": "tested", "expires": ""},
    "close": {"text": ""},
    "review": {"text": "what went wrong"},
}  # fmt: skip


def made(folder: Path, kind: list[str]) -> Path:
    key = folder / "-".join(kind)
    subprocess.run(["ssh-keygen", "-q", "-t", *kind, "-N", "", "-C", "a b", "-f", str(key)], check=True)
    return key


@pytest.fixture(scope="session")
def keys(tmp_path_factory) -> dict[str, Path]:
    """Give everybody a key; the stranger stands in no file."""
    found = {}
    for name, kind in {**{name: kind for name, (_, kind) in ROLES.items()}, "stranger": "ed25519"}.items():
        found[name] = made(tmp_path_factory.mktemp(name), KINDS[kind])
    return found


def raw_sign(text: bytes, key: Path, namespace: str = "handrail") -> bytes:
    argv = ["ssh-keygen", "-Y", "sign", "-n", namespace, "-f", str(key)]
    return subprocess.run(argv, input=text, capture_output=True, check=True).stdout


def yaml_of(people: dict[str, tuple[list[str], list[str]]]) -> str:
    lines = ["people:"]
    for name, (roles, lines_of_keys) in people.items():
        lines += [f"  {name}:", f"    roles: {roles}", "    keys:", *(f'      - "{line}"' for line in lines_of_keys)]
    return "\n".join(lines) + "\n"


@dataclass
class Desk:
    """Where documents are signed and filed."""

    folder: Path
    keys: dict[str, Path]
    approvers: approvers.Approvers
    now: datetime = NOW
    filed: list[Path] = field(default_factory=list)

    def payload(self, kind: str, *, minutes: float = 0, change: str = CHANGE, **given: Any) -> dict[str, Any]:
        at = self.now + timedelta(minutes=minutes)
        fields = FIELDS[kind] | given
        if kind in {"approve", "statement"} and not fields["expires"]:
            fields["expires"] = moment.written(at + timedelta(hours=48))
        if fields.get("request") == "":
            fields["request"] = self.requested(change)
        return {"kind": kind, "change": change, "at": moment.written(at), **fields}

    def requested(self, change: str) -> str:
        """Give the digest of the request as it lies there."""
        for path in sorted((self.folder / change).glob("request-*")):
            return f"sha256:{hashlib.sha256(path.read_bytes().split(bytes([10]))[0]).hexdigest()}"
        return "sha256:" + "0" * 64

    def bytes_of(self, line: bytes, by: str, namespace: str = "handrail") -> bytes:
        return line + b"\n" + raw_sign(line, self.keys[by], namespace)

    def put(self, kind: str, by: str, **given: Any) -> Path:
        payload = self.payload(kind, **given)
        line = canonical(payload).encode()
        return self.write(line, self.bytes_of(line, by), kind=kind, change=payload["change"])

    def write(self, line: bytes, content: bytes, *, kind: str = "approve", change: str = CHANGE) -> Path:
        """Write a file as whoever wants to deceive would: past all checks, under the name that it should have."""
        path = self.folder / change / f"{kind}-{hashlib.sha256(line).hexdigest()[:12]}.signed"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.filed.append(path)
        return path

    def assessed(self) -> None:
        self.put("request", "requester", minutes=-60)
        self.put("assess", "tech", minutes=-50)

    def run(self, outcome: str = "done", minutes: float = 0, run: str = "r1") -> Path:
        at = moment.written(self.now + timedelta(minutes=minutes))
        details = {"run": run, "outcome": outcome, "exit_code": 0, "at": at, "seconds": 1.5, "seq": 1, "hash": "00"}
        return filing.file_run(self.folder, CHANGE, details)

    def change(self, name: str = CHANGE) -> Change:
        return filing.read_change(self.folder, name, self.approvers)


def public(key: Path) -> str:
    return key.with_name(key.name + ".pub").read_text().strip()


@pytest.fixture
def desk(tmp_path, keys) -> Desk:
    people = {name: (roles, [public(keys[name])]) for name, (roles, _) in ROLES.items()}
    known = approvers.parse(yaml_of(people), source="approvers.yaml")
    return Desk(tmp_path / "changes", keys, known)
