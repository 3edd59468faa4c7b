"""Bring the lab up, and take it down without a trace."""

from __future__ import annotations

import fcntl
import os
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from lab import containers, engine, image, inside, keys, passwords, paths, ready, releases
from lab.errors import LabError
from lab.hosts import DEFAULT, SYSTEMS, Host, everywhere
from lab.progress import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_T = TypeVar("_T")
_R = TypeVar("_R")

# a running host answers at once; one that is just rebooting is given this long before it is replaced
RUNNING_SSH_SECONDS = 8


def up(*systems: str, fresh: bool = False) -> None:
    """Bring up what is missing of some systems; a host that is as it should be is left alone, unless it is to be fresh.

    Hosts of other systems are left as they are.
    """
    chosen = systems or (DEFAULT,)
    hosts = [host for system in chosen for host in SYSTEMS[system]]
    with _alone():
        engine.ensure()
        image.ensure()
        keys.make(hosts)
        passwords.make()
        missing = _remove_half_dead(hosts, fresh=fresh)
        _start(missing)
        _each(ready.prepare, [host for host in hosts if host not in missing])
        for system in chosen:
            releases.build_all(system)
        say("the lab is up")


def down(*, with_image: bool) -> None:
    """Remove every host, the network and the files of the lab, also those of an earlier run."""
    with _alone():
        if engine.sleeps():
            engine.ensure()
        if engine.answers():
            names = [container.name for container in containers.listed()]
            say(f"removing {' '.join(names) or 'nothing: no host was there'}")
            _each(containers.remove, names)
            containers.remove_network()
            containers.remove_volumes()
            if with_image:
                image.remove()
            engine.stop()
        shutil.rmtree(paths.RUNTIME, ignore_errors=True)
        say("the lab is gone")


def _start(hosts: list[Host]) -> None:
    """Start hosts, each as soon as its image is there."""
    if not hosts:
        return
    say(f"starting {' '.join(host.name for host in hosts)}")
    containers.make_network()
    with ThreadPoolExecutor() as pool:
        images = {kind: pool.submit(image.ensure, kind) for kind in {_kind(host) for host in hosts}}
        _each(lambda host: _bring_up(host, images[_kind(host)]), hosts)
    engine.favour_hosts()


def _bring_up(host: Host, built: Future[str]) -> None:
    containers.start(host, built.result())
    ready.wait_for_ssh(host)
    if "docker" in host.roles:
        inside.empty(host)
    ready.prepare(host)
    say(f"{host.name} is ready")


def _kind(host: Host) -> str:
    return next((kind for kind in image.KINDS if kind in host.roles), image.PLAIN)


def _remove_half_dead(hosts: list[Host], *, fresh: bool) -> list[Host]:
    """Remove containers that are not working hosts of these systems; return the hosts that are then missing."""
    wanted = {host.container: host for host in hosts}
    others = {host.container for host in everywhere()} - set(wanted)

    def keep(container: containers.Container) -> Host | None:
        host = wanted.get(container.name)
        if host and not fresh and _is_as_it_should_be(host, container):
            return host
        say(f"removing {container.name}, which is {container.state}{'' if fresh else ' and not as it should be'}")
        containers.remove(container.name)
        return None

    kept = _each(keep, [container for container in containers.listed() if container.name not in others])
    return [host for host in hosts if host not in kept]


def _is_as_it_should_be(host: Host, container: containers.Container) -> bool:
    if container.state != "running" or container.spec != containers.spec(host, image.name(_kind(host))):
        return False
    try:
        ready.wait_for_ssh(host, deadline_seconds=RUNNING_SSH_SECONDS)
    except LabError:
        return False
    return True


def _each(work: Callable[[_T], _R], items: Iterable[_T]) -> list[_R]:
    with ThreadPoolExecutor(max_workers=len(everywhere())) as pool:
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
