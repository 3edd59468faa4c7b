"""What the load client counts, against servers that misbehave in one way each."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest

from lab.load import Load, Report
from lab.load.client import Client
from lab.load.report import summarize
from lab.load.response import MalformedError, Response
from lab.load.samples import Samples, read

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Release: 1.0.0\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Release: 1.0.0\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"

# answers one request; returns whether the connection goes on
Answer = Callable[[asyncio.StreamWriter], Awaitable[bool]]


class Server:
    """Answers every request as told, and counts on its own side."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests = 0
        self.connections = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        # a client that goes away is none of the server's troubles
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                self.requests += 1
                if not await self.answer(writer):
                    break
        writer.close()


async def send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


def load(
    server: Server, *, seconds: float = 0, at_least: int = 101, rate: float | None = None, answer_seconds: float = 5
) -> Report:
    """Load for so long and until so many requests were answered, however slow the machine is."""

    async def run() -> Samples:
        listening = await asyncio.start_server(server.handle, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        client = Client(f"http://127.0.0.1:{port}", paths={"/": 1}, connections=4, rate=rate)
        client.answer_seconds = answer_seconds
        await client.start()
        await asyncio.sleep(seconds)
        async with asyncio.timeout(60):
            while len(client.samples.starts) < at_least:  # noqa: ASYNC110  # an event for one use
                await asyncio.sleep(0.01)
        samples = await client.stop()
        listening.close()
        return samples

    return summarize(asyncio.run(run()))


def reasons(report: Report) -> set[str]:
    return {failure.reason for failure in report.failures}


async def good(writer: asyncio.StreamWriter) -> bool:
    await send(writer, GOOD)
    return True


def test_complete_2xx_answers_are_good_and_connections_are_kept():
    server = Server(good)
    report = load(server)
    assert report.requests == server.requests > 100
    assert (report.failed, report.reconnects, server.connections) == (0, 0, 4)
    assert report.first_response_of("1.0.0") is not None
    assert report.first_response_of("2.0.0") is None


def test_chunked_answers_are_good():
    async def answer(writer):
        await send(writer, CHUNKED)
        return True

    report = load(Server(answer))
    assert report.requests > 100
    assert report.failed == 0


@pytest.mark.parametrize("status", [b"500 Oops", b"503 Away", b"404 Gone", b"302 Elsewhere"])
def test_any_other_status_is_a_failure(status):
    async def answer(writer):
        await send(writer, GOOD.replace(b"200 OK", status))
        return True

    report = load(Server(answer))
    assert report.failed == report.requests > 100
    assert reasons(report) == {f"/: status {status[:3].decode()}"}
    assert len(report.failures) == 20


@pytest.mark.parametrize("cut", [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", CHUNKED[:-5]])
def test_a_truncated_body_is_a_failure(cut):
    async def answer(writer):
        await send(writer, cut)
        return False

    report = load(Server(answer))
    assert report.failed == report.requests > 100
    assert reasons(report) == {"/: closed with part of the response"}


def test_a_close_instead_of_an_answer_is_a_failure():
    async def answer(_writer):
        return False

    report = load(Server(answer))
    assert report.failed == report.requests > 100
    assert reasons(report) == {"/: closed with a request in flight"}


def test_a_reset_instead_of_an_answer_is_a_failure():
    async def answer(writer):
        # linger 0 makes the close a reset
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    report = load(Server(answer))
    assert report.failed == report.requests > 100
    assert reasons(report) == {"/: reset with a request in flight"}


def test_an_announced_close_is_a_reconnect():
    async def answer(writer):
        await send(writer, GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        return False

    report = load(Server(answer))
    assert report.requests > 100
    assert report.failed == 0
    # those that were being replaced when the load ended are not counted
    assert report.requests - 4 <= report.reconnects <= report.requests


def test_a_close_while_idle_is_a_reconnect():
    async def answer(writer):
        await send(writer, GOOD)
        return False

    report = load(Server(answer), rate=20, at_least=5)
    assert report.requests >= 5
    assert report.failed == 0
    assert report.reconnects >= report.requests - 1


def test_an_answer_that_ends_with_the_connection_is_good():
    async def answer(writer):
        await send(writer, b"HTTP/1.0 200 OK\r\n\r\nhello")
        return False

    report = load(Server(answer))
    assert report.requests > 100
    assert report.failed == 0


def test_silence_is_a_failure():
    async def answer(_writer):
        await asyncio.sleep(60)
        return False

    report = load(Server(answer), at_least=8, answer_seconds=0.3)
    assert report.failed == report.requests >= 8
    assert "/: no answer in 0 s" in reasons(report)


def test_a_refused_connection_is_a_failure():
    async def run() -> Samples:
        unused = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
        port = unused.sockets[0].getsockname()[1]
        unused.close()
        client = Client(f"http://127.0.0.1:{port}", paths={"/": 1}, connections=2, rate=None)
        starting = asyncio.ensure_future(client.start())
        await asyncio.sleep(0.2)
        samples = await client.stop()
        await starting
        return samples

    report = summarize(asyncio.run(run()))
    assert report.failed == report.requests >= 2
    assert all(reason.startswith("connect: ConnectionRefusedError") for reason in reasons(report))


def test_every_dropped_request_is_counted_once():
    dropped = 0

    async def answer(writer):
        nonlocal dropped
        if server.requests % 100 == 0:
            dropped += 1
            return False
        return await good(writer)

    server = Server(answer)
    report = load(server)
    assert report.requests == server.requests
    assert report.failed == dropped > 0


def test_the_rate_is_kept():
    report = load(Server(good), rate=200, seconds=1.0, at_least=0)
    assert 150 <= report.requests <= 215


def test_a_response_is_complete_at_its_last_byte_however_it_is_cut():
    for whole in (GOOD, CHUNKED, b"HTTP/1.1 204 Nothing\r\n\r\n"):
        response = Response()
        outcomes = [response.feed(whole[at : at + 1]) for at in range(len(whole))]
        assert outcomes == [False] * (len(whole) - 1) + [True]


@pytest.mark.parametrize("nonsense", [b"SSH-2.0\r\n\r\n", GOOD + b"!", CHUNKED.replace(b"\r\n1\r\n", b"\r\nx\r\n")])
def test_nonsense_is_malformed(nonsense):
    with pytest.raises(MalformedError):
        Response().feed(nonsense)


def test_a_phase_has_the_requests_that_began_in_it(tmp_path):
    samples = Samples()
    began = samples.began_monotonic
    samples.add(began + 1.0, began + 1.010, 200, "1.0.0")
    samples.mark("deploy", began + 2.0)
    samples.add(began + 1.9, began + 2.100, 200, "1.0.0")
    samples.add(began + 2.5, began + 2.520, 502, "", "/: status 502")
    samples.add(began + 3.0, began + 3.030, 200, "1.1.0")
    samples.end()
    samples.write(tmp_path / "samples")
    report = summarize(read(tmp_path / "samples"))
    assert [(phase.name, phase.requests, phase.failed) for phase in report.phases] == [
        ("start", 2, 0),
        ("deploy", 2, 1),
    ]
    assert report.phase("deploy").p99_ms == pytest.approx(30, abs=0.1)
    assert report.failures[0].phase == "deploy"
    after = samples.began_wall + 2.0
    assert report.first_response_of("1.1.0", after=after) == pytest.approx(1.03, abs=0.001)
    assert report.first_response_of("1.0.0", after=after) == pytest.approx(0.1, abs=0.001)


@pytest.fixture
def address() -> Iterator[str]:
    class Hello(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            # one write: a second one would wait for the acknowledgement of the first
            self.wfile.write(GOOD)

        def log_message(self, *_arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def test_a_load_in_its_own_process_reports_by_phase(address):
    with Load(address, connections=3, rate=300) as running:
        time.sleep(0.3)
        wall = running.mark("deploy")
        time.sleep(0.3)
    report = running.report()
    assert report.failed == 0
    assert [phase.name for phase in report.phases] == ["start", "deploy"]
    assert all(phase.requests > 30 for phase in report.phases)
    first = report.first_response_of("1.0.0", after=wall)
    assert first is not None
    assert first < 0.2
