"""The journal that HANDRAIL_STORE names: opened for writing, for reading, or found not to be there yet."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from handrail.errors import BadInput, Refused
from handrail.journal import head
from handrail.journal import open as opening
from handrail.journal.operator import account, operator
from tests.unit.journal.entries import entry


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A folder without a journal."""
    monkeypatch.chdir(tmp_path)
    for name in (opening.STORE, "HANDRAIL_JOURNAL_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_a_journal_that_is_not_there_yet_is_not_made_by_looking(url, monkeypatch):
    monkeypatch.setenv(opening.STORE, url)
    assert opening.reader_or_none() is None
    with pytest.raises((BadInput, Refused), match="no journal"):
        opening.reader()
    assert opening.reader_or_none() is None
    with opening.writer() as store:
        store.append(entry(1))
    found = opening.reader_or_none()
    assert found is not None
    with found as store:
        assert [record.run for record in store.stream()] == ["r1"]


def test_without_a_word_the_journal_is_in_this_folder():
    assert opening.place() == ".handrail/journal.db"
    opening.writer().close()
    assert Path(".handrail/journal.db").is_file()


def test_an_empty_file_is_no_journal_yet():
    Path(".handrail").mkdir()
    Path(".handrail/journal.db").touch()
    assert opening.reader_or_none() is None


@pytest.mark.parametrize("url", ["mysql://h/d", "what?", "postgresql://postgres@127.0.0.1:1/postgres"])
def test_a_journal_that_cannot_be_asked_is_not_taken_for_none(url, monkeypatch):
    monkeypatch.setenv(opening.STORE, url)
    with pytest.raises((BadInput, Refused)):
        opening.reader_or_none()


def test_a_file_that_is_no_database_is_not_taken_for_none():
    Path(".handrail").mkdir()
    Path(".handrail/journal.db").write_text("hello" * 1000)
    with pytest.raises(Refused, match="not a database"):
        opening.reader_or_none()


def test_the_operator_is_a_name_that_fits_anywhere(monkeypatch):
    monkeypatch.setenv("LOGNAME", "m'e\n$(x)")
    assert operator().startswith("mex@")
    assert len(operator()) <= 80


def test_a_process_whose_number_has_no_name_is_named_by_it(monkeypatch):
    def nobody(_):
        raise KeyError

    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert account() == f"uid{os.getuid()}"
    assert operator().startswith(f"uid{os.getuid()}@")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("way", ["reader", "writer", "reader_or_none"])
def test_a_journal_in_a_folder_of_somebody_else_is_refused_and_not_taken_for_none(way, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    words = f"""
import os, pathlib
from handrail.errors import Refused
from handrail.journal import open as opening
opening.head.signer = lambda: None
os.environ["HANDRAIL_STORE"] = "sqlite:///{closed}/journal.db"
os.setuid(54321)
try:
    opening.{way}()
except Refused as refused:
    print(refused)
"""
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=False, timeout=60)
    assert f"the journal {closed}/journal.db cannot be opened: Permission denied" in done.stdout, done.stderr
    assert "ls -ld" in done.stdout


def test_a_journal_key_that_is_a_folder_is_refused(tmp_path):
    with pytest.raises(Refused, match="is a folder") as refused:
        head.signer(str(tmp_path))
    assert "chmod" not in str(refused.value)
    assert f"HANDRAIL_JOURNAL_KEY={tmp_path}/journal.key" in str(refused.value)
