"""Certificates of a load balancer by whole commands: imported, served, proved by handshake, and what is left of it.

AWS is moto; what its load balancer shows is tests/unit/ecs/wire.py beside it, by moto's books.
"""

from __future__ import annotations

import pytest
from moto.elbv2.models import ELBv2Backend

from tests.unit.ecs.aws import client
from tests.unit.ecs.wire import https, listed_stay, served, wire
from tests.unit.tls.authority import issue, pem, root

NAMES = ("shop.example.com", "api.example.com")
TLS = """server_names: [shop.example.com, api.example.com]
  tls:
    port: @TLS@
    certificates: {shop: {names: [shop.example.com]}, api: {names: [api.example.com]}}"""


@pytest.fixture
def edge(site, keys, tmp_path):
    keys.setattr(ELBv2Backend, "modify_listener", listed_stay(ELBv2Backend.modify_listener))
    with wire() as here:
        file = site.inventory.parent / "shop.yaml"
        told = file.read_text().replace("server_names: [shop.example.com]", TLS.replace("@TLS@", str(here.port)))
        file.write_text(f"{told}certificates: {{ca: ca.pem}}\n")
        (file.parent / "ca.pem").write_text(pem(root().certificate))
        https(*NAMES)
        yield Edge(site, here, tmp_path)


class Edge:
    def __init__(self, site, here, folder):
        self.site, self.wire, self.folder, self.keys = site, here, folder, []

    def files(self, made):
        self.keys.append(made.key_pem)
        files = {"cert": self.folder / "cert.pem", "key": self.folder / "key.pem"}
        files["cert"].write_text(made.cert_pem + made.chain_pem)
        files["key"].write_text(made.key_pem)
        return {word: str(file) for word, file in files.items()}

    def deploy(self, name, made):
        files = self.files(made)
        return self.site.fab(
            "certificate.deploy", name, "--cert", files["cert"], "--key", files["key"], "--yes"
        )  # fmt: skip

    def serials(self):
        return [served(self.wire.port, name) for name in NAMES]


def test_certificates_are_imported_served_and_proved_and_no_key_is_told(edge):
    shop, api = issue("shop.example.com"), issue("api.example.com")
    # One handshake to see that it can be asked, one that still shows the old one.
    edge.wire.freeze(handshakes=2)
    run = edge.site.run("certificate", certificate="api", **edge.files(api))
    (proof,) = run.steps("prove what is served")
    assert proof["words"].startswith("1 names at 1 addresses after 1.")
    waited = [event["words"] for event in run.events if event["outcome"] == "running" and event["words"]]
    assert waited == [f"waits up to 12 s for the load balancer to serve serial {number(api)} for api.example.com"]

    code, status = edge.site.fab("certificate.status")
    assert code == 2  # of the two, nobody knows moto's Amazon
    rows = {row["name"]: row for row in status["certificates"]}
    assert {name: row["acm"]["kind"] for name, row in rows.items()} == dict(
        zip(NAMES, ("AMAZON_ISSUED", "IMPORTED"), strict=True)
    )
    assert rows["api.example.com"]["text"].startswith("89 days left; imported by handrail as api; in use by ")

    code, end = edge.deploy("shop", shop)
    assert (code, end["text"]) == (0, "certificate shop"), end
    assert edge.serials() == [shop.certificate.serial_number, api.certificate.serial_number]
    code, refused = edge.site.fab("certificate.renew")
    assert code == 2
    assert "ACM renews by itself what Amazon issued" in refused["text"]

    # No key is anywhere but in its file and in ACM.
    (edge.folder / "key.pem").unlink()
    records = str(client("dynamodb").scan(TableName="shop-aws-deploys")["Items"])
    written = b"".join(path.read_bytes() for path in edge.folder.rglob("*") if path.is_file())
    said = f"{run.output()}{run.events}{records}{status}{end}".encode() + written
    secret = [line.encode() for key in edge.keys for line in key.splitlines()[1:-1]]
    assert not [line for line in secret if line in said]
    arn = rows["api.example.com"]["acm"]["arn"]
    tags = client("acm").list_tags_for_certificate(CertificateArn=arn)["Tags"]
    assert {each["Key"]: each["Value"] for each in tags} == {
        "handrail:certificate": "api", "system": "shop", "environment": "aws", "owner": "ops",
    }  # fmt: skip


def number(made):
    written = f"{made.certificate.serial_number:X}"
    return written.zfill(len(written) + len(written) % 2)
