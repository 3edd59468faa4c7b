"""SSH signatures over text, in the namespace `handrail`: made by OpenSSH's ssh-keygen, verified by it and here.

Keys in an agent and hardware keys sign as any other: name the .pub file. The format is OpenSSH's PROTOCOL.sshsig.
"""

from handrail.signatures.make import sign
from handrail.signatures.verify import signer, signers

__all__ = ["sign", "signer", "signers"]
