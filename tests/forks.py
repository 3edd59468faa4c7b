"""The server of tests/started.py: it has a program imported and forks for each run of it."""

from __future__ import annotations

import atexit
import fcntl
import gc
import json
import os
import pkgutil
import random
import runpy
import signal
import subprocess
import sys
import threading
import time
import warnings
from contextlib import suppress
from importlib import import_module

# pyinfra replaces these by gevent's, which wait for its loop, as soon as it is imported
from os import close, fork, waitpid
from pathlib import Path
from socket import recv_fds, socket
from typing import Any

from tests import started

# Each message is whole: a run's command line with its environment is the longest.
MESSAGE_BYTES = 150_000
DESCRIPTORS = 16
# faketime counts from here.
BEGAN = time.time()
PRELOADED = {
    "pyinfra": [
        "pyinfra_cli.main", "pyinfra.connectors.*", "gevent.resolver.thread", "gevent.fileobject", "encodings.idna",
        "handrail.orchestration.session", "handrail.orchestration.execute",
    ],
    "fab": [
        "fabric.main", "tasks", "handrail.control.*", "handrail.model.*", "handrail.hosts.*", "rich.console",
        "rich.live", "rich.table", "sqlalchemy.orm",
    ],
    "recorder": ["handrail.journal.keeper", "sqlalchemy.dialects.sqlite"],
    "herald": ["handrail.notify.sender", "apprise"],
    "worker": ["handrail.maintenance.worker", "handrail.maintenance.durable", "sqlalchemy.dialects.sqlite"],
    "runner": ["handrail.maintenance.runner", "sqlalchemy.dialects.sqlite"],
    # What tests of windows do in a few words of Python.
    "code": ["handrail.maintenance.verbs", "handrail.maintenance.plan", "handrail.control.verbs"],
}  # fmt: skip
PRELOADED["fabric"] = PRELOADED["fab"]
# `python -m` puts the working directory first in the path, without -P.
FROM_HERE = {"pyinfra", "fabric", "worker", "code"}


def _read(name: str) -> None:
    package = import_module(name.removesuffix(".*"))
    if name.endswith(".*"):
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            import_module(each.name)


def serve(program: str, control: socket) -> None:
    """Fork for each run. Returns in the process of a run alone."""
    for name in PRELOADED[program]:
        _read(name)
    if program == "pyinfra":
        _know_connectors()
    # What is there is no garbage: whoever looks for some in a fork would copy all of it.
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, descriptors, *_ = recv_fds(control, MESSAGE_BYTES, DESCRIPTORS)
        if not message:
            os._exit(0)
        if fork() == 0:
            break
        for descriptor in descriptors:
            close(descriptor)
    control.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # Tests that were begun in the background of a script ignore Ctrl-C, and so would all that they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _fork_watched(socket(fileno=descriptors[0]))
    _become(program, json.loads(message), descriptors[1:])


def _know_connectors() -> None:
    """Read once which connectors are installed: a third of what a run computes goes into the list of all packages."""
    inventory = import_module("pyinfra.api.inventory")
    for name in ("get_all_connectors", "get_execution_connectors"):
        known = getattr(inventory, name)()
        setattr(inventory, name, lambda known=known: known)


def _fork_watched(said: socket) -> None:
    """Fork the run itself, tell its process id and its end, and return in the run alone."""
    run = fork()
    if run:
        # Whoever waits for the run may be gone by then.
        with suppress(OSError):
            said.send(str(run).encode())
            said.send(str(waitpid(run, 0)[1]).encode())
        os._exit(0)
    said.close()


def _become(program: str, told: dict[str, Any], descriptors: list[int]) -> None:
    """Take the place of a new process: its descriptors, its folder, its environment, its command line."""
    aside = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, max(told["to"]) + 1) for one in descriptors]
    for descriptor in descriptors:
        close(descriptor)
    servers, loaded = told["servers"], told["env"].get("LD_PRELOAD", "")
    started.SERVERS.update({(name, loaded): socket(fileno=aside[at]) for at, name in enumerate(servers)})
    for descriptor, number in zip(aside[len(servers) :], told["to"], strict=True):
        os.dup2(descriptor, number)
        close(descriptor)
    started.POPEN = subprocess.Popen
    subprocess.Popen = started.popen  # type: ignore[misc,assignment]
    if told["session"]:
        os.setsid()
    os.chdir(told["cwd"])
    os.environ.clear()
    os.environ.update(told["env"])
    _set_clock()
    sys.argv = told["line"] if program in {"fab", "code"} else told["line"][told["line"].index("-m") + 1 :]
    # as `python -m` and `python -c`, the script fab, and `python -P -m` have it
    here = [told["cwd"]] if program in FROM_HERE else []
    sys.path[:1] = [str(Path(told["line"][0]).parent)] if program == "fab" else here
    random.seed()


def _set_clock() -> None:
    """Have faketime, if it is loaded, show the time that the run is told."""
    if ahead := os.environ.get(started.AHEAD):
        os.environ["FAKETIME"] = time.strftime("@%Y-%m-%d %H:%M:%S", time.localtime(BEGAN + float(ahead)))


def main(program: str, control: int) -> None:
    """Be the server until the tests are over, and then each of the runs."""
    serve(program, socket(fileno=control))
    try:
        _run(program)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if not isinstance(end.code, int | None):
            sys.stderr.write(f"{end.code}\n")
    _leave(code)


def _run(program: str) -> None:
    if program == "fab":
        sys.exit(import_module("fabric.main").program.run())
    if program == "code":
        exec(sys.argv[2], {"__name__": "__main__"})  # noqa: S102  # a test's own words
        sys.exit()
    warnings.filterwarnings("ignore", "'handrail.* found in sys.modules", RuntimeWarning)
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _leave(code: int) -> None:
    """End as Python does, but leave the memory as it is: to take it all apart is to copy all of it."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
