"""`python -m bench [--rounds 5] [--only deploy,status,rollback,list]`: measure, show tables, write JSON."""

from __future__ import annotations

import argparse
import json
import sys

from rich.console import Console

from bench import deploy, listing, machine, prepare, rollback, status
from lab import paths

PARTS = {"deploy": deploy.bench, "status": status.bench, "rollback": rollback.bench, "list": listing.bench}
# Where nobody has a window, as wide as the widest table.
WIDTH = 120
RESULT = paths.ROOT / ".handrail" / "bench.json"


def main() -> int:
    """Do the parts that were asked for; nothing here passes or fails by a time."""
    arguments = _parser().parse_args()
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=WIDTH)
    about = machine.machine()
    console.print(machine.line(about))
    prepare.prepare()
    figures = {part: PARTS[part](console, arguments.rounds) for part in arguments.only}
    RESULT.write_text(json.dumps({"machine": about, "rounds": arguments.rounds, **figures}, indent=2) + "\n")
    console.print(f"{RESULT.relative_to(paths.ROOT)} has the same as JSON")
    return 0


def _parts(text: str) -> list[str]:
    parts = text.split(",")
    if unknown := [part for part in parts if part not in PARTS]:
        raise argparse.ArgumentTypeError(f"no part {unknown[0]!r}; there are {', '.join(PARTS)}")
    return parts


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each contestant has its turn")
    parser.add_argument("--only", type=_parts, default=list(PARTS), help=f"some of {','.join(PARTS)}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
