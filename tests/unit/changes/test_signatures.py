"""Signatures that ssh-keygen made, and what is none."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from handrail import signatures
from handrail.errors import BadInput, Refused
from handrail.model import ssh_key
from handrail.signatures import inside, make, verify
from handrail.signatures import program as program_of
from tests.unit.changes.conftest import made, public, raw_sign

TEXT = '{"a":1}'


@pytest.mark.parametrize("by", ["cto", "tech", "owner"])
def test_a_key_signs_and_is_found_again(keys, by):
    signature = signatures.sign(TEXT, keys[by])
    assert signatures.signer(TEXT, signature) == " ".join(public(keys[by]).split(" ")[:2])


def test_a_key_in_the_agent_signs_by_its_pub_file(keys, tmp_path):
    pub = tmp_path / "alone.pub"
    pub.write_text(public(keys["cto"]) + "\n")
    with pytest.raises(Refused, match="did not sign"):
        signatures.sign(TEXT, pub)
    words = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True).stdout
    agent = dict(line.split(";")[0].split("=") for line in words.splitlines() if "=" in line)
    try:
        env = os.environ | agent
        subprocess.run(["ssh-add", "-q", str(keys["cto"])], env=env, check=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SSH_AUTH_SOCK", agent["SSH_AUTH_SOCK"])
            signature = signatures.sign(TEXT, pub)
            # git's own setting may hold the key itself
            patch.setenv("HANDRAIL_SIGNING_KEY", f"key::{public(keys['cto'])}")
            signatures.sign(TEXT)
    finally:
        os.kill(int(agent["SSH_AGENT_PID"]), 15)
    assert signatures.signer(TEXT, signature) == " ".join(public(keys["cto"]).split(" ")[:2])


def test_without_a_key_the_one_of_git_signs_and_without_that_nobody(keys, tmp_path, monkeypatch):
    monkeypatch.delenv("HANDRAIL_SIGNING_KEY", raising=False)
    config = tmp_path / "gitconfig"
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match="which key signs"):
        signatures.sign(TEXT)
    config.write_text(f"[gpg]\nformat = ssh\n[user]\nsigningkey = {keys['cto']}\n")
    assert signatures.signer(TEXT, signatures.sign(TEXT)).startswith("ssh-ed25519 ")
    with pytest.raises(BadInput, match="there is no key"):
        signatures.sign(TEXT, tmp_path / "nothing")


def test_a_passphrase_that_nobody_can_type_is_a_refusal_and_no_wait(tmp_path):
    key = tmp_path / "locked"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", str(key)], check=True)
    began = time.monotonic()
    with pytest.raises(Refused, match="did not sign") as caught:
        signatures.sign(TEXT, key)
    assert "ssh-add" in caught.value.next_step
    assert time.monotonic() - began < make.ABSENT_SECONDS


def test_an_agent_that_never_answers_is_a_refusal(keys, tmp_path, monkeypatch):
    program = tmp_path / "ssh-keygen"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(make, "ABSENT_SECONDS", 0.3)
    with pytest.raises(Refused, match="no passphrase or touch"):
        signatures.sign(TEXT, keys["cto"])
    monkeypatch.setattr(verify, "VERIFY_SECONDS", 0.3)
    monkeypatch.setattr(program_of, "PLACES", (str(program),))
    with pytest.raises(Refused, match="did not answer"):
        signatures.signer(TEXT, raw_sign_with("/usr/bin/ssh-keygen", keys["cto"]))


def program_that_says_yes(folder):
    """Write an ssh-keygen for which every signature is good, as somebody would who wants to deceive."""
    program = folder / "ssh-keygen"
    program.write_text("#!/bin/sh\ncat >/dev/null\necho 'Good \"handrail\" signature for signer with x'\n")
    program.chmod(0o755)
    return program


def forged(key):
    """Give a signature of somebody's key over another text."""
    return raw_sign(b"other", key).decode()


@pytest.mark.parametrize("by", ["cto", "tech", "owner"])
def test_no_program_that_somebody_puts_there_makes_a_forged_signature_good(keys, tmp_path, monkeypatch, by):
    good, other = raw_sign(TEXT.encode(), keys[by]).decode(), forged(keys[by])
    program = program_that_says_yes(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(Refused, match="does not belong to this text"):
        signatures.signer(TEXT, other)
    monkeypatch.setattr(program_of, "PLACES", (str(program),))
    with pytest.raises(Refused, match="does not belong to this text"):
        signatures.signer(TEXT, other)
    assert signatures.signer(TEXT, good)


def test_openssh_is_asked_by_its_whole_path_and_must_agree(keys, tmp_path, monkeypatch):
    good, other = raw_sign(TEXT.encode(), keys["cto"]).decode(), forged(keys["cto"])
    program_that_says_yes(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(inside, "made_by", lambda *_: True)
    with pytest.raises(Refused, match="does not belong to this text"):
        signatures.signer(TEXT, other)
    # What a hardware key has made is told by OpenSSH alone.
    monkeypatch.setattr(inside, "made_by", lambda *_: False)
    monkeypatch.setattr(inside, "can_tell", lambda _: False)
    assert signatures.signer(TEXT, good)
    with pytest.raises(Refused, match="does not belong to this text"):
        signatures.signer(TEXT, other)


@pytest.mark.parametrize("kind", [["ecdsa", "-b", "384"], ["ecdsa", "-b", "521"], ["rsa", "-b", "2048"]], ids=" ".join)
def test_every_kind_of_key_is_verified_in_this_process_too(tmp_path, kind):
    key = made(tmp_path, kind)
    assert signatures.signer(TEXT, raw_sign(TEXT.encode(), key).decode())
    found = signatures.signers([(TEXT.encode(), forged(key))], quickly=True)
    assert isinstance(found[0], Refused)


def raw_sign_with(program, key):
    argv = [program, "-Y", "sign", "-n", "handrail", "-f", str(key)]
    return subprocess.run(argv, input=TEXT.encode(), capture_output=True, check=True).stdout.decode()


@pytest.mark.parametrize("kind", [["rsa", "-b", "1024"], ["dsa"]], ids=["rsa 1024", "dss"])
def test_a_weak_key_may_not_sign(tmp_path, kind):
    try:
        key = made(tmp_path, kind)
    except subprocess.CalledProcessError:
        pytest.skip("this ssh-keygen makes no such keys any more")
    with pytest.raises(Refused, match=r"too weak|may not sign"):
        signatures.signer(TEXT, raw_sign(TEXT.encode(), key).decode())
    with pytest.raises(Refused, match=r"too weak|may not sign"):
        signatures.sign(TEXT, key)


@pytest.mark.parametrize("quickly", [False, True])
def test_what_was_altered_is_found_both_ways(keys, quickly):
    good = raw_sign(TEXT.encode(), keys["cto"]).decode()
    lines = good.splitlines()
    blob = bytearray(base64.b64decode("".join(lines[1:-1])))

    def wrapped(raw):
        return "\n".join([lines[0], base64.b64encode(bytes(raw)).decode(), lines[-1]])

    def flipped(place):
        raw = bytearray(blob)
        raw[place] ^= 1
        return wrapped(raw)

    other = raw_sign(TEXT.encode(), keys["both"]).decode()
    bad = [
        *(flipped(place) for place in range(0, len(blob), 7)),
        wrapped(blob + b"\0"), wrapped(blob[:-1]), good.replace("SSH SIG", "PGP SIG"), good[:-30], "", good + good,
        raw_sign(TEXT.encode(), keys["cto"], "git").decode(), raw_sign(b"other", keys["cto"]).decode(),
        "-" * 1_000_000,
    ]  # fmt: skip
    papers = [(TEXT.encode(), one) for one in (good, other, *bad)]
    first, second, *rest = signatures.signers(papers, quickly=quickly)
    assert isinstance(first, str)
    assert isinstance(second, str)
    assert first != second
    assert all(isinstance(one, Refused) for one in rest)


def test_what_was_looked_at_quickly_is_not_taken_for_verified(keys, monkeypatch):
    other = forged(keys["cto"])
    monkeypatch.setattr(inside, "made_by", lambda *_: True)
    papers = [(TEXT.encode(), other)]
    assert isinstance(signatures.signers(papers, quickly=True)[0], str)
    assert isinstance(signatures.signers(papers)[0], Refused)


def test_a_signature_that_was_good_is_not_good_for_another_text(keys):
    good = raw_sign(TEXT.encode(), keys["cto"]).decode()
    assert signatures.signer(TEXT, good) == signatures.signer(TEXT, good)
    with pytest.raises(Refused, match="does not belong to this text"):
        signatures.signer(TEXT + " ", good)


def test_several_are_told_apart(keys):
    names = ["cto", "tech", "owner", "both", "requester"] * 3
    papers = [(str(n).encode(), raw_sign(str(n).encode(), keys[name]).decode()) for n, name in enumerate(names)]
    papers[4] = (b"other", papers[4][1])
    found = signatures.signers(papers)
    wanted = [" ".join(public(keys[name]).split(" ")[:2]) for name in names]
    assert isinstance(found[4], Refused)
    assert [one for n, one in enumerate(found) if n != 4] == [one for n, one in enumerate(wanted) if n != 4]


def test_it_works_where_gevent_has_patched_everything(keys, tmp_path):
    signature = tmp_path / "signature"
    signature.write_bytes(raw_sign(TEXT.encode(), keys["cto"]))
    script = (
        "import gevent.monkey; gevent.monkey.patch_all()\n"
        "import sys, pathlib\nfrom handrail import signatures\n"
        "text = pathlib.Path(sys.argv[2]).read_text()\n"
        "print(len(set(signatures.signers([(sys.argv[1].encode(), text)] * 6))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, TEXT, str(signature)], capture_output=True, text=True, check=True, timeout=60,
        cwd=Path(__file__).parents[3], env=os.environ | {"PYTHONPATH": "src"},
    )  # fmt: skip
    assert done.stdout == "1\n"


def test_a_forged_signature_is_refused_also_where_nobody_waits_for_children(keys, tmp_path):
    signature = tmp_path / "signature"
    signature.write_bytes(raw_sign(b"other", keys["cto"]))
    script = (
        "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "import sys, pathlib\nfrom handrail import signatures\n"
        "print(signatures.signer(sys.argv[1], pathlib.Path(sys.argv[2]).read_text()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, TEXT, str(signature)], capture_output=True, text=True, check=False, timeout=60,
        cwd=Path(__file__).parents[3], env=os.environ | {"PYTHONPATH": "src"},
    )  # fmt: skip
    assert done.stdout == ""
    assert "does not belong to this text" in done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "",
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        "ssh-rsa {blob}",
        'from="*" ssh-ed25519 {blob}',
        "ssh-ed25519 {blob}\n",
        "x y z",
    ],
)
def test_what_is_no_public_key_is_refused(keys, line):
    blob = public(keys["cto"]).split(" ")[1]
    with pytest.raises(ssh_key.Unfit):
        ssh_key.public_key(line.format(blob=blob))


def test_a_key_is_the_same_key_however_its_number_is_written(keys):
    kind, blob, *_ = public(keys["owner"]).split(" ")
    wire = ssh_key.Wire(base64.b64decode(blob))
    pieces = [wire.string() for _ in range(3)]
    longer = b"".join(map(ssh_key.packed, (*pieces[:2], b"\0" + pieces[2])))
    with pytest.raises(ssh_key.Unfit, match="shortest form"):
        ssh_key.public_key(f"{kind} {base64.b64encode(longer).decode()}")
    assert ssh_key.public_key(f"{kind} {blob} another comment") == f"{kind} {blob}"
