"""When a certificate is a WARN and when an ALERT, and which others than the edge's are looked at."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from handrail.model.branch import at
from handrail.model.finding import Finding
from handrail.model.level import Level
from handrail.model.notation import FilePath, Text
from handrail.model.value import Value

Left = Annotated[
    str, Text(r"[1-9][0-9]?%|[1-9][0-9]{0,3}d", "a share of its life such as 33%, or a number of days such as 14d")
]
Endpoint = Annotated[
    str,
    Text(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?:[1-9][0-9]{0,4}", "a host name and a port, such as shop.example.com:443"),
]
# Of a life of 90 days and more the last third is longer than anybody needs.
RENEW_BEFORE = timedelta(days=30)


class Certificates(Value):
    """How certificates are judged."""

    warn: Left = Field(default="33%", description="When less is left it is a WARN: a share of its life, or days.")
    alert: Left = Field(default="10%", description="When less is left it is an ALERT.")
    ca: FilePath | None = Field(
        default=None, description="CA certificates that are trusted besides the known ones; relative to this file."
    )
    endpoints: tuple[Endpoint, ...] = Field(
        default=(), description="What else is asked for its certificate, from the first edge, such as a load balancer."
    )

    def level(self, left: timedelta, *, life: timedelta) -> Level:
        """Judge what is left of a life."""
        if left <= span(self.alert, life):
            return Level.ALERT
        return Level.WARN if left < span(self.warn, life) else Level.OK


def span(written: str, life: timedelta) -> timedelta:
    """Read `33%` of a life, or `14d`."""
    number = int(written[:-1])
    return life * number / 100 if written.endswith("%") else timedelta(days=number)


def due(left: timedelta, *, life: timedelta) -> bool:
    """Whether it is time for a new one: less than a third of the life is left, at most 30 days."""
    return left < min(life / 3, RENEW_BEFORE)


def order(data: Any) -> Iterator[Finding]:
    """Find an alert that comes before its warning."""
    limits = at(data, "certificates")
    warn, alert = limits.get("warn", "33%"), limits.get("alert", "10%")
    same = isinstance(warn, str) and isinstance(alert, str) and warn[-1:] == alert[-1:]
    if same and warn[:-1].isdigit() and alert[:-1].isdigit() and int(alert[:-1]) >= int(warn[:-1]):
        yield Finding(("certificates", "alert"), f"less than warn, which is {warn}")
