"""What a listener is to have, decided: after each single change, there and back, every name has a certificate."""

from __future__ import annotations

import pytest

from handrail.model.acm import IMPORTED, Exchange, Hung, Kept, bare, changes, exchanged, fitting, in_the_way
from handrail.model.certificates import Certificates
from handrail.model.chain import Chain
from handrail.model.level import Level
from handrail.model.wire import Seen
from tests.unit.tls.authority import NOW, intermediate, issue, root

SHOP, API = "shop.example.com", "api.example.com"


def kept(arn, *names, by=""):
    return Kept(arn, IMPORTED if by else "AMAZON_ISSUED", by, Chain((issue(*names).certificate,)))


KEPT = {
    each.arn: each
    for each in (
        kept("amazons", SHOP, API), kept("shop", SHOP, by="shop"), kept("api", API, by="api"),
        kept("newer shop", SHOP, by="shop"), kept("newer api", API, by="api"), kept("any", "*.example.com"),
    )
}  # fmt: skip
LISTENERS = [Hung("amazons"), Hung("amazons", ("api",)), Hung("shop", ("api",)), Hung("api", ("shop",)), Hung("api")]


def done(now, change):
    verb, arn = change
    match verb:
        case "default":
            return Hung(arn, now.listed)
        case "add":
            return Hung(now.default, (*now.listed, arn))
    assert arn in now.listed
    return Hung(now.default, tuple(each for each in now.listed if each != arn))


def walk(now, wanted):
    for change in changes(now, wanted):
        now = done(now, change)
        yield now


def covered(hung):
    return {name for name in (SHOP, API) if any(each.fits(name) for each in fitting(hung, KEPT, name))}


@pytest.mark.parametrize("before", LISTENERS)
@pytest.mark.parametrize(("name", "new", "first"), [("shop", "newer shop", True), ("api", "newer api", False)])
def test_no_name_is_without_a_certificate_on_the_way_there_or_back(before, name, new, first):
    mine = [arn for arn, each in KEPT.items() if each.name == name and arn != new]
    after = exchanged(before, new, first=first, mine=mine)
    lost = bare(before, after, KEPT, [SHOP, API])
    assert lost == sorted(covered(before) - covered(after))
    if lost:  # such an exchange is refused
        return
    there = list(walk(before, after))
    back = list(walk(after, before))
    assert (there[-1], set(back[-1].arns)) == (after, set(before.arns))
    assert all(covered(hung) >= covered(before) for hung in (*there, *back))
    # Dead half-way, somebody else begins from there.
    assert all([*walk(hung, after)][-1:] in ([after], []) for hung in there)
    assert [each.arn for each in fitting(after, KEPT, {"shop": SHOP, "api": API}[name])] == [new]


def test_the_default_is_replaced_and_the_others_are_listed():
    assert exchanged(Hung("amazons", ("api",)), "shop", first=True, mine=[]) == Hung("shop", ("api",))
    assert exchanged(Hung("shop", ("api",)), "newer api", first=False, mine=["api"]) == Hung("shop", ("newer api",))
    # Once the first of the description, and not any more.
    assert exchanged(Hung("api"), "newer api", first=False, mine=["api"]) == Hung("newer api", ("newer api",))


def test_the_same_again_changes_nothing():
    now = Hung("shop", ("api",))
    assert not [*changes(now, exchanged(now, "shop", first=True, mine=["shop"]))]
    assert not [*changes(now, exchanged(now, "api", first=False, mine=["api"]))]


def test_what_is_listed_by_others_for_a_name_is_in_the_way():
    found = [*in_the_way(Hung("shop", ("api", "any")), KEPT, [API], mine=["api"])]
    assert [(each.arn, name) for each, name in found] == [("any", API)]
    assert not [*in_the_way(Hung("any", ("api",)), KEPT, [API], mine=["api"])]


def test_only_what_hangs_nowhere_is_over():
    exchange = Exchange(Hung("shop"), Hung("newer shop"), earlier=("shop", "older"), imported="newer shop")
    assert exchange.over(Hung("newer shop"), back=False) == ("shop", "older")
    assert exchange.over(Hung("shop"), back=True) == ("newer shop",)
    assert exchange.over(Hung("newer shop"), back=True) == ()


@pytest.mark.parametrize(("arn", "level"), [("shop", Level.OK), ("newer shop", Level.ALERT)])
def test_what_is_served_is_compared_with_what_the_listener_has(arn, level):
    shown = Chain((*KEPT["shop"].chain.certificates, intermediate().certificate))
    seen = Seen("10.0.0.1", SHOP, "shop", shown, acm=KEPT[arn])
    found = seen.judged(Certificates(), [root().certificate], NOW)
    assert found.level is level, found
    assert found.text.endswith("imported by handrail as shop; in use by nobody, as ACM knows")
    assert (f"its listener has {KEPT[arn].chain.serial}" in found.text) == (level is Level.ALERT)
