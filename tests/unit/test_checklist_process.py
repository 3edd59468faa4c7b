from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from handrail.checklist import last_line, process
from handrail.checklist.process import TAIL, run

WHOLE = b"one\ntwo\n\n"


def plain(text):
    return text


def test_the_exit_code_and_the_last_line_are_told():
    ended = run(["sh", "-c", "echo one; echo two >&2; echo; exit 3"], seconds=10)
    assert (ended.code, ended.why, last_line(ended.output, plain)) == (3, "", "two")
    assert ended.output.digest == f"sha256:{hashlib.sha256(WHOLE).hexdigest()}"


def test_a_command_that_is_not_there_is_no_answer():
    assert (
        run(["no-such-command-here"], seconds=1).why == "cannot be run: No such file or directory: no-such-command-here"
    )


def test_a_command_that_hangs_is_ended_with_all_that_it_started(tmp_path):
    began = time.monotonic()
    deaf = "sh -c 'trap \"\" TERM HUP INT; sleep 300'"
    script = f"sleep 300 & echo $! > {tmp_path}/child; {deaf} & echo $! > {tmp_path}/deaf; wait"
    ended = run(["sh", "-c", script], seconds=0.5)
    assert (ended.code, ended.why) == (None, "no answer within 0.5s")
    assert time.monotonic() - began < 20
    assert gone(tmp_path / "child")
    assert gone(tmp_path / "deaf")


def test_ctrl_c_ends_it_too(tmp_path):
    words = ["sh", "-c", f"sleep 300 & echo $! >{tmp_path}/child; echo begun; wait"]
    # what is started in the background of a script ignores Ctrl-C
    hears = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    script = f"{hears}; from handrail.checklist.process import run; run({words!r}, seconds=60)"
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    until = time.monotonic() + 20
    while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text().strip():
        assert time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=20)
    assert gone(tmp_path / "child")


def gone(file):
    """Whether a process ends soon: what an init has not yet taken away is dead as well."""
    number = int(file.read_text())
    for _ in range(50):
        try:
            state = Path(f"/proc/{number}/stat").read_text().rpartition(") ")[2][0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_children_that_keep_the_output_open_do_not_keep_the_answer_and_end_with_their_parent(tmp_path):
    began = time.monotonic()
    fork = (
        f"for each in 1 2 3 4 5 6 7 8; do (while :; do sleep 300; done) & done; echo $! > {tmp_path}/child; echo done"
    )
    ended = run(["sh", "-c", fork], seconds=30)
    assert (ended.code, last_line(ended.output, plain)) == (0, "done")
    assert time.monotonic() - began < 20
    assert gone(tmp_path / "child")


def test_a_child_in_a_session_of_its_own_that_prints_for_ever_does_not_keep_the_answer():
    began = time.monotonic()
    ended = run(["sh", "-c", "setsid timeout 40 yes & sleep 0.3; echo done"], seconds=30)
    assert ended.code == 0
    assert time.monotonic() - began < 20


def test_a_command_that_closes_its_output_and_goes_on_is_waited_for():
    assert run(["sh", "-c", "exec >&- 2>&-; sleep 0.3; exit 4"], seconds=10).code == 4
    assert run(["sh", "-c", "exec >&- 2>&-; sleep 300"], seconds=0.3).why == "no answer within 0.3s"


def test_a_hundred_megabytes_cost_no_memory():
    script = textwrap.dedent("""
        import resource, hashlib
        from handrail.checklist.process import run
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        ended = run(["sh", "-c", "head -c 100000000 /dev/zero; echo; echo last"], seconds=60)
        whole = hashlib.sha256()
        for _ in range(100):
            whole.update(bytes(1000000))
        whole.update(b"\\nlast\\n")
        assert ended.output.digest == f"sha256:{whole.hexdigest()}", "digest"
        print(ended.code, len(ended.output.tail), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=100)
    code, tail, kilobytes = (int(word) for word in done.stdout.split())
    assert (code, tail) == (0, TAIL)
    assert kilobytes < 5000


def test_output_without_an_end_is_ended_in_time():
    ended = run(["yes"], seconds=0.5)
    assert ended.why == "no answer within 0.5s"


def test_what_a_run_tells_and_where_the_journal_is_are_not_passed_on(monkeypatch):
    for name in ("HANDRAIL_EVENTS", "HANDRAIL_STORE", "HANDRAIL_INVENTORY"):
        monkeypatch.setenv(name, "there")
    said = run(["sh", "-c", 'echo "${HANDRAIL_EVENTS-}${HANDRAIL_STORE-}:$HANDRAIL_INVENTORY"'], seconds=5)
    assert last_line(said.output, plain) == ":there"


def test_nobody_waits_for_standard_input():
    script = "from handrail.checklist.process import run; print(run(['cat'], seconds=5).output.tail)"
    done = subprocess.run([sys.executable, "-c", script], input="typed", capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "b''"


def test_what_is_left_in_the_pipe_when_a_command_ends_is_read(monkeypatch):
    monkeypatch.setattr(process, "CHUNK", 10)
    ended = run(["sh", "-c", "head -c 50000 /dev/zero | tr '\\0' x; echo; echo end"], seconds=10)
    assert last_line(ended.output, plain) == "end"


def test_what_somebody_who_escaped_goes_on_to_print_is_not_read_for_ever():
    output = process.Output()
    endless = os.open("/dev/zero", os.O_RDONLY)
    process._drain(endless, output)
    os.close(endless)
    assert output.cut


def test_waiting_costs_no_time_of_the_processor():
    before = time.process_time()
    run(["sleep", "1"], seconds=5)
    assert time.process_time() - before < 0.3


def test_standard_input_is_empty_and_no_descriptor_is_inherited():
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    said = run(["sh", "-c", f"cat; [ -e /proc/self/fd/{writing} ] && echo inherited || echo closed"], seconds=5)
    os.close(reading)
    os.close(writing)
    assert last_line(said.output, plain) == "closed"


@pytest.mark.parametrize(
    ("printed", "line"),
    [
        (b"caf\xe9 is no UTF-8", "caf\ufffd is no UTF-8"),
        (b"\x1b[32mgreen\x1b[0m\r\n\r\n", "green"),
        (b"one\rtwo\n   \n", "two"),
        (b"bell\x07 and \x00 nothing", "bell  and   nothing"),
        (b"", ""),
    ],
)
def test_the_last_line_is_printable(printed, line):
    said = run([sys.executable, "-c", f"import sys; sys.stdout.buffer.write({printed!r})"], seconds=10)
    assert last_line(said.output, plain) == line


def test_evidence_has_two_hundred_letters_at_the_most():
    assert len(last_line(run(["sh", "-c", "head -c 900 /dev/zero | tr '\\0' x"], seconds=5).output, plain)) == 200


@pytest.mark.parametrize(
    "script", ["printf 'the key is hun%s' ter2-hunter2", "printf 'hun\\033[31mter2-hun\\033[0mter2\\n'"]
)
def test_a_secret_is_masked_however_it_is_coloured(script):
    said = last_line(
        run(["sh", "-c", script], seconds=5).output, lambda text: text.replace("hunter2-hunter2", "********")
    )
    assert "hunter2" not in said
    assert "********" in said


def test_a_secret_of_several_lines_is_masked_before_lines_are_told_apart():
    said = last_line(
        run(["printf", "first\nsecond-x\nend"], seconds=5).output, lambda text: text.replace("second-x\nend", "****")
    )
    assert said == "****"


def test_half_of_a_secret_at_the_edge_of_what_is_kept_is_not_shown():
    # All that is left of the first line is the end of a secret.
    script = f"printf 'hunter2-hunter2'; head -c {TAIL - 5} /dev/zero | tr '\\0' x"
    assert last_line(run(["sh", "-c", script], seconds=5).output, plain) == "a line of more than 64 KB"


def test_a_secret_that_is_cut_at_two_hundred_letters_is_masked_whole():
    script = "head -c 195 /dev/zero | tr '\\0' x; echo hunter2-hunter2"
    assert "hunt" not in last_line(
        run(["sh", "-c", script], seconds=5).output, lambda text: text.replace("hunter2-hunter2", "********")
    )


def test_a_coloured_secret_that_is_cut_at_two_hundred_letters_is_masked_whole():
    script = "head -c 190 /dev/zero | tr '\\0' x; printf 'hun\\033[31mter2-hunter2\\n'"
    said = last_line(
        run(["sh", "-c", script], seconds=5).output, lambda text: text.replace("hunter2-hunter2", "********")
    )
    assert said == "x" * 190 + "********"


def test_under_gevent_commands_run_at_the_same_time_and_are_ended_in_time():
    script = textwrap.dedent("""
        from gevent import monkey
        monkey.patch_all()
        import threading, time
        from handrail.checklist.process import run
        began, codes = time.monotonic(), {}
        def go(name, words, seconds):
            codes[name] = run(words, seconds=seconds)
        jobs = [
            ("hangs", ["sh", "-c", "sleep 300 & wait"], 2.0),
            ("sleeps", ["sleep", "1.8"], 10),
            ("also", ["sleep", "1.8"], 10),
            ("loud", ["sh", "-c", "head -c 20000000 /dev/zero"], 10),
            ("keeps", ["sh", "-c", "sleep 300 & echo done"], 10),
        ]
        threads = [threading.Thread(target=go, args=job) for job in jobs]
        [each.start() for each in threads]
        [each.join() for each in threads]
        assert time.monotonic() - began < 5, time.monotonic() - began
        assert codes.pop("hangs").why == "no answer within 2s"
        assert {each.code for each in codes.values()} == {0}, codes
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
