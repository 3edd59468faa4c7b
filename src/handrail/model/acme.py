"""Why a certificate was not issued, from what certbot and the ACME server said."""

from __future__ import annotations

import re

# RFC 8555, 6.7, as certbot 2 prints and logs it; the first that fits counts. The group is the detail.
UNREACHABLE = "the ACME server cannot be reached"
ERROR = "urn:ietf:params:acme:error:"
SIGNS = (
    (rf"{ERROR}rateLimited|too many (?:certificates|requests)", "the ACME server limits the rate; try again later"),
    (r"CERTIFICATE_VERIFY_FAILED", "the ACME server's own certificate is not trusted, see edge.tls.acme.ca"),
    (r"Requesting ([^/:\s]+)\S*: |HTTPS?ConnectionPool\(host='([^']+)'", UNREACHABLE),
    (r"Name or service not known|ConnectTimeout|Read timed out", UNREACHABLE),
    (rf"{ERROR}rejectedIdentifier", "the ACME server issues nothing for such a name"),
    (rf"{ERROR}serverInternal|Service Unavailable|Bad Gateway", "the ACME server is not well; try again later"),
    (r"Type:\s+\w+\s+Detail:\s+([^\n]+)", "the challenge failed"),
    (r"Some challenges have failed|failed to authenticate", "the challenge failed"),
    (rf"{ERROR}(\w+)", "the ACME server refused"),
)
DETAIL = re.compile(r"\"detail\": \"([^\"]{1,300})\"")
LETTERS = 300


def reason(log: str) -> str:
    """Name the reason; empty when the log does not tell."""
    for pattern, words in SIGNS:
        found = re.search(pattern, log)
        if found:
            said = DETAIL.findall(log) if ERROR in pattern else []
            detail = next((group for group in found.groups() if group), said[-1] if said else "")
            return f"{words}: {detail[:LETTERS]}" if detail else words
    return ""
