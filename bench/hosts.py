"""The lab's hosts as the benchmarks see them: past every contestant, through the engine."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.docker import shell
from lab.hosts import HOSTS, Host, named, with_role

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = "/opt/sanvi"
RUN = "/run/handrail/sanvi"
# The release that every deploy begins with, the one it goes to, and the one that stands warm in the idle slot before.
LIVE, NEXT, OLD = "1.0.0", "1.1.0", "1.5.0"
# Caches, journals and the processor settle.
CALM_SECONDS = 1.0

ASKED = """
journalctl --sync
journalctl -q --no-pager -o short-unix --since "@SECOND" -t sshd -t sudo |
    awk -v began=BEGAN '$1 < began { next } /Accepted publickey/ { logins++ } /session opened for user root/ { sudos++ }
                        END { print logins + 0, sudos + 0 }'
"""
AWAIT = """
await() {{ timeout 40 sh -c 'until curl -fso /dev/null --max-time 2 "$0"; do sleep 0.1; done' "http://127.0.0.1:$1"; }}
"""
# 1.0.0 is live in blue; green, which holds 1.1.0 now, gets its older release back and is warm.
WEB_BEFORE = (
    AWAIT.format()
    + f"""
systemctl stop sanvi-frontend@green sanvi-backend@green
rm -rf {ROOT}/releases/{NEXT}-* {ROOT}/releases/.*.partial
ln -sfnT ../releases/$(basename {ROOT}/releases/{OLD}-*) {ROOT}/slots/green
systemctl start sanvi-backend@green && await 3010/health
systemctl start sanvi-frontend@green && await 3011/
for version in {OLD} {LIVE}; do basename {ROOT}/releases/$version-*; done >{ROOT}/good
await 3000/health && await 3001/
"""
)
EDGE_BEFORE = f"rm -f {ROOT}/gate/green {RUN}/blue {RUN}/green; systemctl stop 'handrail-*.timer'\n"
WEB_AFTER = f"""
cd {ROOT}
readlink slots/blue slots/green
for unit in sanvi-backend@blue sanvi-backend@green sanvi-frontend@blue sanvi-frontend@green; do
    systemctl show -p Id,ActiveState,UnitFileState $unit
done
stat -c '%A %U %n' slots env/*/* releases/* releases/*/.complete /etc/systemd/system/sanvi-*
find releases -type f | sort | xargs sha256sum
sha256sum env/*/* /etc/systemd/system/sanvi-*@.service good
"""
EDGE_AFTER = f"""
ls {ROOT}/gate | grep -v -e record -e decisions || :
ls {RUN} | grep -v -e lease -e lock || :
systemctl list-units --no-legend --plain 'handrail-*.timer'
sha256sum /etc/nginx/conf.d/*
curl -fsS http://127.0.0.1/api/version -H 'Host: localhost' | grep -o '"version":"[^"]*"'
"""


@dataclass(frozen=True)
class Asked:
    """What hosts were asked: logins, and commands as root."""

    connections: int
    commands: int


def on_each(hosts: Sequence[Host], work: Callable[[Host], str]) -> dict[str, str]:
    """Do something on hosts, all at once."""
    with ThreadPoolExecutor(max_workers=len(HOSTS)) as pool:
        return dict(zip([host.name for host in hosts], pool.map(work, hosts), strict=True))


def asked(began: float) -> Asked:
    """Count in the hosts' journals what they were asked since a time."""
    script = ASKED.replace("BEGAN", f"{began:.6f}").replace("SECOND", str(int(began)))
    counts = [line.split() for line in on_each(HOSTS, lambda host: shell(host.container, script)).values()]
    return Asked(sum(int(logins) for logins, _ in counts), sum(int(commands) for _, commands in counts))


def go_back() -> None:
    """Undo a deploy past everybody: 1.0.0 live in blue, an older release warm in green, 1.1.0 on no host."""
    shell(named("edge").container, EDGE_BEFORE)
    on_each(with_role("web"), lambda host: shell(host.container, WEB_BEFORE))
    if (found := live()) != f"blue {LIVE}":
        raise RuntimeError(f"the lab has {found or 'nothing'} live instead of {LIVE} in blue: somebody else uses it")
    time.sleep(CALM_SECONDS)


def state() -> dict[str, str]:
    """Describe all that a deploy leaves behind, to be compared: whoever left something else has done other work."""
    found = on_each(with_role("web"), lambda host: shell(host.container, WEB_AFTER))
    return found | on_each(with_role("edge"), lambda host: shell(host.container, EDGE_AFTER))


def live() -> str:
    """Name the slot and the release that have the traffic, such as `blue 1.0.0`; empty when nothing was deployed."""
    slot = shell(named("edge").container, f"test -e {ROOT}/gate/green && echo green || echo blue")
    link = shell(named("web1").container, f"readlink {ROOT}/slots/{slot} || :")
    return f"{slot} {link.rpartition('/')[2].rpartition('-')[0]}" if link else ""


def with_python() -> None:
    """See that the hosts have the Python that Ansible needs on them; handrail and the floor need none."""
    script = (
        'python3 -c "import json" 2>/dev/null || { apt-get update -qq && apt-get install -qq -y python3 >/dev/null; }'
    )
    on_each(HOSTS, lambda host: shell(host.container, script, timeout_seconds=600))
