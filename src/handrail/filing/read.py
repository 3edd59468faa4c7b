"""Read what is filed, every signature verified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handrail import signatures
from handrail.errors import BadInput, Refused
from handrail.filing.papers import Paper, content_of, folders_in, is_folder, paper_of, unread
from handrail.model import moment
from handrail.model.change import Change, ChangeRun
from handrail.model.signed import ID, Document, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from handrail.model.approvers import Approvers


@dataclass(frozen=True)
class Folder:
    """All that is in the folder of changes; `broken` says why a folder in it is no change."""

    changes: tuple[Change, ...]
    broken: tuple[tuple[str, str], ...]


def read_change(folder: Path, name: str, approvers: Approvers) -> Change:
    """Read one change, each signature in it verified here and by OpenSSH.

    Raises BadInput when there is none by that name, Refused when nobody who may request has signed its request.
    """
    if not ID.fullmatch(name) or not is_folder(folder / name):
        raise BadInput(f"there is no change {name[:80]!r} in {folder}", next_step="fab change.list")
    papers, runs, wrong = unread(folder / name)
    change = _whole(name, _verified(papers, approvers, quickly=False), runs, wrong)
    if isinstance(change, Change):
        return change
    raise Refused(f"{folder / name} is no change: {change}", next_step="fab change.request makes a new one")


def changes(folder: Path, approvers: Approvers) -> Folder:
    """Read all changes, for a list; what a run relies on is read by `read_change`."""
    seen = {name: unread(folder / name) for name in sorted(folders_in(folder)) if ID.fullmatch(name)}
    papers = [paper for each, _, _ in seen.values() for paper in each]
    documents = iter(_verified(papers, approvers, quickly=True))
    found: list[Change] = []
    broken: list[tuple[str, str]] = []
    for name, (own, runs, wrong) in seen.items():
        change = _whole(name, [next(documents) for _ in own], runs, wrong)
        if isinstance(change, Change):
            found.append(change)
        else:
            broken.append((name, change))
    return Folder(tuple(found), tuple(broken))


def read_document(path: Path, approvers: Approvers) -> tuple[Document, bytes]:
    """Read one document from anywhere, such as a file that came by chat, with its bytes."""
    content = content_of(path)
    if isinstance(content, str):
        raise BadInput(f"{path}: {content}", next_step="ask for the file as it was made")
    document = document_of(path.name, content, approvers)
    if document.wrong:
        raise Refused(f"{path} does not count: {document.wrong}", next_step="ask for the file as it was made")
    return document, content


def document_of(name: str, content: bytes, approvers: Approvers) -> Document:
    """Take the bytes of one document for what they are; `wrong` says why they do not count."""
    (document,) = _verified([paper_of(name, content)], approvers, quickly=False)
    return document


def _verified(papers: Sequence[Paper], approvers: Approvers, *, quickly: bool) -> list[Document]:
    """Verify all signatures at once."""
    whole = [paper for paper in papers if not paper.wrong]
    found = signatures.signers([(paper.line, paper.signature) for paper in whole], quickly=quickly)
    told = {id(paper): one for paper, one in zip(whole, found, strict=True)}
    return [_document(paper, told.get(id(paper), ""), approvers) for paper in papers]


def _document(paper: Paper, found: str | Refused, approvers: Approvers) -> Document:
    if paper.wrong:
        # What is not for this change is not told by what it says of itself.
        return Document(paper.file, wrong=paper.wrong)
    if isinstance(found, Refused):
        return Document(paper.file, paper.payload, wrong=found.message)
    key = approvers.key_of(found)
    if key is None:
        return Document(paper.file, paper.payload, wrong=f"nobody in the approvers has the key {found[:40]}…")
    if not key.counts(moment.read(paper.payload["at"])):
        return Document(paper.file, paper.payload, wrong=f"the key of {key.person.name} does not count at its time")
    return Document(paper.file, paper.payload, key)


def _whole(name: str, documents: Sequence[Document], runs: Sequence[ChangeRun], wrong: str) -> Change | str:
    """Make a change of its documents, or say why it is none."""
    if wrong:
        return wrong
    requests = [document for document in documents if document.payload.get("kind") == Kind.REQUEST]
    good = [request for request in requests if not request.wrong]
    if len(good) > 1:
        return f"it has {len(good)} requests: {', '.join(request.file for request in good)}"
    if not good:
        return "; ".join(_reasons(requests or documents)) or "it has no request"
    return Change(name, good[0], tuple(documents), tuple(runs))


def _reasons(documents: Sequence[Document]) -> Iterator[str]:
    return (f"{document.file} does not count: {document.wrong}" for document in documents if document.wrong)
