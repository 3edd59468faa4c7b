"""A secret never shows itself, and a missing one is named before anything is touched."""

from __future__ import annotations

import copy
import json
import pickle
import sys

import pytest

from handrail.errors import SecretMissing
from handrail.model.secret import SecretSource
from handrail.secrets import MASK, Secret, resolve, resolve_all

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
