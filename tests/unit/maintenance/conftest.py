"""A folder in which windows are run: an inventory, a window, and tasks that stand for the real ones."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import sys
import time
from contextlib import chdir, closing, redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from sqlalchemy import create_engine, text

from handrail.journal.store import Store
from handrail.maintenance import shown
from handrail.maintenance.book import Book
from tests import started
from tests.unit.journal.conftest import server  # noqa: F401  # a fixture

if TYPE_CHECKING:
    import subprocess

HERE = Path(__file__).parent
WINDOW = """\
window: monthly
system: shop
lasts: 2h
announce: []
tasks:
  - {task: Vacuum, vacuum: true}
  - {task: Bring 1.1.0, deploy: 1.1.0}
  - task: Tell the ledger
    command: [sh, -c, "echo ledger begun $$ >>effects; sleep ${TAKES:-0}; echo ledger done >>effects"]
    done_when: [grep, -qx, ledger done, effects]
    undo: [sh, -c, echo ledger undone >>effects]
monitor: 1m
"""
# The same with fewer steps, for tests that are about something else than the order.
SHORT = """\
window: monthly
system: shop
lasts: 2h
announce: []
backup: false
stop: false
tasks:
  - {task: Bring 1.1.0, deploy: 1.1.0}
  - task: Tell the ledger
    command: [sh, -c, "echo ledger begun $$ >>effects; echo ledger done >>effects"]
    undo: [sh, -c, echo ledger undone >>effects]
monitor: 0s
"""
SYSTEM = """\
system: shop
services:
  api:
    runtime: systemd
    hosts: app
    user: shop
    command: [node, server.js]
    ports: {blue: 3000, green: 3010}
    health: {path: /health}
edge: {hosts: app, server_names: [shop.test], paths: {/: api}}
release:
  artifact: shop-${version}.tar.gz
  version: {path: /version, header: X-Release}
environments: {prod: {}}
"""
# What a window of that file does, in the words that the tasks note.
EFFECTS = (
    "status", "backup", "page-on", "shutdown", "database", "deploy", "ledger", "startup", "health", "page-off", "watch",
)  # fmt: skip


class Folder:
    """Where windows are run."""

    # Workers are forked from a process that has DBOS imported; a benchmark starts real ones.
    popen = staticmethod(started.popen)

    def __init__(self, path: Path, store: str) -> None:
        self.path = path
        self.env = os.environ | {"HANDRAIL_STORE": store, "TAKES": "0"}
        self.workers: list[subprocess.Popen[bytes]] = []
        for name in ("inventories/group_data", "maintenance"):
            (path / name).mkdir(parents=True)
        (path / "inventories/prod.py").write_text('app = ["web1"]\n')
        (path / "inventories/group_data/prod.py").write_text('environment = "prod"\nsystems = ["shop.yaml"]\n')
        (path / "inventories/shop.yaml").write_text(SYSTEM)
        (path / "maintenance/monthly.yaml").write_text(SHORT)
        shutil.copy(HERE / "fabfile_for_tests.py", path / "fabfile.py")

    def verb(self, code: str) -> subprocess.CompletedProcess[str]:
        """Call a verb of the maintenance tasks in a process of its own."""
        line = [sys.executable, "-c", f"from handrail.maintenance import verbs; verbs.{code}"]
        return self._run(line)

    def begin(self, code: str) -> subprocess.Popen[bytes]:
        """Begin a verb in a process of its own."""
        line = [sys.executable, "-c", f"from handrail.maintenance import verbs; verbs.{code}"]
        with (self.path / "worker.log").open("ab") as log:
            self.workers.append(self.popen(line, cwd=self.path, env=self.env, stdout=log, stderr=log))
        return self.workers[-1]

    def book(self) -> str:
        """Book the window for now, and give its id."""
        code = (
            "from contextlib import closing; from handrail.control.task import opened\n"
            "from handrail.maintenance import plan, book\n"
            "row = plan.planned('maintenance/monthly.yaml', opened('inventories/prod.py'), 'now').row()\n"
            "b = book.Book(); b.enter(row); b.close(); print(row['id'])"
        )
        line = [sys.executable, "-c", code]
        done = self._run(line)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def _run(self, line: list[str]) -> subprocess.CompletedProcess[str]:
        return started.run(line, cwd=self.path, env=self.env, timeout=120)

    def whole(self) -> None:
        """Have every kind of step in the window."""
        (self.path / "maintenance/monthly.yaml").write_text(WINDOW)

    def change(self, **more: str) -> None:
        """Describe the window's last task, or the window, otherwise."""
        lines = []
        for line in (self.path / "maintenance/monthly.yaml").read_text().splitlines():
            key = line.strip().partition(":")[0]
            lines.append(f"{line.partition(key)[0]}{key}: {more[key]}" if key in more else line)
            if key == "undo" and "takes" in more:
                lines.append(f"    takes: {more['takes']}")
        (self.path / "maintenance/monthly.yaml").write_text("\n".join(lines) + "\n")

    def log(self) -> str:
        """Give what the workers said."""
        return (self.path / "worker.log").read_text()

    def records(self, kind: str) -> list[dict]:
        """Give the bodies of the journal's records of a kind."""
        store = Store(self.env["HANDRAIL_STORE"] or f"sqlite:///{self.path}/.handrail/journal.db", writes=False)
        with store:
            return [record.content for record in store.stream() if record.kind == kind]

    def runner(self, window: str, key: str) -> int:
        """Give the process that runs a step, or 0."""
        return next((step["runner"] for step in self.look(window)["steps"] if step["key"] == key), 0)

    def seated(self) -> int:
        """Count the workers that have begun to work."""
        return len(re.findall(r"^worker \S+ at ", self.log(), re.MULTILINE))

    def kill_process(self, number: int) -> None:
        """Kill what runs for a worker, if it still does."""
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)

    def work(self, *, code: str = "") -> subprocess.Popen[bytes]:
        """Start a worker."""
        line = [sys.executable, *(("-c", code) if code else ("-m", "handrail.maintenance.worker"))]
        with (self.path / "worker.log").open("ab") as log:
            worker = self.popen(line, cwd=self.path, env=self.env, stdout=log, stderr=log)
        self.workers.append(worker)
        return worker

    def status(self, window: str = "") -> dict:
        """Give what the status task tells."""
        return json.loads(self.verb(f"status({window!r}, as_json=True)").stdout)

    def look(self, window: str) -> dict:
        """Give what the status task would tell, without a process: who waits looks often."""
        there = {"HANDRAIL_STORE": self.env["HANDRAIL_STORE"]}
        said = StringIO()
        with mock.patch.dict(os.environ, there), chdir(self.path), closing(Book()) as book, redirect_stdout(said):
            shown.status(book.named(window), book.steps(window), as_json=True)
        return json.loads(said.getvalue())

    def over(self, window: str, *, seconds: float = 60) -> dict:
        """Wait until a window is over."""
        return self.until(lambda: (told := self.look(window))["state"] == "over" and told, seconds=seconds)

    def effects(self) -> list[str]:
        """Give what was done, without the process numbers."""
        file = self.path / "effects"
        return [" ".join(line.split()[:2]) for line in file.read_text().splitlines()] if file.exists() else []

    def begun(self, name: str) -> int:
        """Give the process that is at a step, or 0."""
        file = self.path / "effects"
        lines = file.read_text().splitlines() if file.exists() else []
        found = [line.split()[2] for line in lines if line.startswith(f"{name} begun ")]
        return int(found[-1]) if found else 0

    def until(self, condition, *, seconds: float = 60):
        """Wait until something is true, and give it."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < end, f"{self.effects()}\n{(self.path / 'worker.log').read_text()[-3000:]}"
            time.sleep(0.05)
        return found

    def kill(self, worker: subprocess.Popen[bytes]) -> None:
        """Kill a worker as a power failure does."""
        worker.send_signal(signal.SIGKILL)
        worker.wait()


BOTH = pytest.mark.parametrize("folder", ["sqlite", "postgresql"], indirect=True)
POSTGRESQL = pytest.mark.parametrize("folder", ["postgresql"], indirect=True)


@pytest.fixture
def database(request):
    """The URL of an empty PostgreSQL database of this test."""
    folder = request.getfixturevalue("server")
    name = f"m{secrets.token_hex(4)}"
    admin = create_engine(f"postgresql+psycopg://postgres@/postgres?host={folder}", isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return f"postgresql://postgres@/{name}?host={folder}"


@pytest.fixture
def folder(request, tmp_path):
    """A folder, with SQLite unless the test asks for another database."""
    store = request.getfixturevalue("database") if getattr(request, "param", "") == "postgresql" else ""
    here = Folder(tmp_path / "project", store)
    yield here
    for worker in here.workers:
        if worker.poll() is None:
            here.kill(worker)
