"""The tutorial of a maintenance window, followed line by line: what it shows is what happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.conformance.subject import named_subject
from tests.lab.controller import ROOT
from tests.lab.lock import only_test_on
from tests.unit.test_docs import DOCS, blocks, written

pytestmark = pytest.mark.lab

PAGE = DOCS / "tutorial-maintenance.md"
# What a clean clone has, as far as the tutorial needs it.
CLONE = ("fabfile.py", "config.py", "tasks", "deploys", "inventories", "lab")
MARK = "the command has ended with"
# What a shell says of a job that was killed, now or later.
JOB = re.compile(r"(Killed|Terminated)\b.* fab worker|^\[\d+\]")


def steps():
    """Give the commands of the page, each with the lines that are shown below it."""
    found = []
    for block in blocks(PAGE):
        if block.language == "console":
            for line in block.text.splitlines():
                if line.startswith("$ "):
                    found.append((line[2:], []))
                else:
                    found[-1][1].append(line)
    return found


class Shell:
    """A shell in which one command follows the other, as a reader types them."""

    def __init__(self, folder):
        environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "150",
            "HANDRAIL_JOURNAL_KEY": f"{folder}/keys/journal.key",
        }  # fmt: skip
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            ["timeout", "580", "bash"], cwd=folder, env=environment, text=True, stdin=pipe, stdout=pipe,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def type(self, command):
        """Type a command and give the lines that it prints, and its exit code."""
        self.process.stdin.write(f"{command}\nprintf '\\n%s %s\\n' '{MARK}' $?\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.startswith(MARK):
                return [each for each in lines if each and not JOB.search(each)], int(line.split()[-1])
            lines.append(" ".join(line.split()))
        raise AssertionError(f"{command}: the shell has ended\n" + "\n".join(lines))


@pytest.fixture
def shell(tmp_path):
    (tmp_path / ".handrail").mkdir(mode=0o700)
    (tmp_path / ".handrail/lab").symlink_to(ROOT / ".handrail/lab")
    for name in CLONE:
        (tmp_path / name).symlink_to(ROOT / name)
    written(PAGE, tmp_path)
    with only_test_on("vendhub"):
        named_subject("pm2")
        here = Shell(tmp_path)
        yield here
        here.type("kill -9 $(jobs -p) 2>/dev/null")
        here.process.stdin.close()
        here.process.wait(10)


def is_shown(shown, lines):
    """Tell whether the lines are those that the page shows; an ellipsis stands for what differs each time."""
    parts = (re.escape(" ".join(line.split())).replace("…", ".*").replace(".*\\ ", ".*") for line in shown)
    wanted = "".join("(?:.*\n)*" if part == ".*" else f"{part}\n" for part in parts)
    return re.fullmatch(wanted, "".join(f"{line}\n" for line in lines)) is not None


@pytest.mark.timeout(600)
def test_the_tutorial_shows_what_happens_when_it_is_followed(shell):
    assert len(steps()) > 15
    for command, shown in steps():
        lines, code = shell.type(command)
        assert code == 0, f"$ {command}\n" + "\n".join(lines)
        assert not shown or is_shown(shown, lines), f"$ {command}\n" + "\n".join(lines)
