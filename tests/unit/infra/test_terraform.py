"""Terraform as a process: what it is told, what comes back, Ctrl-C, a deadline; with a program in its place."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from python_terraform import IsFlagged

from handrail.errors import BadInput, HandrailError, LeaseHeld, Refused
from handrail.infra import tools
from handrail.infra.attended import Ended
from handrail.infra.terraform import Terraform
from handrail.infra.trouble import trouble
from handrail.secrets import Secret

FAKE = """#!/bin/sh
printf '%s\\n' "$0 $*" > "$SEEN/argv"
env > "$SEEN/env"
trap 'echo signal >> "$SEEN/signals"; sleep "$ENDS"; printf "%s\\n" "{\\"type\\": \\"apply_complete\\"}"; exit 1' INT
printf '{"type": "apply_start"}\\nnot json\\n'
touch "$SEEN/began"
echo complaint >&2
[ -n "$LASTS" ] && { sleep "$LASTS" > /dev/null 2>&1 & wait $!; }
exit 0
"""


@pytest.fixture
def seen(tmp_path, monkeypatch):
    """Put a program in Terraform's place."""
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text(FAKE)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SEEN", str(tmp_path))
    monkeypatch.setenv("LASTS", "")
    monkeypatch.setenv("ENDS", "0")
    # Who runs tests in the background may have it ignored, which programs inherit.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield tmp_path
    signal.signal(signal.SIGINT, before)


def terraform(folder, events=None, **kwargs):
    secrets = {"DB_PASSWORD": Secret("planted-4711")}
    tell = (events if events is not None else []).append
    return Terraform(folder, data=folder / "data", secrets=secrets, tell=tell, **kwargs)


def test_events_come_as_they_are_told_and_other_lines_stay_output(seen):
    events = []
    ended = terraform(seen, events).run("apply", "p.tfplan", json=IsFlagged)
    assert events == [{"type": "apply_start"}]
    assert (ended.code, ended.output, ended.errors) == (0, "not json\n", "complaint\n")


def test_secrets_are_in_the_environment_and_in_no_argument(seen, monkeypatch):
    monkeypatch.setenv("TF_LOG", "trace")
    monkeypatch.setenv("TF_CLI_ARGS_apply", "-target=x")
    monkeypatch.setenv("TF_WORKSPACE", "another")
    terraform(seen).run("apply", "p.tfplan")
    said = (seen / "env").read_text()
    assert 'TF_VAR_secrets={"DB_PASSWORD": "planted-4711"}' in said
    assert "planted-4711" not in (seen / "argv").read_text()
    assert "TF_LOG=" not in said
    assert "TF_CLI_ARGS_apply" not in said
    assert "TF_WORKSPACE" not in said


def test_what_python_terraform_offers_runs_in_the_same_process(seen):
    assert terraform(seen).cmd("version", no_color=IsFlagged) == (
        0,
        '{"type": "apply_start"}\nnot json\n',
        "complaint\n",
    )
    assert (seen / "argv").read_text().endswith("version -no-color\n")


def test_ctrl_c_reaches_terraform_once_and_its_end_is_waited_for(seen, monkeypatch):
    monkeypatch.setenv("LASTS", "30")
    monkeypatch.setenv("ENDS", "1")
    events, ours = [], terraform(seen)
    ours._tell = events.append

    def press():
        while not (seen / "began").exists():
            time.sleep(0.02)
        for _ in range(2):
            time.sleep(0.1)
            os.kill(os.getpid(), 2)

    thread = threading.Thread(target=press, daemon=True)
    thread.start()
    try:
        ended = ours.run("apply", "p.tfplan", json=IsFlagged)
        thread.join()
    except KeyboardInterrupt:  # the second came when all was over
        pytest.fail("Terraform was left alone")
    assert ended.interrupted
    assert (seen / "signals").read_text() == "signal\n"
    assert [event["type"] for event in events] == ["apply_start", "interrupted", "apply_complete"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_job_that_is_cancelled_and_a_terminal_that_is_closed_let_terraform_end(seen, monkeypatch, number):
    monkeypatch.setenv("LASTS", "30")
    before = signal.getsignal(number)

    def cancel():
        while not (seen / "began").exists():
            time.sleep(0.02)
        os.kill(os.getpid(), number)

    threading.Thread(target=cancel, daemon=True).start()
    ended = terraform(seen).run("apply", "p.tfplan", json=IsFlagged)
    assert (ended.code, ended.interrupted) == (1, True)
    assert (seen / "signals").read_text() == "signal\n"
    assert signal.getsignal(number) is before


def test_what_cannot_be_told_does_not_end_the_run(seen):
    def broken(_event):
        raise BrokenPipeError

    ours = terraform(seen)
    ours._tell = broken
    assert ours.run("apply", "p.tfplan", json=IsFlagged).code == 0


def test_a_deadline_interrupts_as_ctrl_c_does(seen, monkeypatch):
    monkeypatch.setenv("LASTS", "30")
    ended = terraform(seen, seconds=1).run("apply", json=IsFlagged)
    assert (ended.code, ended.interrupted) == (1, True)
    assert (seen / "signals").read_text() == "signal\n"


def ended(summary="", detail="", errors="", **how):
    told = {"type": "diagnostic", "diagnostic": {"severity": "error", "summary": summary, "detail": detail}}
    return Ended(1, "", errors, [told] if summary else [], **how)


LOCK = (
    "Lock Info:\n  ID:        4711\n  Operation: OperationTypeApply\n  Who:       ops@desk\n  Created:   2026-11-24\n"
)


@pytest.mark.parametrize(
    ("how", "kind", "words"),
    [
        (ended("Error acquiring the state lock", LOCK), LeaseHeld, "locked by ops@desk for Apply since 2026-11-24"),
        (ended(errors="│ Error: state snapshot was created by Terraform v99.0.0"), BadInput, "v99.0.0"),
        (ended(errors="│ Error: Unsupported Terraform Core version"), BadInput, "Unsupported Terraform Core version"),
        (ended(errors='Error: S3 bucket "shop-state" does not exist.'), BadInput, "shop-state"),
        (ended("Saved plan is stale", "The given plan file"), Refused, "the state has changed"),
        (ended("reading", "AccessDenied: not allowed"), BadInput, "AccessDenied"),
        (ended(interrupted=True), HandrailError, "stopped"),
        (ended("creating VPC", "Throttling: Rate exceeded"), HandrailError, "Throttling: Rate exceeded"),
    ],
)
def test_what_terraform_complains_of_is_the_error_that_it_is_for_us(how, kind, words):
    error = trouble(how, {})
    assert type(error) is kind
    assert words in error.message
    assert error.message.endswith("nothing was touched") or "; nothing was touched:" in error.message
    assert error.next_step


@pytest.mark.parametrize("written", ["1.12.0", "2.0.0", "99.0.0-beta1"])
def test_a_state_of_a_newer_terraform_is_bad_input(written):
    with pytest.raises(BadInput, match=rf"written by Terraform {written}, and 1.11.4 is installed"):
        tools.check_version(written, here="1.11.4")


@pytest.mark.parametrize("written", ["", "1.9.5", "1.11.9"])
def test_a_state_of_this_or_an_older_terraform_is_taken(written):
    tools.check_version(written, here="1.11.4")


def test_a_state_that_could_not_be_written_says_where_it_is():
    error = trouble(ended("Failed to save state", "it is in errored.tfstate"), {}, touched=True)
    assert "terraform state push errored.tfstate" in error.next_step


def test_a_secret_in_a_complaint_is_masked():
    error = trouble(ended("bad value", "got planted-4711"), {"DB_PASSWORD": Secret("planted-4711")})
    assert "planted-4711" not in str(error)


def test_the_list_of_tasks_imports_nothing_of_aws():
    import subprocess  # noqa: PLC0415
    import sys  # noqa: PLC0415

    code = "import sys, tasks; print([m for m in ('boto3', 'python_terraform', 'pydantic') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stdout == "[]\n"
