"""What moto lacks of a load balancer's TLS: a port that shows whatever certificates moto's listener has in its books.

A handshake is answered as AWS's documentation says: by the list, if one of it is for the name that is asked for, else
by the default. The key and the certificate are those that moto's ACM was given; the root that moto puts behind every
chain, which is none of its issuers, is left out. moto's listener forgets its list when its default changes, which AWS's
does not: `listed_stay` mends that. moto deletes certificates that are in use, and notes at best the first user of each:
what ACM would refuse is tested with its refusal injected.

`freeze` has the wire show what the books said at that moment, as a load balancer that takes
a change over late or never.
"""

from __future__ import annotations

import socket
import ssl
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509
from moto.acm.models import AWS_ROOT_CA, acm_backends
from moto.elbv2.models import elbv2_backends

from handrail.model.tls import covers
from tests.unit.ecs.aws import ACCOUNT, REGION, client


class Wire:
    """One port with TLS for the one listener of moto's one load balancer."""

    def __init__(self, folder):
        self.folder, self.frozen, self.left = Path(folder), None, 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.sni_callback = self._choose

    def freeze(self, handshakes=1 << 30):
        """Show what is in the books now, whatever they say later, for so many handshakes."""
        self.frozen, self.left = self._books(), handshakes

    def thaw(self):
        self.frozen = None

    def _books(self):
        (balancer,) = elbv2_backends[ACCOUNT][REGION].load_balancers.values()
        (listener,) = balancer.listeners.values()
        kept = acm_backends[ACCOUNT][REGION]._certificates
        return [kept[arn] for arn in listener.certificates]

    def certificate(self, name):
        """Choose as a load balancer does."""
        self.left -= 1
        if self.left < 0:
            self.thaw()
        default, *listed = self.frozen or self._books()
        return next((each for each in listed if any(covers(one, name or "") for one in each.sans)), default)

    def _choose(self, connection, name, _):
        bundle = self.certificate(name)
        file = self.folder / f"{bundle.arn.rpartition('/')[2]}.pem"
        file.write_bytes(bundle.key + b"\n" + bundle.cert + b"\n" + bundle.chain.replace(AWS_ROOT_CA, b""))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        connection.context = context

    def serve(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(5)
                with self.context.wrap_socket(connection, server_side=True) as wrapped:
                    wrapped.recv(1)


@contextmanager
def wire():
    """Run it."""
    with tempfile.TemporaryDirectory() as folder:
        here = Wire(folder)
        thread = threading.Thread(target=here.serve, daemon=True)
        thread.start()
        try:
            yield here
        finally:
            with suppress(OSError):
                here.server.shutdown(socket.SHUT_RDWR)
            here.server.close()
            thread.join(5)


def listed_stay(modify):
    """Have moto's listener keep its list when its default changes."""

    def modify_listener(self, arn, port=None, protocol=None, ssl_policy=None, certificates=None, actions=None):
        (listener,) = self.describe_listeners(load_balancer_arn=None, listener_arns=[arn])
        listed = listener.certificates[1:]
        told = modify(self, arn, port, protocol, ssl_policy, certificates, actions)
        if certificates:
            listener.certificates = [*listener.certificates[:1], *listed]
        return told

    return modify_listener


def https(*names):
    """Have the listener speak TLS, with a certificate issued by Amazon as its default, as Terraform makes it."""
    balancer = client("elbv2")
    (alb,) = balancer.describe_load_balancers()["LoadBalancers"]
    (listener,) = balancer.describe_listeners(LoadBalancerArn=alb["LoadBalancerArn"])["Listeners"]
    arn = client("acm").request_certificate(
        DomainName=names[0], SubjectAlternativeNames=list(names), ValidationMethod="DNS"
    )["CertificateArn"]
    balancer.modify_listener(
        ListenerArn=listener["ListenerArn"], Protocol="HTTPS", Port=443, Certificates=[{"CertificateArn": arn}]
    )
    return arn


def served(port, name):
    """Give the serial number that a client of that name is shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as connection,
        context.wrap_socket(connection, server_hostname=name) as wrapped,
    ):
        return x509.load_der_x509_certificate(wrapped.getpeercert(binary_form=True)).serial_number
