"""What may be freed when a disk fills up, and how old it must be."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from handrail.model.files import Files
from handrail.model.notation import Memory, Text
from handrail.model.value import Value

Days = Annotated[str, Text(r"[1-9][0-9]{0,3}d", "a number of days such as 7d")]
Limit = Annotated[str, Text(r"none|[1-9][0-9]{0,5}[MG]", "none, or a size such as 500M or 1G")]

_BYTES = {"M": 1 << 20, "G": 1 << 30}


class Disk(Value):
    """What `fab disk` may free besides releases, images and uploads that nothing needs."""

    keep_logs: Days = Field(
        default="7d",
        description="Logs that were written to since then are kept; rotated ones for `logs.keep` if that is longer.",
    )
    logs: tuple[Files, ...] = Field(
        default=(), description="Logs in other places than the system's directory, such as /var/log/shop/*.log*."
    )
    pm2_logs: Memory = Field(
        default="10M", description="PM2's own logs that are larger are cut down to their last megabyte."
    )
    keep_dumps: Days = Field(default="7d", description="Dumps that are younger are kept.")
    dumps: tuple[Files, ...] = Field(
        default=(),
        description="Dumps of databases, such as /opt/backups/*.dump; the newest one of each pattern is always kept.",
    )
    journal: Limit = Field(
        default="none", description="Size to which systemd's journal is cut down; none only tells how large it is."
    )


def age(days: str) -> timedelta:
    """Read `7d`."""
    return timedelta(days=int(days.removesuffix("d")))


def size(written: str) -> int:
    """Read `500M` in bytes."""
    return int(written[:-1]) * _BYTES[written[-1]]
