"""TLS at the edge, on real nginx: who gets which certificate, what plain HTTP gets, what the service is told."""

from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path

import pytest

from handrail.errors import SystemInvalid
from handrail.model.document import parse
from handrail.model.tls import covers
from handrail.runtimes import UNITS
from handrail.traffic import nginx
from tests.unit.tls.edge import NAMES, environment, needs_nginx

SANVI = Path("inventories/sanvi.yaml")


def names_of(certificate):
    return re.findall(r"value='([^']+)'", str(certificate.extensions[-1].value)) if len(certificate.extensions) else []


def organization(certificate):
    return certificate.subject.rfc4514_string()


@needs_nginx
def test_an_edge_starts_without_a_certificate_and_serves_a_placeholder_that_says_so(edges):
    for edge in edges.all:
        for name in NAMES:
            served = edge.served(name)
            assert organization(served) == "O=handrail placeholder"
            assert edge.ask(name=name)[0] == 200
        assert edge.served("shop.test") != edge.served("api.shop.test")
        assert edge.served("nobody.test") == edge.served("shop.test")
        again = edge.tls("placeholder", "shop", "DNS:shop.test")
        assert (again.outcome.value, again.words) == ("unchanged", "every certificate is there")


@needs_nginx
def test_a_key_can_be_read_by_nginx_and_by_nobody_else(edges):
    folder = (edges.first.root / "tls/shop").resolve()
    modes = [oct(path.stat().st_mode & 0o777) for path in (folder, folder / "key.pem", folder / "fullchain.pem")]
    assert modes == ["0o750", "0o640", "0o644"]
    assert {folder.group(), (folder / "key.pem").group()} == {"www-data"}
    assert (folder / "key.pem").owner() == "root"


@needs_nginx
def test_no_key_is_served_where_no_service_is_on_the_root(edges):
    edge = edges.first
    api = edge.system.edge.model_copy(update={"paths": {"/api/": "site"}})
    edge.configure(edge.system.model_copy(update={"edge": api}))
    edge.nginx("-s", "reload")
    files = [(f"/{file}", https) for file in ("key.pem", "fullchain.pem") for https in (True, False)]

    def asked():
        return [edge.ask(file, https=https)[0] for file, https in files]

    until = time.monotonic() + 10
    while asked() != [404] * 4 and time.monotonic() < until:  # for a moment workers of both configurations answer
        time.sleep(0.05)
    assert asked() == [404] * 4
    assert edge.ask("/api/x")[0] == 200


@needs_nginx
def test_plain_http_is_sent_on_with_its_method_and_tls_is_what_the_service_is_told(edges):
    edge = edges.first
    status, headers, _ = edge.ask("/buy?x=1", https=False, method="POST")
    assert (status, headers["Location"]) == (308, f"https://shop.test:{edge.ports[1]}/buy?x=1")
    status, headers, body = edge.ask("/buy")
    assert (status, headers["X-Release"]) == (200, "1.0.0")
    assert json.loads(body)["x-forwarded-proto"] == "https"


@needs_nginx
def test_the_hold_page_holds_requests_by_tls(edges):
    edge = edges.first
    (edge.root / "gate/maintenance").write_text("back soon\n")
    status, headers, body = edge.ask()
    assert (status, headers["Retry-After"], body) == (503, "120", "back soon\n")
    assert edge.ask(https=False)[0] == 308
    (edge.root / "acme/.well-known/acme-challenge").mkdir(parents=True)
    (edge.root / "acme/.well-known/acme-challenge/word").write_text("yes")
    assert edge.ask("/.well-known/acme-challenge/word", https=False)[0] == 200


@needs_nginx
def test_an_operators_request_passes_the_hold_page_and_nobody_elses(edges):
    edge = edges.first
    maintenance = edge.system.edge.maintenance.model_copy(update={"operators": ("127.0.0.9/32",)})
    changed = edge.system.edge.model_copy(update={"maintenance": maintenance})
    edge.configure(edge.system.model_copy(update={"edge": changed}))
    edge.nginx("-s", "reload")
    (edge.root / "gate/maintenance").write_text("back soon\n")
    until = time.monotonic() + 10
    while edge.ask(source="127.0.0.9")[0] != 200 and time.monotonic() < until:  # a worker of before may still answer
        time.sleep(0.05)
    assert (edge.ask(source="127.0.0.9")[0], edge.ask(source="127.0.0.8")[0]) == (200, 503)
    assert edge.ask(source="127.0.0.9", method="POST")[0] == 200
    assert edge.ask(source="127.0.0.8", method="POST")[0] == 503


@needs_nginx
def test_a_challenge_is_answered_by_every_edge_though_one_alone_has_it(edges):
    first, other = edges.all
    (first.root / "acme/.well-known/acme-challenge").mkdir(parents=True)
    (first.root / "acme/.well-known/acme-challenge/word").write_text("yes")
    for edge in edges.all:
        status, headers, body = edge.ask("/.well-known/acme-challenge/word", https=False)
        assert (status, body, headers["Content-Type"]) == (200, "yes", "text/plain")
        assert edge.ask("/.well-known/acme-challenge/../../../tls/shop/key.pem", https=False)[0] in {308, 400, 404}
        assert edge.ask("/.well-known/acme-challenge/other", https=False)[0] == 404
    (other.root / "gate/record").write_text("7 blue\n")
    assert other.ask("/.handrail/shop/record", https=False)[2] == "7 blue\n"


@needs_nginx
def test_release_is_asked_for_by_tls_as_a_client_would(edges):
    edge = edges.first
    asked = ("verify",)
    words = (edge.system.edge.origin, "shop.test", 2, "/", 200, "X-Release", "1.0.0", "")
    assert edge.system.edge.origin == f"https://shop.test:{edge.ports[1]}"
    assert edge.run(*asked, arguments=words).outcome.good
    assert "wanted '2.0.0'" in edge.run(*asked, arguments=(*words[:6], "2.0.0", "")).words


@needs_nginx
def test_certificates_that_are_swapped_all_the_time_fail_no_handshake(edges, issued):
    edge = edges.first
    stop = threading.Event()
    swaps = 0

    def swap():
        nonlocal swaps
        while not stop.wait(0.0005):
            swaps += 1
            link = edge.root / "tls/.swap"
            link.symlink_to(f".kept/shop/{('placeholder', 'other')[swaps % 2]}")
            link.rename(edge.root / "tls/shop")

    folder = edge.root / "tls/.kept/shop/other"
    folder.mkdir()
    for name, text in issued("shop.test").files().items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o644)
    swapping = threading.Thread(target=swap, daemon=True)
    swapping.start()
    seen = [edge.served().serial_number for _ in range(150)]
    stop.set()
    assert len(set(seen)) == 2
    assert swaps > 10


def test_an_edge_in_a_container_sees_certificates_and_publishes_both_ports(tmp_path):
    system = environment(tmp_path).system
    mounts = nginx.directories(system, "/run/handrail/shop")
    assert {f"{tmp_path}/tls", f"{tmp_path}/acme"} <= set(mounts)
    assert "docker exec -i" in UNITS["compose"].inside(nginx_unit(system))


def nginx_unit(system):
    from handrail.hosts.survey import edge_unit  # noqa: PLC0415  # imports nothing of pyinfra

    return edge_unit(system)


def test_without_tls_the_configuration_is_what_it_was():
    system = parse(SANVI.read_text(), source="sanvi.yaml", environment="lab")
    text = nginx.site(
        system, run_directory="/run/x", addresses={"backend": ["10.0.0.1"], "frontend": ["10.0.0.1"]}, peers=[]
    ).text
    assert "ssl" not in text
    assert "    listen 80;\n    server_name localhost 127.0.0.1;\n" in text
    assert "* 100; }\n\nupstream" in text
    assert "    location / {\n        if ($sanvi_held)" in text


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("shop.test", "shop.test", True),
        ("SHOP.test", "shop.test", True),
        ("*.shop.test", "api.shop.test", True),
        ("*.shop.test", "*.shop.test", True),
        ("*.shop.test", "shop.test", False),
        ("*.shop.test", "a.b.shop.test", False),
    ],
)
def test_a_wildcard_stands_for_one_label(pattern, name, fits):
    assert covers(pattern, name) is fits


@pytest.mark.parametrize(
    ("tls", "key", "allowed"),
    [
        ("{certificates: {a: {names: [b.example.com]}}}", "edge.server_names[0]", "a name of a certificate"),
        (
            "{certificates: {a: {names: [app.sanvi-machinery.com]}, b: {names: [app.sanvi-machinery.com]}}}",
            "edge.tls.certificates.b.names[0]",
            "a name of one certificate",
        ),
        (
            '{certificates: {a: {names: ["*.sanvi-machinery.com"], from: acme}}}',
            "edge.tls.certificates.a.names[0]",
            "HTTP-01 proves no wildcard",
        ),
        ("{port: 80, certificates: {a: {names: [app.sanvi-machinery.com]}}}", "edge.tls.port", "a port of its own"),
        ("{certificates: {}}", "edge.tls.certificates", ""),
        ("{certificates: {a: {names: ['a.com; evil']}}}", "edge.tls.certificates.a.names[0]", "a host name"),
    ],
)
def test_a_slip_is_refused_with_its_key(tls, key, allowed):
    raw = re.sub(r"\n  tls:\n(?:    .*\n|\n)+", "\n", SANVI.read_text())
    raw = raw.replace("  # Which service answers which paths", f"  tls: {tls}\n  # Which service answers which paths")
    with pytest.raises(SystemInvalid) as caught:
        parse(raw, source="sanvi.yaml", environment="prod")
    assert (key, True) in [(problem.key, allowed in problem.allowed) for problem in caught.value.problems]
