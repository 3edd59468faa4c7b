"""A host whose docker is a stand-in: what scripts asked it for, and what they make of its answers."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

RELEASE = "1.4.0+build.7-0123456789ab"
# Values of variables that a shell or docker could take for something else.
NASTY = {
    "QUOTES": 'it\'s "quoted" `x` $HOME $$ \\n',
    "LINES": "-----BEGIN KEY-----\nexport PATH=/nowhere\n-----END KEY-----\n",
    "RETURN": "a\r",
    "UNICODE": "żółć 😀 \u2028 \ufeff",
    "TAB": "a\tb",
    "EMPTY": "",
    "SPACES": "  both ends  ",
    "HASH": "#no comment",
    "EQUALS": "a=b=c",
    "PATH": "/nowhere",
    "DOCKER_HOST": "tcp://nowhere:1",
    "UID": "1000",
    "IFS": "e",
}


class Host:
    """A folder with commands that write down how they are called, and answer as a test says."""

    def __init__(self, folder: Path):
        self.folder, self.root = folder, folder / "root"
        self.bin, self.log = folder / "bin", folder / "log"
        self.bin.mkdir()
        self.log.touch()
        (self.root / "slots").mkdir(parents=True)
        (self.root / "slots" / "green").symlink_to(f"../releases/{RELEASE}")
        self.command("docker", "")

    def command(self, name, cases):
        """Make a command of lines `pattern) what it does ;;`; it succeeds silently where none fits."""
        path = self.bin / name
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >>{self.log}\ncase "$*" in\n{cases}\nesac\n')
        path.chmod(0o755)

    def run(self, argv, *, cwd=None, **environment):
        path = f"{self.bin}:{os.environ['PATH']}"
        return subprocess.run(
            list(argv), capture_output=True, text=True, check=False, timeout=20, cwd=cwd or self.folder,
            env={**os.environ, "PATH": path, **environment},
        )  # fmt: skip

    def bare(self):
        """Leave it little more than a shell, without docker."""
        (self.bin / "docker").unlink()
        for name in ("sh", "tail", "timeout"):
            (self.bin / name).symlink_to(shutil.which(name))

    @property
    def asked(self):
        return self.log.read_text().splitlines()

    def asked_for(self, words):
        return [line for line in self.asked if words in line]

    def put(self, file):
        path = Path(file.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text)


def complaints(argvs):
    """Give what shellcheck says of the scripts in commands; SC2015, SC2034, SC2154, SC2317: see test_shell.py."""
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    scripts = {argv[argv.index("-c") + 1] for argv in argvs}
    command = ["shellcheck", "--shell=sh", "--exclude=SC2015,SC2034,SC2148,SC2154,SC2317", "-"]
    return [
        subprocess.run(command, input=script, capture_output=True, text=True, check=False).stdout
        for script in scripts
        if subprocess.run(command, input=script, capture_output=True, text=True, check=False).returncode
    ]
