"""How the bake judges what the edge's log shows of a slot."""

from __future__ import annotations

import time

import pytest

from handrail.model.fleet import Outcome
from tests.unit.host_folder import Host

ERRORS_PERCENT, P95_MS, AT_LEAST = 1, 1000, 20


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def bake(host, *, good=0, bad=0, seconds=0.01, slot="green"):
    """Judge a log with so many requests of a slot that got all traffic just before."""
    (host.run_directory / "green").write_text("")
    now = time.time() + 1
    answers = [200] * good + [500] * bad
    log = host.root / "access.log"
    log.write_text("".join(f"{now:.3f}\t{slot}\t{status}\t{seconds:.3f}\n" for status in answers))
    return host.run("bake", arguments=(log, "green", 0, ERRORS_PERCENT, P95_MS, AT_LEAST))


@pytest.mark.parametrize(
    ("given", "outcome", "words"),
    [
        ({"good": 30}, Outcome.OK, "30 requests, 0 failed"),
        ({"good": 30, "bad": 1}, Outcome.FAILED, "1 of 31 requests failed on green; the limit is 1 %"),
        ({"good": 30, "seconds": 2}, Outcome.FAILED, "95 % of the requests on green took up to 2000 ms"),
        ({"bad": 30, "slot": "blue"}, Outcome.OK, "0 requests, 0 failed, p95 0 ms, too few to judge: 20 are wanted"),
        ({"good": 10, "bad": 3}, Outcome.OK, "13 requests, 3 failed"),
        ({"bad": 2}, Outcome.OK, "2 requests, 2 failed"),
        ({"bad": 3}, Outcome.FAILED, "3 of only 3 requests failed on green"),
        ({"good": 9, "bad": 9}, Outcome.FAILED, "9 of only 18 requests failed on green"),
    ],
)
def test_few_requests_are_judged_by_one_thing_and_many_by_the_limits(host, given, outcome, words):
    reply = bake(host, **given)
    assert reply.outcome is outcome
    assert words in reply.words
