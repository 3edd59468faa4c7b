"""A certificate and its key, about to be served: whether they belong together and are good for what the edge serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization

from handrail.model.chain import Chain, read_chain, trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from cryptography import x509


@dataclass(frozen=True)
class Order:
    """What is wanted of it: the names that the edge serves, the roots that are known, the time."""

    names: tuple[str, ...]
    roots: Sequence[x509.Certificate]
    now: datetime


def problems(fullchain: str, key: str, order: Order) -> Iterator[str]:
    """Name everything that is wrong. Neither the key nor a part of it is in what is said."""
    chain = read_chain(fullchain)
    if chain is None:
        yield "the certificate is no certificate in PEM"
        return
    yield from _of_the_key(chain, key)
    if chain.left(order.now).total_seconds() <= 0:
        yield f"the certificate ran out on {chain.leaf.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
    elif chain.leaf.not_valid_before_utc > order.now:
        yield f"the certificate is not valid before {chain.leaf.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
    else:
        broken = trouble(chain, order.roots, chain.names[0] if chain.names else "", order.now)
        if broken:
            yield broken
    lacking = [name for name in order.names if not chain.fits(name)]
    if lacking:
        yield f"the certificate is for {', '.join(chain.names) or 'no name'}, and not for {', '.join(lacking)}"


def _of_the_key(chain: Chain, key: str) -> Iterator[str]:
    try:
        mine = serialization.load_pem_private_key(key.encode(), None).public_key()
    except TypeError:
        yield "the key is locked with a password: nginx could not read it"
        return
    except ValueError:
        yield "the key is no private key in PEM"
        return
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if mine.public_bytes(*form) != chain.leaf.public_key().public_bytes(*form):
        yield "the key does not belong to the certificate"
