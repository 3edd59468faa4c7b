"""What is sent to a host: an answer in any case, with the right reason."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from handrail.hosts.script import Upload
from handrail.model.fleet import Outcome
from handrail.orchestration.send import Line

UPLOAD = Upload("here.tar.gz", "/tmp/handrail-1.tar.gz")  # noqa: S108  # a name on no host


class Host:
    """A host as pyinfra shows it, whose SFTP ends an upload with an error."""

    name = "web1"

    def __init__(self, error: Exception, *, is_active: bool) -> None:
        transport = SimpleNamespace(is_active=lambda: is_active, sock=None)
        self.connector = SimpleNamespace(client=SimpleNamespace(get_transport=lambda: transport))
        self.error = error
        self.ran: list[str] = []

    def put_file(self, *_: str) -> bool:
        raise self.error

    def run_shell_command(self, command: object) -> None:
        self.ran.append(str(command))


def test_an_upload_that_the_host_refuses_is_no_lost_connection_and_leaves_nothing():
    host = Host(OSError("Failure"), is_active=True)
    reply = Line().send(host, UPLOAD)
    assert reply.outcome is Outcome.FAILED
    assert reply.words == f"cannot write {UPLOAD.target}: Failure; is the disk full?"
    assert host.ran == [f"rm -f {UPLOAD.target}"]


@pytest.mark.parametrize("error", [OSError("Socket is closed"), EOFError(), ConnectionResetError(104, "reset")])
def test_an_upload_that_ends_with_the_connection_is_lost(error):
    host = Host(error, is_active=False)
    reply = Line().send(host, UPLOAD)
    assert reply.outcome is Outcome.UNKNOWN
    assert "the connection is lost" in reply.words
    assert host.ran == []
