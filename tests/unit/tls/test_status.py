"""What `fab certificate.status` says: each kind of bad certificate, and what real nginx shows."""

from __future__ import annotations

import json
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from handrail.control import certificates
from handrail.control import ocsp as asked_ocsp
from handrail.hosts.certificates import ask, read_seen
from handrail.model.certificates import Certificates, due
from handrail.model.chain import Chain, read_chain
from handrail.model.level import Level
from handrail.model.wire import Seen, differing
from tests.unit.tls.authority import DAY, NOW, Issued, intermediate, issue, root, sign
from tests.unit.tls.edge import needs_nginx

LIMITS = Certificates()
HASH = hashes.SHA1()  # noqa: S303  # RFC 6960's name of an issuer
ROOTS = (root().certificate,)


def chain(made: Issued, *others: Issued) -> Chain:
    return Chain((made.certificate, *(each.certificate for each in others)))


def judged(shown: Chain | None, name="shop.test", *, file: Chain | None = None, key="fits", words="", roots=ROOTS):
    seen = Seen("web1", name, "shop", shown, words, file or shown, key)
    return seen.judged(LIMITS, roots, NOW)


def test_a_good_certificate_is_good():
    found = judged(chain(issue("shop.test"), intermediate()))
    assert (found.level, found.text) == (Level.OK, "89 days left")
    assert judged(chain(issue("shop.test"), intermediate(), root())).level is Level.OK
    assert judged(chain(issue("*.test"), intermediate()), "*.test").level is Level.OK


@pytest.mark.parametrize(
    ("life", "level", "text"),
    [
        ((-DAY, 5 * DAY), Level.OK, "5 days left"),
        ((-5 * DAY, DAY), Level.WARN, "24 h left of 6 days"),
        ((-60 * DAY, 29 * DAY), Level.WARN, "29 days left of 89 days"),
        ((-59 * DAY, 31 * DAY), Level.OK, "31 days left"),
        ((-87 * DAY, 3 * DAY), Level.ALERT, "3 days left of 90 days"),
        ((-90 * DAY, -3 * DAY), Level.ALERT, "ran out 3 days ago"),
        ((DAY, 90 * DAY), Level.ALERT, "not valid before"),
    ],
)
def test_what_is_left_is_judged_by_the_life_that_it_has(life, level, text):
    found = judged(chain(issue("shop.test", life=life), intermediate()))
    assert (found.level, found.text.startswith(text)) == (level, True), found.text


@pytest.mark.parametrize(
    ("life", "left", "is_due"),
    [
        (90, 31, False),
        (90, 29, True),
        (365, 31, False),
        (365, 29, True),
        (6, 2.1, False),
        (6, 1.9, True),
        (1, 1, False),
    ],
)
def test_it_is_due_in_the_last_third_of_its_life_at_most_30_days_before_its_end(life, left, is_due):
    assert due(timedelta(days=left), life=timedelta(days=life)) is is_due


def test_another_name_is_an_alert():
    found = judged(chain(issue("other.test"), intermediate()))
    assert (found.level, found.text) == (Level.ALERT, "for another name: other.test")


def test_a_broken_chain_is_named():
    good, other = issue("shop.test"), issue("api.test")
    found = judged(chain(good))
    assert (found.level, found.text) == (
        Level.ALERT,
        "incomplete chain: test intermediate, which issued it, is neither sent nor known here",
    )
    assert "number 1 is not issued by the next, test root; test intermediate is sent in another place" in (
        judged(chain(good, root(), intermediate())).text
    )
    assert (
        "number 1 is not issued by the next, api.test; test intermediate is not sent" in judged(chain(good, other)).text
    )
    assert judged(chain(root())).text.startswith("for another name")
    found = judged(chain(good, intermediate(), root()), roots=())
    assert (found.level, found.text) == (Level.ALERT, "leads to test root, which is not known here")


def test_what_may_not_issue_certificates_is_no_chain():
    leaf = issue("shop.test")
    made = sign("shop.test", issue("x.test").key, leaf, ca=False, names=("shop.test",))
    found = judged(Chain((made, leaf.certificate, intermediate().certificate)))
    assert (found.level, "the chain does not hold" in found.text) == (Level.ALERT, True), found.text


def test_an_issuer_that_ran_out_is_named():
    key = intermediate().key
    old = Issued(sign("old", key, root(), ca=True, life=(-9 * DAY, -DAY)), key)
    made = sign("shop.test", issue("x.test").key, old, ca=False, names=("shop.test",))
    assert "old, which issued it, ran out on" in judged(Chain((made, old.certificate))).text


def test_files_keys_and_hosts_that_differ_are_alerts():
    one, other = (chain(issue("shop.test"), intermediate()) for _ in range(2))
    found = judged(one, file=other)
    assert (found.level, found.text) == (Level.ALERT, f"serves {one.serial}, its file is {other.serial}")
    assert "does not belong to the certificate" in judged(one, key="differs").text
    assert judged(None, words="no certificate at 127.0.0.1:443: Connection refused").text.endswith("Connection refused")
    (between,) = differing([Seen("web1", "shop.test", "shop", one), Seen("web2", "shop.test", "shop", other)])
    assert (between.level, between.text) == (Level.ALERT, f"hosts differ: web1 {one.serial}, web2 {other.serial}")
    assert not list(differing([Seen("web1", "shop.test", "shop", one), Seen("web2", "shop.test", "shop", one)]))


@needs_nginx
def test_real_edges_are_asked_for_every_name_in_one_round_trip(edges, folder):
    (folder / "ca.pem").write_text("")
    seen = []
    for number, edge in enumerate(edges.all, 1):
        asked = ask(edges.environment, endpoints=False)
        words = [str(edge.root), *asked.command.arguments[1:]]
        words = [edge.address if word == "127.0.0.1" else word for word in words]
        reply = edge.run("certificates", arguments=tuple(words[2:]))
        assert reply.outcome.good, reply
        assert "PRIVATE" not in "".join(reply.lines)
        seen += read_seen(reply, f"web{number}", asked)
    found = certificates.judged(edges.environment, seen, ROOTS, NOW)
    assert [(row.finding.host, row.finding.what) for row in found.rows] == [
        (host, name) for host in ("web1", "web2") for name in ("shop.test", "api.shop.test")
    ]
    assert {row.finding.text for row in found.rows} == {"a placeholder of handrail's: no certificate came yet"}
    assert (found.level, found.between) == (Level.ALERT, ())
    assert {each.key for each in seen} == {"fits"}
    shown = json.loads(json.dumps(found.rows[1].json(NOW)))["shown"]
    assert (shown["names"], shown["key"], shown["chain"]) == (["api.shop.test"], "ECDSA secp256r1", 1)


def test_a_port_that_nothing_listens_on_says_so(edges_off):
    reply = edges_off.run("certificates", arguments=("wire", "127.0.0.1", "9", "shop.test", "file", "shop"))
    assert list(reply.values("words")) == [
        "1 no certificate at 127.0.0.1:9: Connection refused",
        f"2 there is no {edges_off.root}/tls/shop/fullchain.pem",
    ]


class Responder(BaseHTTPRequestHandler):
    answers: bytes = b""

    def do_POST(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.answers)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def responder():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Responder)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.mark.parametrize(("signer", "said"), [("authority", "revoked"), ("somebody", "no answer")])
def test_a_revoked_certificate_is_an_alert_if_the_authority_says_so(responder, monkeypatch, signer, said):
    made = chain(issue("shop.test"), intermediate())
    monkeypatch.setattr(Chain, "responder", responder)
    by = intermediate() if signer == "authority" else issue("x.test")
    answer = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            made.leaf, intermediate().certificate, HASH, ocsp.OCSPCertStatus.REVOKED, NOW, NOW + DAY,
            NOW - DAY, x509.ReasonFlags.key_compromise,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, by.certificate)
        .sign(by.key, hashes.SHA256())
    )  # fmt: skip
    Responder.answers = answer.public_bytes(serialization.Encoding.DER)
    told = asked_ocsp.statuses([made])
    assert told == {made.fingerprint: said}


def test_a_responder_that_is_away_says_nothing(monkeypatch):
    monkeypatch.setattr(Chain, "responder", "http://127.0.0.1:9/")
    made = chain(issue("shop.test"), intermediate())
    assert asked_ocsp.statuses([made]) == {made.fingerprint: "no answer"}


def test_what_is_no_certificate_is_none():
    assert read_chain("") is None
    assert read_chain("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n") is None
