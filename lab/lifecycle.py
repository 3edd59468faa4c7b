"""Bring the lab up, and take it down without a trace."""

from __future__ import annotations

import fcntl
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from lab import containers, engine, image, keys, passwords, paths, ready, releases
from lab.errors import LabError
from lab.hosts import HOSTS, Host, with_role
from lab.progress import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_T = TypeVar("_T")
_R = TypeVar("_R")

# a running host answers at once; one that is just rebooting is given this long before it is replaced
RUNNING_SSH_SECONDS = 8


def up() -> None:
    """Bring up what is missing; a host that is as it should be is left alone."""
    with _alone():
        engine.ensure()
        built = image.ensure()
        keys.make()
        passwords.make()
        missing = _remove_half_dead(built)
        if missing:
            say(f"starting {' '.join(host.name for host in missing)}")
            containers.make_network()
            _each(lambda host: _bring_up(host, built), missing)
        _each(ready.prepare_database, [host for host in with_role("db") if host not in missing])
        releases.build_all()
        say("the lab is up")


def down(*, with_image: bool) -> None:
    """Remove every host, the network and the files of the lab, also those of an earlier run."""
    with _alone():
        if engine.answers():
            names = [container.name for container in containers.listed()]
            say(f"removing {' '.join(names) or 'nothing: no host was there'}")
            _each(containers.remove, names)
            containers.remove_network()
            if with_image:
                image.remove()
            engine.stop()
        shutil.rmtree(paths.RUNTIME, ignore_errors=True)
        say("the lab is gone")


def _bring_up(host: Host, built: str) -> None:
    containers.start(host, built)
    ready.wait_for_ssh(host)
    if host.role == "db":
        ready.prepare_database(host)
    say(f"{host.name} is ready")


def _remove_half_dead(built: str) -> list[Host]:
    """Remove containers that are not a working host of this lab; return the hosts that are then missing."""
    wanted = {host.container: host for host in HOSTS}

    def keep(container: containers.Container) -> Host | None:
        host = wanted.get(container.name)
        if host and container.state == "running" and container.spec == containers.spec(host, built):
            try:
                ready.wait_for_ssh(host, deadline_seconds=RUNNING_SSH_SECONDS)
            except LabError:
                pass
            else:
                return host
        say(f"removing {container.name}, which is {container.state} and not as it should be")
        containers.remove(container.name)
        return None

    kept = _each(keep, containers.listed())
    return [host for host in HOSTS if host not in kept]


def _each(work: Callable[[_T], _R], items: Iterable[_T]) -> list[_R]:
    with ThreadPoolExecutor(max_workers=len(HOSTS)) as pool:
        return list(pool.map(work, items))


@contextmanager
def _alone() -> Iterator[None]:
    # two commands at once would remove each other's half-made hosts; a lock on the folder leaves no file behind
    handle = os.open(paths.LAB, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
