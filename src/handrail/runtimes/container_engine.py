"""Docker's daemon on a host: whether it answers, and its start."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handrail.runtimes.protocol import Argv

# A daemon that hangs must not hang whoever looks.
USABLE = """
command -v docker >/dev/null || { echo "docker is not installed"; exit 1; }
said=$(timeout --kill-after=1 5 docker version --format '{{.Server.Version}}' 2>&1) && exit 0
[ $? != 124 ] || said="no answer within 5 s"
printf '%s\\n' "$said" | tail -n 1
exit 1
"""
# A daemon tells its version and lists containers while one of them hangs, and tells nothing of that one. The survey
# takes exit 75 for a runtime that does not answer.
IN_TIME = """
timeout --kill-after=1 10 "$@"
code=$?
case $code in 124 | 137) exit 75 ;; esac
exit "$code"
"""
# A host whose Docker was stopped is started up with it.
WAKE = """
docker version >/dev/null 2>&1 || systemctl start docker
"""


def in_time(argv: Argv) -> Argv:
    """Ask Docker something that it answers at once, or not at all."""
    return ("sh", "-c", IN_TIME, "handrail", *argv)
