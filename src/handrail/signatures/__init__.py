"""SSH signatures over text: made and verified by OpenSSH's ssh-keygen, in the namespace `handrail`.

Keys in an agent and hardware keys sign as any other: name the .pub file. The format is OpenSSH's PROTOCOL.sshsig.
"""

from handrail.signatures.make import sign
from handrail.signatures.verify import signer, signers

__all__ = ["sign", "signer", "signers"]
