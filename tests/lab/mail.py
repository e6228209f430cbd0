"""Mail servers of the lab: certificates, TLSA records, and SMTP servers with
STARTTLS, some of which misbehave."""

import datetime
import hashlib
import socket
import socketserver
import ssl
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from lab import HANG

DAY = datetime.timedelta(days=1)


class Certificate:
    """A certificate for host names @names, or a CA's where there are none."""

    def __init__(self, *names, kind="ecdsa", days=365, issuer=None, key=None,
                 ca="Lab CA"):
        self.key = key or {
            "ecdsa": lambda: ec.generate_private_key(ec.SECP256R1()),
            "rsa": lambda: rsa.generate_private_key(65537, 2048),
            "ed25519": ed25519.Ed25519PrivateKey.generate,
        }[kind]()
        self.issuer = issuer
        self.kind = kind
        subject = x509.Name([x509.NameAttribute(
            NameOID.COMMON_NAME, names[0] if names else ca)])
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateBuilder().subject_name(subject) \
            .issuer_name(issuer.certificate.subject if issuer else subject) \
            .public_key(self.key.public_key()) \
            .serial_number(x509.random_serial_number()) \
            .not_valid_before(now - 1000 * DAY) \
            .not_valid_after(now + days * DAY) \
            .add_extension(x509.BasicConstraints(not names, None), True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(
                [x509.DNSName(name) for name in names]), False)
        signer = issuer or self
        self.certificate = builder.sign(
            signer.key,
            None if signer.kind == "ed25519" else hashes.SHA256())

    def der(self, selector=0):
        if selector == 0:
            return self.certificate.public_bytes(serialization.Encoding.DER)
        return self.key.public_key().public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo)

    def tlsa(self, usage, selector, mtype):
        data = self.der(selector)
        if mtype:
            data = {1: hashlib.sha256, 2: hashlib.sha512}[mtype](data).digest()
        return f"{usage} {selector} {mtype} {data.hex()}"

    def chain(self):
        """This one, who issued it, who issued that, ..."""
        return [self, *(self.issuer.chain() if self.issuer else [])]

    def write(self, path, length=None):
        """Key and chain, as a server wants them; @length cuts the chain."""
        pem = serialization.Encoding.PEM
        text = self.key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption())
        for certificate in self.chain()[:length]:
            text += certificate.certificate.public_bytes(pem)
        path.write_bytes(text)
        return path


# ---- servers: what happens on a connection ----

def smtp(context=None, greeting=b"220 lab ESMTP", after_starttls=b""):
    """A server that knows EHLO, STARTTLS (with @context) and QUIT."""
    def serve(connection):
        connection.sendall(greeting + b"\r\n")
        stream = connection.makefile("rb")
        while line := stream.readline(1000):
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"EHLO":
                connection.sendall(b"250-lab\r\n" + (
                    b"250-STARTTLS\r\n" if context else b"")
                    + b"250 8BITMIME\r\n")
            elif verb == b"STARTTLS" and context:
                connection.sendall(b"220 go ahead\r\n" + after_starttls)
                try:
                    connection = context.wrap_socket(
                        connection, server_side=True)
                    connection.recv(100)
                except OSError:
                    pass
                return connection
            elif verb == b"QUIT":
                connection.sendall(b"221 bye\r\n")
                return connection
            else:
                connection.sendall(b"502 what?\r\n")
        return connection
    return serve


def silent(connection):
    """Says nothing to whatever comes, until the client gives up."""
    connection.settimeout(HANG)
    while connection.recv(1000):
        pass


def says(*parts):
    def serve(connection):
        for part in parts:
            connection.sendall(part)
        connection.settimeout(5)
        connection.recv(1000)
    return serve


def dribble(connection):
    """One octet at a time, so that it never ends."""
    connection.sendall(b"220")
    stop = threading.Event()
    while not stop.wait(0.05):
        connection.sendall(b"-")


def starttls_then(serve):
    def whole(connection):
        connection.sendall(b"220 lab\r\n")
        connection.recv(1000)
        connection.sendall(b"250-lab\r\n250 STARTTLS\r\n")
        connection.recv(1000)
        connection.sendall(b"220 go ahead\r\n")
        serve(connection)
    return whole


def tls_context(folder, *certificates):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for i, certificate in enumerate(certificates):
        path = folder / f"{id(certificate)}-{i}.pem"
        context.load_cert_chain(certificate.write(path))
    return context


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, address, serve, port=25):
        self.address_family = socket.AF_INET6 if ":" in address \
            else socket.AF_INET
        self.serve = serve
        super().__init__((address, port), None)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, client_address):
        request.settimeout(HANG)
        try:
            last = self.serve(request)
            if last is not None:
                last.close()
        except OSError:
            pass  # the client has gone, which is its right

    def stop(self):
        self.shutdown()
        self.server_close()
