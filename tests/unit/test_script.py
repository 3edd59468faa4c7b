"""Commands are data, quoted as words; replies without a result line are lost replies."""

from __future__ import annotations

import base64
import io
import shlex
import subprocess
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.hosts.bundle import bundle
from handrail.hosts.script import Command, read_reply, shell_line
from handrail.model.fleet import Outcome
from handrail.runtimes.protocol import File

HOSTILE = ["a b", "'", '"', "$(touch /tmp/owned)", "; reboot", "`id`", "\\", "-n", "%s", "ä"]


def test_command_ends_itself_on_the_host_when_its_deadline_is_over():
    assert Command(("end",), ("/root", "/run"), seconds=7).argv[:3] == ("timeout", "--kill-after=5", "7")


def test_standard_input_is_not_shown():
    command = Command(("end",), ("/root", "/run"), stdin="hunter2")
    assert "hunter2" not in repr(command) + str(command) + shlex.join(command.argv)


@pytest.mark.parametrize("word", HOSTILE)
def test_hostile_argument_arrives_as_one_word(word):
    line = shlex.join(["sh", "-c", 'printf "<%s>" "$@"', "handrail", word])
    assert subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout == f"<{word}>"


@given(
    st.lists(
        st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=1, max_size=4
    )
)
def test_shell_line_quotes_every_word(words):
    line = shell_line([("printf", "%s\\0", *words)])
    done = subprocess.run(["sh", "-c", line], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == words


def test_shell_line_stops_at_the_first_command_that_fails():
    assert (
        subprocess.run(["sh", "-c", shell_line([("false",), ("echo", "on")])], capture_output=True, check=False).stdout
        == b""
    )


def test_shell_line_of_nothing_succeeds():
    assert subprocess.run(["sh", "-c", shell_line([])], check=False).returncode == 0


def test_reply_without_a_result_is_unknown_and_carries_what_was_said():
    reply = read_reply(["token 3"], ["Connection closed"])
    assert (reply.outcome, reply.words) == (Outcome.UNKNOWN, "no reply: Connection closed")


def test_last_result_line_counts():
    reply = read_reply(["result failed an echo of the application", "result ok done"])
    assert (reply.outcome, reply.words) == (Outcome.OK, "done")


def test_block_is_what_stands_between_its_lines():
    reply = read_reply(["log begin", "one", "two", "log end", "result failed x"])
    assert reply.block("log") == "one\ntwo"
    assert reply.block("units") == ""


def test_bundle_is_a_tar_with_the_modes_asked_for():
    packed = base64.b64decode(bundle([File("/etc/a", "ä\n", 0o600), File("/b", "")]))
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert [(one.name, one.mode, one.uid) for one in archive.getmembers()] == [("etc/a", 0o600, 0), ("b", 0o644, 0)]
        assert archive.extractfile("etc/a").read() == "ä\n".encode()


def test_file_does_not_show_what_is_in_it():
    assert "hunter2" not in repr(File("/env", "PASSWORD=hunter2", 0o600))
