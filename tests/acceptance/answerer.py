# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What answers as Astro does: a certificate of an authority that is made for the run, and the user data that serves with it."""

from __future__ import annotations

import base64
import datetime
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

CA_FILE = "/etc/astro-acceptance-ca.pem"
_DAY = datetime.timedelta(days=1)
_SERVER = """
import http.server, ssl
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = b"404 page not found\\n"
        self.send_response(404)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
    do_HEAD = do_GET
server = http.server.ThreadingHTTPServer(("", 443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/opt/answerer.pem")
# the handshake belongs to each connection's own thread: a health check that only connects must not keep others waiting
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
"""


@dataclass(frozen=True, slots=True)
class Identity:
    """A key with its certificate, and the authority's certificate; both in PEM."""

    server: str
    authority: str


def identity(host: str) -> Identity:
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = _name("Acceptance CA")
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    ca = (
        _dated(ca_name, ca_name, ca_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    certificate = (
        _dated(_name("answerer"), ca_name, key)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Identity((private + _pem(certificate)).decode(), _pem(ca).decode())


def serving(who: Identity) -> str:
    """User data of the answerer; Amazon Linux has all that it needs, so it needs no way to the internet."""
    return _script({"/opt/answerer.pem": who.server, "/opt/answerer.py": _SERVER}) + (
        "systemd-run --unit=answerer --property=Restart=always python3 /opt/answerer.py\n"
    )


def trusting(who: Identity) -> str:
    """User data of an agent host."""
    return _script({CA_FILE: who.authority})


def _script(files: dict[str, str]) -> str:
    lines = [
        f"base64 -d >{path} <<'EOF'\n{base64.encodebytes(text.encode()).decode()}EOF" for path, text in files.items()
    ]
    return "\n".join(["#!/bin/bash", "umask 077", *lines, *(f"chmod 644 {path}" for path in files if "ca" in path), ""])


def _dated(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + 3 * _DAY)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
