"""Where others read a database's address: a name in the VPC's own DNS, and a secret."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# Terraform made it with this one, too: who has asked asks again soon.
TTL_SECONDS = 30
LOOK_SECONDS = 2.0
INSYNC = "INSYNC"


@dataclass(frozen=True)
class Record:
    """One name of a private zone."""

    client: Any
    zone: str
    name: str
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def lead_to(self, address: str, *, seconds: float) -> str:
        """Have it lead there, and wait until all of Route 53 knows; gives what is wrong, nothing where it is right."""
        record = {"Name": self.name, "Type": "CNAME", "TTL": TTL_SECONDS, "ResourceRecords": [{"Value": address}]}
        change = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
        told = self.client.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch=change)["ChangeInfo"]
        began = self.clock()
        while told["Status"] != INSYNC:
            if self.clock() - began >= seconds:
                return f"Route 53 has not spread {self.name} after {seconds:.0f} s: {told['Status']}"
            self.sleep(LOOK_SECONDS)
            told = self.client.get_change(Id=told["Id"])["ChangeInfo"]
        return ""


@dataclass(frozen=True)
class Vault:
    """A secret that holds an address, alone or in a URL. Its value is never told."""

    client: Any
    secret: str

    def holds(self, address: str) -> bool:
        """Whether the address is in it."""
        return address in self._value()

    def rewrite(self, old: str, new: str) -> bool:
        """Put the new address in the place of the old one; tells whether it is in it by now."""
        value = self._value()
        if old not in value:
            return new in value
        self.client.put_secret_value(SecretId=self.secret, SecretString=value.replace(old, new))
        return True

    def _value(self) -> str:
        return str(self.client.get_secret_value(SecretId=self.secret).get("SecretString", ""))
