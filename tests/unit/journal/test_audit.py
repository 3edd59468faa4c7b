"""`fab audit.*`, as it is typed."""

from __future__ import annotations

import csv
import gc
import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from invoke import Collection, Program

from handrail.journal import head, spool
from handrail.journal.record import Entry, Retention
from handrail.journal.store import Store
from tasks import audit
from tests.unit.journal.entries import filled, hands

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def journal(tmp_path, monkeypatch):
    """A folder with a journal of five runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HANDRAIL_STORE", raising=False)
    monkeypatch.delenv("HANDRAIL_JOURNAL_KEY", raising=False)
    store = filled(Store("", signer=head.signer()), 5)
    yield store
    store.close()


@pytest.fixture
def fab(capsys, monkeypatch):
    """Type a command, in a folder."""

    def typed(*words, folder="."):
        namespace = Collection()
        namespace.add_collection(Collection.from_module(audit))
        with monkeypatch.context() as here:
            here.chdir(folder)
            with pytest.raises(SystemExit) as ended:
                Program(namespace=namespace).run(["fab", *words])
        out, err = capsys.readouterr()
        return SimpleNamespace(returncode=ended.value.code or 0, stdout=out, stderr=err)

    return typed


@pytest.fixture
def nowhere():
    """An inventory whose hosts do not answer."""
    spec = (REPOSITORY / "inventories" / "sanvi.yaml").read_text().partition("\nchanges:\n")[0]
    Path("sanvi.yaml").write_text(f"{spec}\nenvironments: {{prod: null}}\n")
    data = {"environment": "prod", "systems": ("sanvi.yaml",), "ssh_hostname": "127.0.0.1", "ssh_port": 9}
    groups = [
        f"{name} = [('{name}1', {{'address': '10.0.0.{last}'}})]" for last, name in enumerate(("web", "edge", "db"))
    ]
    Path("prod.py").write_text("\n".join([*groups, f"all = (['web1', 'edge1', 'db1'], {data!r})\n"]))
    return "prod.py"


def kinds(store):
    return [(record.kind, record.verb, record.retention) for record in store.stream(since=6)]


def test_a_whole_journal_verifies_and_that_somebody_looked_is_recorded(journal, fab):
    done = fab("audit.verify", "--json")
    assert (done.returncode, json.loads(done.stdout)["findings"]) == (0, [])
    assert kinds(journal) == [("read", "audit.verify", "access")]


def test_an_altered_journal_ends_with_1_and_names_the_record(fab):
    with hands("sqlite:///.handrail/journal.db") as do:
        do("UPDATE records SET outcome = 'failed' WHERE seq = 3")
    done = fab("audit.verify")
    assert done.returncode == 1
    assert "edited record 3" in done.stdout


def test_an_export_verifies_offline_in_another_folder(journal, tmp_path, fab):
    assert fab("audit.export", "--since", "2026-01-01", "--output", "part.json").returncode == 0
    assert kinds(journal) == [("export", "", "data")]
    assert oct(Path("part.json").stat().st_mode)[-3:] == "600"
    other = tmp_path / "other"
    other.mkdir()
    shutil.move("part.json", other)
    shutil.copy(".handrail/journal.key.pub", other / "keys")
    done = fab("audit.verify", "--export", "part.json", "--keys", "keys", "--json", folder=other)
    assert (done.returncode, json.loads(done.stdout)["records"]) == (0, 5)
    assert not (other / ".handrail").exists()
    lines = (other / "part.json").read_text().splitlines(keepends=True)
    assert [record["seq"] for record in json.loads("".join(lines))["records"]] == [1, 2, 3, 4, 5]
    for wrong, word in (
        ([line.replace("done", "d0ne") for line in lines], "edited"),
        ([*lines[:3], *lines[4:]], "removed"),
        ([*lines[:3], lines[4], lines[3], *lines[5:]], "reordered"),
        (lines[:-2], "truncated"),
        ([lines[0].replace('"first":1', '"first":2'), *lines[1:]], "signature of its first line"),
        ([*lines[:3], "what?\n"], "a line is no record"),
        (["{}"], "is not as fab audit.export"),
    ):
        (other / "wrong.json").write_text("".join(wrong))
        done = fab("audit.verify", "--export", "wrong.json", folder=other)
        assert done.returncode, word
        assert word in done.stdout + done.stderr


def test_a_part_of_the_journal_is_exported_and_verifies(journal, fab):
    journal.append(Entry("read", {"who": "=cmd()"}, Retention.ACCESS))
    since = next(record.at for record in journal.stream(since=6))
    assert fab("audit.export", "--since", since, "--output", "part.json").returncode == 0
    done = fab("audit.verify", "--export", "part.json", "--json")
    assert (done.returncode, json.loads(done.stdout)["records"]) == (0, 1)


def test_no_cell_of_a_table_is_a_formula(journal, fab):
    journal.append(Entry("read", {"who": "=cmd()", "what": "-1+1", "reason": '@x,"y"\n'}, Retention.ACCESS))
    assert fab("audit.export", "--since", "2026-01-01", "--format", "csv", "--output", "x.csv").returncode == 0
    with Path("x.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert (rows[5]["who"], rows[5]["what"], rows[5]["reason"]) == ("'=cmd()", "'-1+1", '\'@x,"y"\n')


def test_heads_from_hosts_are_compared(journal, fab):
    Path("heads").write_text(journal.heads()[0] + "\n")
    with hands("sqlite:///.handrail/journal.db") as do:
        do("DELETE FROM records WHERE seq > 3")
        do("DELETE FROM heads")
    done = fab("audit.verify", "--heads", "heads")
    assert done.returncode == 1
    assert "truncated records 4 to 5" in done.stdout


def test_heads_of_another_journal_by_our_key_are_a_finding_unless_it_is_known(journal, fab):
    ours = head.signer()
    line = head.line(ours.sign(store="0123456789abcdef", seq=9, hash_="sha256:00"))
    Path("heads").write_text(f"{line}\n{journal.heads()[0]}\n")
    done = fab("audit.verify", "--heads", "heads")
    assert done.returncode == 1
    assert "written anew records 1 to 9" in done.stdout
    assert "--known-journal 0123456789abcdef" in done.stdout
    assert fab("audit.verify", "--heads", "heads", "--known-journal", "ff,0123456789abcdef").returncode == 0


def test_where_there_is_no_journal_none_is_made_by_verifying_it(fab, monkeypatch, tmp_path):
    # A run that is under way in this folder, with a journal elsewhere.
    running = spool.make("under-way", store="elsewhere", body={"run": "under-way"})
    monkeypatch.setenv("HANDRAIL_STORE", f"sqlite:///{tmp_path}/none.db")
    done = fab("audit.verify")
    running.close()
    assert done.returncode == 2
    assert "there is no journal" in done.stdout + done.stderr
    assert not (tmp_path / "none.db").exists()


def test_a_file_without_heads_proves_nothing(fab):
    Path("heads").write_text("\n")
    done = fab("audit.verify", "--heads", "heads")
    assert (done.returncode, "heads has no heads" in done.stderr) == (2, True)


def test_hosts_that_do_not_answer_do_not_say_that_somebody_has_touched_it(nowhere, fab):
    done = fab("audit.verify", "--inventory", nowhere)
    assert done.returncode == 3
    assert "no host gives its heads" in done.stderr
    assert "fab audit.verify" in done.stderr


@pytest.mark.parametrize(
    "words", [("verify",), ("show", "2"), ("prune",), ("export", "--since", "2026-01-01", "--output", "x.json")]
)
def test_no_connection_stays_open(words, journal, fab):
    journal.close()
    gc.collect()
    gc.disable()  # what is left open must not be closed by chance
    try:
        task, *options = words
        assert fab(f"audit.{task}", *options).returncode == 0
        opened = [os.path.realpath(f"/proc/self/fd/{each}") for each in os.listdir("/proc/self/fd")]  # noqa: PTH208
    finally:
        gc.enable()
    assert [path for path in opened if Path(path).name.startswith("journal.db")] == []


def test_a_record_is_shown_by_number_run_and_as_the_newest(journal, fab):
    assert "r3" in fab("audit.show", "3", "--json").stdout
    assert "record 2" not in fab("audit.show", "r2").stdout
    assert json.loads(fab("audit.show", "newest", "--json").stdout)["records"][0]["seq"] == 5
    assert fab("audit.show", "nothing").returncode == 2


def test_a_run_that_lost_its_recorder_is_adopted(journal, fab):
    spool.make("lost1", store=journal.id, body={"run": "lost1", "verb": "deploy"}, key=journal.signer.seal).close()
    done = fab("audit.show", "lost1", "--json")
    assert json.loads(done.stdout)["records"][0]["outcome"] == "unknown"
    assert "lost1" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("audit.export", "--since", "yesterday"), ("audit.export", "--since", "2026-01-01", "--format", "xml"),
        ("audit.export", "--since", "2026-01-01", "--output", "/nowhere/x.json"),
        ("audit.export", "--since", "2126-01-01"), ("audit.prune", "--access", "5"), ("audit.prune", "--data", "ten"),
        ("audit.verify", "--export", "none.json"), ("audit.verify", "--heads", "none"),
    ],
)  # fmt: skip
def test_a_slip_ends_with_2_and_says_what_to_type(words, fab):
    done = fab(*words)
    assert done.returncode == 2
    assert "next" in done.stderr


@pytest.mark.parametrize("days", ["36526", "999999"])
def test_a_time_that_no_calendar_has_is_no_time_to_keep_records(days, fab):
    done = fab("audit.prune", "--access", days)
    assert (done.returncode, f"{days} days" in done.stderr, "at most 36525" in done.stderr) == (2, True, True)
