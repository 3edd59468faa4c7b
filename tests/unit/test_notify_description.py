"""The part `notify` of a description: what is wrong with it is told, and no URL is repeated; events in words."""

from __future__ import annotations

import string

import pytest

from handrail.control.health import secrets_of
from handrail.errors import SystemInvalid
from handrail.hosts.inventory import Loaded
from handrail.model import document
from handrail.model.change_plan import change_plan
from handrail.model.environment import Environment, Host
from handrail.model.happening import EVENTS, PLACE, Happening
from handrail.model.intent import Intent, Verb
from handrail.model.message import BODY_LETTERS, TITLE_LETTERS, message
from handrail.model.placeholder import names
from tests.unit.shop import SHOP

TOKEN = "T0KEN-of-a-hook"
NOTIFY = """
notify:
  channels:
    ops: {url: {secret: OPS_URL}}
    users: {url: [{secret: CHAT_URL}, {secret: MAIL_URL}]}
  events:
    emergency: [ops]
    run.failed: [ops, users, ops]
  templates:
    run.failed: {title: "$$ ${verb} of ${system}", body: "${text}"}
secrets:
  DB_PASSWORD: {env: SHOP_DB_PASSWORD}
  OPS_URL: {env: SHOP_OPS_URL}
  CHAT_URL: {file: chat}
  MAIL_URL: {command: [pass, mail]}
environments:
  prod: {}
"""
HOSTS = {group: (Host(f"{group}1", "10.0.0.1"),) for group in ("web", "db", "edge")}
FACTS = {
    "verb": "deploy",
    "what": "1.0.0 -> 1.1.0",
    "who": "ops@desk",
    "outcome": "failed",
    "text": "it broke",
    "run": "r1",
}


def parsed(text=NOTIFY):
    return document.parse(SHOP.partition("secrets:\n")[0] + text, source="shop.yaml", environment="prod")


def environment(text=NOTIFY):
    return Environment("prod", parsed(text), HOSTS)


@pytest.mark.parametrize(
    ("right", "wrong", "key", "found", "suggestion"),
    [
        ("[ops]", "[opps]", "notify.events.emergency[0]", "'opps'", "ops"),
        ("emergency: [", "emergancy: [", "notify.events.emergancy", "the key 'emergancy'", "emergency"),
        ("emergency: [", "notify.test: [", "notify.events.notify.test", "an event of `fab notify.test`", ""),
        ("    run.failed: {", "    run.faild: {", "notify.templates.run.faild", "the key 'run.faild'", "run.failed"),
        ("${verb} of", "${verv} of", "notify.templates.run.failed.title", "${verv}", "${verb}"),
        ('body: "${text}"', 'body: "${days}"', "notify.templates.run.failed.body", "${days}", ""),
        ('{title: "$$ ${verb} of ${system}", body: "${text}"}', "{}", "notify.templates.run.failed", "neither", ""),
        ("{secret: OPS_URL}", "{secret: OPS_URI}", "notify.channels.ops.url.secret", "'OPS_URI'", "OPS_URL"),
        ("{secret: CHAT_URL}", "{secret: CHAR_URL}", "notify.channels.users.url[0].secret", "'CHAR_URL'", "CHAT_URL"),
        ("{url: {secret: OPS_URL}}", "{uri: {secret: OPS_URL}}", "notify.channels.ops.uri", "unknown key 'uri'", "url"),
        (
            "[{secret: CHAT_URL}, {secret: MAIL_URL}]", "[{secret: CHAT_URL}, {secret: CHAT_URL}]",
            "notify.channels.users.url", "something else, or a secret twice", "",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_what_was_probably_meant(right, wrong, key, found, suggestion):
    assert right in NOTIFY
    with pytest.raises(SystemInvalid) as caught:
        parsed(NOTIFY.replace(right, wrong))
    told = {problem.key: problem for problem in caught.value.problems}
    assert told[key].found == found
    assert told[key].suggestion == suggestion


@pytest.mark.parametrize(
    "channel",
    [
        f"{{url: 'slack://{TOKEN}/x'}}",
        f"'slack://{TOKEN}/x'",
        f"{{url: ['slack://{TOKEN}/x']}}",
        f"['slack://{TOKEN}']",
    ],
)
def test_a_url_in_plain_text_is_refused_and_not_repeated(channel):
    with pytest.raises(SystemInvalid) as caught:
        parsed(NOTIFY.replace("{url: {secret: OPS_URL}}", channel))
    assert "notify.channels.ops" in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_a_channel_of_an_event_is_told_once_and_has_its_urls():
    notify = parsed().notify
    assert notify.channels_of(Happening.RUN_FAILED) == ("ops", "users")
    assert notify.channels_of(Happening.RUN_DONE) == ()
    assert notify.urls_of("users") == ("CHAT_URL", "MAIL_URL")


def test_hosts_and_runs_have_no_use_for_the_secrets_of_channels(monkeypatch, tmp_path):
    monkeypatch.setenv("SHOP_DB_PASSWORD", "x")
    assert set(parsed().own_secrets) == {"DB_PASSWORD"}
    assert set(secrets_of(Loaded(environment(), tmp_path))) == {"DB_PASSWORD"}
    shared = NOTIFY.replace("{secret: MAIL_URL}", "{secret: DB_PASSWORD}")
    assert "DB_PASSWORD" in parsed(shared).own_secrets
    # What nothing refers to may stand in a compose file.
    assert "MAIL_URL" in parsed(shared).own_secrets


def test_where_nobody_is_told_the_secrets_of_channels_are_not_asked_for():
    quiet = NOTIFY.replace(
        "  prod: {}", "  prod: {notify: null}\n  staging: {notify: {channels: {ops: {url: {secret: TEST_URL}}}}}"
    )
    quiet = quiet.replace("  OPS_URL: {", "  TEST_URL: {env: TEST_URL}\n  OTHER: {env: OTHER}\n  OPS_URL: {")
    assert set(parsed(quiet).secrets) == {"DB_PASSWORD", "OTHER"}
    fewer = NOTIFY.replace("  prod: {}", "  prod: {notify: {channels: {users: {url: {secret: MAIL_URL}}}}}")
    assert set(parsed(fewer).secrets) == {"DB_PASSWORD", "OPS_URL", "MAIL_URL"}
    assert set(parsed(fewer).own_secrets) == {"DB_PASSWORD"}


def test_a_channel_more_is_no_other_plan():
    plans = [
        change_plan(environment(text), Intent(Verb.RESTART))
        for text in (NOTIFY, NOTIFY.replace("emergency: [ops]", "emergency: [users]"))
    ]
    assert plans[0] == plans[1]


def test_a_message_has_the_words_of_the_environment():
    told = message(environment(), Happening.RUN_FAILED, FACTS, key="r1")
    assert (told.title, told.body, told.key) == ("$ deploy of shop", "it broke", "r1")
    told = message(environment(), Happening.RUN_DONE, FACTS | {"outcome": "done"}, key="r1")
    assert told.title == "shop prod: deploy 1.0.0 -> 1.1.0 done"


@pytest.mark.parametrize("event", list(Happening))
def test_every_event_has_words_that_use_its_facts_alone(event):
    form = EVENTS[event]
    used = {*names(form.title), *names(form.body)}
    assert used <= set(form.facts)
    assert set(PLACE) <= set(form.facts)
    values = {name: f"<{name}>" for name in form.facts}
    told = message(environment(NOTIFY.replace("  templates:\n", "").replace('    run.failed: {title: "$$ ${verb} of '
                   '${system}", body: "${text}"}\n', "")), event, values, key="k")  # fmt: skip
    shown = {name for name in form.facts if f"<{name}>" in told.title + told.body}
    assert shown == used - set(PLACE)
    assert "shop" in told.title


def test_a_message_is_cut_and_has_one_line_of_title_and_no_control_characters():
    long = "".join(string.ascii_letters for _ in range(100))
    told = message(
        environment(), Happening.RUN_DONE, {"what": f"a\nb\x1b[31m {long}", "text": f"{long}\x00\n${{run}}"}, key="k"
    )
    assert len(told.title) == TITLE_LETTERS
    assert told.title.startswith("shop prod: a b[31m ")
    assert len(told.body) == BODY_LETTERS
    assert told.body.endswith(" …")
    assert "\x00" not in told.body


def test_a_fact_is_not_filled_again():
    told = message(environment(), Happening.RUN_FAILED, FACTS | {"text": "${run} $$"}, key="r1")
    assert told.body == "${run} $$"
