"""What is not tried on ECS is a test of the suite."""

from __future__ import annotations

import re
from pathlib import Path

from tests.lab.conformance.cloud import CANNOT

SUITE = Path(__file__).resolve().parents[1] / "lab/conformance"


def test_every_test_that_a_runtime_cannot_be_tried_with_is_there():
    text = "\n".join(file.read_text() for file in SUITE.glob("test_*.py"))
    there = set(re.findall(r"^def (test_\w+)", text, re.MULTILINE))
    assert set(CANNOT) <= there
    assert len(there - set(CANNOT)) > len(CANNOT)
