"""Artifacts come from files, HTTP and S3; what does not have its digest is never kept."""

from __future__ import annotations

import hashlib
import http.server
import os
import threading
from functools import partial

import boto3
import pytest
from moto import mock_aws

from handrail import artifacts
from handrail.artifacts import KEPT, digest_at, fetch
from handrail.errors import ArtifactCorrupt, BadInput, ReleaseUnknown

BYTES = b"a release" * 1000
DIGEST = hashlib.sha256(BYTES).hexdigest()


@pytest.fixture
def shelf(tmp_path):
    folder = tmp_path / "shelf"
    folder.mkdir()
    (folder / "app-1.tar.gz").write_bytes(BYTES)
    (folder / "app-1.tar.gz.sha256").write_text(f"{DIGEST}  app-1.tar.gz\n")
    return folder


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass


@pytest.fixture
def url(shelf):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(shelf)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_file_is_fetched_once_and_kept_by_its_digest(shelf, tmp_path):
    cache = tmp_path / "cache"
    first = fetch("app-1.tar.gz", DIGEST, base=shelf, cache=cache)
    (shelf / "app-1.tar.gz").unlink()
    assert fetch("app-1.tar.gz", DIGEST, base=shelf, cache=cache) == first
    assert first.read_bytes() == BYTES


def shelved(shelf, number):
    """Put another artifact on the shelf; gives its name and digest."""
    (shelf / f"{number}").write_bytes(content := f"{number}".encode())
    return str(number), hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("used", ["fetched", "found again"])
def test_what_another_run_has_yet_to_send_is_not_pruned(shelf, tmp_path, used):
    cache = tmp_path / "cache"
    mine = fetch("app-1.tar.gz", DIGEST, base=shelf, cache=cache)
    if used == "found again":
        os.utime(mine, (0, 0))
        fetch("app-1.tar.gz", DIGEST, base=shelf, cache=cache)
    for number in range(KEPT + 1):
        fetch(*shelved(shelf, number), base=shelf, cache=cache)
    assert mine.read_bytes() == BYTES


def test_what_was_used_long_ago_is_pruned_and_so_is_what_a_killed_fetch_left(shelf, tmp_path):
    cache = tmp_path / "cache"
    mine = fetch("app-1.tar.gz", DIGEST, base=shelf, cache=cache)
    (left := cache / f".{DIGEST}.abc.partial").write_bytes(b"half")
    for file in (mine, left):
        os.utime(file, (0, 0))
    for number in range(KEPT - 1):
        fetch(*shelved(shelf, number), base=shelf, cache=cache)
    assert (mine.exists(), left.exists()) == (True, False)
    fetch(*shelved(shelf, KEPT), base=shelf, cache=cache)
    assert not mine.exists()


def test_two_runs_that_fetch_the_same_do_not_write_over_each_other(shelf, tmp_path, monkeypatch):
    cache, once, read = tmp_path / "cache", [True], artifacts._read

    def slowly(place, *, base):
        for chunk in read(place, base=base):
            yield chunk[:100]
            if once and once.pop():
                fetch(place, DIGEST, base=base, cache=cache)
            yield chunk[100:]

    monkeypatch.setattr(artifacts, "_read", slowly)
    assert fetch("app-1.tar.gz", DIGEST, base=shelf, cache=cache).read_bytes() == BYTES
    assert [file.name for file in cache.iterdir()] == [DIGEST]


def test_digest_comes_from_a_file_of_sha256sum_or_stands_there(shelf):
    assert digest_at("app-1.tar.gz.sha256", base=shelf) == DIGEST
    assert digest_at(DIGEST, base=shelf) == DIGEST


def test_digest_file_without_a_digest_is_refused(shelf):
    (shelf / "bad.sha256").write_text("<html>not found</html>")
    with pytest.raises(ReleaseUnknown, match="holds no SHA-256"):
        digest_at("bad.sha256", base=shelf)


def test_corrupt_artifact_is_refused_and_not_kept(shelf, tmp_path):
    (shelf / "app-1.tar.gz").write_bytes(BYTES[:-1] + b"X")
    with pytest.raises(ArtifactCorrupt, match="promised was"):
        fetch("app-1.tar.gz", DIGEST, base=shelf, cache=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_artifact_that_rotted_in_the_cache_is_fetched_again(shelf, tmp_path):
    kept = fetch("app-1.tar.gz", DIGEST, base=shelf, cache=tmp_path)
    kept.write_bytes(b"rotten")
    assert fetch("app-1.tar.gz", DIGEST, base=shelf, cache=tmp_path).read_bytes() == BYTES


def test_missing_file_says_where_it_was_looked_for(shelf, tmp_path):
    with pytest.raises(ReleaseUnknown, match=r"there is no file .*app-2\.tar\.gz"):
        fetch("app-2.tar.gz", DIGEST, base=shelf, cache=tmp_path)


def test_artifact_and_digest_come_by_http(url, tmp_path):
    assert digest_at(f"{url}/app-1.tar.gz.sha256", base=tmp_path) == DIGEST
    assert fetch(f"{url}/app-1.tar.gz", DIGEST, base=tmp_path, cache=tmp_path).read_bytes() == BYTES


def test_http_404_is_bad_input_and_names_the_address(url, tmp_path):
    with pytest.raises(BadInput, match="answered 404"):
        fetch(f"{url}/app-9.tar.gz", DIGEST, base=tmp_path, cache=tmp_path)


def test_nobody_listening_is_told_after_the_retries(tmp_path):
    with pytest.raises(ReleaseUnknown, match="does not answer"):
        fetch("http://127.0.0.1:9/app.tar.gz", DIGEST, base=tmp_path, cache=tmp_path)


@pytest.fixture
def bucket(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        store = boto3.client("s3")
        store.create_bucket(Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        store.put_object(Bucket="artifacts", Key="sanvi/app-1.tar.gz", Body=BYTES)
        yield store


def test_artifact_comes_from_s3(bucket, tmp_path):
    assert fetch("s3://artifacts/sanvi/app-1.tar.gz", DIGEST, base=tmp_path, cache=tmp_path).read_bytes() == BYTES


def test_missing_key_in_s3_names_the_place(bucket, tmp_path):
    with pytest.raises(ReleaseUnknown, match="s3://artifacts/sanvi/app-2"):
        fetch("s3://artifacts/sanvi/app-2.tar.gz", DIGEST, base=tmp_path, cache=tmp_path)
