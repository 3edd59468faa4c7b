"""The Docker engine under the lab: use the one that answers, else start one."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from lab import packages, paths
from lab.docker import docker
from lab.errors import LabError, UnavailableError
from lab.hosts import LABEL
from lab.progress import say, wait_for

# a cold engine answered after 2-4 s; one that must clean up after a crash takes longer
START_SECONDS = 60
# Where it keeps containers; only root may look.
KEPT = Path("/var/lib/docker/containers")
# Ports of hosts are the kernel's business: a process that copies each byte took a twentieth of a processor under load.
ENGINE = ("dockerd", "--userland-proxy=false")
# Hosts are machines: all of them together would else get as much of the processors as one process beside them. As much
# as two is enough for them to keep up, and leaves the rest enough for its own deadlines; four times that did not.
SHARES = Path("/sys/fs/cgroup/cpu/docker/cpu.shares")
SHARES_OF_HOSTS = 2048
PID_FILES = {
    Path("/var/run/docker.pid"): "dockerd",
    Path("/var/run/docker/containerd/containerd.pid"): "containerd",
}


def ensure() -> None:
    """See that an engine answers; as root on Debian or Ubuntu, install and start one."""
    if answers():
        return
    if not packages.can_install():
        raise UnavailableError(
            "no Docker engine answers `docker info`. Start Docker (on macOS: Docker Desktop or colima), or be in the "
            "group `docker`; as root on Debian or Ubuntu this command installs and starts one by itself"
        )
    packages.require({"docker": "docker.io", "dockerd": "docker.io", "iptables": "iptables"})
    if answers():
        return
    if Path("/run/systemd/system").exists():
        say("starting the Docker engine through systemd")
        subprocess.run(["systemctl", "start", "docker"], check=False, timeout=START_SECONDS)
    else:
        _start()
        return
    wait_for("the Docker engine", answers, deadline_seconds=START_SECONDS, every_seconds=0.5)


def answers() -> bool:
    """Tell whether `docker info` reaches an engine."""
    try:
        return bool(docker("info", "--format", "{{.ServerVersion}}", timeout_seconds=10))
    except (LabError, FileNotFoundError):
        return False


def favour_hosts() -> None:
    """Give the hosts of an engine that the lab has started their part of the processors, whatever else runs here."""
    if paths.ENGINE_PID.exists() and SHARES.exists():
        SHARES.write_text(f"{SHARES_OF_HOSTS}\n")


def sleeps() -> bool:
    """Tell whether an engine of this machine is down while it keeps hosts of the lab, which come back with it."""
    label = f'"{LABEL.partition("=")[0]}":'
    described = KEPT.glob("*/config.v2.json") if packages.can_install() else ()
    return any(label in path.read_text() for path in described) and not answers()


def stop() -> None:
    """Stop the engine if the lab started it and nothing else runs on it."""
    if not paths.ENGINE_PID.exists():
        return
    pid = int(paths.ENGINE_PID.read_text())
    paths.ENGINE_PID.unlink()
    if not _is_engine(pid) or docker("ps", "-q"):
        return
    say("stopping the Docker engine that the lab had started")
    os.kill(pid, signal.SIGTERM)
    wait_for("the Docker engine to stop", lambda: not _is_engine(pid), deadline_seconds=30)


def _start() -> None:
    say(f"starting dockerd, log in {paths.ENGINE_LOG.relative_to(paths.ROOT)}")
    _forget_dead()
    paths.RUNTIME.mkdir(parents=True, exist_ok=True)
    with paths.ENGINE_LOG.open("ab") as log:
        engine = subprocess.Popen(ENGINE, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    paths.ENGINE_PID.write_text(str(engine.pid))

    def up() -> bool:
        if engine.poll() is not None:
            paths.ENGINE_PID.unlink(missing_ok=True)
            raise LabError(f"dockerd ended at once: {paths.ENGINE_LOG.read_text().strip()[-600:]}")
        return answers()

    wait_for("the Docker engine", up, deadline_seconds=START_SECONDS, every_seconds=0.5)


def _forget_dead() -> None:
    """Remove pid files of an engine that was killed: dockerd takes any process with that pid for a running engine."""
    for file, name in PID_FILES.items():
        if file.exists() and not _runs(int(file.read_text().strip() or 0), name):
            file.unlink()


def _is_engine(pid: int) -> bool:
    return _runs(pid, "dockerd")


def _runs(pid: int, name: str) -> bool:
    # the pid may belong to someone else after a reboot of the machine; what has ended but is not yet reaped has no exe
    try:
        return Path(f"/proc/{pid}/exe").readlink().name == name
    except OSError:
        return False
