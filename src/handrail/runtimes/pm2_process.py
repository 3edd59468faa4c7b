"""A process as PM2's ecosystem files describe it. Nothing in it is secret: PM2 shows and saves what it knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handrail.runtimes.protocol import Argv, Instance

# A shell reads the variables and becomes the program. It also goes to the directory: where that is missing, PM2 would
# count the process as online, and look at nobody's memory any more.
PROGRAM = 'cd "$0" && . "$1" && shift && exec "$@"'
# PM2 gives up a program after so many short lives. A database that is away for an hour must not leave it down for good.
NEVER = 1_000_000_000


def description(instance: Instance) -> dict[str, object]:
    """Describe an instance."""
    service, (out, error) = instance.service, logs(instance)
    return {
        "name": instance.process,
        "cwd": instance.root,
        "script": "/bin/sh",
        "interpreter": "none",
        "args": ["-c", *program(instance, service.command)],
        "kill_timeout": int(service.stop.total_seconds() * 1000),
        "restart_delay": 1000,
        "max_restarts": NEVER,
        **({"max_memory_restart": service.memory} if service.memory else {}),
        "out_file": out,
        "error_file": error,
        "merge_logs": True,
        "log_date_format": "YYYY-MM-DDTHH:mm:ss.SSSZ",
    }


def program(instance: Instance, command: Argv) -> tuple[str, ...]:
    """Give the words after `sh -c` that run a command with the directory and the variables of an instance."""
    return (PROGRAM, instance.directory, instance.environment_file, *command)


def logs(instance: Instance) -> tuple[str, str]:
    """Name the files that it prints to, and prints errors to."""
    path = f"{instance.root}/logs/{instance.process}"
    return f"{path}-out.log", f"{path}-error.log"
