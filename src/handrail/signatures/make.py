"""Sign a text with a person's SSH key."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from handrail.errors import BadInput, Refused
from handrail.signatures.program import NAMESPACE, environment, missing
from handrail.signatures.verify import signer

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "HANDRAIL_SIGNING_KEY"
# Somebody types a passphrase, or touches a key.
PRESENT_SECONDS = 60
# Nobody can: an agent that asks for a touch would wait for ever.
ABSENT_SECONDS = 10
# Time to give the terminal its echo back.
END_SECONDS = 2


def sign(payload: str, key: Path | None = None) -> str:
    """Sign a text and give the armoured signature.

    `key` is a private key, or a .pub file whose private half is in the agent or on a hardware key. Without it the one
    in HANDRAIL_SIGNING_KEY is taken, then git's own. A passphrase or a touch is asked for on a terminal, else refused.
    """
    with _file(str(key) if key else _default()) as path:
        signature = _signed(payload, path)
    # Never hand out what the others would refuse: a weak key is found here.
    signer(payload, signature)
    return signature


def _signed(payload: str, path: Path) -> str:
    present = sys.stdin is not None and sys.stdin.isatty()
    seconds = PRESENT_SECONDS if present else ABSENT_SECONDS
    try:
        process = subprocess.Popen(
            ["ssh-keygen", "-Y", "sign", "-n", NAMESPACE, "-f", str(path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None if present else subprocess.PIPE,
            # Without a terminal of its own it cannot ask, where nobody would see the question.
            env=environment(), start_new_session=not present,
        )  # fmt: skip
    except FileNotFoundError:
        raise missing() from None
    try:
        signature, said = process.communicate(payload.encode(), seconds)
    except subprocess.TimeoutExpired:
        _end(process)
        raise _not_signed(path, f"no passphrase or touch within {seconds} s") from None
    if process.returncode:
        raise _not_signed(path, _last_line(said) if said else "see what ssh-keygen said above")
    return signature.decode("ascii", "replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def _last_line(said: bytes) -> str:
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1].strip()[:200] if lines else "ssh-keygen said nothing"


def _not_signed(path: Path, why: str) -> Refused:
    return Refused(
        f"{path} did not sign: {why}",
        next_step=f"ssh-add {path} in a terminal, then the same again with its .pub file",
    )


def _default() -> str:
    """Find the key of whoever sits here: told by the environment, or the one that signs their commits."""
    if told := os.environ.get(VARIABLE, ""):
        return told
    if _git("gpg.format") == "ssh" and (told := _git("user.signingkey")):
        return told
    raise BadInput("which key signs?", next_step=f"add --key ~/.ssh/id_ed25519, or export {VARIABLE}=~/.ssh/id_ed25519")


def _git(name: str) -> str:
    argv = ["git", "config", "--get", name]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=5, check=False, stdin=subprocess.DEVNULL)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


@contextmanager
def _file(told: str) -> Iterator[Path]:
    """Give the key as a file; git and the environment may also have the public key itself."""
    literal = told.removeprefix("key::")
    if literal.startswith(("ssh-", "sk-", "ecdsa-")) and " " in literal:
        with tempfile.TemporaryDirectory(prefix="handrail-") as folder:
            path = Path(folder) / "key.pub"
            path.write_text(literal + "\n")
            yield path
        return
    path = Path(told).expanduser()
    if not path.is_file():
        raise BadInput(f"there is no key {path}", next_step="ls ~/.ssh/*.pub, then add --key with one of those")
    yield path
