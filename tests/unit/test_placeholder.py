"""Placeholders are filled once, completely, and leave every other dollar alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.errors import BadInput
from handrail.model import placeholder

VALUES = {"port": "3010", "slot": "green", "postgresql.address": "10.20.2.11"}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("${port}", "3010"),
        ("http://${postgresql.address}:${port}/", "http://10.20.2.11:3010/"),
        ("$${port}", "${port}"),
        ("$$${port}", "$3010"),
        ("$(date) costs $5; '$'", "$(date) costs $5; '$'"),
        ("", ""),
    ],
)
def test_placeholders_are_filled_and_other_dollars_are_kept(text, filled):
    assert placeholder.fill(text, VALUES) == filled


def test_a_placeholder_inside_a_value_is_not_filled_again():
    assert placeholder.fill("${version}", {"version": "${port}", "port": "1"}) == "${port}"


@pytest.mark.parametrize("text", ["${prot}", "${", "${}", "${port", "${po${port}}", "${ port }"])
def test_an_unknown_or_broken_placeholder_is_refused(text):
    with pytest.raises(BadInput) as caught:
        placeholder.fill(text, VALUES)
    assert "port, postgresql.address, slot" in caught.value.next_step


def test_what_is_no_name_is_not_repeated_in_the_message():
    with pytest.raises(BadInput) as caught:
        placeholder.fill("${hunter2!}", VALUES)
    assert "hunter2" not in str(caught.value)


def test_names_are_listed_in_order():
    assert placeholder.names("${slot} $${x} ${port} ${") == ("slot", "port", "")


@given(st.text(alphabet="${}portslo. \n", max_size=40))
def test_no_placeholder_is_left_behind(text):
    without_literal_dollars = text.replace("$$", "")
    try:
        filled = placeholder.fill(without_literal_dollars, VALUES)
    except BadInput:
        return
    assert "${" not in filled


@given(st.text())
def test_text_without_dollars_is_kept(text):
    text = text.replace("$", "")
    assert placeholder.fill(text, VALUES) == text
