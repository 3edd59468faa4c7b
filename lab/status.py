"""What the lab looks like now."""

from __future__ import annotations

import subprocess

from lab import containers, engine, keys
from lab.hosts import DEFAULT, LOOPBACK, SYSTEMS, Host

# every process's share of memory; `docker stats` shows nothing where systemd has moved them to cgroups of its own
_MEMORY = "sudo sh -c 'cat /proc/[0-9]*/smaps_rollup 2>/dev/null' | awk '/^Pss:/ {kb += $2} END {print kb}'"


def show() -> bool:
    """Print one line for each host of the systems that are up; return whether all of them answer."""
    if not engine.answers():
        print("no Docker engine answers")
        return False
    states = {container.name: container.state for container in containers.listed()}
    good, total = True, 0
    print(f"{'HOST':12} {'SYSTEM':12} {'ADDRESS':14} {'SSH':16} {'STATE':10} {'ANSWERS':8} MEMORY")
    for host in _shown(states):
        state = states.get(host.container, "missing")
        memory = memory_mb(host) if state == "running" else None
        good, total = good and memory is not None, total + (memory or 0)
        where = f"{LOOPBACK}:{host.ssh_port}"
        used = f"{memory} MB" if memory is not None else "-"
        answers = "-" if memory is None else "yes"
        print(f"{host.name:12} {host.system:12} {host.address:14} {where:16} {state:10} {answers:8} {used}")
    print(f"{total} MB in all")
    return good


def memory_mb(host: Host) -> int | None:
    """Return how much memory the host's processes use; None if it does not answer."""
    try:
        done = subprocess.run(keys.ssh(host, _MEMORY), capture_output=True, text=True, timeout=10, check=False)
    except subprocess.TimeoutExpired:
        return None
    return int(done.stdout) // 1024 if done.returncode == 0 else None


def _shown(states: dict[str, str]) -> list[Host]:
    """List the hosts of every system that has one; without any, those that `up` would bring up."""
    begun = [hosts for hosts in SYSTEMS.values() if any(host.container in states for host in hosts)]
    return [host for hosts in begun or [SYSTEMS[DEFAULT]] for host in hosts]
