"""What the load on ECS says of limits and sizes: decided by numbers alone, without AWS."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from handrail.ecs.capacity import OF_SERVICES
from handrail.ecs.traffic import NAMESPACE
from handrail.model import instance_class
from handrail.model.aws import Grow, Queue, Tasks
from handrail.model.aws_database import Cache, Database
from handrail.model.capacity import P95_MINUTES, Rule, Verdict, rules, worst
from handrail.model.capacity_load import Load, Room, Service
from handrail.model.capacity_stores import GIB, DatabaseLoad, Levels, judge_cache, judge_database, room
from handrail.model.capacity_tasks import judge
from handrail.model.series import Series
from handrail.model.service import Instances

ROOT = Path(__file__).parents[2]
BEGIN, DAY, WEEK = 1_900_000_020, 24 * 60, 7 * 24 * 60
CPU = Rule("cpu", 70, 10)
NOTHING, CHANGE, LIMIT = Verdict


def numbers(*runs, period=60):
    """Make a series of runs, each a value (None is a gap) and how many periods it lasts."""
    values = [value for value, count in runs for _ in range(count)]
    return Series({BEGIN + at * period: value for at, value in enumerate(values) if value is not None}, period)


def week(value):
    """Make a week of one value, by five minutes."""
    return numbers((value, WEEK // 5), period=300)


def service(*, grow=None, limits=(2, 6), size=(512, 1024), room=None, wanted=0, green=None, **blue):
    tasks = Tasks(cpu=size[0], memory=size[1], min=limits[0], max=limits[1], grow=grow or Grow())
    slots = {"blue": Load(**blue), "green": green or Load()}
    return Service(
        "web", tasks, Instances(min=limits[0], max=limits[1]), slots, Rule("memory", 80, 15), wanted, room
    )  # fmt: skip


def changes(part):
    return {change.key: (change.now, change.then) for advice in part.advices for change in advice.changes}


def why(part):
    return "; ".join(advice.why for advice in part.advices)


# -- a rule is passed, or not ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("runs", "lasts"),
    [
        ([(71, 10)], [10]),
        ([(70, 60)], []),  # the limit itself is not above it
        ([(71, 9), (50, 1), (71, 9)], []),  # above for less than `lasts`, twice
        ([(71, 9), (None, 1), (71, 9)], []),  # a gap is good, as for the alarms
        ([(50, 5), (71, 12), (50, 1), (90, 10), (None, 3)], [12, 10]),
        ([], []),
    ],
)
def test_a_rule_is_passed_by_so_many_minutes_on_end(runs, lasts):
    assert [stretch.minutes for stretch in numbers(*runs).stretches(CPU.over, CPU.minutes)] == lasts


def test_by_five_minutes_a_rule_of_ten_takes_two():
    assert numbers((71, 1), (50, 1), period=300).stretches(70, 10) == ()
    assert [each.minutes for each in numbers((71, 2), (50, 1), period=300).stretches(70, 10)] == [10]


def test_the_worst_verdict_is_the_exit_code():
    assert [verdict.code for verdict in Verdict] == [0, 1, 2]
    assert (worst([CHANGE, LIMIT, NOTHING]), worst([])) == (LIMIT, NOTHING)


# -- the rules are those of Terraform ----------------------------------------------------------------------------------


def test_the_rules_are_those_of_the_autoscaling_that_terraform_makes():
    text = (ROOT / "terraform/modules/compute/autoscaling.tf").read_text()
    alarms = dict(re.findall(r'"aws_cloudwatch_metric_alarm" "(\w+)" \{(.*?)^\}', text, re.MULTILINE | re.DOTALL))

    def of(alarm, key):
        return re.search(rf"^ *{key} *= (.*)$", alarms[alarm], re.MULTILINE)[1].strip('"')

    assert {alarm: (of(alarm, "namespace"), of(alarm, "metric_name")) for alarm in ("cpu_high", "p95", "queue")} == {
        "cpu_high": (OF_SERVICES, "CPUUtilization"), "p95": (NAMESPACE, "TargetResponseTime"),
        "queue": ("var.name", "RequestQueue"),
    }  # fmt: skip
    assert {of(alarm, "period") for alarm in alarms} == {"60"}
    assert {of(alarm, "treat_missing_data") for alarm in alarms} == {"notBreaching"}
    assert {of(alarm, "comparison_operator") for alarm in ("cpu_high", "p95", "queue")} == {"GreaterThanThreshold"}
    assert of("p95", "evaluation_periods") == str(P95_MINUTES)
    assert of("cpu_low", "threshold").endswith("scale_cpu / 2")
    grow = Grow(p95=timedelta(milliseconds=400), queue=Queue(over=100, lasts=timedelta(minutes=5)))
    assert rules(Tasks(grow=grow)) == (CPU, Rule("p95", 0.4, 5), Rule("queue", 100, 5))
    assert rules(Tasks()) == (CPU,)


# -- tasks -------------------------------------------------------------------------------------------------------------


def test_a_calm_service_is_left_alone():
    part = judge(service(cpu=numbers((50, 60)), tasks=numbers((2, 60))))
    assert (part.verdict, changes(part), part.now == part.then) == (NOTHING, {}, True)
    assert why(part) == "CPU was at 50 % at most; no rule was passed"
    assert (part.hours.now, part.hours.idle, part.hours.then) == (48, 0, 48)


def test_without_numbers_nothing_is_said_and_that_is_told():
    part = judge(service(wanted=2))
    assert (part.verdict, part.hours) == (CHANGE, None)
    assert "nothing can be said" in why(part)
    assert judge(service(wanted=0)).verdict is NOTHING


def test_at_the_limit_for_as_long_as_the_rule_has_it_is_a_limit_that_is_raised_at_both_places():
    part = judge(service(cpu=numbers((80, 20), (50, 10)), tasks=numbers((4, 5), (6, 25))))
    assert part.verdict is LIMIT
    assert changes(part) == {"services.web.instances.max": ("6", "7"), "aws.services.web.max": ("6", "7")}
    assert "at 6 tasks, the most that may run: CPU above 70 % for 10 min once, 15 min in all, 80 % at most" in why(part)
    assert (part.now.most, part.then.most, part.then.json()["vcpu_most"]) == (6, 7, 3.5)
    # Fifteen of thirty minutes with one task more.
    assert part.hours.then - part.hours.now == pytest.approx(12)


def test_a_task_that_is_replaced_meanwhile_does_not_hide_the_limit():
    assert judge(service(cpu=numbers((80, 12)), tasks=numbers((6, 6), (5.8, 1), (6, 5)))).verdict is LIMIT


def test_at_the_limit_for_less_than_that_aws_has_helped_itself():
    part = judge(service(cpu=numbers((80, 14), (50, 16)), tasks=numbers((4, 5), (6, 9), (2, 16))))
    assert (part.verdict, changes(part)) == (NOTHING, {})
    assert "AWS went to 6 of 6 tasks" in why(part)


def test_how_many_more_is_what_would_have_brought_cpu_to_its_limit():
    part = judge(service(cpu=numbers((98, 30)), tasks=numbers((5, 30)), limits=(2, 5)))
    assert changes(part)["aws.services.web.max"] == ("5", "7")


def test_more_than_a_deploy_may_start_is_larger_tasks_instead():
    part = judge(service(cpu=numbers((90, 30)), tasks=numbers((10, 30)), limits=(2, 10)))
    assert changes(part) == {"aws.services.web.cpu": ("512", "1024"), "aws.services.web.memory": ("1024", "2048")}
    assert "no further than 10" in why(part)
    largest = judge(service(cpu=numbers((90, 30)), tasks=numbers((10, 30)), limits=(2, 10), size=(4096, 8192)))
    assert (largest.verdict, changes(largest)) == (LIMIT, {})
    assert "there is no larger task" in why(largest)


def test_a_slow_answer_with_idle_processors_is_not_mended_by_more_tasks():
    grow = Grow(p95=timedelta(milliseconds=400))
    part = judge(service(grow=grow, cpu=numbers((20, 30)), p95=numbers((0.9, 30)), tasks=numbers((6, 30))))
    assert (part.verdict, changes(part)) == (LIMIT, {})
    assert "p95 above 400 ms for 5 min once, 30 min in all, 900 ms at most" in why(part)
    assert "look at the database" in why(part)


def test_a_queue_at_the_limit_is_half_as_many_tasks_more():
    grow = Grow(queue=Queue(over=100))
    busy = {"cpu": numbers((60, 30)), "queue": numbers((101, 30)), "tasks": numbers((6, 30))}
    assert changes(judge(service(grow=grow, **busy)))["aws.services.web.max"] == ("6", "9")
    exactly = judge(service(grow=grow, **busy | {"queue": numbers((100, 30))}))
    assert exactly.verdict is NOTHING


def test_connections_come_before_more_tasks():
    full = Room("postgresql", most=320, needed=310, each=10)
    part = judge(service(cpu=numbers((90, 30)), tasks=numbers((6, 30)), room=full))
    assert part.verdict is LIMIT
    assert why(part).startswith("first postgresql: 2 more tasks would need up to 350 connections while a deploy")
    assert changes(part) == {"aws.services.web.cpu": ("512", "1024"), "aws.services.web.memory": ("1024", "2048")}
    enough = judge(service(cpu=numbers((90, 30)), tasks=numbers((6, 30)), room=Room("postgresql", 320, 280, 10)))
    assert changes(enough)["aws.services.web.max"] == ("6", "8")


def test_scaling_that_does_nothing_is_looked_at():
    part = judge(service(cpu=numbers((80, 20)), tasks=numbers((2, 20))))
    assert (part.verdict, changes(part)) == (CHANGE, {})
    assert "for 20 min AWS started no more tasks" in why(part)
    # It has that long to start one.
    assert judge(service(cpu=numbers((80, 19)), tasks=numbers((2, 19)))).verdict is NOTHING


def test_what_half_of_the_time_runs_is_there_from_the_beginning():
    part = judge(service(cpu=numbers((80, 12), (60, 28)), tasks=numbers((2, 10), (4, 30))))
    assert changes(part) == {"services.web.instances.min": ("2", "4"), "aws.services.web.min": ("2", "4")}
    assert (part.verdict, part.hours.now, part.hours.then) == (CHANGE, 84, 96)


def test_each_slot_is_judged_alone_and_the_idle_one_costs_hours():
    # A cutover in the middle: neither slot had its ten minutes.
    both = {"cpu": numbers((80, 9), (10, 9)), "tasks": numbers((2, 18))}
    green = Load(cpu=numbers((10, 9), (80, 9)), tasks=numbers((2, 18)))
    part = judge(service(**both, green=green))
    assert part.verdict is NOTHING
    assert (part.hours.now, part.hours.idle) == (96, 48)


def test_too_little_memory_is_a_larger_task():
    calm = {"cpu": numbers((50, 30)), "tasks": numbers((2, 30)), "memory": numbers((85, 15), (50, 15))}
    part = judge(service(**calm))
    assert (part.verdict, changes(part)) == (CHANGE, {"aws.services.web.memory": ("1024", "2048")})
    full = judge(service(**calm, size=(512, 4096)))
    assert changes(full) == {"aws.services.web.cpu": ("512", "1024"), "aws.services.web.memory": ("4096", "5120")}


def test_more_than_the_least_at_less_than_half_all_the_time_is_scaled_down_by_hand():
    part = judge(service(cpu=numbers((20, 60)), tasks=numbers((5, 60))))
    assert (part.verdict, changes(part)) == (CHANGE, {"fab scale web 2": ("5", "2")})
    assert (part.hours.now, part.hours.then) == (120, 48)
    assert "AWS does not shrink it" in why(part)
    # It takes that long to begin; and the idle slot may have as many as it likes.
    for short in (
        service(cpu=numbers((20, 59)), tasks=numbers((5, 59))),
        service(
            cpu=numbers((20, 60)), tasks=numbers((2, 60)), green=Load(cpu=numbers((1, 60)), tasks=numbers((5, 60)))
        ),
    ):
        assert judge(short).verdict is NOTHING
    # Half of the limit is what scaling itself shrinks below.
    for cpu, tasks in ((numbers((20, 59), (35, 1)), numbers((5, 60))), (numbers((20, 60)), numbers((5, 59), (2, 1)))):
        assert judge(service(cpu=cpu, tasks=tasks)).verdict is NOTHING


def test_what_is_always_there_is_lowered_after_a_week():
    calm = {"cpu": week(20), "tasks": week(4)}
    part = judge(service(**calm, limits=(4, 6)))
    assert changes(part) == {"services.web.instances.min": ("4", "2"), "aws.services.web.min": ("4", "2")}
    day = judge(service(cpu=numbers((20, DAY)), tasks=numbers((4, DAY)), limits=(4, 6)))
    assert (day.verdict, changes(day)) == (NOTHING, {})
    assert "--since 7d" in why(day)


def test_the_fewest_tasks_are_made_smaller_if_their_memory_allows():
    calm = {"cpu": week(20), "tasks": week(2)}
    part = judge(service(**calm, memory=week(40)))
    assert changes(part) == {"aws.services.web.cpu": ("512", "256"), "aws.services.web.memory": ("1024", "512")}
    wide = judge(service(**calm, memory=week(75), size=(512, 3072)))
    assert (wide.verdict, changes(wide)) == (NOTHING, {})
    assert judge(service(**calm)).verdict is NOTHING


def test_a_queue_that_nobody_tells_is_named():
    part = judge(service(grow=Grow(queue=Queue(over=100)), cpu=numbers((50, 60)), tasks=numbers((2, 60))))
    assert part.verdict is CHANGE
    assert "no RequestQueue" in why(part)


def test_limits_that_disagree_are_named():
    one = service(cpu=numbers((50, 60)), tasks=numbers((2, 60)))
    part = judge(Service("web", Tasks(), one.limits, one.slots, one.memory))
    assert changes(part) == {"aws.services.web.max": ("10", "6")}
    assert "a deploy sets 2 to 6 tasks, an apply of Terraform 2 to 10" in why(part)


# -- datastores --------------------------------------------------------------------------------------------------------


def database(*, replica=True, connections=400, connections_seen=None, replica_cpu=None, **loads):
    described = Database(datastore="postgresql", replica=replica, max_connections=connections)
    return DatabaseLoad(
        described, Levels(Rule("cpu", 70, 15), Rule("cpu", 90, 5)),
        Levels(Rule("connections", connections * 0.8, 5), Rule("connections", connections * 0.9, 5)),
        connections=connections_seen or Series(), replica=replica_cpu or Series(), **loads,
    )  # fmt: skip


def test_a_calm_database_is_left_alone():
    part = judge_database(database(cpu=numbers((70, 60))))
    assert (part.verdict, changes(part), part.now.most, part.now.vcpu) == (NOTHING, {}, 3, 2)


def test_a_database_without_numbers_is_told():
    assert judge_database(database()).verdict is CHANGE


@pytest.mark.parametrize(("percent", "verdict"), [(71, CHANGE), (91, LIMIT)])
def test_a_busy_database_gets_a_class_with_more_processors(percent, verdict):
    part = judge_database(database(cpu=numbers((percent, 15))))
    # db.t4g.large has no more of them.
    assert (part.verdict, changes(part)) == (verdict, {"aws.database.instance": ("db.t4g.medium", "db.t4g.xlarge")})
    assert (part.now.json()["vcpu_most"], part.then.json()["vcpu_most"]) == (6, 12)
    assert judge_database(database(cpu=numbers((89, 14)))).verdict is NOTHING


def test_reads_go_to_a_replica_where_there_is_none():
    busy = {"cpu": numbers((75, 20)), "reads": numbers((410, 20)), "writes": numbers((100, 20))}
    part = judge_database(database(replica=False, **busy))
    assert changes(part) == {"aws.database.replica": ("false", "true")}
    assert (part.now.most, part.then.most) == (2, 3)
    assert "reads 4.1 times for each write" in why(part)
    # Four to one is not more than that.
    even = judge_database(database(replica=False, **busy | {"reads": numbers((400, 20))}))
    assert list(changes(even)) == ["aws.database.instance"]
    idle = judge_database(database(**busy, replica_cpu=numbers((5, 20))))
    assert "it could take reads" in why(idle)


def test_connections_near_their_limit_are_raised_and_the_class_with_them_if_its_memory_is_too_small():
    part = judge_database(database(cpu=numbers((50, 60)), connections_seen=numbers((330, 5), (100, 55))))
    assert (part.verdict, changes(part)) == (CHANGE, {"aws.database.max_connections": ("400", "450")})
    assert "330 of 400; raise it before any task is added" in why(part)
    full = judge_database(database(cpu=numbers((50, 60)), connections_seen=numbers((400, 60))))
    assert full.verdict is LIMIT
    assert changes(full) == {
        "aws.database.max_connections": ("400", "500"),
        "aws.database.instance": ("db.t4g.medium", "db.t4g.large"),
    }
    assert judge_database(database(cpu=numbers((50, 60)), connections_seen=numbers((320, 60)))).verdict is NOTHING


def test_a_database_is_made_smaller_only_after_a_week_of_free_memory():
    free = {"cpu": week(20), "free": week(2 * GIB)}
    part = judge_database(database(connections=200, **free))
    assert changes(part) == {"aws.database.instance": ("db.t4g.medium", "db.t4g.small")}
    for other in (
        database(connections=400, **free),  # a small one bears 225
        database(connections=200, cpu=numbers((20, DAY)), free=numbers((3 * GIB, DAY))),
        database(connections=200, cpu=week(20), free=week(GIB)),
        database(connections=200, **free | {"cpu": week(35)}),
    ):
        assert judge_database(other).verdict is NOTHING


def test_room_is_by_the_pool_or_by_what_a_task_had():
    needing = [service(cpu=numbers((50, 60)), tasks=numbers((4, 60)))]
    told = room(database(connections_seen=numbers((40, 60))), needing, pool=20)
    assert (told.each, told.needed, told.most, told.fits(2), told.fits(3)) == (20, 240, 320, True, False)
    seen = room(database(connections_seen=numbers((40, 60))), needing, pool=None)
    assert (seen.each, seen.needed) == (10, 120)
    assert not room(database(connections_seen=numbers((330, 60))), needing, pool=None).fits(1)
    unknown = room(database(), needing, pool=None)
    assert (unknown.each, unknown.fits(4)) == (None, True)


def test_a_cache_whose_memory_runs_out_gets_a_larger_node():
    of, cache = Levels(Rule("memory", 80, 15), Rule("memory", 90, 5)), Cache()
    part = judge_cache("redis", cache, numbers((85, 15)), of)
    assert (part.verdict, changes(part)) == (CHANGE, {"aws.cache.node": ("cache.t4g.small", "cache.t4g.medium")})
    assert judge_cache("redis", cache, numbers((80, 60)), of).verdict is NOTHING
    assert "nothing can be said" in why(judge_cache("redis", cache, Series(), of))


@pytest.mark.parametrize(
    ("name", "power", "more", "less"),
    [
        ("db.t4g.medium", (2, 4), "db.t4g.xlarge", "db.t4g.small"),
        ("db.t4g.2xlarge", (8, 32), "db.m6g.4xlarge", "db.t4g.xlarge"),
        ("db.r6g.large", (2, 16), "db.r6g.xlarge", None),
        ("db.m6g.16xlarge", (64, 256), None, "db.m6g.12xlarge"),
        ("db.x2g.large", None, None, None),
        ("db.t2.micro", None, None, None),
        ("db.m6g.metal", None, None, None),
    ],
)
def test_classes_and_the_next_ones(name, power, more, less):
    has = instance_class.power(name)
    assert has == power
    assert instance_class.with_more(name, vcpu=has.vcpu if has else 0) == more
    assert instance_class.below(name) == less
