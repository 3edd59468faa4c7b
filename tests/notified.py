"""A system that tells its channels what happens; their URLs are in files beside its description."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from handrail.hosts.inventory import Loaded
from handrail.model.document import parse
from handrail.model.environment import Environment, Host

ROOT = Path(__file__).parents[1]


def notify_part(folder: Path, events: dict[str, list[str]], **urls: str | list[str]) -> dict[str, Any]:
    """Give the parts `notify` and `secrets` of a description, with the URLs of each channel in files of a folder."""
    channels: dict[str, Any] = {}
    secrets: dict[str, Any] = {}
    for name, listed in urls.items():
        references = []
        for number, url in enumerate([listed] if isinstance(listed, str) else listed, 1):
            secret = f"{name.upper()}_{number}"
            (folder / f"{secret}.url").write_text(url)
            secrets[secret] = {"file": f"{secret}.url"}
            references.append({"secret": secret})
        channels[name] = {"url": references}
    return {"notify": {"channels": channels, "events": events}, "secrets": secrets}


def loaded(folder: Path, events: dict[str, list[str]], **urls: str | list[str]) -> Loaded:
    """Give Sanvi's production with these channels."""
    described = yaml.safe_load((ROOT / "inventories" / "sanvi.yaml").read_text())
    part = notify_part(folder, events, **urls)
    described |= {"notify": part["notify"], "environments": {"prod": None}}
    own = ("DB_PASSWORD", "REDIS_PASSWORD")
    described["secrets"] = {name: described["secrets"][name] for name in own} | part["secrets"]
    system = parse(yaml.safe_dump(described, sort_keys=False), source="sanvi.yaml", environment="prod")
    hosts = {group: (Host(f"{group}1", f"{group}1"),) for group in ("web", "edge", "db")}
    return Loaded(Environment("prod", system, hosts), folder)
