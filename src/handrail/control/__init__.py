"""Around a run, on the operator's machine."""
