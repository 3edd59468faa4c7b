"""What can stop the lab, with the exit code that the shell sees."""

from __future__ import annotations


class LabError(Exception):
    """The lab cannot go on; the message says what to do."""

    exit_code = 1


class UnavailableError(LabError):
    """Something is missing here that only the machine's owner can install; nothing was touched."""

    exit_code = 2
