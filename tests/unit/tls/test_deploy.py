"""Deploying a certificate to two edges of real nginx: what is refused, and what comes back where one fails."""

from __future__ import annotations

import threading

import pytest

from handrail.errors import BadInput
from handrail.hosts.inventory import Loaded
from handrail.hosts.pair_intent import certificate_intent
from handrail.model.fleet import Do, Fleet, Outcome
from handrail.model.guard import must_swap_back
from handrail.model.intent import Verb
from tests.unit.tls.authority import DAY, intermediate, issue, pem, root
from tests.unit.tls.edge import Edges, needs_nginx
from tests.unit.tls.play import Play

pytestmark = needs_nginx


@pytest.fixture
def shop(edges, folder):
    return Shop(edges, folder)


class Shop:
    """Two edges whose operator has an authority of his own."""

    def __init__(self, edges: Edges, folder) -> None:
        self.edges, self.folder = edges, folder
        (folder / "ca.pem").write_text(pem(root().certificate))
        certificates = edges.environment.system.certificates.model_copy(update={"ca": "ca.pem"})
        system = edges.environment.system.model_copy(update={"certificates": certificates})
        object.__setattr__(edges.environment, "system", system)

    def play(self, made, *, name="shop", chain="", **files) -> Play:
        texts = {"cert": made.cert_pem + made.chain_pem, "key": made.key_pem} | files
        for word, text in texts.items():
            (self.folder / f"{word}.pem").write_text(text)
        data = {"certificate": name, "chain": chain} | {word: f"{self.folder}/{word}.pem" for word in texts}
        loaded = Loaded(self.edges.environment, self.folder)
        return Play(self.edges, certificate_intent(Verb.CERTIFICATE, data, loaded), self.folder)

    def serials(self, name="shop.test"):
        return [edge.served(name).serial_number for edge in self.edges.all]


def test_a_certificate_is_served_by_every_edge_and_no_other_name_has_it(shop):
    made, before = issue("shop.test"), shop.serials("api.shop.test")
    play = shop.play(made)
    end = play.go()
    assert (end.exit_code, end.text) == (0, "certificate shop")
    assert shop.serials() == [made.certificate.serial_number] * 2
    assert shop.serials("api.shop.test") == before
    assert (
        shop.edges.first.tls("certificate_put", "shop", "x", stdin="nothing").words == "the certificate arrived broken"
    )
    secret = made.key_pem.splitlines()[1]
    assert not any(secret in word for command in play.sent for word in command.argv)
    assert secret not in repr(play.sent)
    for edge in shop.edges.all:
        found = {path.name for path in (edge.root / "tls/.kept/shop").iterdir()}
        assert found == {"placeholder", play.run.intent.fingerprint[:16], ".before"}


def test_a_deploy_under_load_fails_no_request(shop):
    assert shop.play(issue("shop.test")).go().exit_code == 0
    edge, stop, failed, done = shop.edges.first, threading.Event(), [], []

    def load():
        while not stop.is_set():
            try:
                assert edge.ask()[0] == 200
                done.append(1)
            except (OSError, AssertionError) as error:
                failed.append(error)

    busy = [threading.Thread(target=load, daemon=True) for _ in range(4)]
    for each in busy:
        each.start()
    for _ in range(2):
        assert shop.play(issue("shop.test")).go().exit_code == 0
    stop.set()
    for each in busy:
        each.join(5)
    print(f"two certificates under load: {len(done)} requests, {len(failed)} failed")  # noqa: T201  # the figure
    assert len(done) > 20
    assert failed == []


def test_only_the_last_few_are_kept(shop):
    for _ in range(5):
        assert shop.play(issue("shop.test")).go().exit_code == 0
    kept = [path for path in (shop.edges.first.root / "tls/.kept/shop").iterdir() if path.is_dir()]
    assert len(kept) == 4


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("key", "the key does not belong to the certificate"),
        ("no key", "the key is no private key in PEM"),
        ("expired", "the certificate ran out on"),
        ("future", "the certificate is not valid before"),
        ("name", "the certificate is for other.test, and not for shop.test"),
        ("chain", "incomplete chain: test intermediate, which issued it, is neither sent nor known here"),
        (
            "order",
            "broken chain: number 1 is not issued by the next, test root; test intermediate is sent in another place",
        ),
        ("none", "the certificate is no certificate in PEM"),
    ],
)
def test_what_must_not_be_served_is_refused_before_anything_is_touched(shop, wrong, said):
    before, made, files = shop.serials(), issue("shop.test"), {}
    match wrong:
        case "key":
            files["key"] = issue("shop.test").key_pem
        case "no key":
            files["key"] = made.cert_pem
        case "expired":
            made = issue("shop.test", life=(-9 * DAY, -DAY))
        case "future":
            made = issue("shop.test", life=(DAY, 9 * DAY))
        case "name":
            made = issue("other.test")
        case "chain":
            files["cert"] = made.cert_pem
        case "order":
            files["cert"] = made.cert_pem + pem(root().certificate) + pem(intermediate().certificate)
        case "none":
            files["cert"] = "hello"
    with pytest.raises(BadInput) as refused:
        shop.play(made, **files)
    assert said in refused.value.message
    assert refused.value.message.endswith("nothing was touched")
    assert made.key_pem.splitlines()[1] not in str(refused.value)
    assert shop.serials() == before


def test_a_chain_may_come_in_a_file_of_its_own(shop):
    made = issue("shop.test")
    (shop.folder / "chain.pem").write_text(made.chain_pem)
    assert shop.play(made, cert=made.cert_pem, chain=f"{shop.folder}/chain.pem").go().exit_code == 0
    assert shop.serials() == [made.certificate.serial_number] * 2


def test_a_name_that_the_edge_does_not_have_is_refused(shop):
    with pytest.raises(BadInput, match=r"the certificate 'shp'; edge\.tls of shop has: shop, api"):
        shop.play(issue("shop.test"), name="shp")


@pytest.mark.parametrize("broken", [Do.PUT, Do.SWAP, Do.PROVE])
def test_an_edge_that_is_lost_in_the_middle_leaves_the_old_certificate_everywhere(shop, broken):
    assert shop.play(issue("shop.test")).go().exit_code == 0
    before = shop.serials()
    lost = []

    def lose(do, host):
        if do is broken and host == "web2" and not lost:
            lost.append(host)
            return False
        return None

    end = shop.play(issue("shop.test")).go(lose)
    assert end.exit_code == 1, end
    assert "old certificate" in end.text
    assert shop.serials() == before


def test_an_edge_that_stays_lost_is_named_and_called_unknown(shop):
    before = shop.serials()
    end = shop.play(issue("shop.test")).go(
        lambda do, host: False if do in {Do.SWAP, Do.PROVE} and host == "web2" else None
    )
    assert (end.exit_code, end.hosts) == (5, ("web2",))
    assert "not known which certificate web2 serves: fab certificate.status" in end.text
    assert shop.serials()[0] == before[0]


def test_an_edge_that_cannot_serve_it_sends_every_edge_back(shop):
    assert shop.play(issue("shop.test")).go().exit_code == 0
    before = shop.serials()
    play = shop.play(issue("shop.test"))
    other = shop.edges.all[1]

    def spoil(do, host):
        if do is Do.PROVE and host == "web1" and not play.run.fleet.tried(Do.PROVE):
            # as if nginx's workers had no right to read it
            (other.root / "tls/shop").resolve().joinpath("key.pem").chmod(0o600)

    end = play.go(spoil)
    assert end.exit_code == 1
    assert "prove what is served failed on web2: port" in end.text
    assert "every edge serves the old certificate again" in end.text
    assert shop.serials() == before


def test_a_swap_that_comes_late_after_the_run_went_back_does_nothing(shop):
    before, edge, late = shop.serials(), shop.edges.first, []
    play = shop.play(issue("shop.test"))

    def lose(do, host):
        if do is Do.FINISH and host == "web1":
            words = (edge.inside, "on", "shop", play.run.intent.fingerprint[:16])
            late.append(edge.fenced(play.run.fleet.token, play.run.run_id, "tls", "certificate_swap", arguments=words))
        return False if do is Do.PROVE and host == "web2" and not play.run.fleet.outcomes.get((Do.SWAP, 1)) else None

    assert play.go(lose).exit_code == 1
    assert [reply.words for reply in late] == ["this run has gone back already"]
    assert shop.serials() == before


def test_nothing_goes_back_that_was_never_swapped_or_that_another_run_took_over(shop):
    fleet = Fleet(shop.play(issue("shop.test")).run.fleet.roles)
    fleet.record(Do.PUT, "web1", Outcome.FAILED)
    assert not must_swap_back(fleet)
    fleet.record(Do.SWAP, "web1", Outcome.OK)
    assert must_swap_back(fleet)
    fleet.record(Do.SWAP, "web2", Outcome.REFUSED)
    assert not must_swap_back(fleet)
