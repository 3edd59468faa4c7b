"""A page's commands, typed one after the other into a shell, and what the page shows of their output."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.unit.test_docs import blocks

MARK = "the command has ended with"
# What a shell says of a job that was killed, now or later.
JOB = re.compile(r"(Killed|Terminated)\b.* (fab worker|python -m)|^\[\d+\]")


def steps(page):
    """Give the commands of the page, each with the lines that are shown below it."""
    found = []
    for block in blocks(page):
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

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.type("kill -9 $(jobs -p) 2>/dev/null")
        self.process.stdin.close()
        self.process.wait(10)

    def follow(self, page):
        """Type all of a page: each command is done, and prints what is shown."""
        for command, shown in steps(page):
            lines, code = self.type(command)
            assert code == 0, f"$ {command}\n" + "\n".join(lines)
            assert not shown or is_shown(shown, lines), f"$ {command}\n" + "\n".join(lines)

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


def is_shown(shown, lines):
    """Tell whether the lines are those that the page shows; an ellipsis stands for what differs each time."""
    parts = (re.escape(" ".join(line.split())).replace("…", ".*").replace(".*\\ ", ".*") for line in shown)
    wanted = "".join("(?:.*\n)*" if part == ".*" else f"{part}\n" for part in parts)
    return re.fullmatch(wanted, "".join(f"{line}\n" for line in lines)) is not None
