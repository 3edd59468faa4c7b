"""Ask the hosts for the newest dump of a backup."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from handrail.hosts.vitals import ask, read_vitals
from handrail.model.answer import Found, dumped
from handrail.model.vitals import Dump, Failure

if TYPE_CHECKING:
    from handrail.checklist.case import Case
    from handrail.model.checklist import Item


def newest(item: Item, case: Case) -> Found:
    """Judge the newest dump that any host of the backup has, by that host's clock."""
    environment, name = case.environment, item.backup or ""
    if name not in environment.system.backups:
        return Found(ok=False, evidence=f"there is no backup {name}")
    hosts = environment.groups[environment.system.backups[name].hosts]
    dumps: dict[str, Dump] = {}
    reasons = []
    for host, answer in case.on_each(hosts, lambda host: _asked(case, host, name, item)).items():
        match answer:
            case Dump():
                dumps[host] = answer
            case str():
                reasons.append(f"{host}: {answer}")
    return dumped(item, dumps, reasons)


def _asked(case: Case, host: str, name: str, item: Item) -> Dump | str:
    asked = ask(case.environment, host, ["backups"], passwords={}, seconds=0)
    if asked is None:
        return "nothing to ask"
    reply = case.asked(host, replace(asked.command, seconds=int(item.deadline.total_seconds()) or 1))
    answer = read_vitals(reply, asked.questions).get(("backups", name))
    match answer:
        case Dump():
            return answer
        case Failure():
            return answer.reason
    return "no answer"
