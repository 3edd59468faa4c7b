"""What `fab` finds: every task of the project."""

from tasks import ns

__all__ = ["ns"]
