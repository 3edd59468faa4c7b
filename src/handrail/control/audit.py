"""`fab audit.*`: verify, export, prune and show the journal. What was looked at, and by whom, is recorded, too."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from handrail.control import audit_files, audit_tables
from handrail.control.host_heads import heads_on_hosts
from handrail.control.show import as_json_line
from handrail.control.task import exits
from handrail.errors import BadInput, HandrailError, Refused
from handrail.journal import chain, export, head, retention, run_record, spool
from handrail.journal.lookup import found, newest
from handrail.journal.open import is_there, reader, writer
from handrail.journal.operator import operator
from handrail.journal.record import Entry, Retention, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from handrail.journal.chain import Report, Source
    from handrail.journal.store import Store

FORMATS = ("json", "csv")
# Sorts behind every time.
FOR_EVER = "9999"


@dataclass(frozen=True)
class Others:
    """What was kept elsewhere: heads, keys whose heads count, ids of other journals whose heads lie beside them."""

    heads: Sequence[str] = ()
    keys: Sequence[str] = ()
    known: Sequence[str] = ()


@exits
def run_verify(  # noqa: PLR0913  # the options of the task
    *, exported: str, heads: str, keys: str, inventory: str, known: str, as_json: bool
) -> int:
    """Verify the journal, or an export of it; 1 when somebody has touched it."""
    kept = [*_heads_in(heads), *(heads_on_hosts(inventory) if inventory else ())]
    trusted = [line for line in audit_files.lines(keys, "public keys") if not line.startswith("#")]
    others = Others(kept, trusted, known.replace(",", " ").split())
    if exported:
        source = export.read(Path(exported))
        count = int(source.header["last"]) - source.begins[0] + 1
        report = verified(source, others, count, quiet=as_json)
        audit_tables.report(report, as_json=as_json)
        return 0 if report.ok else 1
    _adopted()
    with reader() as store:
        report = verified(store, others, newest(store), quiet=as_json)
    _noted("verify", {"text": "; ".join(map(str, report.findings[:20])), "outcome": "ok" if report.ok else "touched"})
    audit_tables.report(report, as_json=as_json)
    return 0 if report.ok else 1


def _heads_in(path: str) -> list[str]:
    """Read heads from a file. Raises BadInput for one without any: comparing with nothing proves nothing."""
    found = audit_files.lines(path, "heads")
    if path and not found:
        raise BadInput(f"{path} has no heads", next_step="fab audit.verify compares with none")
    return found


def verified(source: Source, others: Others, count: int, *, quiet: bool) -> Report:
    """Verify, and show how far it is."""
    with _progress("verifying", count, quiet=quiet) as tick:
        return chain.verify(source, others.heads, keys=others.keys, known=others.known, tick=tick)


@exits
def run_export(*, since: str, until: str, form: str, output: str) -> int:
    """Export the records of a time to a file for this user alone; that is recorded before anything is written."""
    if form not in FORMATS:
        raise BadInput(f"--format {form}; allowed: {', '.join(FORMATS)}", next_step="--format json")
    begin, end = moment(since, "--since"), moment(until, "--until", end=True) if until else FOR_EVER
    signer = head.signer()
    now = written(datetime.now(UTC))
    about = {"since": begin, "until": "" if end == FOR_EVER else end, "at": now, "who": operator()}
    with writer(signer) as store:
        which = export.part(store, since=begin, until=end)
        path = Path(output or f"journal-{begin[:10]}-{which.last}.{form}")
        told = {"what": f"records {which.first} to {which.last} as {form}", "reason": str(path), "outcome": "done"}
        store.append(Entry("export", {**about, **told}, Retention.DATA))
        with audit_files.written(path) as out, _progress("exporting", which.count, quiet=False) as tick:
            pen = export.Writer(store, which, tick)
            if form == "json":
                pen.json(out, signer, about)
            else:
                pen.csv(out)
    audit_tables.exported(path, which.first, which.last)
    return 0


@exits
def run_prune(*, days: Mapping[str, str], as_json: bool) -> int:
    """Empty the bodies of records that are older than their class demands."""
    wanted = {Retention(name): _days(name, text) for name, text in days.items() if text}
    retention.checked_days(wanted)
    with writer() as store:
        proofs = retention.prune(store, wanted, now=datetime.now(UTC), who=operator())
    if as_json:
        as_json_line({"exit_code": 0, "pruned": proofs})
    else:
        audit_tables.pruned(proofs)
    return 0


@exits
def run_show(which: str, *, as_json: bool) -> int:
    """Show one record: by its number, by its run or change, or `newest`."""
    _adopted()
    with reader() as store:
        records = found(store, which)
    _noted("show", {"what": which, "outcome": "ok"})
    if as_json:
        as_json_line({"records": [record.json() | {"body": record.content} for record in records]})
    else:
        audit_tables.records(records)
    return 0


def moment(text: str, option: str, *, end: bool = False) -> str:
    """Read a day, or a moment with its zone, as the journal writes times; the end of a day is that of the whole day."""
    try:
        if len(text) == len("2026-01-31"):
            day = datetime.combine(date.fromisoformat(text), time.min, UTC)
            return written(day + timedelta(days=1) if end else day)
        return written(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise BadInput(
            f"{option} {text!r}; allowed: a day such as 2026-01-31, or a moment such as 2026-01-31T22:00:00Z",
            next_step=f"{option} 2026-01-31",
        ) from None


def _adopted() -> None:
    """Record runs whose recorder was lost, where there are any; a journal that cannot be written can still be read."""
    if not any(spool.FOLDER.glob("*.jsonl")) or not is_there():
        return
    with _store_or_none() as store:
        for run in run_record.adopt(store) if store else []:
            audit_tables.adopted(run)


def _noted(verb: str, body: Mapping[str, Any]) -> None:
    """Record that the journal was read; an auditor's copy, which cannot be written, is read all the same."""
    with _store_or_none() as store, suppress(Refused):
        if store:
            store.append(Entry("read", {"verb": f"audit.{verb}", "who": operator(), **body}, Retention.ACCESS))


@contextmanager
def _store_or_none() -> Iterator[Store | None]:
    try:
        opened = writer()
    except HandrailError as error:
        audit_tables.note(f"not recorded: {error.message}")
        yield None
        return
    with opened as store:
        yield store


@contextmanager
def _progress(title: str, total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = audit_tables.aside()
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as progress:
        task = progress.add_task(title, total=total)
        yield lambda count: progress.update(task, completed=count)


def _days(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise BadInput(f"--{name} {text!r}; allowed: a number of days", next_step=f"--{name} 1096")
    return int(text)
