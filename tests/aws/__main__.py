"""`python -m tests.aws`: print what the last run of the cycle measured."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from tests.aws.table import read


def main() -> int:
    """Exit 1 when the last run did not get to its end."""
    found, console = read(), Console(highlight=False, width=120)
    phases = Table("phase", "seconds")
    for name, seconds in found.seconds.items():
        phases.add_row(name, f"{seconds:.1f}")
    verbs = Table("verb", "requests to AWS")
    for name, number in (found.calls | read("aws-calls").calls).items():
        verbs.add_row(name, str(number))
    built = Table("service", "resources", "left after destroy")
    for name, number in found.resources.items():
        built.add_row(name, str(number), str(found.left.get(name, "-")))
    killed = Table("controller killed in", "what followed")
    for step, said in found.killed.items():
        killed.add_row(step, said)
    for table in (phases, verbs, built, killed):
        console.print(table)
    console.print(f"changed by hand, and found: {len(found.drift)}")
    for each in found.drift:
        console.print(f"  {each}")
    slowest = max(found.cutover_seconds, default=0.0)
    console.print(f"cutover, from command to weights changed: {slowest:.2f} s at most of {len(found.cutover_seconds)}")
    console.print(f"failover of the database: {found.failover or '-'}")
    console.print(f"requests through the load balancer: {found.requests}, failed: {found.failed}")
    return 0 if found.good else 1


if __name__ == "__main__":
    sys.exit(main())
