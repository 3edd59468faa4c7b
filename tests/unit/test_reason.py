"""Why a program died, from real last lines."""

import pytest

from handrail.model.reason import reason

MEMORY = "out of memory"
PORT = "its port is in use"
VARIABLE = "a variable is missing"
UNREACHABLE = "cannot be reached"


@pytest.mark.parametrize(
    ("log", "told"),
    [
        ("sanvi-backend@blue.service: A process of this unit has been killed by the OOM killer.", MEMORY),
        ("sanvi-backend@blue.service: Failed with result 'oom-kill'.", MEMORY),
        ("sanvi-backend@green.service: Main process exited, code=killed, status=9/KILL", f"most likely {MEMORY}"),
        ("exit code 137, OOM killed true", MEMORY),
        ("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", MEMORY),
        ("[PM2][WORKER] Process 0 restarted because it exceeds --max-memory-restart value", MEMORY),
        (
            "backend: EADDRINUSE: listen EADDRINUSE: address already in use 0.0.0.0:3000",
            f"{PORT} by another program: 3000",
        ),
        (
            "driver failed programming external connectivity: Bind for 0.0.0.0:3000 failed: port is already allocated",
            PORT,
        ),
        ("missing environment variable JWT_SECRET", f"{VARIABLE}: JWT_SECRET"),
        ("Error: JWT_SECRET is not set", f"{VARIABLE}: JWT_SECRET"),
        ("KeyError: 'DATABASE_URL'", f"{VARIABLE}: DATABASE_URL"),
        ("Error: connect ECONNREFUSED 10.20.2.11:5432", f"{UNREACHABLE}: 10.20.2.11:5432"),
        ("Error: getaddrinfo ENOTFOUND postgres", f"{UNREACHABLE}: postgres"),
        ('error: password authentication failed for user "sanvi"', UNREACHABLE),
    ],
)
def test_reason_is_named(log, told):
    assert told in reason(f"listens on 3000\n{log}\n")


@pytest.mark.parametrize(
    "log",
    [
        "",
        "exit code 1, OOM killed false",
        "1.9.0 crashes, as its release.json says",
        "config file /app/config.yml is missing",
        'relation "users" is missing',
        "migration table was missing",
        "token is required",
    ],
)
def test_nothing_is_made_up(log):
    assert reason(log) == ""


def test_memory_counts_before_the_connections_that_a_dying_program_loses():
    assert MEMORY in reason("Error: connect ECONNREFUSED 10.0.0.1:6379\nexit code 137, OOM killed true")
