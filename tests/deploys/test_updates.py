"""The deploy file of updates against fake hosts: one host after the other, and the first failure is the last."""

from __future__ import annotations

import pytest

from tests.deploys.test_deploy_files import order, play

__all__ = ["play"]
# What edges say of themselves that an earlier run left without web1, and with a hold page.
OUT = dict.fromkeys(["edge1", "edge2"], ("out 10.0.1.1",))
HELD = dict.fromkeys(["edge1", "edge2"], ("maintenance on", "out 10.0.1.1"))
TURN = ["@fake/web1", "@fake/web2", "@fake/edge1", "@fake/edge2", "@fake/db1"]
UPGRADE, CHECK, LOOK = "# LEAVE SECONDS NAME=VERSION", "# SLOT NAME START", "# LEAVE: ask the sources"


def asked(events, step):
    """List the hosts that were asked for a step, in order."""
    return [event["host"] for event in events if event["step"] == step]


def test_hosts_are_updated_one_after_the_other_and_the_datastores_last(play):
    events, end, done = play("update")
    assert asked(events, "update the packages") == TURN
    assert asked(events, "see that it is well") == TURN
    titles = order(events)
    turn = [f"{what} @fake/web1{rest}" for what, rest in (
        ("Take", " out of traffic"), ("Drain", ""), ("Update the packages of", ""), ("See that", " is well"),
        ("Put", " back into traffic"))]  # fmt: skip
    begin = titles.index(turn[0])
    assert titles[begin : begin + 5] == turn
    assert titles[begin + 5 : begin + 7] == [
        "See that others can stand in for @fake/web2", "Take @fake/web2 out of traffic",
    ]  # fmt: skip
    assert titles[-3:] == ["See that every host is well", "Verify through the edge", "Record and release the lease"]
    assert "Take @fake/edge1 out of traffic" not in titles
    assert (end["exit_code"], done.returncode) == (0, 0)
    assert end["text"] == f"security updates on every host, one after the other: {', '.join(TURN)}"


def test_no_host_reboots_unless_it_is_told_to(play):
    assert not asked(play("update")[0], "reboot")


def test_an_update_that_fails_on_the_first_host_leaves_the_others_alone_and_gives_it_its_traffic_back(play):
    events, end, _ = play("update", failing={"web1": UPGRADE})
    assert asked(events, "update the packages") == ["@fake/web1"]
    # The edges are asked at once; who answers first is chance.
    assert sorted(asked(events, "put back into traffic")) == ["@fake/edge1", "@fake/edge2"]
    assert end["exit_code"] == 1
    for words in (
        "update the packages failed on @fake/web1: it broke", "@fake/web1 is well and has its traffic", "done: none",
        "not begun: @fake/web2, @fake/edge1, @fake/edge2, @fake/db1", "packages are not downgraded",
    ):  # fmt: skip
        assert words in end["text"]


def test_a_host_that_is_not_well_afterwards_stays_out_of_traffic_and_is_the_last(play):
    events, end, _ = play("update", failing={"web2": CHECK})
    assert asked(events, "update the packages") == ["@fake/web1", "@fake/web2"]
    assert "Put @fake/web1 back into traffic" in order(events)
    assert "Put @fake/web2 back into traffic" not in order(events)
    assert end["exit_code"] == 5
    assert "done: @fake/web1" in end["text"]
    assert "@fake/web2 stays out of traffic; once it is well, `fab updates.back @fake/web2`" in end["text"]


def test_an_edge_that_cannot_take_a_host_out_stops_before_its_packages_are_touched(play):
    events, end, _ = play("update", failing={"edge2": "# WAY ADDRESS: out takes"})
    assert not asked(events, "update the packages")
    assert (end["exit_code"], "take out of traffic failed on @fake/edge2" in end["text"]) == (5, True)


def test_sources_that_do_not_answer_stop_before_anything_is_touched(play):
    events, end, _ = play("update", failing={"db1": LOOK})
    assert not asked(events, "take out of traffic")
    assert end["exit_code"] == 1
    assert "see what can be updated failed on @fake/db1: it broke" in end["text"]
    assert end["text"].endswith("nothing was touched")


def test_nothing_to_update_is_nothing_to_do(play):
    silent = dict.fromkeys(["web1", "web2", "edge1", "edge2", "db1"], f"{LOOK} -> ok")
    events, end, _ = play("update", failing=silent)
    assert not asked(events, "take out of traffic")
    assert (end["exit_code"], end["outcome"], "nothing to do" in end["text"]) == (0, "unchanged", True)


def test_one_host_alone(play):
    events, end, _ = play("update", "limit=@fake/db1", "all=yes")
    assert asked(events, "update the packages") == ["@fake/db1"]
    assert (end["exit_code"], end["text"]) == (0, "all updates on @fake/db1: @fake/db1")


@pytest.mark.parametrize(("word", "says"), [("@fake/web3", "did you mean @fake/web"), ("nowhere", "there are")])
def test_a_host_that_is_not_there_is_refused(play, word, says):
    events, end, _ = play("update", f"limit={word}")
    assert (events, end["exit_code"]) == ([], 2)
    assert says in end["text"]


def test_a_host_is_put_back_without_a_word_to_the_others(play):
    """Neither an ill host nor one whose sources do not answer, nor one that is lost, holds it up."""
    ill = {"web2": ("health backend blue 1 500 0.001",), **OUT}
    options = ("--limit", "edge", "--limit", "@fake/web1")
    events, end, _ = play("back", "limit=@fake/web1", says=ill, failing={"web1": LOOK}, options=options)
    assert order(events)[-3:] == [
        "See that @fake/web1 is well",
        "Put @fake/web1 back into traffic",
        "Record and release the lease",
    ]
    assert {event["host"] for event in events} == {"@fake/web1", "@fake/edge1", "@fake/edge2"}
    assert not asked(events, "see what can be updated")
    assert (end["exit_code"], end["text"]) == (0, "@fake/web1 is well, and back in traffic")


def test_a_host_is_put_back_while_traffic_is_held(play):
    events, end, _ = play("back", "limit=@fake/web1", says=HELD)
    assert asked(events, "see that it is well") == ["@fake/web1"]
    assert len(asked(events, "put back into traffic")) == 2
    assert end["exit_code"] == 0


def test_a_host_that_is_not_out_has_nothing_to_be_put_back_to(play):
    events, end, _ = play("back", "limit=@fake/web2", says=OUT)
    assert not asked(events, "see that it is well")
    text = "@fake/web2 is not out of traffic: nothing to do"
    assert (end["exit_code"], end["outcome"], end["text"]) == (0, "unchanged", text)


def test_a_host_that_is_not_well_is_not_put_back(play):
    events, end, _ = play("back", "limit=@fake/web1", says=OUT, failing={"web1": CHECK})
    assert not asked(events, "put back into traffic")
    assert end["exit_code"] == 5
    assert "@fake/web1 stays out of traffic; once it is well, `fab updates.back @fake/web1` puts it back" in end["text"]


def test_who_is_to_be_put_back_must_be_named(play):
    events, end, _ = play("back")
    assert (events, end["exit_code"], "which host?" in end["text"]) == ([], 2, True)


@pytest.mark.parametrize("says", [OUT, HELD], ids=["served", "held"])
def test_an_update_puts_back_the_host_that_an_earlier_one_left_out_also_while_traffic_is_held(play, says):
    silent = dict.fromkeys(["web1", "web2", "edge1", "edge2", "db1"], f"{LOOK} -> ok")
    events, end, _ = play("update", says=says, failing=silent)
    assert asked(events, "see that it is well")[:1] == ["@fake/web1"]
    assert len(asked(events, "put back into traffic")) == 2
    assert end["exit_code"] == 0


def test_one_host_alone_is_the_only_one_whose_sources_are_asked(play):
    events, end, _ = play("update", "limit=@fake/web1", failing={"db1": LOOK})
    assert asked(events, "see what can be updated") == ["@fake/web1"]
    assert end["exit_code"] == 0


def test_the_next_host_is_not_taken_out_where_another_has_fallen_ill(play):
    events, end, _ = play("update", failing={"web2": "# Groups of six: NAME PORT"})
    assert not asked(events, "take out of traffic")
    assert (end["exit_code"], end["text"].endswith("nothing was touched")) == (1, True)
    assert "see that the others are well failed on @fake/web2: it broke" in end["text"]
