"""A secret never shows itself, and a missing one is named before anything is touched."""

from __future__ import annotations

import copy
import json
import pickle
import sys
from urllib.parse import quote, quote_plus

import pytest

from handrail.errors import SecretMissing
from handrail.model.secret import SecretSource
from handrail.secrets import MASK, Secret, masked, resolve, resolve_all

VALUE = "s3cr3t $(id); 'quoted'"


@pytest.mark.parametrize("shown", [str, repr, "{}".format, "{:>20}".format, lambda one: f"{one!s}{one!r}"])
def test_secret_is_masked_however_it_is_shown(shown):
    assert VALUE not in shown(Secret(VALUE))
    assert MASK in shown(Secret(VALUE))


@pytest.mark.parametrize("way", [json.dumps, pickle.dumps, copy.deepcopy])
def test_secret_cannot_be_written_into_a_record(way):
    with pytest.raises(TypeError) as refused:
        way({"password": Secret(VALUE)})
    assert VALUE not in str(refused.value)


def test_secret_comes_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("DB", VALUE)
    assert resolve("DB_PASSWORD", SecretSource(env="DB"), base=tmp_path).reveal() == VALUE


def test_secret_comes_from_a_file_next_to_the_document_without_its_last_newline(tmp_path):
    (tmp_path / "db").write_text(f"{VALUE}\n")
    assert resolve("DB_PASSWORD", SecretSource(file="db"), base=tmp_path).reveal() == VALUE


def test_secret_comes_from_a_command_that_no_shell_runs(tmp_path):
    source = SecretSource(command=[sys.executable, "-c", "import sys; print(sys.argv[1])", "$(id)"])
    assert resolve("DB_PASSWORD", source, base=tmp_path).reveal() == "$(id)"


def test_every_missing_secret_is_named_with_its_place(tmp_path):
    sources = {
        "A": SecretSource(env="NOT_SET_ANYWHERE"),
        "B": SecretSource(file="nowhere"),
        "C": SecretSource(command=["false"]),
    }
    with pytest.raises(SecretMissing) as refused:
        resolve_all(sources, base=tmp_path)
    assert all(
        word in str(refused.value)
        for word in ("secret A", "NOT_SET_ANYWHERE", "secret B", "nowhere", "secret C", "'false'")
    )


def test_command_that_is_not_there_is_a_missing_secret(tmp_path):
    with pytest.raises(SecretMissing, match="no-such-command"):
        resolve("A", SecretSource(command=["no-such-command"]), base=tmp_path)


def known(*values):
    return {f"S{number}": Secret(value) for number, value in enumerate(values)}


@pytest.mark.parametrize("values", [("hunter2", "hunter2-redis-XYZ9876"), ("hunter2-redis-XYZ9876", "hunter2")])
def test_a_secret_that_holds_another_one_is_masked_whole(values):
    assert masked("login hunter2-redis-XYZ9876 failed for hunter2", known(*values)) == f"login {MASK} failed for {MASK}"


def test_secrets_that_overlap_in_a_text_leave_nothing_of_each_other():
    assert masked("<abcdefghi>", known("ab", "bcdefghi")) == f"<{MASK}>"
    assert masked("<abab>", known("ab")) == f"<{MASK}{MASK}>"


@pytest.mark.parametrize(
    "value", ['pa"ss\\word99', "päss/wörd+99 x", "line one is long\nline two is long", "tab\there99"]
)
@pytest.mark.parametrize(
    "printed",
    [str, json.dumps, lambda value: json.dumps(value, ensure_ascii=False), lambda value: json.dumps(json.dumps(value)),
     lambda value: json.dumps(value).replace("/", r"\/"), quote, lambda value: quote(value, safe=""), quote_plus],
)  # fmt: skip
def test_a_secret_is_masked_however_a_program_prints_it(value, printed):
    said = masked(f"<{printed(value)}>", known(value))
    assert set(said) <= set('<>"\\*')


def test_a_line_of_a_key_that_stands_alone_is_masked_in_json_too():
    key = '-----BEGIN-----\nabc"defghijk\n-----END-----'
    assert "defghijk" not in masked(json.dumps({"log": 'abc"defghijk'}), known(key))
