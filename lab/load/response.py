"""Read one HTTP/1.1 response as it arrives, and know when all of it is there."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")
_NO_BODY = {204, 304}
# a server that never ends its head is broken
HEAD_BYTES = 65536


class MalformedError(Exception):
    """The bytes are not a response that can be counted."""


@dataclass(frozen=True)
class Head:
    """What the head says about the rest; a length of None means: until the connection closes."""

    status: int
    length: int | None
    chunked: bool
    close: bool
    release: str


# Heads repeat except for the date, so within one second most of them are in the cache.
@functools.lru_cache(maxsize=256)
def parse_head(head: bytes) -> Head:
    """Read the status line and the few header fields that matter."""
    status = _STATUS.match(head)
    if not status:
        raise MalformedError(f"not a status line: {head[:40]!r}")
    fields: dict[bytes, bytes] = {}
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        fields[name.strip().lower()] = value.strip()
    code = int(status[1])
    length = fields.get(b"content-length")
    if length is not None and not length.isdigit():
        raise MalformedError(f"not a length: {length!r}")
    connection = fields.get(b"connection", b"").lower()
    return Head(
        status=code,
        length=0 if code in _NO_BODY else int(length) if length is not None else None,
        chunked=fields.get(b"transfer-encoding", b"").lower().endswith(b"chunked"),
        close=b"close" in connection or (head.startswith(b"HTTP/1.0") and b"keep-alive" not in connection),
        release=fields.get(b"x-release", b"").decode("latin-1"),
    )


class Response:
    """One response in the making: `feed` it what arrives until it says that it is complete."""

    def __init__(self) -> None:
        self.head: Head | None = None
        self._buffer = b""
        self._missing = 0

    @property
    def ends_with_connection(self) -> bool:
        """Tell whether only the end of the connection completes this response."""
        return self.head is not None and not self.head.chunked and self.head.length is None

    def feed(self, data: bytes) -> bool:
        """Take what has arrived; return whether the whole response is there."""
        if self.head is None:
            data = self._buffer + data
            end = data.find(b"\r\n\r\n")
            if end < 0:
                if len(data) > HEAD_BYTES:
                    raise MalformedError("the head does not end")
                self._buffer = data
                return False
            self._buffer = b""
            self.head = parse_head(data[:end])
            self._missing = self.head.length or 0
            data = data[end + 4 :]
        return self._body(data, self.head)

    def _body(self, data: bytes, head: Head) -> bool:
        if head.chunked:
            self._buffer += data
            return self._chunks()
        if head.length is None:
            return False
        self._missing -= len(data)
        if self._missing < 0:
            raise MalformedError("more bytes than announced")
        return self._missing == 0

    def _chunks(self) -> bool:
        while True:
            line, ending, rest = self._buffer.partition(b"\r\n")
            if not ending:
                return False
            try:
                size = int(line.split(b";")[0], 16)
            except ValueError:
                raise MalformedError(f"not a chunk: {line[:20]!r}") from None
            if size == 0:
                # trailers are not used by anyone here: the body ends with an empty line
                return rest.endswith(b"\r\n")
            if len(rest) < size + 2:
                return False
            self._buffer = rest[size + 2 :]
