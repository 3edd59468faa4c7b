"""Logs that are followed on ECS: what is asked for moves on, nothing is shown twice, and a short loss ends nothing."""

from __future__ import annotations

from itertools import islice
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from handrail.ecs import logs
from handrail.errors import HostUnreachable


class CloudWatch:
    """A log that is told what it answers at each question, and remembers from when it was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def get_paginator(self, _):
        return self

    def paginate(self, *, startTime, **_):  # noqa: N803  # its name at AWS
        self.asked.append(startTime / 1000)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return [{"events": [event(*each) for each in answer]}]


def event(at, text):
    return {"timestamp": at * 1000, "logStreamName": "blue/api/1", "message": text, "eventId": f"{at}{text}"}


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on while somebody sleeps."""
    now = SimpleNamespace(at=10_000.0)
    monkeypatch.setattr(logs.time, "time", lambda: now.at)
    monkeypatch.setattr(logs.time, "sleep", lambda seconds: setattr(now, "at", now.at + seconds))
    return now


def followed(watched, number):
    cluster = SimpleNamespace(clients=SimpleNamespace(logs=watched), place=SimpleNamespace(log_groups={"api": "/api"}))
    return [line.text for line in islice(logs.follow(cluster, ("api",), pattern="", lines=2), number)]


BUSY = ClientError({"Error": {"Code": "ThrottlingException"}}, "FilterLogEvents")


def test_what_is_asked_for_moves_on_and_nothing_is_shown_twice(clock):
    old = [(9_000.5, "one"), (9_990.25, "two"), (9_995.125, "three")]
    edge = (10_003.0005 - logs.LATE_SECONDS, "in the same millisecond")
    watched = CloudWatch(old, [*old[1:], edge, (10_003.0005, "late")], [edge, (10_003.0005, "late"), (10_004, "new")])
    assert followed(watched, 5) == ["two", "three", edge[1], "late", "new"]
    assert watched.asked[1:] == pytest.approx([at - logs.LATE_SECONDS for at in (9_995.125, 10_003.0005)], abs=0.001)


def test_a_clock_of_this_machine_that_is_ahead_hides_nothing(clock):
    clock.at += 300
    assert followed(CloudWatch([(9_995, "one")], [(9_995, "one"), (10_001, "new")]), 2) == ["one", "new"]


def test_a_busy_aws_is_asked_again(clock):
    watched = CloudWatch([], BUSY, BUSY, [(10_001, "new")])
    assert followed(watched, 1) == ["new"]
    assert len(watched.asked) == 4


def test_an_aws_that_does_not_answer_again_and_again_is_told(clock):
    with pytest.raises(HostUnreachable, match="too busy"):
        followed(CloudWatch([], BUSY), 1)
