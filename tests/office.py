"""People with SSH keys who request and approve the changes of a system, as `fab change.*` does, and faster."""

from __future__ import annotations

import hashlib
import json
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from handrail import filing, signatures
from handrail.control.inventory import read
from handrail.model import moment
from handrail.model.canonical import canonical, digest
from handrail.model.change_plan import change_plan
from handrail.model.intent import Intent, Verb
from handrail.model.signed import KEYS, Kind, name_of
from handrail.model.version import Release

if TYPE_CHECKING:
    from pathlib import Path

DEPLOY = Intent(Verb.DEPLOY, release=Release("1.1.0", "a" * 64))
PEOPLE: dict[str, list[str]] = {"operator": [], "product-owner": ["Product Owner"], "cto": ["CTO"]}
REQUESTER = "operator"
SIGNER = {"Product Owner": "product-owner", "CTO": "cto"}
# Laid over those of production, which has more of them.
RULES: dict[str, Any] = {
    "time_zone": "UTC",
    "windows": ["any time"],
    "freezes": [],
    "normal": {"approvals": {"Product Owner": 1, "CTO": 1}},
    "emergency": {"approvals": {"CTO": 1}, "announce": None},
    "checklist": [],
}
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def make_keys(folder: Path) -> dict[str, Path]:
    """Make a key for each of the people."""
    for name in PEOPLE:
        line = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
        subprocess.run(line, check=True)
    return {name: folder / name for name in PEOPLE}


def ago(**span: float) -> str:
    """Write the moment so long before now."""
    return moment.written(datetime.now(UTC) - timedelta(**span))


def ahead(**span: float) -> str:
    """Write the moment so long after now."""
    return moment.written(datetime.now(UTC) + timedelta(**span))


def shut() -> list[str]:
    """Give windows that are shut now: one on the day after tomorrow."""
    day = datetime.now(UTC) + timedelta(days=2)
    return [f"{DAYS[day.weekday()]} 10:00-16:00"]


def frozen() -> list[dict[str, str]]:
    """Give a freeze that holds now."""
    today = datetime.now(UTC).date()
    return [{"from": str(today - timedelta(days=1)), "to": str(today + timedelta(days=1)), "reason": "year end"}]


class Office:
    """The changes of the environment of an inventory."""

    def __init__(self, inventory: Path, keys: dict[str, Path]) -> None:
        self.inventory = inventory
        self.keys = keys
        people = {
            name: {"roles": roles, "keys": [keys[name].with_suffix(".pub").read_text().strip()]}
            for name, roles in PEOPLE.items()
        }
        (inventory.parent / "approvers.yaml").write_text(json.dumps({"people": people}))
        self.loaded = read(inventory).load()

    @property
    def folder(self) -> Path:
        """Where its changes are filed."""
        return self.loaded.base / "../changes"

    def plan(self, intent: Intent = DEPLOY) -> dict[str, Any]:
        """Give the plan of a change."""
        return change_plan(self.loaded.environment, intent)

    def sign(self, kind: str, by: str, change: str, **keys: Any) -> None:
        """File a document that somebody signed five minutes ago."""
        payload = {"kind": kind, "change": change, "at": ago(minutes=5), **keys}
        if "request" in KEYS[Kind(kind)]:
            payload = {"request": self.digest_of(change), "requester": REQUESTER, **payload}
        line = canonical(payload)
        content = f"{line}\n{signatures.sign(line, self.keys[by])}"
        filing.file(self.folder, change, name_of(payload), content.encode())

    def digest_of(self, change: str) -> str:
        """Give the digest of a change's request, which all that is said of it names."""
        (path,) = (self.folder / change).glob("request-*")
        return f"sha256:{hashlib.sha256(path.read_bytes().partition(bytes([10]))[0]).hexdigest()}"

    def request(
        self, intent: Intent = DEPLOY, *, number: str = "00000a", of: str = "normal", not_before: str = ""
    ) -> str:
        """Request a change, assessed, and give its id."""
        environment = self.loaded.environment
        change = f"{environment.system.name}-{environment.name}-20261121-{number}"
        plan = self.plan(intent)
        said = {"type": of, "reason": "new price list", "risk": "low", "impact": "", "not_before": not_before}
        self.sign("request", REQUESTER, change, plan=plan, **said)
        self.sign("assess", "cto", change, plan=digest(plan), risk="low", impact="", text="")
        return change

    def approve(self, change: str, *roles: str, intent: Intent = DEPLOY) -> None:
        """Approve a change in these roles."""
        plan = digest(self.plan(intent))
        for role in roles:
            said = {"role": role, "decision": "approve", "expires": ahead(days=1), "text": ""}
            self.sign("approve", SIGNER[role], change, plan=plan, **said)

    def approved(self, intent: Intent = DEPLOY, **how: str) -> str:
        """Request a change that has all approvals, and give its id."""
        change = self.request(intent, **how)
        self.approve(change, "Product Owner", "CTO", intent=intent)
        return change
