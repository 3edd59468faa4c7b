"""What the gate adds to a run: pyinfra on fake hosts, without rules and with all of them, in pairs."""

from __future__ import annotations

import hashlib
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handrail.model.intent import Intent, Verb
from handrail.model.version import Release
from tests.deploys import fleet
from tests.office import RULES, Office, make_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

REPOSITORY = Path(__file__).resolve().parents[1]
PAIRS = 9
ARTIFACT = b"not a real archive; fake hosts do not unpack it"
DIGEST = hashlib.sha256(ARTIFACT).hexdigest()
DEPLOY = Intent(Verb.DEPLOY, release=Release("1.1.0", DIGEST))
SECRETS = {"SANVI_DB_PASSWORD": "of the bench", "SANVI_REDIS_PASSWORD": "of the bench"}


def bench(folder: Path, journal: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Deploy in pairs with this journal, and give the medians."""
    os.chdir(REPOSITORY)
    keys = make_keys(folder)
    free, ruled = (office(folder / name, keys, rules) for name, rules in (("free", None), ("ruled", RULES)))
    without, with_rules, added = [], [], []
    for number in range(PAIRS):
        ruled.approved(DEPLOY, number=f"{number:06x}")
        without.append(deploy(free.inventory, journal))
        with_rules.append(deploy(ruled.inventory, journal))
        added.append(with_rules[-1] - without[-1])
    return {
        "a deploy on fake hosts, without rules": (f"{statistics.median(without) * 1000:,.0f} ms", ""),
        "- with approvals of two roles, a window and a freeze": (f"{statistics.median(with_rules) * 1000:,.0f} ms", ""),
        "- what the gate adds, of pairs": (f"{statistics.median(added) * 1000:,.0f} ms", "< 100 ms"),
    }


def office(folder: Path, keys: dict[str, Path], rules: Mapping[str, Any] | None) -> Office:
    """Describe a system on fake hosts."""
    folder.mkdir()
    (folder / "app").mkdir()
    (folder / "app" / "app.tar.gz").write_bytes(ARTIFACT)
    freezes = [{"from": "2020-12-20", "to": "2021-01-03", "reason": "over"}]
    changes = {**rules, "freezes": freezes, "windows": ["daily 00:00-24:00"]} if rules else None
    fleet.describe(folder / "app", {"release": {"artifact": "app.tar.gz", "sha256": DIGEST}, "changes": changes})
    return Office(fleet.write(folder / "app", failing={}), keys)


def deploy(inventory: Path, journal: Mapping[str, str]) -> float:
    """Run one deploy and tell how many seconds it took."""
    words = ["--data", "release=1.1.0"]
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "pyinfra", "-y", str(inventory), "deploys/deploy.py", *words],
        env=os.environ | SECRETS | journal, check=True, capture_output=True,
    )  # fmt: skip
    return time.perf_counter() - began
