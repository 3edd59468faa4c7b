"""Ask an edge for its certificates: what its files say and what it shows, all names in one round trip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handrail.hosts.script import Command, Reply
from handrail.model.chain import read_chain
from handrail.model.tls import asked_name, is_address
from handrail.model.wire import Seen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handrail.model.environment import Environment

# Each handshake has 10 s on the host, and all are asked at once.
SECONDS = 30
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Question:
    """One handshake; with the number of the question about the certificate's file, if it is the edge's own."""

    name: str
    certificate: str
    file: int
    wire: int


@dataclass(frozen=True)
class Asked:
    """What is asked of one host, and the command that asks it."""

    questions: tuple[Question, ...]
    command: Command


def ask(environment: Environment, *, endpoints: bool) -> Asked | None:
    """Build the command for an edge; with `endpoints` it asks others as well. None where there is nothing to ask."""
    words: list[tuple[str, ...]] = []
    questions = []
    tls = environment.system.edge.tls
    for certificate in tls.certificates.values() if tls else ():
        words.append(("file", certificate.name))
        file = len(words)
        for name in certificate.names:
            words.append(("wire", LOOPBACK, str(tls.port if tls else 0), sni(name)))
            questions.append(Question(name, certificate.name, file, len(words)))
    for endpoint in environment.system.certificates.endpoints if endpoints else ():
        name, _, port = endpoint.rpartition(":")
        words.append(("wire", name, port, sni(name)))
        questions.append(Question(name, "", 0, len(words)))
    if not words:
        return None
    head = (environment.system.root, f"/run/handrail/{environment.system.name}")
    arguments = (*head, *(word for each in words for word in each))
    return Asked(tuple(questions), Command(("certificates",), arguments, SECONDS))


def sni(name: str) -> str:
    """Give what a client would ask for: nothing for an address."""
    return "-" if is_address(name) else asked_name(name)


def read_seen(reply: Reply, host: str, asked: Asked) -> Iterator[Seen]:
    """Understand what was answered; a host that cannot be asked is an answer for each of its names."""
    words = dict(line.split(" ", 1) for line in reply.values("words"))
    keys = dict(line.split(" ", 1) for line in reply.values("key"))
    for question in asked.questions:
        lost = "" if reply.outcome.good else reply.words
        yield Seen(
            host=host,
            name=question.name,
            certificate=question.certificate,
            chain=read_chain(reply.block(f"pem {question.wire}")),
            words=lost or words.get(str(question.wire), ""),
            file=read_chain(reply.block(f"pem {question.file}")),
            key=keys.get(str(question.file), ""),
        )
