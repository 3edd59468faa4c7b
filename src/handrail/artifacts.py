"""Artifacts: fetched once to the operator's machine, checked against their digest, kept by that digest."""

from __future__ import annotations

import hashlib
import os
import re
import time
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING

from handrail.errors import ArtifactCorrupt, ReleaseUnknown
from handrail.model.version import DIGEST

if TYPE_CHECKING:
    from collections.abc import Iterator

# A place that does not begin to answer in this time is called down; each of the attempts waits so long.
FETCH_SECONDS = 30
ATTEMPTS = 3
CHUNK = 1 << 20
# A few deploys back and forth without fetching again.
KEPT = 10
# Another run on this machine may have yet to send what it fetched: whatever was used a moment ago stays, too.
IN_USE_SECONDS = 3600


def digest_at(place: str, *, base: Path) -> str:
    """Read the SHA-256 that is promised for an artifact: 64 hex digits, or a file in the format of sha256sum."""
    if DIGEST.fullmatch(place):
        return place
    text = b"".join(_read(place, base=base)).decode("utf-8", "replace")
    found = re.match(r"\s*\\?([0-9a-fA-F]{64})\b", text)
    if not found:
        raise ReleaseUnknown(f"{place} holds no SHA-256 digest", next_step=f"sha256sum ARTIFACT > {place}")
    return found.group(1).lower()


def fetch(place: str, digest: str, *, base: Path, cache: Path) -> Path:
    """Bring an artifact to the cache, unless it is there, and give its path.

    Raises ArtifactCorrupt when its bytes have another digest, ReleaseUnknown when there is no such artifact.
    """
    kept = cache / digest
    with suppress(FileNotFoundError):
        os.utime(kept)
        if _digest_of(kept) == digest:
            return kept
    cache.mkdir(parents=True, exist_ok=True)
    descriptor, name = mkstemp(prefix=f".{digest}.", suffix=".partial", dir=cache)
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as target:
            for chunk in _read(place, base=base):
                target.write(chunk)
        found = _digest_of(partial)
        if found != digest:
            raise ArtifactCorrupt(
                f"the artifact {place} has the digest {found}, promised was {digest}; nothing was touched",
                next_step="build and upload the artifact again, then its digest",
            )
        partial.replace(kept)
        _prune(cache)
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()
    return kept


def _prune(cache: Path) -> None:
    """Keep the artifacts that were used last, and none that a fetch which was killed has left half."""
    used: dict[Path, float] = {}
    for file in cache.iterdir():
        with suppress(FileNotFoundError):
            used[file] = file.stat().st_mtime
    newest = sorted((file for file in used if DIGEST.fullmatch(file.name)), key=used.__getitem__)[-KEPT:]
    for file, at in used.items():
        if file not in newest and at < time.time() - IN_USE_SECONDS:
            file.unlink(missing_ok=True)


def _digest_of(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _read(place: str, *, base: Path) -> Iterator[bytes]:
    if place.startswith(("http://", "https://")):
        return _read_http(place)
    if place.startswith("s3://"):
        return _read_s3(place)
    return _read_file(base / place.removeprefix("file://"))


def _read_file(path: Path) -> Iterator[bytes]:
    if not path.is_file():
        raise ReleaseUnknown(f"there is no file {path}", next_step="check the version, or build the release")
    with path.open("rb") as source:
        while chunk := source.read(CHUNK):
            yield chunk


def _read_http(url: str) -> Iterator[bytes]:
    import httpx  # noqa: PLC0415  # 0.2 s that a release from a file need not wait for
    from tenacity import (  # noqa: PLC0415  # likewise
        retry,
        retry_if_exception_type,
        stop_after_attempt,
        wait_exponential,
    )

    again = retry(
        retry=retry_if_exception_type(httpx.TransportError),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(max=4),
        reraise=True,
    )
    try:
        response = again(httpx.get)(url, timeout=FETCH_SECONDS, follow_redirects=True)
    except httpx.HTTPError as error:
        raise ReleaseUnknown(
            f"{url} does not answer: {error}", next_step="check the address and the network"
        ) from error
    if response.status_code != 200:
        raise ReleaseUnknown(f"{url} answered {response.status_code}", next_step="check the version and the address")
    yield response.content


def _read_s3(url: str) -> Iterator[bytes]:
    try:
        import boto3  # noqa: PLC0415  # heavy, and only for S3
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # likewise
    except ImportError as error:
        raise ReleaseUnknown(f"{url} needs boto3", next_step="pip install 'handrail[aws]'") from error
    bucket, _, key = url.removeprefix("s3://").partition("/")
    try:
        body = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"]
    except (BotoCoreError, ClientError) as error:
        raise ReleaseUnknown(
            f"{url} cannot be read: {error}", next_step="check the bucket, the key and your credentials"
        ) from error
    yield from body.iter_chunks(CHUNK)
