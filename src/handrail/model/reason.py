"""Why a program died, from what it and its runtime logged last."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Sign:
    """What a log says when this is the reason, and how to tell it; the pattern's first group is the detail."""

    pattern: re.Pattern[str]
    words: str


def _sign(pattern: str, words: str) -> Sign:
    return Sign(re.compile(pattern, re.IGNORECASE), words)


# In this order: a program that runs out of memory may complain of its connections as well. The words are those of
# systemd's journal, Docker's State and events, PM2's log, Node, Python, Java, Go, and the clients of databases.
SIGNS = (
    _sign(
        r"oom[-_ ]?kill(?!ed[^\n]{0,3}false)|killed by the OOM killer|out of memory|OOMKilled[^\n]{0,3}true"
        r"|exceeds --max-memory-restart|java\.lang\.OutOfMemoryError|^MemoryError",
        "out of memory; raise `memory` of the service, or look for a leak",
    ),
    _sign(
        r"EADDRINUSE(?:[^\n]*?:(\d{2,5})\b)?|port is already allocated|address already in use|ports are not available",
        "its port is in use by another program",
    ),
    _sign(
        # Names of variables are capitals, or every word would be one.
        r"missing (?:required )?(?:environment )?variable:?\s+[\"'`]?(?-i:([A-Z][A-Z0-9_]+)\b)"
        r"|environment variable [\"'`]?(?-i:([A-Z][A-Z0-9_]+))[\"'`]? (?:is |was )?(?:not set|missing|required|empty)"
        r"|\b(?-i:([A-Z][A-Z0-9_]{2,}))[\"'`]? (?:is|was) (?:required|not set|missing|undefined)"
        r"|KeyError: '(?-i:([A-Z][A-Z0-9_]+))'",
        "a variable is missing",
    ),
    _sign(
        r"ECONNREFUSED\s+([\w.:\[\]-]+)|(?:ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH)\s+([\w.:\[\]-]+)"
        r"|could not (?:connect to server|translate host name)|connection (?:to server [^\n]*)?refused"
        r"|(password authentication failed)|(WRONGPASS|NOAUTH)|connection is not available|Can't reach database server",
        "a database or another service cannot be reached",
    ),
    # With cgroup v1 systemd is not told of the kernel's OOM killer; who else kills a program that nobody stops?
    _sign(r"Main process exited, code=killed, status=9/KILL", "killed with SIGKILL, most likely out of memory"),
)


def reason(log: str) -> str:
    """Name the reason; empty when the log does not tell."""
    for sign in SIGNS:
        found = sign.pattern.search(log)
        if found:
            detail = next((group for group in found.groups() if group), "")
            return f"{sign.words}: {detail}" if detail else sign.words
    return ""
