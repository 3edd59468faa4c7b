"""What the script for a host's numbers answers, run on a folder in place of a host."""

from __future__ import annotations

import os
import time
from datetime import timedelta

import pytest

from handrail.hosts.script import Reply
from handrail.hosts.vitals import read_vitals
from handrail.model.fleet import Outcome
from handrail.model.vitals import Connections, Errors, Failure, Memory, Traffic
from tests.unit.host_folder import Host


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def asked(host, *words, stdin=""):
    """Ask one question, and give the answer as it is read."""
    reply = host.run("vitals", arguments=words, stdin=stdin)
    assert reply.outcome is Outcome.OK, reply
    of_itself = words[0] in {"cpu", "memory", "disk", "largest", "traffic"}
    question = (words[0], "-" if of_itself else words[1])
    found = read_vitals(reply, [question])
    return next(iter(found.values()))


def logged(tmp_path, *lines):
    path = tmp_path / "edge.log"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def request(status, seconds, *, ago=5, upstream="10.0.0.1:3000"):
    return f"{time.time() - ago:.3f}\tblue\t{status}\t{seconds}\t{upstream}\tGET /"


def test_traffic_is_counted_within_its_time_without_the_hold_page(host, tmp_path):
    lines = [request(500, 9, ago=400), *[request(200, 0.01 * n) for n in range(1, 21)], request(502, 0.001)]
    log = logged(tmp_path, *lines, request(503, 0, upstream="-"), "cut short")
    assert asked(host, "traffic", log, 60) == Traffic(21, 1, 190, 1)


def test_traffic_of_a_log_that_was_rotated_a_moment_ago_counts(host, tmp_path):
    log = logged(tmp_path, request(200, 0.5))
    log.rename(f"{log}.1")
    log.write_text(f"{request(200, 0.1)}\n")
    assert asked(host, "traffic", log, 60).requests == 2
    os.utime(f"{log}.1", (1, 1))
    assert asked(host, "traffic", log, 60).requests == 1


def test_a_log_that_is_not_there_is_a_failure_and_no_zero(host, tmp_path):
    assert asked(host, "traffic", tmp_path / "none.log", 60) == Failure(f"there is no {tmp_path}/none.log")


LINES = [
    *[f"170000000{n}.5 sanvi-backend[12{n}]: GET /items/{n}: Error: ECONNREFUSED 10.0.0.{n}:5432" for n in range(5)],
    "1700000000.5 sanvi-backend[1]: TypeError: x is undefined",
    "1700000000.5 sanvi-backend[1]: TypeError: x is undefined",
    "2026-01-01T00:00:00Z FATAL: password=hunter2 rejected",
    "2026-01-01T00:00:00Z [ERROR] fourth",
    "1700000000.5 done with 0 errors",
    '1700000000.5 {"level":"info","error":null}',
    "1700000000.5 all is well",
]  # fmt: skip


def test_error_lines_are_counted_and_those_that_differ_in_numbers_alone_are_one_group(host, tmp_path):
    found = asked(host, "errors", "backend", f"cat {logged(tmp_path, *LINES)}")
    assert found.count == 9
    assert [count for count, _ in found.groups] == [5, 2, 1]
    assert found.groups[0][1].startswith("GET /items/")
    assert "ECONNREFUSED" in found.groups[0][1]
    assert found.groups[1][1] == "TypeError: x is undefined"


def test_a_word_in_the_name_of_a_program_is_no_error(host, tmp_path):
    log = logged(
        tmp_path,
        "1700000000.5 shop-error-pages[12]: GET / 200",
        "1700000000.5 shop-error-pages-blue: all fine",
        "1700000000.5 shop-error-pages-blue: Error: lost",
        "1700000000.5 Error: lost",
    )
    assert asked(host, "errors", "error-pages", f"cat {log}").count == 2


def test_a_cache_that_hangs_is_a_failure_and_the_others_are_answered(host):
    words = ("cache", "redis", "sleep 30", 6379, "memory")
    reply = host.run("vitals", arguments=words, stdin="secret\n")
    found = read_vitals(reply, [("cache", "redis"), ("memory", "-")])
    assert found["cache", "redis"] == Failure("no answer within 5 s")
    assert isinstance(found["memory", "-"], Memory)


def test_numbers_of_any_length_and_hexadecimal_ones_make_no_groups_of_their_own(host, tmp_path):
    ids = ["0 of e7fb11a7", "10 of 77-fb", "200 of c0ffee-12", "7 of a1"]
    log = logged(tmp_path, *[f"1.5 Error: item {each} is lost" for each in ids])
    assert [count for count, _ in asked(host, "errors", "backend", f"cat {log}").groups] == [4]


def test_a_log_without_errors_has_none(host):
    assert asked(host, "errors", "backend", "echo 1.5 fine") == Errors(0)
    assert asked(host, "errors", "backend", ":") == Errors(0)


def test_a_log_that_cannot_be_read_is_a_failure_with_its_reason(host):
    assert asked(host, "errors", "backend", "echo no such unit >&2; exit 1") == Failure("no such unit")


def test_the_newest_dump_counts(host, tmp_path):
    for name, age in (("a.dump", 7200), ("b.dump", 60), ("c.dump", 3600)):
        (tmp_path / name).write_text("x" * 10)
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    found = asked(host, "backups", "database", f"{tmp_path}/*.dump")
    assert (found.path, found.size_bytes) == (f"{tmp_path}/b.dump", 10)
    assert timedelta(seconds=60) <= found.age < timedelta(seconds=70)
    assert asked(host, "backups", "database", f"{tmp_path}/*.sql") == Failure(f"there is no {tmp_path}/*.sql")


def test_the_largest_files_below_the_root_are_named_largest_first(host):
    for number in range(7):
        (host.root / f"file {number}").write_text("x" * number * 100)
    (host.root / "two\nanswer 1").write_text("x" * 10_000)
    found = asked(host, "largest", 5)
    assert found.files[0] == (600, f"{host.root}/file 6")
    assert len(found.files) == 5


def test_the_host_tells_its_own_numbers(host):
    assert 0 <= asked(host, "cpu").busy <= 100
    assert 0 < asked(host, "memory").percent < 100
    disk = asked(host, "disk")
    assert 0 < disk.percent <= 100
    assert disk.available_kilobytes > 0


POSTGRESQL = ("connections", "postgresql", 'echo "$PGPASSWORD answer 1 2 3" >&2; echo answer 1 20 100', 5432, "u", "d")


def test_one_question_that_fails_leaves_the_others_answered(host):
    words = ("cache", "redis", "echo nothing good", 6379, *POSTGRESQL, "backups", "x", "/nowhere/*")
    reply = host.run("vitals", arguments=words, stdin="one\ntwo\n")
    questions = [("cache", "redis"), ("connections", "postgresql"), ("backups", "x"), ("cpu", "-")]
    found = read_vitals(reply, questions)
    assert found["connections", "postgresql"] == Connections(1, 20, 100)
    assert isinstance(found["cache", "redis"], Failure)
    assert found["backups", "x"] == Failure("there is no /nowhere/*")
    assert found["cpu", "-"] == Failure("no answer")
    assert list(found) == questions


def test_passwords_come_on_standard_input_each_for_its_own_datastore(host):
    tell = 'echo "got $PGPASSWORD" >&2; exit 1'
    words = ("connections", "a", tell, 1, "u", "d", "cpu", "connections", "b", tell, 2, "u", "d")
    found = read_vitals(
        host.run("vitals", arguments=words, stdin="first\nsecond\n"),
        [("connections", "a"), ("cpu", "-"), ("connections", "b")],
    )
    assert found["connections", "a"] == Failure("got first")
    assert found["connections", "b"] == Failure("got second")


@pytest.mark.parametrize("line", ["answer cpu - many", "answer cpu - 1", "answer cpu - 1 2 3"])
def test_an_answer_that_nobody_understands_is_a_failure(line):
    reply = Reply(Outcome.OK, "asked", (line, "answer memory - 10 20"))
    found = read_vitals(reply, [("cpu", "-"), ("memory", "-")])
    assert "nobody understands" in found["cpu", "-"].reason
    assert found["memory", "-"] == Memory(10, 20)


def test_a_host_that_does_not_answer_is_a_failure_of_every_question():
    found = read_vitals(Reply(Outcome.UNKNOWN, "cannot be reached", ()), [("cpu", "-"), ("errors", "backend")])
    assert set(found.values()) == {Failure("cannot be reached")}
