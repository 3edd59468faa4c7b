"""Each kind of item says yes and no, within its deadline, without a secret; the hosts' scripts run on this machine."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from handrail.checklist import Case, answers
from handrail.checklist.variables import mask_here
from handrail.control.inventory import read
from handrail.hosts.script import Reply, read_reply
from handrail.model import document
from handrail.model.answer import Statement
from handrail.model.checklist import Item
from handrail.model.environment import Environment
from handrail.model.fleet import Outcome
from handrail.model.version import Release

NOW = datetime(2026, 11, 24, 16, 30, tzinfo=UTC)
SECRET = "hunter2-hunter2"
RELEASE = Release("1.4.2", "ab" * 32)


@pytest.fixture
def environment(tmp_path):
    """Sanvi in production, its directories and its dumps below a folder of this machine."""
    spec = Path("inventories/sanvi.yaml").read_text()
    spec = spec.replace("/opt/sanvi", f"{tmp_path}/sanvi").replace(
        "/var/backups/sanvi/*.dump", f"{tmp_path}/dumps/*.dump"
    )
    groups = read(Path("inventories/prod.py")).load().environment.groups
    return Environment("prod", document.parse(spec, source="sanvi.yaml", environment="prod"), groups)


@pytest.fixture
def case(environment, tmp_path, monkeypatch):
    for name in ("SANVI_DB_PASSWORD", "SANVI_REDIS_PASSWORD"):
        monkeypatch.setenv(name, SECRET)
    mask = mask_here(environment.system, base=tmp_path)
    return Case(environment, tmp_path, RELEASE, here, mask, NOW)


def here(host, command):
    """Ask this machine in a host's place."""
    done = subprocess.run(command.argv, input=command.stdin, capture_output=True, text=True, check=False, timeout=60)
    return read_reply(done.stdout.splitlines(), done.stderr.splitlines())


def nobody(host, command):
    return Reply(Outcome.UNKNOWN, "cannot be reached: timed out", ())


def item(**keys):
    return Item.model_validate({"item": "it is so", **keys})


def answered(case, **keys):
    (answer,) = answers([item(**keys)], case)
    return answer


def told(case, **keys):
    answer = answered(case, **keys)
    return answer.ok, answer.evidence


def test_a_command_says_yes_by_its_exit_code_and_its_last_line_is_the_evidence(case):
    answer = answered(case, command="sh -c 'echo first; echo all 214 checks passed'")
    assert (answer.ok, answer.evidence, answer.next_step) == (True, "all 214 checks passed", "")
    assert (answer.item, answer.kind, answer.at) == ("it is so", "command", "2026-11-24T16:30:00Z")
    assert answer.digest.startswith("sha256:")
    assert set(answer.json()) == {"item", "kind", "ok", "evidence", "at", "seconds", "digest", "next_step"}


def test_a_command_says_no_with_its_reason_and_how_to_see_it_again(case):
    answer = answered(case, command=["sh", "-c", "echo 2 checks fail; exit 7", "${version}"])
    assert (answer.ok, answer.evidence) == (False, "exit 7: 2 checks fail")
    assert shlex.split(answer.next_step) == ["sh", "-c", "echo 2 checks fail; exit 7", "1.4.2"]
    assert told(case, command="sh -c 'kill -9 $$$$'") == (False, "ended by signal 9")
    assert told(case, command="true") == (True, "exit 0, without a word")


def test_placeholders_are_filled_word_by_word_and_never_read_by_a_shell(case, tmp_path):
    words = [sys.executable, "-c", "import sys; print(sys.argv[1:])"]
    line = [
        *words,
        "${version} ${system}",
        "${environment};touch x",
        "$(touch y)",
        "`touch z`",
        "*",
        "${sha256}",
        "$$5",
    ]
    _, evidence = told(case, command=line)
    assert evidence == str(["1.4.2 sanvi", "prod;touch x", "$(touch y)", "`touch z`", "*", "ab" * 32, "$5"])[:200]
    hostile = replace(case, release=Release("1.4.2'; $(id) && x", ""))
    assert told(hostile, command=[*words, "${version}"])[1] == str(["1.4.2'; $(id) && x"])


def test_a_secret_that_a_command_prints_is_masked(case):
    answer = answered(case, command=["sh", "-c", 'echo "connected with $SANVI_DB_PASSWORD"'])
    assert answer.evidence == "connected with ********"
    assert SECRET not in str(answer)


def test_items_are_answered_at_the_same_time_each_within_its_own_deadline(case):
    hangs = item(item="hangs", command="sleep 300", deadline="1s")
    slow = [item(item=f"slow {number}", command="sleep 0.9") for number in range(6)]
    began = time.monotonic()
    first, *others = answers([hangs, *slow], case)
    assert time.monotonic() - began < 5
    assert (first.ok, first.evidence) == (False, "no answer within 1s")
    assert [(answer.item, answer.ok) for answer in others] == [(f"slow {number}", True) for number in range(6)]


def test_a_host_that_never_answers_is_a_no_within_the_deadline(case):
    gate = threading.Event()
    stuck = replace(case, ask=lambda host, command: gate.wait() and nobody(host, command))
    began = time.monotonic()
    assert told(stuck, backup="database", younger="24h", deadline="500ms") == (False, "no answer within 500ms")
    assert time.monotonic() - began < 10
    gate.set()


def test_a_host_is_asked_one_question_at_a_time_with_the_deadline_of_the_item(case):
    under_way, most, seconds = {}, [0], set()

    def ask(host, command):
        under_way[host] = under_way.get(host, 0) + 1
        most[0] = max(most[0], under_way[host])
        seconds.add(command.seconds)
        time.sleep(0.05)
        under_way[host] -= 1
        return nobody(host, command)

    items = [item(item=str(each), variables=True, deadline="7s") for each in range(4)]
    items.append(item(backup="database", younger="24h", deadline="7s"))
    answers(items, replace(case, ask=ask))
    assert (most, seconds) == ([1], {7})


def test_a_file_must_be_there_and_hold_something(case, tmp_path):
    (tmp_path / "sbom").mkdir()
    file = tmp_path / "sbom" / "sanvi-1.4.2.json"
    place = "sbom/${system}-${version}.json"
    assert told(case, file=place) == (False, "sbom/sanvi-1.4.2.json: No such file or directory")
    assert told(case, file="sbom")[1] == "sbom is no file"
    file.touch()
    assert told(case, file=place)[0] is False
    file.write_text("{}")
    set_age(file, hours=2)
    assert told(case, file=place) == (True, "sbom/sanvi-1.4.2.json, 2 bytes, 2h old")
    assert (
        answered(case, file=place).digest
        == f"sha256:{'44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'}"
    )
    assert answered(case, file="x").next_step.startswith("write x")


def set_age(file, **age):
    at = (NOW - timedelta(**age)).timestamp()
    os.utime(file, (at, at))


def test_a_file_may_have_to_be_young_and_not_from_the_future(case, tmp_path):
    file = tmp_path / "scan.txt"
    file.write_text("ok")
    set_age(file, hours=23)
    assert told(case, file="scan.txt", younger="24h")[0]
    set_age(file, hours=25)
    assert told(case, file="scan.txt", younger="24h") == (False, "older than 24h: scan.txt, 2 bytes, 25h old")
    set_age(file, hours=-1)
    assert told(case, file="scan.txt", younger="24h")[1].startswith("from the future")


def test_a_file_may_have_to_contain_a_text_also_where_two_pieces_of_it_meet(case, tmp_path):
    file = tmp_path / "scan.txt"
    for before in (0, (1 << 20) - 3, 5 << 20):
        file.write_bytes(b"\xff" * before + b"of 1.4.2: none" + b"\xff" * 99)
        set_age(file, hours=1)
        assert told(case, file="scan.txt", contains="of ${version}: none")[0]
    ok, evidence = told(case, file="scan.txt", contains="of ${version}: some")
    assert (ok, evidence.startswith("it does not contain 'of 1.4.2: some'")) == (False, True)


def test_a_secret_in_what_a_file_must_contain_is_masked(case, tmp_path):
    (tmp_path / "scan.txt").write_text("x")
    answer = answered(case, file="scan.txt", contains=SECRET)
    assert "it does not contain '********'" in answer.evidence
    assert SECRET not in str(answer)


def test_a_file_that_is_a_pipe_keeps_nobody_waiting(case, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert told(case, file="pipe") == (False, "pipe is no file")


def test_the_newest_dump_counts_by_the_clock_of_its_host(case, tmp_path):
    wanted = {"backup": "database", "younger": "24h"}
    assert told(case, **wanted)[0] is False
    (tmp_path / "dumps").mkdir()
    old, new = (tmp_path / "dumps" / name for name in ("b.dump", "a.dump"))
    for file in (old, new):
        file.write_bytes(b"1234")
    aged(old, hours=25)
    aged(new, hours=3)
    ok, evidence = told(case, **wanted)
    assert (ok, evidence.endswith("a.dump, 4 bytes, 3h old")) == (True, True)
    aged(new, hours=30)
    assert told(case, **wanted)[1].startswith("older than 24h: ")
    aged(new, hours=-2)
    assert told(case, **wanted)[1].startswith("from the future")
    new.write_bytes(b"")
    assert told(case, **wanted)[1].startswith("it is empty: ")
    assert answered(case, **wanted).next_step.startswith("fab backup.take, then fab checklist ")


def aged(file, **age):
    at = time.time() - timedelta(**age).total_seconds()
    os.utime(file, (at, at))


def test_a_host_that_cannot_be_reached_has_no_dump(case):
    ok, evidence = told(replace(case, ask=nobody), backup="database", younger="24h")
    assert (ok, "cannot be reached: timed out" in evidence) == (False, True)


def test_variables_are_set_when_every_secret_can_be_read(case, monkeypatch):
    ok, evidence = told(case, variables=True)
    assert (ok, evidence.startswith("all "), "can be had" in evidence) == (True, True, True)
    monkeypatch.delenv("SANVI_DB_PASSWORD")
    answer = answered(case, variables=True)
    assert (answer.ok, answer.next_step) == (False, "fab config")
    assert "backend DATABASE_PASSWORD is missing: no secret DB_PASSWORD" in answer.evidence
    assert SECRET not in str(answer)


def test_variables_are_not_known_to_be_set_where_a_host_does_not_answer(case):
    host = case.environment.all_hosts[0].name
    ok, evidence = told(replace(case, ask=nobody), variables=True)
    assert (ok, evidence.startswith(f"{host}: cannot be reached")) == (False, True)


def test_what_runs_without_a_variable_is_told_and_does_not_stop_the_deploy_that_brings_it(case, monkeypatch):
    program = subprocess.Popen([sys.executable, "-c", "input()"], env={"PORT": "3000"}, stdin=subprocess.PIPE)
    monkeypatch.setattr("handrail.hosts.variables.shell_line", lambda _: f"echo {program.pid}")
    ok, evidence = told(case, variables=True)
    program.communicate(b"\n", timeout=10)
    assert (ok, "until it is deployed" in evidence, "is missing" in evidence) == (True, True, True)


SIGNED = Statement(
    "tech-lead", "Tech Lead", NOW - timedelta(hours=5), "all 12 went up and down on staging", None, "sha256:ab"
)


@pytest.mark.parametrize(
    ("statement", "ok", "evidence"),
    [
        (SIGNED, True, "tech-lead (Tech Lead), 2026-11-24 11:30 UTC: all 12 went up and down on staging"),
        (None, False, "no statement of a Tech Lead"),
        (replace(SIGNED, role="CTO"), False, "said by tech-lead (CTO)"),
        (replace(SIGNED, at=NOW - timedelta(hours=72, seconds=1)), False, "older than 72h: tech-lead"),
        (replace(SIGNED, at=NOW + timedelta(hours=1)), False, "from the future"),
        (replace(SIGNED, expires=NOW), False, "expired at 2026-11-24 16:30 UTC"),
        (replace(SIGNED, expires=NOW + timedelta(seconds=1)), True, "tech-lead"),
    ],
)
def test_a_statement_counts_by_its_role_and_its_age(case, statement, ok, evidence):
    with_it = replace(case, statements={"it is so": statement} if statement else {"something else": SIGNED})
    answer = answered(with_it, statement="Tech Lead", younger="72h")
    assert (answer.ok, answer.evidence[: len(evidence)]) == (ok, evidence)
    assert ok or answer.next_step.startswith("fab change.state")
    assert not statement or answer.digest == "sha256:ab"


RUN = {
    "run": "0a1b2c", "verb": "rehearse", "environment": "staging", "release": "1.4.1", "seconds": 4.21,
    "at": "2026-11-23T10:00:00+00:00", "seq": 812,
}  # fmt: skip


@pytest.mark.parametrize(
    ("runs", "ok", "evidence"),
    [
        ([RUN], True, "rehearse of 1.4.1 in staging, 4.2 s, 2026-11-23 10:00 UTC, record 812"),
        ([RUN | {"verb": "rollback", "at": "2026-11-23T10:00:00Z"}], True, "rollback of 1.4.1 in staging"),
        (
            [RUN, RUN | {"at": "2026-11-24T10:00:00Z", "seq": 900}],
            True,
            "rehearse of 1.4.1 in staging, 4.2 s, 2026-11-24",
        ),
        ([RUN | {"verb": "deploy"}], False, "no rehearsal in staging"),
        ([RUN | {"environment": "dev"}], False, "no rehearsal in staging"),
        ([], False, "no rehearsal in staging, and no rollback"),
        ([RUN | {"at": "2026-11-17T16:29:59Z"}], False, "older than 168h: rehearse of 1.4.1"),
        ([RUN | {"at": "2026-11-17T16:30:00Z"}], True, "rehearse of 1.4.1"),
        ([RUN | {"at": "2026-11-25T16:30:00Z"}], False, "from the future"),
    ],
)
def test_a_rehearsal_counts_by_its_environment_and_its_age(case, runs, ok, evidence):
    answer = answered(replace(case, runs=runs), rehearsal="staging", younger="168h")
    assert (answer.ok, answer.evidence[: len(evidence)]) == (ok, evidence)
    assert ok or answer.next_step == "fab rehearse, with the inventory of staging"


def test_what_goes_wrong_on_the_way_is_a_no(case):
    broken = replace(case, ask=lambda *_: 1 / 0)
    ok, evidence = told(broken, backup="database", younger="24h")
    assert (ok, evidence) == (False, "cannot be told: ZeroDivisionError: division by zero")
