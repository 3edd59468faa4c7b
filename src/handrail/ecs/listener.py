"""Where the load balancer sends the traffic: the weights of each service's two target groups, and the hold page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handrail.model.slot import Slot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.ecs.place import Place

WHOLE = 100
# Terraform's rules begin at a hundred: nothing is asked before this one.
HOLD_PRIORITY = 1
# What an action of AWS may hold besides; a longer message does not fit.
MESSAGE_LETTERS = 1024


@dataclass(frozen=True)
class Seen:
    """The weights of each service by slot, and the rule that holds the traffic."""

    weights: Mapping[str, Mapping[Slot, int]]
    hold: str = ""

    @property
    def slot(self) -> Slot | None:
        """The slot that has all of the traffic of every service; None where they share it, or differ."""
        whole = {slot for each in self.weights.values() for slot, weight in each.items() if weight == _sum(each)}
        return whole.pop() if len(whole) == 1 and all(len(_with(each)) == 1 for each in self.weights.values()) else None

    def share(self, slot: Slot) -> int:
        """The least share that a slot has of any service's traffic, in percent."""
        return min((WHOLE * each.get(slot, 0) // (_sum(each) or 1) for each in self.weights.values()), default=0)


@dataclass(frozen=True)
class Listener:
    """The HTTPS listener of a system."""

    client: Any
    place: Place

    def read(self) -> Seen:
        """Ask for every rule at once."""
        weights: dict[str, dict[Slot, int]] = {}
        hold = ""
        for page in self.client.get_paginator("describe_rules").paginate(ListenerArn=self.place.listener):
            for rule in page["Rules"]:
                if rule["Priority"] == str(HOLD_PRIORITY):
                    hold = rule["RuleArn"]
                weights.update(self._weights(rule["Actions"]))
        return Seen(weights, hold)

    def _weights(self, actions: list[dict[str, Any]]) -> dict[str, dict[Slot, int]]:
        groups = [group for each in actions for group in each.get("ForwardConfig", {}).get("TargetGroups", [])]
        names = {arn: key.rpartition("-")[0] for key, arn in self.place.target_groups.items()}
        found: dict[str, dict[Slot, int]] = {}
        for group in groups:
            slot = self.place.slot_of(group["TargetGroupArn"])
            if slot is not None:
                found.setdefault(names[group["TargetGroupArn"]], {})[slot] = int(group.get("Weight", 0))
        return found

    def changes(self, slot: Slot, share: int = WHOLE) -> list[tuple[str, dict[str, Any]]]:
        """List the requests that give a slot its share of every service: what is to be called, and with what."""
        front = next(name for name in self._names if name not in self.place.rules)
        todo = [
            ("modifyRule", {"RuleArn": rule, "Actions": self._actions(name, slot, share)})
            for name, rule in sorted(self.place.rules.items())
        ]
        actions = self._actions(front, slot, share)
        return [*todo, ("modifyListener", {"ListenerArn": self.place.listener, "DefaultActions": actions})]

    @property
    def _names(self) -> list[str]:
        return sorted({key.rpartition("-")[0] for key in self.place.target_groups})

    def _actions(self, service: str, slot: Slot, share: int) -> list[dict[str, Any]]:
        groups = [
            {"TargetGroupArn": self.place.group(service, each), "Weight": share if each is slot else WHOLE - share}
            for each in Slot
        ]
        return [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]

    def move(self, slot: Slot, share: int = WHOLE) -> None:
        """Give a slot its share of the traffic."""
        calls = {"modifyRule": self.client.modify_rule, "modifyListener": self.client.modify_listener}
        for verb, words in self.changes(slot, share):
            calls[verb](**words)

    def hold(self, message: str) -> None:
        """Answer everything with 503; a page that is up gets another message."""
        body = {"StatusCode": "503", "ContentType": "text/plain", "MessageBody": message[:MESSAGE_LETTERS]}
        actions = [{"Type": "fixed-response", "FixedResponseConfig": body}]
        there = self.read().hold
        if there:
            self.client.modify_rule(RuleArn=there, Actions=actions)
            return
        everything = [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["*"]}}]
        self.client.create_rule(
            ListenerArn=self.place.listener, Priority=HOLD_PRIORITY, Conditions=everything, Actions=actions
        )

    def resume(self) -> None:
        """Let traffic in again."""
        there = self.read().hold
        if there:
            self.client.delete_rule(RuleArn=there)


def _sum(weights: Mapping[Slot, int]) -> int:
    return sum(weights.values())


def _with(weights: Mapping[Slot, int]) -> list[Slot]:
    return [slot for slot, weight in weights.items() if weight]
