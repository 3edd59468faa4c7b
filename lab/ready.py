"""Whether a host of the lab can be worked with."""

from __future__ import annotations

import socket
import subprocess

from lab import docker, inside, keys, passwords
from lab.hosts import LOOPBACK, Host
from lab.progress import wait_for

# sshd answered 2-4 s after the start; a machine that is busy with something else needs more
SSH_SECONDS = 30
DATABASE_SECONDS = 30

# psql quotes :'password' itself
ROLE_AND_DATABASE = """\
SELECT 'CREATE ROLE {name} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') \\gexec
ALTER ROLE {name} PASSWORD :'password';
SELECT 'CREATE DATABASE {name} OWNER {name}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}') \\gexec
"""


def wait_for_ssh(host: Host, *, deadline_seconds: float = SSH_SECONDS) -> None:
    """Wait until the operator can run a command on the host, its key checked strictly."""
    wait_for(f"ssh on {host.name}", lambda: _greets(host) and ssh_answers(host), deadline_seconds=deadline_seconds)


def ssh_answers(host: Host) -> bool:
    """Tell whether the operator can run a command on the host."""
    try:
        return subprocess.run(keys.ssh(host, "true"), capture_output=True, timeout=10, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def prepare(host: Host) -> None:
    """See that what the host is for can begin."""
    if "db" in host.roles:
        prepare_database(host)
    if "cache" in host.roles:
        wait_for_redis(host)
    if "docker" in host.roles:
        inside.ensure(host)


def prepare_database(host: Host) -> None:
    """Wait for PostgreSQL, and see that the system's role and database exist with the lab's password."""
    seconds = DATABASE_SECONDS
    password = passwords.psql_literal(passwords.read("DB_PASSWORD"))
    docker.shell(
        host.container,
        "systemctl start postgresql\n"
        f"timeout {seconds} sh -c 'until pg_isready -q; do sleep 0.1; done'\n"
        "runuser -u postgres -- psql -qAtX -v ON_ERROR_STOP=1 <<'SQL'\n"
        f"\\set password {password}\n{ROLE_AND_DATABASE.format(name=host.system)}SQL\n",
        timeout_seconds=2 * seconds,
    )


def wait_for_redis(host: Host) -> None:
    """Wait until Redis answers with the lab's password."""
    docker.shell(
        host.container,
        "systemctl start redis-server\n"
        f"REDISCLI_AUTH=$(cat <<'WORD'\n{passwords.read('REDIS_PASSWORD')}\nWORD\n)\n"
        "export REDISCLI_AUTH\n"
        f"timeout {DATABASE_SECONDS} sh -c 'until redis-cli ping | grep -q PONG; do sleep 0.1; done'\n",
        timeout_seconds=2 * DATABASE_SECONDS,
    )


def _greets(host: Host) -> bool:
    # the engine accepts for a host that is not up yet: only the greeting shows that sshd is there
    try:
        with socket.create_connection((LOOPBACK, host.ssh_port), timeout=1) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
