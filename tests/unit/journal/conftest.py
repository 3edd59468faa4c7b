"""Journals to try things on: in a SQLite file, and in a PostgreSQL that is started for these tests."""

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
from sqlalchemy import create_engine, text

from handrail.journal import head
from handrail.journal.store import Store

START_SECONDS = 30


def programs() -> Path | None:
    """Find PostgreSQL's programs; Debian keeps them off the PATH."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


@pytest.fixture(scope="session")
def server():
    """A PostgreSQL of our own, on a socket in a folder of its own."""
    if programs() is None and os.geteuid() == 0:
        subprocess.run(["apt-get", "install", "-qq", "-y", "postgresql"], check=False, capture_output=True)
    found = programs()
    if found is None:
        pytest.skip("no PostgreSQL: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="hrpg"))
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    if user:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    initdb = [str(found / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **user)
    options = ["listen_addresses=", f"unix_socket_directories={folder}", "fsync=off", "shared_buffers=16MB"]
    argv = [str(found / "postgres"), "-D", str(data), *(word for option in options for word in ("-c", option))]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(argv, stdout=log, stderr=log, cwd=folder, **user)
    try:
        until = time.monotonic() + START_SECONDS
        while subprocess.run([str(found / "pg_isready"), "-q", "-h", str(folder)], check=False).returncode:
            assert time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.05)
        yield folder
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
        shutil.rmtree(folder)


@pytest.fixture
def postgresql(server):
    """The URL of an empty place in the database."""
    name = f"j{secrets.token_hex(4)}"
    admin = create_engine(f"postgresql+psycopg://postgres@/postgres?host={server}")
    with admin.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    admin.dispose()
    return f"postgresql://postgres:very-secret-word@/postgres?host={server}&options=-csearch_path%3D{name}"


@pytest.fixture
def sqlite(tmp_path):
    """The URL of a file that is not there yet."""
    return f"sqlite:///{tmp_path}/place/journal.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request):
    """Each kind of store in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def signer(tmp_path):
    """A journal key of this test."""
    return head.signer(str(tmp_path / "keys" / "journal.key"))


@pytest.fixture
def open_store(signer):
    """Open stores, and close them in the end."""
    stores = []

    def opened(url: str, **options) -> Store:
        stores.append(Store(url, **{"signer": signer, **options}))
        return stores[-1]

    yield opened
    for store in stores:
        store.close()
