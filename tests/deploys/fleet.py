"""An inventory of pyinfra's fake hosts that answer as real ones would, for tests of the deploy files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.lab.inventory import lay

if TYPE_CHECKING:
    from collections.abc import Mapping

# Each script of handrail begins with a comment of its own; that is how a fake host knows what it was asked.
LEASE = "# WANT RUN_ID SECONDS HOLDER VERB:"
SURVEY = [
    "token 7",
    "fence 7",
    "confirmed blue",
    "slot blue 1.0.0-aaaaaaaaaaaa",
    "good 1.0.0-aaaaaaaaaaaa",
    "free 900000",
]
UPDATES = [
    "packages begin",
    "Inst libssl3 [3.0.11-1] (3.0.13-1 Debian-Security:12/stable-security [amd64])",
    "Inst tzdata [2024a-0] (2024b-0 Debian:12.9/stable [all])",
    "packages end",
    "result ok asked",
]
HEALTH = [
    "health backend blue 1 200 0.001",
    "health backend green 1 000 0",
    "health frontend blue 1 200 0.001",
    "health frontend green 1 000 0",
]


def responses(
    failing: str = "", words: str = "it broke", says: tuple[str, ...] = ()
) -> dict[str | re.Pattern[str], object]:
    """Give the answers of a host; the step whose script has `failing` in its first lines fails, or ends as it says.

    `says` is more of what it says of itself.
    """
    known: dict[str | re.Pattern[str], object] = {}
    if failing:
        script, _, how = failing.partition(" -> ")
        log = ["log begin", *words.splitlines(), "log end"]
        known[script] = {"success": False, "stdout": [*log, f"result {how or 'failed'} {words}"]}
    known.setdefault(LEASE, [*SURVEY, *HEALTH, *says, "result ok surveyed"])
    known.setdefault("# LEAVE: ask the sources", UPDATES)
    known[re.compile("handrail")] = ["result ok done"]
    return known


def describe(folder: Path, changes: Mapping[str, Any]) -> None:
    """Write sanvi's YAML with changes laid over what production runs; nobody is told, unless they say who."""
    described = yaml.safe_load(Path("inventories/sanvi.yaml").read_text())
    del described["notify"]
    described["secrets"] = {name: described["secrets"][name] for name in ("DB_PASSWORD", "REDIS_PASSWORD")}
    lay(described["environments"]["prod"], changes)
    (folder / "sanvi.yaml").write_text(yaml.safe_dump(described, sort_keys=False))


def journal(folder: Path) -> dict[str, str]:
    """Give the variables of a journal of one's own."""
    return {"HANDRAIL_STORE": f"sqlite:///{folder}/journal.db", "HANDRAIL_JOURNAL_KEY": str(folder / "journal.key")}


def write(
    folder: Path, *, failing: dict[str, str], environment: str = "prod", words: str = "it broke",
    says: Mapping[str, tuple[str, ...]] | None = None,
) -> Path:  # fmt: skip
    """Write an inventory file whose hosts are fake; `failing` names the script that fails on a host, with `words`.

    `says` is what else a host says of itself.
    """
    groups = {"edge": ["edge1", "edge2"], "web": ["web1", "web2"], "db": ["db1"]}
    lines = ["import sys", f"sys.path.insert(0, {str(Path.cwd())!r})", "from tests.deploys.fleet import host"]
    more = says or {}
    for number, (group, names) in enumerate(groups.items()):
        hosts = [
            f"host({name!r}, '10.0.{number}.{index}', {failing.get(name, '')!r}, {words!r}, {more.get(name, ())!r})"
            for index, name in enumerate(names, 1)
        ]
        lines.append(f"{group} = [{', '.join(hosts)}]")
    data = {"environment": environment, "systems": ("sanvi.yaml",), "fake_delay": 0, "fake_delay_jitter": 0}
    lines.append(f"all = (edge + web + db, {data!r})")
    file = folder / "fake.py"
    file.write_text("\n".join(lines) + "\n")
    return file


def host(name: str, address: str, failing: str, words: str, says: tuple[str, ...]) -> tuple[str, dict[str, object]]:
    """Describe one fake host."""
    # Fake hosts are not reached by SSH: both entry points have to make the same plan of these.
    reached = {"ssh_hostname": "192.0.2.1", "ssh_port": 2201}
    return (f"@fake/{name}", {"address": address, **reached, "fake_responses": responses(failing, words, says)})
