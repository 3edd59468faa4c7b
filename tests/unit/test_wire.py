"""Messages to hosts are not held back by the kernel of this machine."""

from __future__ import annotations

import socket
from types import SimpleNamespace

from handrail.hosts.wire import send_at_once


def test_small_messages_are_sent_at_once():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as line:
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0
        send_at_once(SimpleNamespace(sock=line))
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_a_line_by_way_of_another_host_has_no_options():
    send_at_once(SimpleNamespace(sock=SimpleNamespace(send=None)))


def test_a_line_that_was_closed_meanwhile_is_told_by_whoever_uses_it():
    with socket.socket() as line:
        line.close()
        send_at_once(SimpleNamespace(sock=line))
