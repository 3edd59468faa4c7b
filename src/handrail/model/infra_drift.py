"""What is not as Terraform left it: changed by hand, deleted by hand, or described and not applied yet.

Read from `terraform show -json` of a plan. Values are shown only where neither Terraform nor their name calls them
secret; what the deploy changes is its own to change, and no drift.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handrail.model.infra_change import changed, printable, summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The `ignore_changes` of terraform/modules by type, or by type and name where one alone has it; a test compares them.
OF_THE_DEPLOY: Mapping[str, frozenset[str]] = {
    "aws_lb_listener": frozenset({"default_action"}),
    "aws_lb_listener.brought": frozenset({"certificate_arn"}),
    "aws_lb_listener_rule": frozenset({"action"}),
    "aws_ecs_task_definition": frozenset({"container_definitions"}),
    "aws_ecs_service": frozenset({"task_definition", "desired_count"}),
    "aws_appautoscaling_target": frozenset({"min_capacity", "suspended_state"}),
    "aws_db_instance": frozenset({"replicate_source_db"}),
    "aws_route53_record": frozenset({"records"}),
}
# What changes by itself as time passes.
RESTLESS: Mapping[str, frozenset[str]] = {
    "aws_db_instance": frozenset({"latest_restorable_time", "replicas", "status"}),
    "aws_acm_certificate": frozenset({"renewal_summary", "renewal_eligibility", "not_after", "not_before", "status"}),
    "aws_secretsmanager_secret": frozenset({"replica"}),
}
_SECRET = re.compile(r"password|secret|token|key|auth|credential|private", re.IGNORECASE)
MASK = "********"
LETTERS = 60


@dataclass(frozen=True)
class Drift:
    """One resource that is not as it should be; `details` has a line for each attribute."""

    address: str
    how: str
    details: tuple[str, ...] = ()


def drift(plan: Mapping[str, Any]) -> tuple[Drift, ...]:
    """Find all drift; by hand first."""
    by_hand = [found for each in plan.get("resource_drift", ()) if (found := _by_hand(each)) is not None]
    told = {found.address for found in by_hand}
    waiting = [
        Drift(change.address, f"not applied: {change.action}", (change.why,) if change.why else ())
        for change in summary(plan).changes
        if change.address not in told
    ]
    return (*sorted(by_hand, key=lambda found: found.address), *waiting)


def _by_hand(resource: Mapping[str, Any]) -> Drift | None:
    kind, change = str(resource.get("type")), resource["change"]
    address = printable(str(resource["address"]))
    if "delete" in change["actions"]:
        return Drift(address, "deleted by hand")
    deploys = (OF_THE_DEPLOY.get(of, frozenset()) for of in (kind, f"{kind}.{resource.get('name')}"))
    names = set(changed(change)).difference(*deploys, RESTLESS.get(kind, frozenset()))
    return Drift(address, "changed by hand", tuple(_lines(kind, change, sorted(names)))) if names else None


def _lines(kind: str, change: Mapping[str, Any], names: list[str]) -> Iterator[str]:
    for name in names:
        before, after = ((change.get(side) or {}).get(name) for side in ("before", "after"))
        marked = "secret" in kind or _marked(change, name)
        yield from (_line(*each, marked=marked) for each in _leaves(name, before, after))


def _line(path: str, before: Any, after: Any, *, marked: bool) -> str:
    # A yes or a no is no secret, whatever the name says.
    plain = not marked and isinstance(before, bool) and isinstance(after, bool)
    hidden = marked or (_SECRET.search(path) and not plain)
    one, other = (MASK, MASK) if hidden else (_short(before), _short(after))
    return f"{path}: {one} is now {other}" if one != other else f"{path} is another: {MASK if hidden else one}"


def _leaves(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """Give what differs inside, where that is one part of a list or some of a table; else the whole of both."""
    match before, after:
        case list(), list():
            one, other = [each for each in before if each not in after], [each for each in after if each not in before]
            if len(one) == len(other) == 1:
                yield from _leaves(path, one[0], other[0])
                return
        case dict(), dict():
            for name in sorted({*before, *after}):
                if before.get(name) != after.get(name):
                    yield from _leaves(f"{path}.{name}", before.get(name), after.get(name))
            return
    yield path, before, after


def _marked(change: Mapping[str, Any], name: str) -> bool:
    """Whether Terraform holds any part of an attribute for sensitive."""
    for side in ("before_sensitive", "after_sensitive"):
        says = change.get(side)
        if says is True or (isinstance(says, dict) and _any(says.get(name))):
            return True
    return False


def _any(says: Any) -> bool:
    if isinstance(says, dict):
        return any(map(_any, says.values()))
    return any(map(_any, says)) if isinstance(says, list) else says is True


def _short(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    # A document inside, such as a policy or variables, may hold anything.
    return printable(text) if len(text) <= LETTERS else f"{len(text)} letters"
