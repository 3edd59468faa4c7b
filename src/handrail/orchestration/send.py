"""Send one command to one host through pyinfra and understand the answer, whatever happens to the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gevent
from paramiko import SSHException

from handrail.ecs.reply import Call, done
from handrail.hosts.script import REPLY_SECONDS, Command, Reply, Upload, read_reply
from handrail.hosts.wire import send_at_once
from handrail.model.fleet import Outcome

if TYPE_CHECKING:
    from pyinfra.api.host import Host

# What may go wrong between here and a host, other than the command itself.
LOST = (OSError, SSHException, EOFError)


class Line:
    """What is on its way to hosts now, so that it can be cut off."""

    def __init__(self) -> None:
        self._jobs: dict[gevent.Greenlet, str] = {}
        self._lost: set[str] = set()

    def send(self, host: Host, command: Command | Upload | Call) -> Reply:
        """Do it, and wait for the answer no longer than its deadline. Never raises: a lost reply is an answer, too."""
        if host.name in self._lost:
            return Reply(Outcome.UNKNOWN, "the host has not answered since an earlier step", ())
        limit = (UPLOAD_SECONDS if isinstance(command, Upload) else command.seconds) + REPLY_SECONDS
        job = gevent.spawn(_done, host, command)
        self._jobs[job] = host.name
        job.join(timeout=limit)
        del self._jobs[job]
        if not job.dead:
            job.kill(block=False)
            self._lost.add(host.name)
            return Reply(Outcome.UNKNOWN, f"no reply within {limit} s", ())
        if isinstance(job.value, Reply):
            return job.value
        return Reply(Outcome.INTERRUPTED, "stopped by the operator", ())

    def answer(self, host: Host, command: Command) -> Reply:
        """Ask a host that may not be there: what is lost is no answer, and the host is not given up."""
        reply = self.send(host, command)
        self._lost.discard(host.name)
        return reply

    def cut(self, host: str | None = None) -> None:
        """Stop waiting: for one host that does not answer any more, or for all because the operator said so."""
        if host is not None:
            self._lost.add(host)
        for job, name in list(self._jobs.items()):
            if host is None:
                job.kill(block=False)
            elif name == host:
                job.kill(Gone("the host does not answer any more"), block=False)


class Gone(Exception):
    """A host that stopped answering."""


# An artifact of some hundred megabytes over a slow line.
UPLOAD_SECONDS = 900


def _done(host: Host, command: Command | Upload | Call) -> Reply:
    try:
        if isinstance(command, Call):
            return done(command)
        _hurry(host)
        return _uploaded(host, command) if isinstance(command, Upload) else _answered(host, command)
    except (*LOST, Gone) as error:
        return Reply(Outcome.UNKNOWN, f"the connection is lost: {error or type(error).__name__}", ())


def _transport(host: Host) -> Any:
    client = getattr(host.connector, "client", None)  # this machine has none
    return client.get_transport() if client is not None else None


def _hurry(host: Host) -> None:
    transport = _transport(host)
    if transport is not None:
        send_at_once(transport)


def _answered(host: Host, command: Command) -> Reply:
    from pyinfra.api.command import QuoteString, StringCommand  # noqa: PLC0415  # pyinfra is imported late

    line = StringCommand(*(QuoteString(word) for word in command.argv))
    arguments: dict[str, Any] = {"_sudo": bool(host.data.get("_sudo"))}
    if command.stdin:
        arguments["_stdin"] = command.stdin
    _, output = host.run_shell_command(line, **arguments)
    return read_reply(output.stdout_lines, output.stderr_lines)


def _uploaded(host: Host, upload: Upload) -> Reply:
    from pyinfra.api.command import QuoteString, StringCommand  # noqa: PLC0415  # pyinfra is imported late

    reason = "is the disk full?"
    try:
        if host.put_file(upload.source, upload.target):
            return Reply(Outcome.OK, "sent", ())
    except OSError as error:
        # What SFTP refuses is one, too: SSH_FX_FAILURE, such as for a full disk (draft-ietf-secsh-filexfer-02, 7).
        transport = _transport(host)
        if transport is not None and not transport.is_active():
            raise
        reason = f"{error}; {reason}"
    # What arrived of it would keep the disk full.
    host.run_shell_command(StringCommand("rm", "-f", QuoteString(upload.target)))
    return Reply(Outcome.FAILED, f"cannot write {upload.target}: {reason}", ())
