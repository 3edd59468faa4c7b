"""Who signed a text: told in this process and by ssh-keygen, which must agree; several at once."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from handrail.errors import Refused
from handrail.model.ssh_key import Unfit, Wire, of_blob, packed
from handrail.signatures import good, inside
from handrail.signatures.program import NAMESPACE, of_the_system

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BEGIN, END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
# An RSA key of 16,384 bits makes a signature of 6 kB.
SIGNATURE_BYTES = 16_384
HASHES = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}
# One takes 4 ms; a machine that needs so long has other troubles.
VERIFY_SECONDS = 10
AT_ONCE = 8
# One shell for several: to start a process of its own for each costs pyinfra's large one more than the work itself.
SCRIPT = """cd "$1" || exit 1
for text in *.text; do
  name=${text%.text}
  {
    "$3" -Y verify -n "$2" -I signer -f "$name.allowed" -s "$name.sig" <"$text" >"$name.said" &&
      : >"$name.good"
  } &
done
wait
"""
# As OpenSSH says it since there are such signatures (8.1).
GOOD = f'Good "{NAMESPACE}" signature for signer with '.encode()


@dataclass(frozen=True)
class Envelope:
    """What a signature says of itself. Nothing of it is true before it is verified."""

    key: str
    hash_name: bytes
    signature: bytes

    def covers(self, payload: bytes) -> bytes:
        """Give the bytes that the key signed if the envelope tells the truth."""
        pieces = (NAMESPACE.encode(), b"", self.hash_name, HASHES[self.hash_name](payload).digest())
        return b"SSHSIG" + b"".join(map(packed, pieces))


def signer(payload: str, signature: str) -> str:
    """Verify a signature and give the public key that made it, as `ssh-ed25519 AAAA…`.

    Raises Refused for one that is forged, cut off, made for another purpose, or by a key that is too weak.
    """
    (found,) = signers([(payload.encode(), signature)])
    if isinstance(found, Refused):
        raise found
    return found


def signers(papers: Sequence[tuple[bytes, str]], *, quickly: bool = False) -> tuple[str | Refused, ...]:
    """Verify several signatures at once; each gives its key, or why it is none.

    What this process has verified both ways is not verified again. `quickly` asks ssh-keygen for those of hardware keys
    alone: for lists, never for what a run is allowed by.
    """
    found: dict[int, str | Refused] = {}
    left: list[tuple[int, bytes, str, Envelope]] = []
    for index, (payload, signature) in enumerate(papers):
        try:
            envelope = _opened(signature)
        except Unfit as error:
            found[index] = _refused(str(error))
            continue
        if (known := good.key_of(payload, signature)) is not None:
            found[index] = known
            continue
        here = inside.can_tell(envelope.key)
        if here and not inside.made_by(envelope.key, envelope.signature, envelope.covers(payload)):
            found[index] = _refused(_FORGED)
        elif here and quickly:
            found[index] = envelope.key
        else:
            left.append((index, payload, signature, envelope))
    if left:
        found.update(_by_openssh(left))
    return tuple(found[index] for index in range(len(papers)))


_SLOW = f"ssh-keygen did not answer within {VERIFY_SECONDS} s"
_FORGED = "the signature does not belong to this text: one of them was altered"


def _refused(why: str) -> Refused:
    return Refused(why, next_step="ask who signed it for the file as it was made; send files, not pasted text")


def _opened(signature: str) -> Envelope:
    """Read the envelope; strict, so that ssh-keygen cannot read another key in it than this does."""
    lines = signature.strip().split("\n")
    if len(signature) > SIGNATURE_BYTES or lines[0] != BEGIN or lines[-1] != END:
        raise Unfit("there is no whole SSH signature")
    try:
        wire = Wire(base64.b64decode("".join(lines[1:-1]), validate=True))
    except (binascii.Error, ValueError):
        raise Unfit("the SSH signature is cut off or altered") from None
    if wire.take(6) != b"SSHSIG" or wire.take(4) != (1).to_bytes(4):
        raise Unfit("this is no SSH signature of version 1")
    key, namespace, _, hash_name, made = (wire.string() for _ in range(5))
    if namespace != NAMESPACE.encode():
        shown = namespace.decode("utf-8", "backslashreplace")[:40]
        raise Unfit(f"the signature was made for {shown!r}, not for {NAMESPACE!r}")
    if wire.left or hash_name not in HASHES:
        raise Unfit("the SSH signature is altered")
    return Envelope(of_blob(key), hash_name, made)


def _by_openssh(papers: Sequence[tuple[int, bytes, str, Envelope]]) -> Iterator[tuple[int, str | Refused]]:
    """Let ssh-keygen judge, a few at a time; each may be by the one key that its envelope names, and no other."""
    program = of_the_system()
    for first in range(0, len(papers), AT_ONCE):
        some = papers[first : first + AT_ONCE]
        with tempfile.TemporaryDirectory(prefix="handrail-") as folder:
            for index, payload, signature, envelope in some:
                stem = Path(folder) / str(index)
                allowed = f'signer namespaces="{NAMESPACE}" {envelope.key}\n'
                for suffix, content in (("text", payload), ("sig", signature.encode()), ("allowed", allowed.encode())):
                    _write(stem.with_suffix(f".{suffix}"), content)
            in_time = _run(folder, program)
            for index, payload, signature, envelope in some:
                stem = Path(folder) / str(index)
                if _is_good(stem):
                    good.keep(payload, signature, envelope.key)
                    yield index, envelope.key
                else:
                    yield index, _refused(_FORGED if in_time else _SLOW)


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


def _run(folder: str, program: str) -> bool:
    """Run the script; false when it took too long, and what it has not judged by then is refused."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", SCRIPT, "sh", folder, NAMESPACE, program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        # Nothing of the operator's environment: it names libraries and programs.
        stderr=subprocess.DEVNULL, env={"LC_ALL": "C"}, start_new_session=True,
    )  # fmt: skip
    try:
        process.communicate(timeout=VERIFY_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return False
    return True


def _is_good(stem: Path) -> bool:
    """Both: an exit code is lost where somebody else waits for children, and counts as a success then."""
    said = stem.with_suffix(".said")
    return stem.with_suffix(".good").exists() and said.is_file() and said.read_bytes().startswith(GOOD)
