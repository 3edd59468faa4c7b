"""Lines of a day that speak of an error, of all services in one question to CloudWatch Logs Insights."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handrail.model.vitals import Errors, Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from handrail.model.vitals import Vital

DAY_SECONDS = 86_400
# A day of a busy system is read in some seconds.
LIMIT_SECONDS, PAUSE_SECONDS = 45.0, 0.5
# Insights gives no more rows.
ROWS = 10_000
SHOWN = 3
# The words are those that `errors` of hosts/scripts/vitals.sh looks for. Equal lines are one row, the most frequent
# first.
QUERY = (
    r"filter @message like"
    r' /(?i)(error|exception|fatal|panic|critical|traceback|refused|timed out|unhandled|"level":(50|60))/'
    f" | stats count(*) as lines by @log, @message | sort lines desc | limit {ROWS}"
)
# These speak of none, likewise.
HARMLESS = re.compile(
    r'(?:^|[^0-9])0 errors|no errors?(?:[^a-z]|$)|errors?[" ]*[:=] *(?:"?(?:0|null|none|false)"?)(?:[^0-9a-z]|$)',
    re.IGNORECASE,
)
NUMBER = re.compile(r"[a-f-]*[0-9][0-9a-f-]*")
KEY_LETTERS, LINE_LETTERS = 200, 1000
RUNS = frozenset({"Scheduled", "Running", "Unknown"})


@dataclass(frozen=True)
class Question:
    """One that is being answered; `groups` are the log groups by service."""

    client: Any
    identity: str
    groups: Mapping[str, str]


def ask(client: Any, groups: Mapping[str, str], *, until: float) -> Question:
    """Have AWS begin to read: it takes a while."""
    begun = client.start_query(
        logGroupNames=sorted(groups.values()), startTime=int(until) - DAY_SECONDS, endTime=int(until),
        queryString=QUERY,
    )  # fmt: skip
    return Question(client, begun["queryId"], groups)


def answer(question: Question) -> dict[str, Vital]:
    """Wait for the answer, so long and no longer; gives the error lines of each service."""
    end = time.monotonic() + LIMIT_SECONDS
    while (told := question.client.get_query_results(queryId=question.identity))["status"] in RUNS:
        if time.monotonic() >= end:
            question.client.stop_query(queryId=question.identity)
            return dict.fromkeys(
                question.groups, Failure(f"CloudWatch Logs did not read it within {LIMIT_SECONDS:.0f} s")
            )
        time.sleep(PAUSE_SECONDS)
    if told["status"] != "Complete":
        return dict.fromkeys(question.groups, Failure(f"CloudWatch Logs ended its search as {told['status']}"))
    rows = [{each["field"]: each["value"] for each in row} for row in told["results"]]
    more = len(rows) >= ROWS
    return {
        # AWS writes ACCOUNT:GROUP.
        service: counted(
            ((int(row["lines"]), row["@message"]) for row in rows if row["@log"].rpartition(":")[2] == group), more=more
        )
        for service, group in question.groups.items()
    }


def counted(rows: Iterable[tuple[int, str]], *, more: bool = False) -> Errors:
    """Count lines; those that differ in numbers alone are one group."""
    counts: Counter[str] = Counter()
    shown: dict[str, str] = {}
    for count, line in rows:
        text = line.strip()
        if HARMLESS.search(text):
            continue
        key = NUMBER.sub("#", text.lower()[:KEY_LETTERS])
        counts[key] += count
        shown.setdefault(key, text[:LINE_LETTERS])
    groups = tuple((count, shown[key]) for key, count in counts.most_common(SHOWN))
    return Errors(counts.total(), groups, more)
