"""A certificate on a load balancer that fails it, step by step: the real table, guards and calls, on moto's books.

moto deletes what is in use and never refuses a listener's change: both are injected here. What is shown is wire.py's.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.elbv2.models import ELBv2Backend

from handrail.ecs.clients import Clients
from handrail.ecs.cluster import Cluster
from handrail.ecs.handshake import Handshake
from handrail.ecs.reply import done
from handrail.hosts.inventory import Loaded
from handrail.hosts.pair_intent import certificate_intent
from handrail.infra.identity import session_of
from handrail.model.aws_variables import aws_of
from handrail.model.clearance import Clearance, Kind
from handrail.model.decide import decide
from handrail.model.document import parse
from handrail.model.environment import Environment, Host
from handrail.model.fleet import Do
from handrail.model.intent import Verb
from handrail.model.rollout import CERTIFICATE
from handrail.orchestration.cloud import calls
from handrail.orchestration.run import Run
from tests.unit.ecs import aws
from tests.unit.ecs.test_certificates import NAMES, TLS
from tests.unit.ecs.wire import https, listed_stay, served, wire
from tests.unit.tls.authority import issue, pem, root


class Balancer:
    """A system with TLS whose operator has an authority of its own; waiting takes no time here."""

    def __init__(self, here, folder):
        self.wire, self.folder, self.now, self.waited = here, folder, 0.0, 0
        tls = TLS.replace("@TLS@", str(here.port))
        text = aws.YAML.replace("@PORT@", "80").replace("server_names: [shop.example.com]", tls)
        system = parse(f"{text}certificates: {{ca: ca.pem}}\n", source="shop.yaml", environment="aws")
        (folder / "ca.pem").write_text(pem(root().certificate))
        groups = {"cluster": (Host("@ecs/shop", "shop"),), "database": (Host("@ecs/db", "db"),)}
        self.environment = Environment("aws", system, groups)
        self.cluster = Cluster(
            self.environment, Clients(session_of(aws_of(self.environment)), aws_of(self.environment))
        )
        self.cluster.handshake = lambda port: Handshake("127.0.0.1", port, sleep=self.sleep, clock=lambda: self.now)
        object.__setattr__(self.cluster.certificates, "sleep", self.sleep)
        object.__setattr__(self.cluster.certificates, "clock", lambda: self.now)

    def sleep(self, seconds):
        self.now, self.waited = self.now + seconds, self.waited + 1

    def run(self, name, made, *, before=lambda _: None, until=None):
        """Run the table; `before` each step something may break; it dies where `until` would begin."""
        (self.folder / "cert").write_text(made.cert_pem + made.chain_pem)
        (self.folder / "key").write_text(made.key_pem)
        data = {"certificate": name, "cert": str(self.folder / "cert"), "key": str(self.folder / "key")}
        intent = certificate_intent(Verb.CERTIFICATE, data, Loaded(self.environment, self.folder))
        run = Run(
            self.environment, intent, base=self.folder, cache=self.folder, clearance=Clearance(Kind.FREE, {}, ""),
            run_id=f"{datetime.now(UTC):%f}", cluster=self.cluster,
        )  # fmt: skip
        fleet = run.fleet
        for step in CERTIFICATE:
            for host in [host for host in fleet.roles.hosts if step.runs_on(host, fleet)]:
                if step.do is Do.PLAN:
                    fleet.plan = decide(intent, fleet.states, fleet.roles)
                    continue
                before(step)
                if step.do is until:
                    return None
                (call,) = calls(run, self.cluster, step)
                reply = done(call)
                if step.do is Do.LEASE:
                    fleet.tokens[host], fleet.states[host] = int(reply.value("token")), reply.state
                fleet.record(step.do, host, reply.outcome, part=step.part, words=run.masked(reply.words))
        return run.verdict()

    @property
    def serials(self):
        return [served(self.wire.port, name) for name in NAMES]

    @property
    def state(self):
        return self.serials, self.cluster.certificates.hung(), self.kept

    @property
    def kept(self):
        found = aws.client("acm").list_certificates(Includes={"keyTypes": ["RSA_2048", "EC_prime256v1"]})
        return {each["CertificateArn"] for each in found["CertificateSummaryList"]}


@pytest.fixture(scope="module")
def balancer(tmp_path_factory):
    """One for all tests: each leaves both names with a certificate, as it found them."""
    with pytest.MonkeyPatch.context() as patched, mock_aws(), wire() as here:
        patched.setattr(ELBv2Backend, "modify_listener", listed_stay(ELBv2Backend.modify_listener))
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "SHOP_DB_PASSWORD"):
            patched.setenv(name, "planted-4711")
        aws.build()
        https(*NAMES)
        made = Balancer(here, tmp_path_factory.mktemp("shop"))
        made.bare = made.run("shop", issue("shop.example.com"))
        for name in ("api", "shop"):
            assert made.run(name, issue(f"{name}.example.com")).exit_code == 0
        yield made


@pytest.fixture
def before(balancer):
    """What is served, and what the listener and ACM have."""
    balancer.waited = 0
    yield balancer.state
    balancer.wire.thaw()
    assert all(balancer.cluster.certificates.kept(arn).name for arn in balancer.cluster.certificates.hung().arns)


def serial(made):
    return made.certificate.serial_number


def test_a_default_that_serves_another_name_goes_only_once_that_one_has_its_own(balancer):
    """What Amazon issued is the default, and serves both names."""
    assert balancer.bare.exit_code == 1
    assert "api.example.com would have no certificate: arn:aws:acm:" in balancer.bare.text
    assert "issued by Amazon, which renews it, is the default now" in balancer.bare.text
    assert "deploy the certificate api first; nothing was imported" in balancer.bare.text


def test_the_same_again_changes_nothing_and_another_one_takes_its_place_which_amazons_outlives(balancer, before):
    made = issue("shop.example.com")
    assert balancer.run("shop", made).exit_code == 0
    there = balancer.state
    assert there[0] == [serial(made), before[0][1]]
    assert balancer.run("shop", made).exit_code == 0
    assert balancer.state == there
    gone, new = before[2] - there[2], there[2] - before[2]
    assert (gone, new) == ({before[1].default}, {there[1].default})
    assert len([arn for arn in there[2] if balancer.cluster.certificates.kept(arn).kind == "AMAZON_ISSUED"]) == 1


@pytest.mark.parametrize("name", ["shop", "api"])
def test_a_certificate_that_is_not_served_in_time_goes_and_the_old_one_is_served_again(balancer, before, name):
    made = issue(f"{name}.example.com")

    def stuck(step):
        if (step.do, step.part) == (Do.SWAP, 0):
            balancer.wire.freeze()

    end = balancer.run(name, made, before=stuck)
    assert (end.exit_code, end.word) == (1, "failed")
    assert f"not served within 12 s: {name}.example.com is served at 127.0.0.1 with serial" in end.text
    assert end.text.endswith("every edge serves the old certificate again")
    assert balancer.waited == 12
    balancer.wire.thaw()
    assert balancer.state == before


def test_one_that_is_not_proved_to_be_back_is_called_unknown_and_the_next_run_mends_it(balancer, before):
    made = issue("shop.example.com")

    def stuck(step):
        if step.do is Do.SWAP:  # shows the old one when it should show the new one, then the other way round
            balancer.wire.thaw()
            balancer.wire.freeze()

    end = balancer.run("shop", made, before=stuck)
    assert (end.exit_code, end.word) == (5, "unknown")
    assert "not known which certificate @ecs/shop serves: fab certificate.status" in end.text
    balancer.wire.thaw()
    assert balancer.run("shop", made).exit_code == 0
    assert balancer.serials == [serial(made), before[0][1]]
    assert len(balancer.kept) == len(before[2])


@pytest.mark.parametrize("until", [Do.SWAP, Do.PROVE, Do.FINISH])
def test_a_run_that_dies_leaves_a_certificate_for_every_name_and_the_next_one_finishes(balancer, before, until):
    serials, _, kept = before
    made = issue("shop.example.com")
    balancer.run("shop", made, until=until)
    assert balancer.serials == [serial(made) if until is not Do.SWAP else serials[0], serials[1]]
    aws.client("dynamodb").update_item(
        TableName="shop-aws-deploys", Key={"id": {"S": "ledger"}}, UpdateExpression="REMOVE lease_until"
    )
    assert balancer.run("shop", made).exit_code == 0
    assert balancer.serials == [serial(made), serials[1]]
    # Nothing is left over, and what a dead run has imported was used.
    assert len(balancer.kept) == len(kept)
    assert len(balancer.kept & kept) == len(kept) - 1


def test_what_aws_refuses_puts_the_old_one_back_and_tells_no_key(balancer, before, monkeypatch):
    made = issue("shop.example.com")

    def refuse(**words):
        told = {"Error": {"Code": "ValidationException", "Message": f"cannot read {words.get('PrivateKey', b'')!r}"}}
        raise ClientError(told, "ImportCertificate")

    with monkeypatch.context() as patched:
        patched.setattr(balancer.cluster.clients.acm, "import_certificate", refuse)
        end = balancer.run("shop", made)
    assert (end.exit_code, end.word) == (1, "failed")
    assert "AWS refuses ImportCertificate: ValidationException" in end.text
    assert not [line for line in made.key_pem.splitlines()[1:-1] if line in end.text]
    with monkeypatch.context() as patched:
        patched.setattr(balancer.cluster.clients.balancer, "modify_listener", refuse)
        end = balancer.run("shop", made)
    assert (end.exit_code, end.text.endswith("every edge serves the old certificate again")) == (1, True), end
    assert balancer.state == before


def test_an_old_certificate_that_something_else_uses_stays_and_is_named(balancer, before, monkeypatch):
    used = {"Error": {"Code": "ResourceInUseException", "Message": "in use"}}

    def refuse(**_):
        raise ClientError(used, "DeleteCertificate")

    monkeypatch.setattr(balancer.cluster.clients.acm, "delete_certificate", refuse)
    words = []
    real, shelf = balancer.cluster.certificates.drop, balancer.cluster.certificates
    monkeypatch.setitem(vars(shelf), "drop", lambda arns: words.extend(real(arns)) or words)
    assert balancer.run("shop", issue("shop.example.com")).exit_code == 0
    assert words[0].endswith("stays in ACM: ResourceInUseException")
    assert balancer.waited == 15
    # The next run tries again.
    monkeypatch.undo()
    assert balancer.run("shop", issue("shop.example.com")).exit_code == 0
    assert len(balancer.kept) == len(before[2])


def test_a_foreign_certificate_that_is_listed_for_a_name_is_left_alone_and_named(balancer, before):
    foreign = issue("*.example.com")
    shelf = balancer.cluster.certificates
    arn = aws.client("acm").import_certificate(
        Certificate=foreign.cert_pem.encode(), PrivateKey=foreign.key_pem.encode()
    )
    hung = shelf.hung()
    shelf.hang(type(hung)(hung.default, (*hung.listed, arn["CertificateArn"])))
    there = balancer.state
    end = balancer.run("shop", issue("shop.example.com"))
    assert end.exit_code == 1
    assert f"{arn['CertificateArn']} is listed for shop.example.com too, is imported, and not by handrail" in end.text
    assert balancer.state == there
    shelf.hang(hung)
