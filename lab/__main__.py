"""`python -m lab up|down|status|image|releases`."""

from __future__ import annotations

import argparse
import sys

from lab import engine, image, lifecycle, releases, status
from lab.errors import LabError
from lab.hosts import DEFAULT, SYSTEMS

ALL = "all"


def main() -> int:
    """Run one verb; exit 0 done, 1 failed, 2 this machine lacks something."""
    arguments = _parser().parse_args()
    try:
        match arguments.verb:
            case "up":
                lifecycle.up(*_systems(arguments.system))
            case "down":
                lifecycle.down(with_image=arguments.image)
            case "status":
                return 0 if status.show() else 1
            case "image":
                engine.ensure()
                for kind in image.KINDS:
                    image.ensure(kind)
            case "releases":
                for system in _systems(arguments.system):
                    releases.build_all(system)
    except LabError as stop:
        print(f"lab: {stop}", file=sys.stderr)
        return stop.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description=lifecycle.__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    up = verbs.add_parser("up", help="bring up the hosts that are missing; build images and releases first")
    down = verbs.add_parser("down", help="remove the hosts of all systems, network and files; keep the images")
    down.add_argument("--image", action="store_true", help="remove the images too")
    verbs.add_parser("status", help="show the hosts of the systems that are up; exit 1 if one does not answer")
    verbs.add_parser("image", help="build the images only")
    made = verbs.add_parser("releases", help="make the releases only")
    for verb in (up, made):
        verb.add_argument("--system", choices=[*SYSTEMS, ALL], default=DEFAULT, help=f"default: {DEFAULT}")
    return parser


def _systems(chosen: str) -> list[str]:
    return list(SYSTEMS) if chosen == ALL else [chosen]


if __name__ == "__main__":
    sys.exit(main())
