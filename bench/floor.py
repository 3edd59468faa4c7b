"""The floor: the commands that a deploy cannot do without, sent by asyncssh over one connection a host.

`python bench/floor.py PLAN.json deploy|status`. No lease, no survey, no journal of steps, no guard; all texts were
rendered before. Commands of one host are sent as one wherever no other host has to be waited for.
"""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import asyncssh

ROOT, RUN = "/opt/sanvi", "/run/handrail/sanvi"
CONFIRM_SECONDS = 15
PORTS = {"blue": ("3000", "3001"), "green": ("3010", "3011")}
UNITS = "'sanvi-*' nginx.service postgresql.service redis-server.service"

PUT_FILES = """
put_files() { # a tar in base64 on standard input; those files that differ are put in place
    new=$(mktemp -d); changed=no; base64 -d | tar -xpf - -C "$new"
    for file in $(cd "$new" && find . -type f | cut -c2-); do
        cmp -s "$new$file" "$file" || { cp -p "$new$file" "$file.new" && mv -fT "$file.new" "$file"; changed=yes; }
    done
    rm -rf "$new"
}
"""
RECORD = """
    printf '{"at":"%s","run":"floor","token":0,"step":"deploy","result":"ok"}\\n' "$(date -u +%FT%TZ)" >>journal
    { grep -vxF "$1" good; echo "$1"; } | tail -n 5 >good.new && mv -T good.new good
    for path in releases/*/; do
        id=$(basename "$path")
        grep -qxF "$id" good || readlink slots/blue slots/green | grep -qF "/$id" || rm -rf "$path"
    done
"""
STAGE = """
    target=releases/$1
    [ ! -f "$target/.complete" ] || exit 0
    cat >/tmp/floor.tar.gz
    echo "$2  /tmp/floor.tar.gz" | sha256sum -c --quiet
    mkdir -p "$target.partial" && tar -xzf /tmp/floor.tar.gz --no-same-owner --no-same-permissions -C "$target.partial"
    rm -f /tmp/floor.tar.gz; echo "$2" >"$target.partial/.complete"; sync -f "$target.partial/.complete"
    mv -T "$target.partial" "$target"
"""
LOOK = f"""{PUT_FILES}
    put_files; [ $changed = no ] || {{ nginx -t && systemctl reload nginx; }}
    test -e gate/green && echo green || echo blue
"""
START = f"""{PUT_FILES}
    systemctl stop "sanvi-frontend@$1" "sanvi-backend@$1"
    put_files; [ $changed = no ] || systemctl daemon-reload
    ln -sfnT "../releases/$2" "slots/.$1.new" && mv -T "slots/.$1.new" "slots/$1"
    began=$(date +%s%N)
    start() {{
        systemctl is-enabled -q "$1" || systemctl enable -q "$1"; systemctl start "$1"
        until curl -fso /dev/null --max-time 2 "http://127.0.0.1:$2"; do sleep 0.2; done
    }}
    start "sanvi-backend@$1" "$3/health"; start "sanvi-frontend@$1" "$4/"
    echo "healthy after $((($(date +%s%N) - began) / 1000000)) ms"
"""
MIGRATE = """
    exec systemd-run --quiet --wait --pipe --collect --uid=sanvi --working-directory="$PWD/slots/$1/backend" \\
        --property=EnvironmentFile="$PWD/env/$1/backend.env" node migrate.js
"""
CUT_OVER = f"""
    systemd-run --quiet --collect --unit=floor-sanvi-revert --on-active={CONFIRM_SECONDS} \\
        --timer-property=AccuracySec=100ms rm -f "{RUN}/$1"
    echo "0 $1 0" >{RUN}/.floor && mv -T {RUN}/.floor "{RUN}/$1"
    for path in /api/version /api/version /; do
        for time in 1 2 3 4; do
            curl -fs -D - -o /dev/null --max-time 5 -H 'Host: localhost' "http://127.0.0.1$path" |
                grep -qi "^x-release: $2"
        done
    done
"""
CONFIRM = f"""
    if [ "$2" = green ]; then : >gate/green; else rm -f gate/green; fi
    sync gate; rm -f "{RUN}/$2"; systemctl stop floor-sanvi-revert.timer
{RECORD}"""


class Host:
    """One connection."""

    def __init__(self, connection: asyncssh.SSHClientConnection) -> None:
        self._connection = connection

    async def ask(self, script: str, *words: str, given: bytes = b"") -> str:
        """Run a script as root, stop at its first error, and give what it prints."""
        line = shlex.join(["sudo", "-n", "sh", "-euc", f"cd {ROOT}\n{script}", "floor", *words])
        done = await self._connection.run(line, input=given, encoding=None, check=True)
        return bytes(done.stdout or b"").decode()


async def deploy(plan: dict[str, Any], web: list[Host], edge: Host) -> None:
    """Four times all hosts have to be waited for, and so five rounds."""
    release = f"{plan['version']}-{plan['digest'][:12]}"
    artifact = Path(plan["artifact"]).read_bytes()  # noqa: ASYNC240  # nothing else is under way yet
    looked, *_ = await asyncio.gather(
        edge.ask(LOOK, given=plan["edge_files"].encode()),
        *(host.ask(STAGE, release, plan["digest"], given=artifact) for host in web),
    )
    slot = "blue" if looked.strip() == "green" else "green"
    files = plan["web_files"][slot].encode()
    started = await asyncio.gather(*(host.ask(START, slot, release, *PORTS[slot], given=files) for host in web))
    await web[0].ask(MIGRATE, slot)
    await edge.ask(CUT_OVER, slot, plan["version"])
    await asyncio.gather(edge.ask(CONFIRM, release, slot), *(host.ask(RECORD, release) for host in web))
    for number, words in enumerate(started, start=1):
        print(f"[web{number}] healthy after {int(words.split()[-2]) / 1000:.2f} s")


async def status(_: dict[str, Any], hosts: list[Host]) -> None:
    """Show every unit on every host."""
    script = f"systemctl show -p Id,ActiveState,SubState {UNITS}"
    for words in await asyncio.gather(*(host.ask(script) for host in hosts)):
        print(words)


async def main(plan: dict[str, Any], verb: str) -> None:
    """Connect to all hosts at once, then do it."""
    names = list(plan["ports"]) if verb == "status" else [name for name in plan["ports"] if name != "db"]
    connections = await asyncio.gather(*(_connected(plan, name) for name in names))
    hosts = {name: Host(connection) for name, connection in zip(names, connections, strict=True)}
    if verb == "status":
        await status(plan, list(hosts.values()))
    else:
        await deploy(plan, [host for name, host in hosts.items() if name.startswith("web")], hosts["edge"])
    for connection in connections:
        connection.close()


def _connected(plan: dict[str, Any], name: str) -> Any:
    return asyncssh.connect(
        plan["address"], plan["ports"][name], username=plan["user"], config=None, agent_path=None,
        client_keys=[plan["key"]], known_hosts=plan["known_hosts"],
    )  # fmt: skip


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text()), sys.argv[2]))
