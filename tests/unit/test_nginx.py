"""The edge's configuration: upstreams for every count of instances, the gate in its order, the hold page."""

from __future__ import annotations

import gzip
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from handrail.errors import SystemInvalid
from handrail.model.document import parse
from handrail.traffic import nginx

SANVI = Path("inventories/sanvi.yaml")
OPERATORS = "operators: [10.20.0.0/16]"
ADDRESSES = {"backend": ["10.0.0.1", "10.0.0.2"], "frontend": ["10.0.0.1", "10.0.0.2"]}


def configuration(*changes):
    raw = SANVI.read_text()
    for old, new in changes:
        assert old in raw
        raw = raw.replace(old, new)
    system = parse(raw, source=str(SANVI), environment="prod")
    return nginx.site(system, run_directory="/run/handrail/sanvi", addresses=ADDRESSES, peers=["10.0.0.9"]).text


@pytest.fixture
def text():
    return configuration()


def servers(text, upstream):
    block = re.search(rf"^upstream {upstream} \{{\n(.*?)^\}}", text, re.MULTILINE | re.DOTALL)
    return re.findall(r"server (\S+) ", block[1])


def asked(text):
    """Give the files that nginx looks for on every request, in order, with what each sets."""
    return re.findall(r"if \(-f (\S+)\) \{ set \$(\w+) (\w+); \}", text)


def test_every_slot_of_every_service_is_a_static_upstream_for_every_number_of_instances(text):
    upstreams = re.findall(r"^upstream (\S+)", text, re.MULTILINE)
    assert [name for name in upstreams if "_without_" not in name] == [
        "sanvi_backend_blue_1",
        "sanvi_backend_green_1",
        *(f"sanvi_frontend_{slot}_{count}" for slot in ("blue", "green") for count in (1, 2, 3, 4)),
    ]


def test_an_upstream_has_so_many_instances_on_each_host_and_no_other(text):
    assert servers(text, "sanvi_backend_green_1") == ["10.0.0.1:3010", "10.0.0.2:3010"]
    assert servers(text, "sanvi_frontend_green_1") == ["10.0.0.1:3011", "10.0.0.2:3011"]
    assert servers(text, "sanvi_frontend_blue_3") == [
        f"{host}:{port}" for host in ("10.0.0.1", "10.0.0.2") for port in (3001, 3002, 3003)
    ]


def test_a_host_that_is_out_of_traffic_is_in_no_upstream_that_is_used(text):
    assert servers(text, "sanvi_backend_green_1_without_1") == ["10.0.0.2:3010"]
    assert servers(text, "sanvi_frontend_blue_2_without_2") == ["10.0.0.1:3001", "10.0.0.1:3002"]
    assert [one for one in asked(text) if one[1] == "sanvi_out"] == [
        ("/opt/sanvi/gate/out/10.0.0.1", "sanvi_out", "_without_1"),
        ("/opt/sanvi/gate/out/10.0.0.2", "sanvi_out", "_without_2"),
    ]
    assert 'set $sanvi_out "";' in text


def test_an_only_host_is_never_out_of_traffic(monkeypatch):
    monkeypatch.setitem(ADDRESSES, "backend", ["10.0.0.1"])
    assert servers(configuration(), "sanvi_backend_blue_1_without_1") == ["10.0.0.1:3000"]
    monkeypatch.setitem(ADDRESSES, "frontend", ["10.0.0.1"])
    assert "_without_" not in configuration()
    assert "sanvi_out" not in configuration()


def test_gate_files_are_asked_in_the_order_in_which_they_count(text):
    assert [one for one in asked(text) if one[1] == "sanvi_slot"] == [
        ("/opt/sanvi/gate/green", "sanvi_slot", "green"),
        ("/run/handrail/sanvi/green", "sanvi_slot", "green"),
        ("/run/handrail/sanvi/blue", "sanvi_slot", "blue"),
        ("/run/handrail/sanvi/green.$sanvi_share", "sanvi_slot", "green"),
        ("/run/handrail/sanvi/blue.$sanvi_share", "sanvi_slot", "blue"),
    ]


def test_files_of_instances_are_asked_in_rising_order_so_that_the_highest_counts(text):
    assert [one for one in asked(text) if one[1].endswith("_instances")] == [
        (f"/opt/sanvi/gate/instances/frontend.{count}", "sanvi_frontend_instances", str(count)) for count in (2, 3, 4)
    ]
    assert text.index("set $sanvi_frontend_instances 1;") < text.index("gate/instances/frontend.2")


def test_a_service_of_one_instance_is_never_asked_how_many_there_are(text):
    assert "backend_instances" not in text


def test_old_answers_of_the_file_system_are_not_kept(text):
    assert "open_file_cache off;" in text


def test_each_path_goes_to_its_service_in_the_slot_and_the_number_of_the_gate(text):
    assert re.search(
        r"location /api/ \{(?:\s+if [^}]*\})+\s+proxy_pass http://sanvi_backend_\$\{sanvi_slot\}_1\$\{sanvi_out\};",
        text,
    )
    assert re.search(
        r"location / \{(?:\s+if [^}]*\})+\s+proxy_pass http://sanvi_frontend_\$\{sanvi_slot\}_\$\{sanvi_frontend_instances\}\$\{sanvi_out\};",
        text,
    )


def test_what_no_path_fits_is_no_file_of_the_edge(text):
    rest = "    location / { return 404; }\n"
    assert rest not in text
    assert rest in configuration(("    /: frontend\n", ""))


def test_held_traffic_gets_the_hold_page_with_503_and_retry_after(text):
    assert re.search(r"if \(-f /opt/sanvi/gate/maintenance\) \{ set \$sanvi_held 1; \}", text)
    assert text.count("if ($sanvi_held) { return 503; }") == 2
    assert "error_page 503 /.handrail-hold-sanvi;" in text
    page = re.search(r"location = /\.handrail-hold-sanvi \{(.*?)\}", text, re.DOTALL)[1]
    assert "internal;" in page
    assert "alias /opt/sanvi/gate/maintenance;" in page
    assert 'default_type "text/plain; charset=utf-8";' in page
    assert "add_header Retry-After 120 always;" in page
    assert "add_header Cache-Control no-store always;" in page


def test_operators_pass_while_traffic_is_held(text):
    block = re.search(r"^geo \$sanvi_operator \{\n(.*?)\}", text, re.MULTILINE | re.DOTALL)[1]
    assert block.split() == ["default", "0;", "10.20.0.0/16", "1;"]
    held, passes = text.index("set $sanvi_held 1;"), text.index('if ($sanvi_operator) { set $sanvi_held ""; }')
    assert held < passes < text.index("location /")


def test_without_operators_nobody_passes():
    text = configuration((OPERATORS, "operators: []"))
    assert re.search(r"geo \$sanvi_operator \{\s+default 0;\s*\}", text)


def test_an_address_stands_for_a_network_of_its_own():
    text = configuration((OPERATORS, 'operators: [10.20.0.7, "2001:db8::/32"]'))
    assert "    10.20.0.7/32 1;\n    2001:db8::/32 1;\n" in text


@pytest.mark.parametrize(
    "bad",
    ["10.20.0.1/16", "10.20.0.0/33", "10.20.0", "office.example.com", "7", "'fe80::1%; } evil {'", "[10.20.0.0/16]"],
)
def test_what_is_no_network_is_refused_with_its_line(bad):
    with pytest.raises(SystemInvalid) as refused:
        configuration((OPERATORS, f"operators: [{bad}]"))
    (problem,) = refused.value.problems
    assert problem.key.startswith("edge.maintenance.operators[0]")
    assert "an address or a network such as 10.8.0.0/16" in problem.allowed
    assert problem.line == 1 + SANVI.read_text().splitlines().index(f"    {OPERATORS}")


def test_only_edges_may_ask_for_a_decision(text):
    assert "allow 10.0.0.9; deny all;" in text


def test_no_message_is_part_of_the_configuration():
    text = configuration(("Sanvi Machinery is being maintained; please", 'Say "hi"; $host \\\\ } please'))
    assert "please try again" not in text


@pytest.fixture
def log(tmp_path, monkeypatch):
    """The requests of three days: one rotation a day, the older ones compressed."""
    monkeypatch.setattr(nginx, "LOGS", str(tmp_path))
    now = time.time()
    file = Path(nginx.log_of("sanvi"))
    for name, days in (("", 0), (".1", 1), (".2.gz", 2), (".3.gz", 3)):
        path, at = file.with_name(f"{file.name}{name}"), now - days * 86400 - 60
        text = f"{at:.3f}\tblue\t20{days}\t0.001\t-\n".encode()
        path.write_bytes(gzip.compress(text) if name.endswith("gz") else text)
        os.utime(path, (at, at))
    return file


def statuses(argv):
    return [
        line.split()[2] for line in subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    ]


@pytest.mark.parametrize(
    ("since", "found"),
    [("1h", ["200"]), ("30h", ["201", "200"]), ("2d", ["201", "200"]), ("60h", ["202", "201", "200"]), ("", ["200"])],
)
def test_requests_since_a_time_are_all_there_after_a_rotation(log, since, found):
    assert statuses(nginx.read_log("sanvi", since=since, lines=0, follow=False)) == found


def test_requests_before_the_first_rotation_are_read_where_there_was_none(log):
    for path in log.parent.glob("*.log.*"):
        path.unlink()
    assert statuses(nginx.read_log("sanvi", since="60h", lines=0, follow=False)) == ["200"]


def test_who_follows_sees_a_request_at_once_and_nothing_of_what_was_rotated(log):
    argv = "timeout", "10", *nginx.read_log("sanvi", since="60h", lines=0, follow=True)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True) as follower:
        assert follower.stdout.readline().split()[2] == "200"
        os.killpg(follower.pid, signal.SIGTERM)


def test_a_log_that_is_not_there_is_no_empty_one(log):
    log.unlink()
    done = subprocess.run(nginx.read_log("sanvi", since="", lines=5, follow=False), capture_output=True, check=False)
    assert done.returncode == 1
    assert b"there is no " in done.stderr
