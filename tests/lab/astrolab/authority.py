# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's certificate authority: the certificates of Astro's front, good and bad, and the bundle that agents trust."""

from __future__ import annotations

import datetime
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SUFFIX = "external.astronomer.run"
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Authority:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def named(cls, name: str) -> _Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_subject(name))
            .issuer_name(_subject(name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            .not_valid_after(now + 365 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        return cls(key, certificate)

    def issue(
        self, directory: Path, file: str, host: str, *, ends: datetime.timedelta, addresses: tuple[str, ...] = ()
    ) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        end = datetime.datetime.now(datetime.UTC) + ends
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_subject(host))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(end - 90 * _DAY)
            .not_valid_after(end)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host), *map(_address, addresses)]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = directory / f"{file}.pem"
        path.touch(mode=0o600)
        path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """Files with key and certificate: the right one, and one for each way to be wrong."""

    good: Path
    expired: Path
    wrong_name: Path
    intercepted: Path
    default: Path  # what the front shows to a client that asks for another name
    bundle: Path  # what agent hosts trust
    clusters: Path  # of Kubernetes API servers
    clusters_authority: Path  # which nobody trusts who was not told to


def issue_all(directory: Path) -> Certificates:
    directory.mkdir(parents=True, exist_ok=True)
    ours, proxy, clusters = map(_Authority.named, ("Lab Public CA", "Corporate Proxy CA", "kubernetes"))
    month = 30 * _DAY
    bundle, clusters_authority = directory / "bundle.pem", directory / "kubernetes-ca.pem"
    clusters_authority.write_bytes(clusters.certificate.public_bytes(serialization.Encoding.PEM))
    bundle.write_bytes(_system_bundle() + ours.certificate.public_bytes(serialization.Encoding.PEM))
    return Certificates(
        good=ours.issue(directory, "good", f"*.{SUFFIX}", ends=month),
        expired=ours.issue(directory, "expired", f"*.{SUFFIX}", ends=-_DAY),
        wrong_name=ours.issue(directory, "wrong-name", "front.example.com", ends=month),
        intercepted=proxy.issue(directory, "intercepted", f"*.{SUFFIX}", ends=month),
        default=ours.issue(directory, "default", "default.ingress.example.com", ends=month),
        bundle=bundle,
        clusters=clusters.issue(directory, "kubernetes", "localhost", ends=month, addresses=("127.0.0.1",)),
        clusters_authority=clusters_authority,
    )


def _system_bundle() -> bytes:
    system = ssl.get_default_verify_paths().cafile
    return Path(system).read_bytes() + b"\n" if system else b""


def _address(address: str) -> x509.IPAddress:
    return x509.IPAddress(ip_address(address))


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
