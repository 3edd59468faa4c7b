"""What is put into a host before its first start: keys, identity, and what its role starts."""

from __future__ import annotations

import hashlib
import io
import tarfile
from typing import TYPE_CHECKING

from lab import keys, passwords, paths

if TYPE_CHECKING:
    from pathlib import Path

    from lab.hosts import Host

# setup.sh of the recipe makes the account with this number
DEPLOY_UID = 1000
WANTED = "etc/systemd/system/multi-user.target.wants"


def seed(host: Host) -> bytes:
    """Return a tar to unpack at the host's root; the same keys and passwords give the same bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        key = keys.host_key(host)
        _file(tar, "etc/ssh/ssh_host_ed25519_key", key.read_bytes(), mode=0o600)
        _file(tar, "etc/ssh/ssh_host_ed25519_key.pub", _public(key))
        _file(tar, "etc/machine-id", hashlib.sha256(host.container.encode()).hexdigest()[:32].encode() + b"\n")
        _folder(tar, "home/deploy/.ssh", uid=DEPLOY_UID)
        _file(tar, "home/deploy/.ssh/authorized_keys", _public(paths.OPERATOR_KEY), mode=0o600, uid=DEPLOY_UID)
        for unit in host.services:
            _link(tar, f"{WANTED}/{unit}", f"/lib/systemd/system/{unit}")
        if "cache" in host.roles:
            _file(tar, "etc/lab/redis.conf", _redis(), mode=0o640)
    return buffer.getvalue()


def _redis() -> bytes:
    return f"bind * -::*\nrequirepass {passwords.redis_literal(passwords.read('REDIS_PASSWORD'))}\n".encode()


def _public(key: Path) -> bytes:
    return key.with_name(f"{key.name}.pub").read_bytes()


def _file(tar: tarfile.TarFile, name: str, content: bytes, *, mode: int = 0o644, uid: int = 0) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.uid, entry.gid = len(content), mode, uid, uid
    tar.addfile(entry, io.BytesIO(content))


def _folder(tar: tarfile.TarFile, name: str, *, uid: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, 0o700, uid, uid
    tar.addfile(entry)


def _link(tar: tarfile.TarFile, name: str, target: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    tar.addfile(entry)
