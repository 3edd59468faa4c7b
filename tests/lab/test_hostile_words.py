"""Hostile words: as versions they are refused, as values they arrive as they are. Secrets are seen nowhere."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
from pathlib import Path

import pytest

from lab import passwords
from lab.hosts import named
from tests.lab.fleet import NAMES, ROOT
from tests.lab.inventory import inventory

pytestmark = pytest.mark.lab

# What some of these words would make if anything executed them; it stands in them, too.
PWNED = "/tmp/pwned"  # noqa: S108  # a name that nothing else uses
VERSIONS = (
    "1.0;touch /tmp/pwned",
    "$(touch /tmp/pwned)",
    "`touch /tmp/pwned`",
    "../../etc",
    "1.0 1.1",
    "'1.0",
    '1"0',
    "-x",
)
VALUES = {
    "HOSTILE_QUOTES": """it's "quoted" `touch /tmp/pwned` and more'""",
    "HOSTILE_SHELL": "; touch /tmp/pwned; $(touch /tmp/pwned) && ${HOME} $HOME | x > /tmp/pwned #",
    "HOSTILE_SLASHES": "back\\slash \\n \\\\ \\$x \\' \\\" end\\",
    "HOSTILE_SPACES": "  two  spaces, a\ttab and trailing ones  ",
    "HOSTILE_PERCENT": "100% %i %n %% ${x}",
    "HOSTILE_LETTERS": "Zürich 東京 €",
    "HOSTILE_LINES": "first line\nsecond line\n",
}


@pytest.mark.parametrize("verb", ["deploy", "rollback"])
def test_a_hostile_version_is_refused_and_nothing_of_it_is_executed(fleet, start, verb):
    before = fleet.fences()
    for run in [start(verb, release=version) for version in VERSIONS]:
        assert run.wait() == 2, run.end
        assert run.events == []
    assert fleet.fences() == before
    assert not Path(PWNED).exists()
    assert not any(fleet.files(host, PWNED) for host in NAMES)


@pytest.mark.parametrize("version", ["1.10", "007"])
def test_a_version_that_pyinfra_takes_for_a_number_does_not_become_another_one(start, version):
    run = start("deploy", release=version)
    assert run.wait() == 2
    assert "quote it" in run.end["text"]
    quoted = start("deploy", release=f'"{version}"')
    assert quoted.wait() == 2
    assert f"sanvi-{version}.tar.gz" in quoted.end["text"]


def test_hostile_values_arrive_in_the_process_as_they_are(fleet, start, tmp_path):
    written = {name: value.replace("${", "$${") for name, value in VALUES.items()}
    hostile = inventory(tmp_path, {"services": {"backend": {"environment": written}}})
    run = start("deploy", inventory=hostile, release="1.1.0")
    assert run.wait() == 0, run.end
    unit = f"sanvi-backend@{fleet.ask().slot}"
    pid = fleet.sh("web1", f"systemctl show -p MainPID --value {unit}")
    environment = fleet.sh("web1", f"base64 -w0 /proc/{pid}/environ")
    arrived = dict(pair.split("=", 1) for pair in base64.b64decode(environment).decode().split("\0") if pair)
    assert {name: arrived.get(name) for name in VALUES} == VALUES
    assert arrived["DATABASE_PASSWORD"] == passwords.read("DB_PASSWORD")
    assert not any(fleet.files(host, PWNED) for host in NAMES)


def test_secrets_are_seen_nowhere(fleet, start):
    since = int(time.time())
    fleet.sh("db", "systemctl stop postgresql")
    with Spies(fleet) as spies:
        runs = [start("startup", "--debug")]
        assert runs[0].wait() == 0
        runs.append(start("deploy", "--debug", release="1.1.0"))
        assert runs[1].wait() == 0
    heard = {f"process list of {host}": text for host, text in spies.heard.items()}
    heard |= {f"output of {run.name}": run.output() for run in runs}
    heard |= {f"events of {run.name}": json.dumps([run.events, run.end], ensure_ascii=False) for run in runs}
    heard |= {f"journal of {host}": fleet.sh(host, f"cat {ROOT}/journal") for host in NAMES}
    heard |= {f"log of {host}": fleet.sh(host, f"journalctl --no-pager -o cat --since @{since}") for host in NAMES}
    assert "sh -c" in heard["process list of web1"]
    for secret in (passwords.read(name) for name in passwords.NAMES):
        for where, text in heard.items():
            assert not any(trace in bare(text) for trace in traces(secret)), where


class Spies:
    """Read the process lists of all hosts again and again."""

    def __init__(self, fleet):
        self.fleet = fleet
        self.heard: dict[str, str] = {}

    def __enter__(self):
        loop = "while [ ! -e /tmp/enough ]; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; sleep 0.02; done"
        for host in NAMES:
            self.fleet.sh(host, "rm -f /tmp/enough")
        argv = {host: ["docker", "exec", named(host).container, "sh", "-c", loop] for host in NAMES}
        self.processes = {host: subprocess.Popen(each, stdout=subprocess.PIPE) for host, each in argv.items()}
        self.threads = [threading.Thread(target=self._listen, args=(host,)) for host in NAMES]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        for host in NAMES:
            self.fleet.sh(host, ": >/tmp/enough")
        for thread in self.threads:
            thread.join()

    def _listen(self, host):
        self.heard[host] = self.processes[host].communicate()[0].decode(errors="replace")


def bare(text: str) -> str:
    """Take away what shells, JSON, environment files and lines of base64 put between the letters of a secret."""
    return text.translate(dict.fromkeys(map(ord, "'\"\\\n")))


def traces(secret: str) -> set[str]:
    """Give a secret as it is and as base64 shows it, also as in an environment file, wherever in a bundle it begins."""
    in_file = "".join(f"\\{letter}" if letter in '\\"`$' else letter for letter in secret)
    shifted = {
        base64.b64encode(b"\0" * shift + word.encode()).decode() for shift in range(3) for word in (secret, in_file)
    }
    # the first and the last letters hold bits of their neighbours
    return {bare(secret)} | {text[4:-4] for text in shifted}
