"""A certificate by ACME: real certbot, a real ACME server, two edges of real nginx; and each way to get none."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest

from handrail.control.certificate import _due
from handrail.control.certificates import judged
from handrail.errors import BadInput
from handrail.hosts.inventory import Loaded
from handrail.hosts.pair_intent import certificate_intent
from handrail.hosts.roots import known_roots
from handrail.model import acme
from handrail.model.chain import Chain
from handrail.model.fleet import Do
from handrail.model.intent import Verb
from handrail.model.tls import Dns
from handrail.model.wire import Seen
from tests.ports import free_port
from tests.unit.tls.authority import DAY, NOW, intermediate, issue
from tests.unit.tls.edge import needs_nginx
from tests.unit.tls.pebble import Pebble, needs_pebble
from tests.unit.tls.play import Play


class Shop:
    """Two edges, and the account of their certificates."""

    def __init__(self, edges, folder, directory) -> None:
        self.edges, self.folder = edges, folder
        self.environment, tls = edges.environment, edges.environment.system.edge.tls
        account = tls.acme.model_copy(update={"directory": directory, "ca": "acme/ca.pem", "email": "ops@shop.test"})
        self._describe(account)

    def _describe(self, account):
        system = self.environment.system
        tls = system.edge.tls.model_copy(update={"acme": account})
        edge = system.edge.model_copy(update={"tls": tls})
        certificates = system.certificates.model_copy(update={"ca": "issuer.pem"})
        object.__setattr__(
            self.environment, "system", system.model_copy(update={"edge": edge, "certificates": certificates})
        )

    def change(self, **account):
        self._describe(self.environment.system.edge.tls.acme.model_copy(update=account))

    def renew(self, before=lambda *_: None):
        loaded = Loaded(self.environment, self.folder)
        play = Play(self.edges, certificate_intent(Verb.RENEW, {"certificate": "shop"}, loaded), self.folder)
        return play.go(before), play

    def served(self):
        return [edge.served() for edge in self.edges.all]


@pytest.fixture
def pebble(edges, folder):
    # Every name leads to the second edge, which has no certbot: it asks the first one.
    made = Pebble(folder / "acme", http_port=edges.first.ports[0], address="127.0.0.2")
    (folder / "issuer.pem").write_text(made.root())
    yield made
    made.stop()


@pytest.fixture
def shop(edges, folder, pebble):
    return Shop(edges, folder, pebble.directory)


@needs_nginx
@needs_pebble
def test_a_real_certificate_is_issued_through_the_edges_and_served_by_both(shop, pebble):
    end, play = shop.renew()
    assert (end.exit_code, end.text) == (0, "certificate shop"), end
    one, other = shop.served()
    assert one == other
    assert "Pebble" in one.issuer.rfc4514_string()
    secret = play.run.pair.key.reveal().splitlines()[1]
    assert not any(secret in word for command in play.sent for word in command.argv)
    first = shop.edges.first
    assert not any(secret in path.read_text() for path in (first.root / "certbot").rglob("*") if path.is_file())
    assert not (first.root / "certbot/config/renewal").exists() or not list(
        (first.root / "certbot/config/renewal").iterdir()
    )

    # again, under load
    stop, failed, done = Event(), [], []

    def load():
        while not stop.is_set():
            try:
                assert first.ask()[0] == 200
                done.append(1)
            except (OSError, AssertionError) as error:
                failed.append(error)

    busy = Thread(target=load, daemon=True)
    busy.start()
    assert shop.renew()[0].exit_code == 0
    stop.set()
    busy.join(5)
    print(f"renewed under load: {len(done)} requests, {len(failed)} failed")  # noqa: T201  # the figure
    assert shop.served()[0] == shop.served()[1] != one
    assert (bool(done), failed) == (True, [])

    # a challenge that nobody answers
    before = shop.served()
    pebble.look_at("127.0.0.9")
    end, _ = shop.renew()
    assert end.exit_code == 1
    assert "no certificate was issued: the challenge failed: " in end.text
    assert "the old certificate is served" in end.text
    assert shop.served() == before

    # what was issued leads nowhere that is known
    pebble.look_at("127.0.0.2")
    (shop.folder / "issuer.pem").write_text((shop.folder / "acme/ca.pem").read_text())
    end, play = shop.renew()
    assert end.exit_code == 1
    assert "what was issued cannot be served as shop: " in end.text
    assert not play.run.fleet.tried(Do.PUT)
    assert shop.served() == before

    # nobody is there
    pebble.stop()
    end, _ = shop.renew()
    assert end.exit_code == 1
    assert "the ACME server cannot be reached: localhost" in end.text
    assert shop.served() == before


def hook(shop, pebble, name, call, value):
    """Write a command that has the DNS of the ACME server changed, and notes that it was called."""
    file = shop.folder / name
    told = '{"host":"_acme-challenge.%s."' + value + "}"
    said = f'printf \'{told}\' "$CERTBOT_DOMAIN" "$CERTBOT_VALIDATION"'
    url = f"http://127.0.0.1:{pebble.names}/{call}"
    file.write_text(f"#!/bin/sh\necho {name} >>{shop.folder}/called\n{said} | curl -sS --data @- {url}\n")
    file.chmod(0o755)
    return str(file)


@needs_nginx
@needs_pebble
def test_a_challenge_by_dns_is_answered_by_the_commands_and_taken_away_again(shop, pebble):
    # Nothing answers by HTTP where the names lead now.
    pebble.look_at("127.0.0.9")
    add = hook(shop, pebble, "txt-add", "set-txt", ',"value":"%s"')
    remove = hook(shop, pebble, "txt-remove", "clear-txt", "")
    shop.change(dns=Dns(add=add, remove=remove))
    end, _ = shop.renew()
    assert (end.exit_code, end.text) == (0, "certificate shop"), end
    issued = shop.served()
    assert issued[0] == issued[1]
    assert "Pebble" in issued[0].issuer.rfc4514_string()
    called = (shop.folder / "called").read_text().split()
    assert called.count("txt-add") == called.count("txt-remove") > 0

    shop.change(dns=Dns(add=hook(shop, pebble, "txt-nowhere", "clear-txt", ""), remove=remove))
    end, _ = shop.renew()
    assert end.exit_code == 1
    assert "no certificate was issued: the challenge failed: " in end.text
    assert shop.served() == issued


class Limited(BaseHTTPRequestHandler):
    """An ACME server that has had enough."""

    def _head(self, status: int, body: object = None) -> None:
        data = json.dumps(body).encode() if body else b""
        self.send_response(status)
        self.send_header("Replay-Nonce", "bm9uY2U")
        self.send_header("Content-Type", "application/problem+json" if status >= 400 else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_HEAD(self) -> None:
        self._head(200)

    def do_GET(self) -> None:
        here = f"http://localhost:{self.server.server_port}"
        self._head(200, {f"new{what}": f"{here}/{what}" for what in ("Nonce", "Account", "Order")})

    def do_POST(self) -> None:
        self._head(
            429,
            {
                "type": "urn:ietf:params:acme:error:rateLimited",
                "detail": "too many certificates for shop.test",
                "status": 429,
            },
        )

    def log_message(self, *_: object) -> None:
        pass


@needs_nginx
@needs_pebble
def test_a_server_that_limits_the_rate_is_named_and_the_old_certificate_stays(edges, folder):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Limited)
    Thread(target=server.serve_forever, daemon=True).start()
    (folder / "acme").mkdir()
    (folder / "acme/ca.pem").write_text("")
    (folder / "issuer.pem").write_text("")
    shop = Shop(edges, folder, f"http://localhost:{server.server_port}/dir")
    shop.change(ca=None)
    before = shop.served()
    end, _ = shop.renew()
    server.shutdown()
    assert end.exit_code == 1
    assert "the ACME server limits the rate; try again later: too many certificates for shop.test" in end.text
    assert shop.served() == before


def test_what_is_not_issued_by_acme_is_refused(edges_off, folder):
    from tests.unit.tls.edge import environment  # noqa: PLC0415

    loaded = Loaded(environment(folder), folder)
    with pytest.raises(BadInput, match="the certificate api is not `from: acme`"):
        certificate_intent(Verb.RENEW, {"certificate": "api"}, loaded)


def test_only_what_is_due_is_renewed(folder):
    from tests.unit.tls.edge import environment  # noqa: PLC0415

    described = environment(folder, ports=(free_port(), free_port(), free_port()))

    def due(made, name="shop.test"):
        chain = Chain((made.certificate, intermediate().certificate))
        seen = [Seen("web1", name, "shop", chain, file=chain, key="fits")]
        return _due(judged(described, seen, known_roots(described.system, folder), NOW), ["shop"])

    assert due(issue("shop.test", life=(-DAY, 89 * DAY))) == {}
    assert due(issue("shop.test", life=(-5 * DAY, DAY))) == {"shop": "due: 17% of its life is left"}
    assert due(issue("other.test")) == {"shop": "it is not for shop.test"}


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("Type:   dns\n  Detail: NXDOMAIN for a.test\n", "the challenge failed: NXDOMAIN for a.test"),
        (
            "HTTPSConnectionPool(host='a' [SSL: CERTIFICATE_VERIFY_FAILED]",
            "the ACME server's own certificate is not trusted, see edge.tls.acme.ca",
        ),
        (
            '"type": "urn:ietf:params:acme:error:rejectedIdentifier",\n"detail": "forbidden"',
            "the ACME server issues nothing for such a name: forbidden",
        ),
        ("nothing of interest", ""),
    ],
)  # fmt: skip
def test_the_reason_is_told_in_words(log, said):
    assert acme.reason(log) == said
