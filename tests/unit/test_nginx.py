"""The edge's configuration: both slots, the gate in its order, and nothing that a message can break out of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from handrail.model.document import parse
from handrail.traffic import nginx

SANVI = Path("inventories/sanvi.yaml")
ADDRESSES = {"backend": ["10.0.0.1", "10.0.0.2"], "frontend": ["10.0.0.1", "10.0.0.2"]}


@pytest.fixture
def text():
    system = parse(SANVI.read_text(), source=str(SANVI), environment="prod")
    return nginx.site(system, run_directory="/run/handrail/sanvi", addresses=ADDRESSES, peers=["10.0.0.9"]).text


def test_every_slot_of_every_service_is_a_static_upstream(text):
    assert re.findall(r"^upstream (\S+)", text, re.MULTILINE) == [
        "sanvi_backend_blue",
        "sanvi_backend_green",
        "sanvi_frontend_blue",
        "sanvi_frontend_green",
    ]
    assert text.count("server 10.0.0.1:3010 ") == 1


def test_gate_files_are_asked_in_the_order_in_which_they_count(text):
    asked = re.findall(r"if \(-f (\S+)\) \{ set \S+ (\w+)", text)
    assert asked == [
        ("/opt/sanvi/gate/green", "green"),
        ("/run/handrail/sanvi/green", "green"),
        ("/run/handrail/sanvi/blue", "blue"),
        ("/run/handrail/sanvi/green.$sanvi_share", "green"),
        ("/run/handrail/sanvi/blue.$sanvi_share", "blue"),
    ]


def test_old_answers_of_the_file_system_are_not_kept(text):
    assert "open_file_cache off;" in text


def test_each_path_goes_to_its_service_in_the_slot_of_the_gate(text):
    assert re.search(r"location /api/ \{[^}]*\}\s+proxy_pass http://sanvi_backend_\$sanvi_slot;", text)
    assert re.search(r"location / \{[^}]*\}\s+proxy_pass http://sanvi_frontend_\$sanvi_slot;", text)


def test_held_traffic_gets_503_with_retry_after(text):
    assert "if (-f /opt/sanvi/gate/maintenance) { return 503; }" in text
    assert "add_header Retry-After 120 always;" in text


def test_only_edges_may_ask_for_a_decision(text):
    assert "allow 10.0.0.9; deny all;" in text


def test_message_cannot_break_out_of_its_quotes():
    raw = SANVI.read_text().replace("Sanvi Machinery is being maintained; please", 'Say "hi"; $host \\\\ } please')
    system = parse(raw, source="x", environment="prod")
    site = nginx.site(system, run_directory="/run/x", addresses=ADDRESSES, peers=[])
    assert re.search(r'return 503 "Say \\"hi\\"; host ', site.text)
