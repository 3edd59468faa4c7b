"""TLS at the edge: which certificate for which names, and where it comes from."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from handrail.model.branch import at, texts
from handrail.model.finding import Finding, Path
from handrail.model.notation import Command, FilePath, Name, Port, ServerName, Text
from handrail.model.value import Named, Rows, Table, Value

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"
AcmeUrl = Annotated[str, Text(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?/[A-Za-z0-9._~/-]*", "a URL of http or https")]
Email = Annotated[str, Text(r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+", "an e-mail address")]


class Certificate(Named):
    """One certificate of the edge."""

    names: tuple[ServerName, ...] = Field(min_length=1, description="Names that it is served for, told apart by SNI.")
    source: Literal["acme", "files"] = Field(
        default="files",
        alias="from",
        description="acme: `fab certificate.renew` has it issued; files: you bring it with `fab certificate.deploy`.",
    )


class Dns(Value):
    """Commands on the first edge host that answer DNS-01 challenges; they get certbot's CERTBOT_ variables."""

    add: Command = Field(description="Puts the TXT record there, and waits until it can be asked for.")
    remove: Command = Field(description="Takes it away again.")


class Acme(Value):
    """The account with whoever issues certificates by ACME."""

    directory: AcmeUrl = Field(default=LETS_ENCRYPT, description="ACME directory; Let's Encrypt if left out.")
    email: Email | None = Field(default=None, description="Where the ACME server may write to.")
    ca: FilePath | None = Field(
        default=None, description="CA certificates that the ACME server itself is trusted by; relative to this file."
    )
    key: Literal["ecdsa", "rsa"] = Field(default="ecdsa", description="Kind of the key of a new certificate.")
    dns: Dns | None = Field(default=None, description="DNS-01 by these commands, for wildcards; HTTP-01 if left out.")


def _named(certificates: Mapping[str, Certificate]) -> Mapping[str, Certificate]:
    return Table({name: certificate.named(name) for name, certificate in certificates.items()})


class Tls(Value):
    """What the edge needs to speak TLS."""

    port: Port = Field(default=443, description="Port that it listens on.")
    redirect: bool = Field(
        default=True,
        description="Whether plain HTTP is sent on to HTTPS, all but ACME's challenges and handrail's own.",
    )
    certificates: Annotated[Rows[Name, Certificate], AfterValidator(_named)] = Field(
        min_length=1, description="Certificates by name; the first is served to who asks for no known name."
    )
    acme: Acme = Field(default_factory=Acme, description="Who issues those that are `from: acme`.")


def covers(pattern: str, name: str) -> bool:
    """Whether a name of a certificate, perhaps a wildcard, stands for a server name."""
    pattern, name = pattern.lower(), name.lower()
    return pattern == name or (pattern.startswith("*.") and name.partition(".")[2] == pattern[2:])


def asked_name(name: str) -> str:
    """Give a name that can be asked for: of a wildcard, one that it stands for."""
    return name.replace("*.", "handrail.", 1) if name.startswith("*.") else name


def is_address(name: str) -> bool:
    """Whether it is an address, which SNI cannot ask for."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def alternative_names(names: tuple[str, ...]) -> str:
    """Write names as openssl takes them for a subjectAltName."""
    return ",".join(f"{'IP' if is_address(name) else 'DNS'}:{name}" for name in names)


def names(data: Any) -> Iterator[Finding]:
    """Find server names without a certificate, names of two certificates, and wildcards that HTTP-01 cannot prove."""
    tls = at(data, "edge", "tls")
    certificates = at(tls, "certificates")
    taken: dict[str, str] = {}
    for certificate in certificates:
        where: Path = ("edge", "tls", "certificates", certificate, "names")
        proven_by_http = at(certificates, certificate).get("from") == "acme" and not at(tls, "acme").get("dns")
        for path, name in texts(at(certificates, certificate).get("names"), where):
            if taken.setdefault(name, certificate) != certificate:
                yield Finding(path, f"a name of one certificate; {taken[name]} has it as well")
            if name.startswith("*.") and proven_by_http:
                yield Finding(path, "a name without *, or edge.tls.acme.dns: HTTP-01 proves no wildcard")
    for path, name in texts(at(data, "edge").get("server_names"), ("edge", "server_names")):
        if taken and not any(covers(pattern, name) for pattern in taken):
            yield Finding(path, f"a name of a certificate below edge.tls: {', '.join(taken)}")
