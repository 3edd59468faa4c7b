"""The deploy files, run by pyinfra itself against its fake hosts: order, exit codes, and who is asked what."""

from __future__ import annotations

import hashlib
import json
import os
import sys

import pytest

from handrail.model import rollout
from handrail.model.step import in_order
from tests import started
from tests.deploys import fleet
from tests.unit.tls import authority

SECRET = "hunter2-hunter2"
BYTES = b"not a real archive; fake hosts do not unpack it"


@pytest.fixture
def play(tmp_path):
    """Run a deploy file against fake hosts and give its events, its end and pyinfra's exit code."""
    (tmp_path / "app.tar.gz").write_bytes(BYTES)
    release = {"artifact": "app.tar.gz", "sha256": hashlib.sha256(BYTES).hexdigest()}

    def run(deploy, *data, failing=None, options=(), backup=False, says=None):
        # The rules of production have tests of their own.
        described = {"release": {**release, "backup": backup}, "changes": None, "certificates": {"ca": "ca.pem"}}
        fleet.describe(tmp_path, described)
        inventory = fleet.write(tmp_path, failing=failing or {}, says=says)
        reading, writing = os.pipe()
        words = [word for pair in data for word in ("--data", pair)]
        secrets = dict.fromkeys(["SANVI_DB_PASSWORD", "SANVI_REDIS_PASSWORD"], SECRET)
        done = started.run(
            [sys.executable, "-m", "pyinfra", "-y", *options, str(inventory), f"deploys/{deploy}.py", *words],
            env=os.environ | secrets | fleet.journal(tmp_path) | {"HANDRAIL_EVENTS": str(writing)},
            pass_fds=(writing,), timeout=60,
        )  # fmt: skip
        os.close(writing)
        with os.fdopen(reading) as messages:
            said = [json.loads(line) for line in messages]
        events = [one["event"] for one in said if "event" in one and one["event"]["outcome"] != "running"]
        ends = [one["end"] for one in said if "end" in one]
        assert ends, done.stdout + done.stderr
        return events, ends[-1], done

    return run


def order(events):
    """List the titles of the steps in the order in which they began, without the services that they are about."""
    return list(dict.fromkeys(event["title"].partition(": ")[0] for event in events))


def test_steps_run_in_the_order_of_the_table(play):
    events, end, done = play("deploy", "release=1.1.0")
    table = [step.title for step in in_order(rollout.DEPLOY, generations=2)]
    played = order(events)
    assert played == [title for title in dict.fromkeys(table) if title in played]
    assert played, end
    assert played[-1] == "Record and release the lease"
    assert {"Stage the release", "Cut over, armed to revert", "Confirm"} <= set(played)
    assert (end["exit_code"], done.returncode) == (0, 0)


def test_the_first_edge_confirms_alone_and_before_the_others(play):
    events, _, _ = play("deploy", "release=1.1.0")
    confirmed = [(event["title"], event["host"]) for event in events if event["step"] == "confirm"]
    assert confirmed == [("Confirm", "@fake/edge1"), ("Confirm on the other edges", "@fake/edge2")]


def test_one_host_that_fails_before_the_cutover_stops_everybody(play):
    events, end, done = play("deploy", "release=1.1.0", failing={"web2": "# SLOT NAME START"})
    assert "Cut over, armed to revert" not in order(events)
    stopped = {event["host"] for event in events if event["step"] == "stop"}
    assert stopped == {"@fake/web1", "@fake/web2"}
    assert "nothing that is served has changed" in end["text"]
    assert "@fake/web2" in end["text"]
    assert (end["exit_code"], done.returncode) == (1, 1)


def test_failure_behind_one_edge_sends_every_edge_back(play):
    events, end, _ = play("deploy", "release=1.1.0", failing={"edge2": "# ADDRESS HOST TIMES"})
    back = {event["host"] for event in events if event["step"] == "go back"}
    assert back == {"@fake/edge1", "@fake/edge2"}
    assert "Confirm" not in order(events)
    assert end["exit_code"] == 1
    assert "every edge is back" in end["text"]


def test_edge_that_does_not_go_back_is_named_and_the_fleet_called_unknown(play):
    _, end, done = play("deploy", "release=1.1.0", failing={"edge2": "# VERB SLOT SECONDS SHARE"})
    assert (end["exit_code"], done.returncode) == (5, 5)
    assert "Results" in done.stderr, "all is said before the process ends"
    assert "@fake/edge2" in end["text"]


def test_a_lease_that_is_held_ends_with_four(play):
    _, end, done = play("deploy", "release=1.1.0", failing={"edge1": f"{fleet.LEASE} -> held"})
    assert (end["exit_code"], done.returncode) == (4, 4)
    assert "it broke" in end["text"]


def test_release_is_required(play):
    _, end, done = play("deploy")
    assert (end["exit_code"], done.returncode) == (2, 2)
    assert "Disconnecting from hosts" in done.stderr, "all is said before the process ends"
    assert "which release" in end["text"]


@pytest.mark.parametrize("version", ["1.10", "7"])
def test_version_that_pyinfra_reads_as_a_number_is_refused_unless_it_is_quoted(play, version):
    _, end, _ = play("deploy", f"release={version}")
    assert end["exit_code"] == 2
    assert "quote it" in end["text"]
    events, end, _ = play("deploy", f'release="{version}"')
    assert end["exit_code"] == 0
    assert events[-1]["title"] == "Record and release the lease"
    assert f"-> {version}" in end["text"]


@pytest.mark.parametrize("version", ["$(id)", "../../etc"])
def test_hostile_version_is_refused_before_anything_is_asked(play, version):
    events, end, _ = play("deploy", f"release={version}")
    assert (events, end["exit_code"]) == ([], 2)


def test_rollback_without_an_earlier_release_is_bad_input(play):
    _, end, done = play("rollback")
    assert (end["exit_code"], done.returncode) == (2, 2)
    assert "good releases there: 1.0.0" in end["text"]


@pytest.mark.parametrize(
    ("verb", "data"),
    [
        ("startup", ()),
        ("shutdown", ()),
        ("restart", ()),
        ("hold", ()),
        ("resume", ()),
        ("scale", ("service=frontend", "count=2")),
        ("disk", ()),
        ("logrotate", ("force=yes",)),
        ("rehearse", ()),
        ("backup", ()),
        ("vacuum", ()),
        ("update", ("all=yes",)),
        ("back", ("limit=@fake/web1",)),
        ("rehearse", ("release=1.0.0",)),
    ],
)
def test_other_verbs_take_and_give_back_the_lease(play, verb, data):
    events, end, _ = play(verb, *data)
    assert order(events)[0] == "Take the lease"
    assert order(events)[-1] == "Record and release the lease"
    assert end["exit_code"] == 0


def test_a_backup_dumps_on_the_hosts_of_the_databases_and_moves_nothing(play):
    events, end, _ = play("backup")
    assert {event["host"] for event in events if event["step"] == "back up"} == {"@fake/db1"}
    assert not {"cut over", "start", "stop", "migrate"} & {event["step"] for event in events}
    assert (end["exit_code"], end["text"]) == (0, "every database is dumped")
    _, end, _ = play("backup", failing={"db1": "# SECONDS DATASTORE SYSTEM"})
    assert (end["exit_code"], end["text"]) == (1, "back up failed on @fake/db1: it broke")


def test_a_deploy_that_asks_for_a_backup_goes_no_further_without_it(play):
    events, end, _ = play("deploy", "release=1.1.0", backup=True)
    titles = order(events)
    assert titles.index("Start the idle slot") < titles.index("Back up the databases") < titles.index("Migrate once")
    assert end["exit_code"] == 0
    failing = {"db1": "# SECONDS DATASTORE SYSTEM"}
    events, end, _ = play("deploy", "release=1.1.0", backup=True, failing=failing)
    assert not {"Migrate once", "Cut over, armed to revert"} & set(order(events))
    assert {event["host"] for event in events if event["step"] == "stop"} == {"@fake/web1", "@fake/web2"}
    assert end["exit_code"] == 1
    assert "back up failed on @fake/db1: it broke; nothing that is served has changed" in end["text"]
    assert "Back up the databases" not in order(play("deploy", "release=1.1.0")[0])


def certificate(folder):
    """Give what a deploy of a certificate is told; the authority is the one of the description."""
    made = authority.issue("app.sanvi-machinery.com")
    (folder / "ca.pem").write_text(authority.root().cert_pem)
    (folder / "cert.pem").write_text(made.cert_pem + made.chain_pem)
    (folder / "key.pem").write_text(made.key_pem)
    return "certificate=app", f"cert={folder}/cert.pem", f"key={folder}/key.pem"


def test_a_certificate_is_swapped_when_every_edge_has_it_and_needs_the_edges_alone(play, tmp_path):
    words = certificate(tmp_path)
    events, end, done = play("certificate", *words, options=("--limit", "edge", "--debug", "-vvv"))
    titles = [step.title for step in rollout.CERTIFICATE if step.part == 0 and step.title in order(events)]
    assert order(events) == titles
    assert {event["host"] for event in events} == {"@fake/edge1", "@fake/edge2"}
    assert (end["exit_code"], end["text"]) == (0, "certificate app")
    secret = (tmp_path / "key.pem").read_text().splitlines()[1]
    assert secret not in done.stdout + done.stderr + json.dumps([events, end])


def test_one_edge_that_does_not_serve_a_certificate_sends_all_back(play, tmp_path):
    events, end, _ = play("certificate", *certificate(tmp_path), failing={"edge2": "# NAME FINGERPRINT ADDRESS"})
    back = {event["host"] for event in events if event["title"] == "Swap the old certificate back"}
    assert back == {"@fake/edge1", "@fake/edge2"}
    # the fake edge fails the proof of the old one as well
    assert (end["exit_code"], "not known which certificate @fake/edge2 serves" in end["text"]) == (5, True)


def test_one_edge_that_does_not_get_a_certificate_keeps_all_from_swapping(play, tmp_path):
    events, end, _ = play("certificate", *certificate(tmp_path), failing={"edge2": "# NAME ID: the certificate"})
    assert "Swap the certificate" not in order(events)
    assert (end["exit_code"], end["text"].endswith("; the old certificate is served")) == (1, True)


def test_an_edge_that_is_down_keeps_a_certificate_from_every_edge(play, tmp_path):
    events, end, _ = play("certificate", *certificate(tmp_path), options=("--limit", "@fake/edge1"))
    assert (events, end["exit_code"]) == ([], 1)
    assert "@fake/edge2 cannot be reached, or is left out by --limit; nothing was touched on any host" in end["text"]


def test_shutdown_leaves_the_database_running_unless_told(play):
    assert "Stop the datastores" not in order(play("shutdown")[0])
    assert "Stop the datastores" in order(play("shutdown", "with_database=yes")[0])


def test_a_scale_starts_then_spreads_then_looks(play):
    events, end, _ = play("scale", "service=frontend", "count=3")
    titles = order(events)
    steps = ["Start the instances", "Spread the traffic over the instances", "Verify through the edge"]
    assert [title for title in titles if title in steps] == steps
    spread = {event["host"] for event in events if event["step"] == "spread the traffic"}
    assert spread == {"@fake/edge1", "@fake/edge2", "@fake/web1", "@fake/web2"}
    assert (end["exit_code"], end["text"]) == (0, "frontend: 1 -> 3 on each host")


def test_a_scale_whose_new_instances_do_not_start_spreads_nothing_and_stops_them(play):
    events, end, _ = play("scale", "service=frontend", "count=3", failing={"web2": "# SLOT NAME START"})
    assert "Spread the traffic over the instances" not in order(events)
    assert {event["host"] for event in events if event["step"] == "stop"} == {"@fake/web1", "@fake/web2"}
    assert end["exit_code"] == 1


def test_a_scale_that_an_edge_does_not_serve_goes_back_and_then_stops(play):
    events, end, _ = play("scale", "service=frontend", "count=3", failing={"edge2": "# ADDRESS HOST TIMES"})
    titles = order(events)
    assert titles.index("Go back to the old instances") < titles.index("Stop the new instances")
    assert end["exit_code"] == 1


def test_a_scale_outside_of_the_limits_is_refused_before_anything_is_asked(play):
    events, end, _ = play("scale", "service=frontend", "count=5")
    assert (events, end["exit_code"]) == ([], 2)
    assert "allowed on each of its hosts: 1 to 4" in end["text"]


def test_a_rehearsal_starts_and_stops_the_live_release_beside_it_and_asks_no_edge(play):
    events, end, _ = play("rehearse")
    assert order(events) == [
        "Take the lease", "Take the lease everywhere", "Plan from what is there", "Stage the release",
        "Ready the idle slot", "Start the idle slot", "See that nothing was started again", "Stop the idle slot again",
        "Record and release the lease",
    ]  # fmt: skip
    acted = {event["host"] for event in events if event["step"] not in {"take the lease", "finish"}}
    assert acted == {"@fake/web1", "@fake/web2", "@fake/db1"} & acted
    assert (end["exit_code"], end["what"], end["slot"]) == (0, "1.0.0", "green")
    assert "1.0.0 was healthy on every host after " in end["text"]


def test_a_rehearsal_that_one_host_fails_is_stopped_everywhere_and_says_so(play):
    events, end, _ = play("rehearse", failing={"web2": "# SLOT NAME START"})
    assert {event["host"] for event in events if event["step"] == "stop"} == {"@fake/web1", "@fake/web2"}
    assert (end["exit_code"], "@fake/web2" in end["text"]) == (1, True)
    assert "nothing that is served has changed" in end["text"]


def test_a_rehearsal_of_a_release_that_is_not_there_is_bad_input(play):
    _, end, _ = play("rehearse", "release=9.9.9")
    assert (end["exit_code"], "9.9.9 is not on the hosts" in end["text"]) == (2, True)


def test_the_hold_page_needs_no_other_host_than_the_edges(play):
    edges = ("--limit", "edge")
    events, end, _ = play("hold", "message=Back at 14:00", options=edges)
    assert (end["exit_code"], end["text"]) == (0, "traffic is held")
    assert {event["host"] for event in events} == {"@fake/edge1", "@fake/edge2"}
    _, end, _ = play("restart", options=edges)
    assert end["exit_code"] == 1
    assert "cannot be reached, or is left out by --limit; nothing was touched" in end["text"]


def test_a_message_that_cannot_be_shown_is_refused(play):
    _, end, _ = play("hold", 'message="two\\nlines"')
    assert (end["exit_code"], "control character" in end["text"]) == (2, True)


def test_no_secret_is_in_what_pyinfra_prints_even_when_it_debugs(play):
    events, end, done = play("deploy", "release=1.1.0", options=["--debug", "-vvv"])
    assert "ready_slot" in done.stderr or "empty the idle slot" in done.stderr
    assert SECRET not in done.stdout + done.stderr + json.dumps([events, end])
