"""Databases: what keeps them quick."""

from tasks.options import changing


@changing()
def vacuum(c):
    """Vacuum and analyze the databases; the system goes on meanwhile."""
    return "vacuum", {}
