"""What a change will do, as a mapping that can be signed: an approval is for exactly this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handrail.model.canonical import canonical, digest
from handrail.model.intent import Verb
from handrail.model.roles import roles_of
from handrail.model.rollout import TABLES
from handrail.model.step import in_order
from handrail.model.version import DIGEST, VERSION

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Mapping

    from handrail.model.environment import Environment, Host
    from handrail.model.intent import Intent
    from handrail.model.system import System

# Each of their entries is a part of its own: whoever approved the backend need not look at the frontend again.
_BY_NAME = ("services", "datastores")
# Rules judge a plan, channels tell of it, tasks run by themselves, and Terraform has plans of its own: none is a part
# of what it does. With them here, neither a freeze nor a channel could be added without new approvals.
_ASIDE = frozenset({"changes", "notify", "schedule", "aws"})
_SHAPE: Mapping[str, type] = {
    "system": str, "environment": str, "verb": str, "release": dict, "options": dict, "hosts": dict, "steps": list,
    "description": dict,
}  # fmt: skip
_OPTIONS: Mapping[str, type] = {
    "share": int, "service": str, "count": int, "message": str, "with_database": bool, "force": bool,
    "keep_page": bool, "certificate": str, "all": bool, "reboot": bool, "limit": str,
    "plan": str, "destroy_data": bool, "lag_accepted": str,
}  # fmt: skip


def change_plan(environment: Environment, intent: Intent) -> dict[str, Any]:
    """Write down what a run would do: the same intent on the same description gives the same plan.

    Secrets are in it as the places that they come from, never as values.
    """
    system = environment.system
    if intent.infra is not None:
        change = intent.infra.change(intent.verb.value, destroy_data=intent.destroy_data)
        return {"system": system.name, "environment": environment.name, **change}
    generations = system.start_order()
    turns = roles_of(environment).asked(intent).turns
    steps = in_order(TABLES[intent.verb], generations=len(generations), turns=turns)
    release = intent.release
    options = {
        "share": intent.share, "service": intent.service, "count": intent.count, "message": intent.message,
        "with_database": intent.with_database, "force": intent.force,
        "keep_page": intent.keep_page, "certificate": intent.certificate,
        "all": intent.every, "reboot": intent.reboot, "limit": intent.limit,
        "lag_accepted": intent.lag_accepted,
    }  # fmt: skip
    groups = sorted({part.hosts for _, part in system.parts()})
    return {
        "system": system.name,
        "environment": environment.name,
        "verb": intent.verb.value,
        "release": {
            "version": release.version if release else intent.version,
            "sha256": release.digest if release else intent.fingerprint,
        },
        "options": {name: value for name, value in options.items() if value},
        "hosts": {group: [_host(host) for host in environment.groups[group]] for group in groups},
        "steps": [step.named(generations) for step in steps],
        "description": dict(sorted(_parts(system))),
    }


def _host(host: Host) -> str:
    """Write a host with its address, and where SSH goes: another machine by the same name is another plan."""
    where = [host.address] if host.address != host.name else []
    where += [f"ssh {host.reached}"] if host.reached else []
    return f"{host.name} ({', '.join(where)})" if where else host.name


def _parts(system: System) -> Iterator[tuple[str, str]]:
    for name, part in system.model_dump(mode="json", by_alias=True).items():
        if name in _BY_NAME:
            yield from ((f"{name}.{each}", digest(described)) for each, described in part.items())
        elif name not in _ASIDE:
            yield name, digest(part)


def misshapen(plan: object) -> str:
    """Say what is wrong with a plan that somebody else wrote; nothing when it is right.

    What passes is shown on a terminal and becomes words of a command: it holds nothing that either would obey.
    """
    if not isinstance(plan, dict) or set(plan) != set(_SHAPE):
        return f"a plan has exactly {', '.join(_SHAPE)}"
    wrong = [key for key, kind in _SHAPE.items() if not isinstance(plan[key], kind)]
    if wrong:
        return f"the plan's {wrong[0]} is of another kind"
    if not _texts((plan["system"], plan["environment"])) or plan["verb"] not in set(Verb):
        return "the plan's system, environment or verb cannot be read"
    if set(plan["release"]) != {"version", "sha256"} or not _texts(plan["release"].values()):
        return "the plan's release has exactly version and sha256"
    if not _fits(VERSION, plan["release"]["version"]) or not _fits(DIGEST, plan["release"]["sha256"]):
        return "the plan's release has no version, or no digest"
    if not all(type(value) is _OPTIONS.get(name) for name, value in plan["options"].items()):
        return f"the plan's options are {', '.join(_OPTIONS)}"
    if not _texts(value for value in plan["options"].values() if isinstance(value, str)):
        return "the plan's options cannot be read"
    if not all(isinstance(hosts, list) and _texts(hosts) for hosts in plan["hosts"].values()) or not _texts(
        plan["hosts"]
    ):
        return "the plan's hosts are lists of names by group"
    if not all(map(_texts, (plan["steps"], plan["description"], plan["description"].values()))):
        return "the plan's steps and its description are text"
    return ""


def _fits(pattern: re.Pattern[str], text: str) -> bool:
    return text == "" or pattern.fullmatch(text) is not None


def _texts(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) and value.isprintable() for value in values)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Say how a plan differs from an earlier one, one line for each thing; nothing when they are the same."""
    lines = []
    for key in sorted({*before, *after}):
        one, other = before.get(key), after.get(key)
        if canonical(one) == canonical(other) and (key in before) == (key in after):
            continue
        lines += list(_differing(key, one, other)) or [f"{key} is not the same"]
    return tuple(lines)


def _differing(key: str, one: Any, other: Any) -> Iterator[str]:
    match one, other:
        case dict(), dict():
            for name in sorted({*one, *other}):
                where = name if key == "description" else f"{key}.{name}"
                if name not in one:
                    yield f"{where} is new{_value(key, other[name])}"
                elif name not in other:
                    yield f"{where} is gone{_value(key, one[name])}"
                elif canonical(one[name]) != canonical(other[name]):
                    yield from _changed(key, where, one[name], other[name])
        case list(), list():
            yield from _lists(key, one, other)
        case _:
            yield f"{key}: {_short(one)} is now {_short(other)}"


def _changed(key: str, where: str, one: Any, other: Any) -> Iterator[str]:
    if key == "description":
        yield f"{where} is described otherwise"
    elif isinstance(one, list) and isinstance(other, list):
        yield from _lists(where, one, other)
    else:
        yield f"{where}: {_short(one)} is now {_short(other)}"


def _lists(where: str, one: list[Any], other: list[Any]) -> Iterator[str]:
    gone = [each for each in one if each not in other]
    new = [each for each in other if each not in one]
    yield from (f"{where}: {_short(each)} is new" for each in new)
    yield from (f"{where}: {_short(each)} is gone" for each in gone)
    if not gone and not new:
        yield f"{where}: the order is another"


def _value(key: str, value: Any) -> str:
    if key == "description":
        return ""
    shown = ", ".join(map(_short, value)) if isinstance(value, list) else _short(value)
    return f": {shown}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else canonical(value)
    text = text if text.isprintable() else ascii(text)
    if len(text) == 64 and text.isalnum():
        return f"{text[:4]}…"
    return (text if len(text) <= 80 else f"{text[:76]}…") or "nothing"
