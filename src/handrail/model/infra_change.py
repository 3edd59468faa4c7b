"""What a Terraform plan would do, in words: what is added, changed, replaced and why, destroyed, and what loses data.

Made from `terraform show -json`, which holds secrets in clear: only addresses, actions and names of attributes leave.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What is gone with it. A database with a last snapshot comes back from that; the rest does not come back.
DATA = {
    "aws_db_instance": "a database", "aws_rds_cluster": "a database", "aws_dynamodb_table": "a table",
    "aws_s3_bucket": "a bucket and what is in it", "aws_kms_key": "a key: what it encrypted can never be read again",
    "aws_elasticache_replication_group": "a cache", "aws_secretsmanager_secret": "a secret",
    "aws_ecr_repository": "a repository of images", "aws_efs_file_system": "a file system",
    "aws_ebs_volume": "a volume",
    "aws_route53_zone": "a zone: its name servers are others afterwards",
}  # fmt: skip
# Terraform's reasons, as people say them.
REASONS = {
    "replace_because_cannot_update": "AWS cannot change it in place",
    "replace_because_tainted": "an earlier apply left it half made",
    "replace_by_request": "it was asked for",
    "replace_by_triggers": "something that it follows is replaced",
    "delete_because_no_resource_config": "it is no longer described",
    "delete_because_no_module": "its module is no longer described",
    "delete_because_wrong_repetition": "it is no longer described so",
    "delete_because_count_index": "fewer are described",
    "delete_because_each_key": "its key is no longer described",
}


class Action(StrEnum):
    """What happens to a resource, in the order in which a summary has them: the worst first."""

    DESTROY = "destroy"
    REPLACE = "replace"
    CHANGE = "change"
    FORGET = "forget"
    ADD = "add"


_ACTIONS: Mapping[tuple[str, ...], Action] = {
    ("create",): Action.ADD,
    ("update",): Action.CHANGE,
    ("delete",): Action.DESTROY,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("forget",): Action.FORGET,
    ("create", "forget"): Action.REPLACE,
}


@dataclass(frozen=True)
class ResourceChange:
    """What happens to one resource, why, which data is lost by it, and whether AWS would refuse."""

    action: Action
    address: str
    why: str = ""
    loses: str = ""
    protected: bool = False

    @property
    def line(self) -> str:
        """Say it in one line, for a change's plan and for records."""
        why = f": {self.why}" if self.why else ""
        return f"{self.action} {self.address}{why}{f'; LOSES {self.loses}' if self.loses else ''}"


@dataclass(frozen=True)
class Summary:
    """All changes of a plan, the worst first."""

    changes: tuple[ResourceChange, ...]

    @property
    def loses(self) -> tuple[str, ...]:
        """Name what loses data."""
        return tuple(f"{change.address}: {change.loses}" for change in self.changes if change.loses)

    @property
    def protected(self) -> tuple[str, ...]:
        """Name what AWS would refuse to delete."""
        return tuple(change.address for change in self.changes if change.protected)

    @property
    def lines(self) -> tuple[str, ...]:
        """Say each change in one line."""
        return tuple(change.line for change in self.changes)

    @property
    def counts(self) -> str:
        """Say how much of what: `3 to add, 1 to replace`."""
        found = [(action, sum(change.action is action for change in self.changes)) for action in reversed(Action)]
        return ", ".join(f"{count} to {action}" for action, count in found if count) or "nothing to do"


def summary(plan: Mapping[str, Any]) -> Summary:
    """Read what `terraform show -json` says of a plan."""
    order = list(Action)
    found = [change for each in plan.get("resource_changes", ()) if (change := _change(each)) is not None]
    return Summary(tuple(sorted(found, key=lambda change: (order.index(change.action), change.address))))


def _change(resource: Mapping[str, Any]) -> ResourceChange | None:
    change = resource["change"]
    action = _ACTIONS.get(tuple(change["actions"]))
    if action is None or resource.get("mode") == "data":  # no-op, read
        return None
    gone = action in {Action.DESTROY, Action.REPLACE}
    address = resource["address"] + (f" (deposed {resource['deposed']})" if resource.get("deposed") else "")
    why = _why(resource, change) if gone else ", ".join(changed(change)) if action is Action.CHANGE else ""
    loses = _loses(resource, change) if gone else ""
    return ResourceChange(action, printable(address), printable(why), loses, protected=gone and _protected(change))


# What databases, load balancers and tables call it.
_PROTECTIONS = ("deletion_protection", "enable_deletion_protection", "deletion_protection_enabled")


def _protected(change: Mapping[str, Any]) -> bool:
    before = change.get("before") or {}
    return any(before.get(name) is True for name in _PROTECTIONS)


def _why(resource: Mapping[str, Any], change: Mapping[str, Any]) -> str:
    paths = [".".join(str(part) for part in path) for path in change.get("replace_paths") or ()]
    reason = REASONS.get(str(resource.get("action_reason", "")), "")
    named = f"because of {', '.join(paths)}" if paths else ""
    return "; ".join(part for part in (named, reason) if part)


def _loses(resource: Mapping[str, Any], change: Mapping[str, Any]) -> str:
    what = DATA.get(str(resource.get("type")), "")
    before = change.get("before") or {}
    if not what or before.get("replicate_source_db"):  # a replica holds nothing that its source has not
        return ""
    kept = before.get("skip_final_snapshot") is False
    return f"{what}, of which a last snapshot stays" if kept else what


def changed(change: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the attributes that differ before and after; what AWS alone decides does not count as known."""
    before, after, unknown = change.get("before") or {}, change.get("after") or {}, change.get("after_unknown") or {}
    names = sorted({*before, *after} | {name for name, says in _items(unknown) if says is True})
    # tags_all is tags and the default tags: it would be named with each of them.
    differ = [name for name in names if before.get(name) != after.get(name) or dict(_items(unknown)).get(name) is True]
    return tuple(name for name in differ if name != "tags_all" or differ == ["tags_all"])


def _items(unknown: Any) -> Sequence[tuple[str, Any]]:
    return tuple(unknown.items()) if isinstance(unknown, dict) else ()


def printable(text: str) -> str:
    """Leave out what a terminal would obey."""
    return text if text.isprintable() else ascii(text)
