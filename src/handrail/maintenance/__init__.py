"""Maintenance windows: booked, run step by step by a worker, and gone on with when that worker died."""
