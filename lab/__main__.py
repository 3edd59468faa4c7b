"""`python -m lab up|down|status|image|releases`."""

from __future__ import annotations

import argparse
import sys

from lab import engine, image, lifecycle, releases, status
from lab.errors import LabError


def main() -> int:
    """Run one verb; exit 0 done, 1 failed, 2 this machine lacks something."""
    parser = argparse.ArgumentParser(prog="python -m lab", description=lifecycle.__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("up", help="bring up the hosts that are missing; build the image and the releases first")
    down = verbs.add_parser("down", help="remove hosts, network and files; keep the image")
    down.add_argument("--image", action="store_true", help="remove the image too")
    verbs.add_parser("status", help="show the hosts; exit 1 if one does not answer")
    verbs.add_parser("image", help="build the image only")
    verbs.add_parser("releases", help="make the releases only")
    arguments = parser.parse_args()
    try:
        match arguments.verb:
            case "up":
                lifecycle.up()
            case "down":
                lifecycle.down(with_image=arguments.image)
            case "status":
                return 0 if status.show() else 1
            case "image":
                engine.ensure()
                image.ensure()
            case "releases":
                releases.build_all()
    except LabError as stop:
        print(f"lab: {stop}", file=sys.stderr)
        return stop.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
