"""The folder of changes: reads what is filed there, verified, and files what is new, atomically."""

from handrail.filing.read import Folder, changes, document_of, read_change, read_document
from handrail.filing.write import file, file_run

__all__ = ["Folder", "changes", "document_of", "file", "file_run", "read_change", "read_document"]
