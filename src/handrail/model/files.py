"""Files of a host that may be deleted or rotated, by pattern: narrow, so that a slip reaches nothing that is not meant.

A wildcard stands in the last component alone, so that what is meant is one directory. Directories of the operating
system are refused, and so are those that everybody shares: `/var/log/shop/*.log`, but not `/var/log/*.log`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from handrail.model.branch import at, texts
from handrail.model.finding import Finding
from handrail.model.notation import SEGMENT, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

# hier(7): what belongs to the operating system, with all below it.
_SYSTEM = r"bin|boot|dev|etc|lib(?:32|64|x32)?|proc|run|sbin|sys|usr|var/(?:lib/(?:apt|docker|dpkg|systemd)|lock|run)"
# What everybody shares; a directory of one's own below it is fine.
_SHARED = r"home|media|mnt|opt|root|srv|tmp|var(?:/(?:cache|lib|log|opt|spool|tmp))?"
_REFUSED = rf"(?!/(?:{_SYSTEM})/)(?!/(?:{_SHARED})/[^/]*$)"
_FOLDER = rf"(?:/{SEGMENT})+"
# A letter or a digit must stand in it: `*` alone is everything.
_LAST = r"(?=[*?._-]*[A-Za-z0-9])(?!\.{1,2}$)[A-Za-z0-9._*?-]+"
FILES_ALLOWED = (
    "an absolute path of letters, digits, . _ and -, with * and ? in the last part alone and not alone there, such as"
    " /opt/backups/*.dump; no directory of the operating system, and none that everybody shares"
)

FILES = rf"{_REFUSED}{_FOLDER}/{_LAST}"

Files = Annotated[str, Text(FILES, FILES_ALLOWED)]
# The pattern of a log must not find what was rotated already: that would be rotated again, every day.
LiveLogs = Annotated[
    str,
    Text(
        rf"(?!.*(?:[*?0-9]|\.gz)$){_REFUSED}{_FOLDER}/{_LAST}",
        f"{FILES_ALLOWED}; it ends as live logs do, such as .log",
    ),
]
# What handrail keeps below the system's directory; the directory itself has its journal.
OWN = frozenset({"", "compose", "env", "gate", "lease", "pm2", "releases", "slots"})


def split(pattern: str) -> tuple[str, str]:
    """Give the directory and the pattern of the names in it."""
    folder, _, name = pattern.rpartition("/")
    return folder, name


def own(data: Any) -> Iterator[Finding]:
    """Find patterns that would reach what handrail itself needs on a host."""
    root = data.get("root", f"/opt/{data.get('system')}") if isinstance(data, dict) else ""
    for path in (("disk", "logs"), ("disk", "dumps"), ("logs", "files")):
        for where, pattern in texts(at(data, path[0]).get(path[1]), path):
            folder, _ = split(pattern)
            below = folder.removeprefix(f"{root}/").partition("/")[0] if folder.startswith(f"{root}/") else None
            if folder == root or below in OWN:
                yield Finding(where, f"a directory that handrail keeps nothing in, such as {root}/logs")
