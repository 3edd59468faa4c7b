"""Databases: what keeps them quick, and the failover to the replica."""

from tasks.options import changing


@changing()
def vacuum(c):
    """Vacuum and analyze the databases; the system goes on meanwhile."""
    return "vacuum", {}


@changing(lag_accepted="only where the old database is lost: how much may be lost with it, such as 7m, or unknown")
def promote(c, lag_accepted=""):
    """Fail over to the replica on RDS: traffic is held for some minutes, and there is no way back."""
    return "promote", {"lag_accepted": lag_accepted}
