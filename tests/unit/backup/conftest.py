"""A PostgreSQL on loopback that asks for a password, and a folder in place of the host that it runs on."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from handrail.hosts.script import Command, read_reply
from tests.ports import free_port
from tests.unit.host_folder import Host, token
from tests.unit.journal.conftest import START_SECONDS, programs

USER, PASSWORD = "shop", "hunter2-hunter2"
ON_HOST = '"$@"'
# Nobody renews it here; a machine that is busy with other tests may be slow.
LEASE_SECONDS, PATIENCE_SECONDS = 600, 150


class Server:
    """A server, and what is in it, asked past handrail."""

    def __init__(self, port: int) -> None:
        self.port = port

    def run(self, program: str, *words: object, check: bool = True, **options: object) -> str:
        given = [program, "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, *map(str, words)]
        environment = os.environ | {"PGPASSWORD": PASSWORD}
        done = subprocess.run(given, env=environment, check=False, capture_output=True, text=True, **options)
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout.strip()

    def sql(self, statement: str, database: str = "postgres") -> str:
        return self.run("psql", "-XqAt", "-d", database, "-c", statement)


@pytest.fixture(scope="session")
def server():
    """Start it."""
    if programs() is None and os.geteuid() == 0:
        subprocess.run(["apt-get", "install", "-qq", "-y", "postgresql"], check=False, capture_output=True)
    found = programs()
    if found is None:
        pytest.skip("no PostgreSQL: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="hrbk"))
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    (folder / "password").write_text(PASSWORD)
    if user:
        for path in (folder, folder / "password"):
            shutil.chown(path, "postgres")
    port = free_port()
    data = folder / "data"
    how = ["-U", USER, "-A", "scram-sha-256", f"--pwfile={folder}/password", "-E", "UTF8", "--no-sync"]
    subprocess.run([found / "initdb", "-D", data, *how], check=True, capture_output=True, cwd=folder, **user)
    options = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off"]
    argv = [found / "postgres", "-D", data, *(word for option in options for word in ("-c", option))]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(argv, stdout=log, stderr=log, cwd=folder, **user)
    try:
        until = time.monotonic() + START_SECONDS
        ask = [found / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
        while subprocess.run(ask, check=False).returncode:
            assert time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.05)
        yield Server(port)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
        shutil.rmtree(folder)


class Database:
    """One database on that host, and the scripts about its dumps."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.name = server, f"shop{secrets.token_hex(3)}"
        self.host, self.folder = Host(folder), folder / "dumps"
        self.tools = folder / "tools"
        self.tools.mkdir()
        server.sql(f"CREATE DATABASE {self.name}")
        self.sql("CREATE TABLE items (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)")
        self.sql("INSERT INTO items (name) SELECT md5(n::text) FROM generate_series(1, 5000) n")
        self.token = token(self.host.take("r1", seconds=LEASE_SECONDS))

    def sql(self, statement: str) -> str:
        return self.server.sql(statement, self.name)

    def command(self, script: str, *facts: object, lease: int = 0, run: str = "r1", inside: str = ON_HOST) -> Command:
        head = (self.host.root, self.host.run_directory, lease or self.token, run)
        where = (self.name, USER, self.server.port, inside, self.folder)
        return Command(("fenced", "dump", script), tuple(map(str, (*head, *where, *facts))), PATIENCE_SECONDS)

    def taking(self, *, seconds: int = 120, password: str = PASSWORD, **how: object) -> subprocess.Popen[str]:
        facts = (seconds, "postgresql", "shop", "prod", "1.0.0-aaaaaaaaaaaa")
        return self._begin(self.command("backup_take", *facts, **how), password)

    def take(self, **how: object):
        return self.reply(self.taking(**how))

    def end(self, **how: object):
        return self.reply(self._begin(self.command("backup_end", **how), PASSWORD))

    def list(self, *, verify: bool = False):
        words = (str(self.host.root), str(self.host.run_directory), "yes" if verify else "")
        command = Command(("backup_list",), (*words, "database", f"{self.folder}/*.dump"))
        return self.reply(self._begin(command, ""))

    def _begin(self, command: Command, password: str) -> subprocess.Popen[str]:
        environment = os.environ | {"PATH": f"{self.tools}:{programs()}:{os.environ['PATH']}"}
        process = subprocess.Popen(
            command.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment,
        )  # fmt: skip
        process.stdin.write(f"{password}\n")
        process.stdin.close()
        process.stdin = None
        return process

    @staticmethod
    def reply(process: subprocess.Popen[str]):
        said, errors = process.communicate(timeout=PATIENCE_SECONDS)
        return read_reply(said.splitlines(), errors.splitlines())

    def tool(self, name: str, text: str) -> None:
        """Put a stand-in for a program before it; REAL is the program itself."""
        real = programs() / name
        path = self.tools / name
        path.write_text(f"#!/bin/sh\nREAL={real}\n{text}\n")
        path.chmod(0o755)

    def dumps(self) -> list[Path]:
        return sorted(self.folder.glob("*.dump"))

    def files(self) -> set[str]:
        """Name what is there, hidden files as well."""
        return {path.name for path in self.folder.iterdir()} if self.folder.exists() else set()


@pytest.fixture
def database(server, tmp_path):
    """A database with a table in it."""
    made = Database(server, tmp_path)
    yield made
    server.sql(f"DROP DATABASE {made.name} WITH (FORCE)")
