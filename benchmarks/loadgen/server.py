"""Null servers in separate processes, and their processor time."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import subprocess
import sys
from pathlib import Path
from types import TracebackType

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from benchmarks.loadgen.machine import ROOT
from benchmarks.loadgen.null_server import Usage

# A server that uses more than this share of its core limits its clients.
LIMIT_SHARE = 0.95


class NullServer:
    """A null server on a free port, as a context manager.

    `prefix` is a command prefix that pins it to a core; `tls` its certificate and key; `port` one to share.
    """

    def __init__(self, *, prefix: list[str], tls: tuple[Path, Path] | None = None, port: int = 0) -> None:
        command = [*prefix, sys.executable, "-m", "benchmarks.loadgen.null_server", "--port", str(port)]
        if tls is not None:
            command += ["--tls", *map(str, tls)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self._process.stdin is None or self._process.stdout is None:
            raise OSError("the null server has no pipes")
        self._input, self._output = self._process.stdin, self._process.stdout
        ready = self._output.readline()
        if not ready:
            raise OSError(f"the null server ended with code {self._process.wait()}")
        self.port = int(ready)
        self.url = f"https://localhost:{self.port}" if tls else f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> NullServer:
        """The server, ready."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End it."""
        self._input.close()
        self._process.wait(timeout=10)
        self._output.close()

    def usage(self) -> Usage:
        """Its use so far."""
        self._input.write("usage\n")
        self._input.flush()
        return msgspec.json.decode(self._output.readline(), type=Usage)


def share(before: Usage, after: Usage) -> float:
    """The share of a core that a server used between two moments."""
    return (after.cpu_s - before.cpu_s) / (after.at_s - before.at_s)


def make_certificate(directory: Path) -> tuple[Path, Path]:
    """A self-signed certificate for localhost, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    alternatives = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_path, key_path = directory / "certificate.pem", directory / "key.pem"
    certificate_path.write_text(ssl.DER_cert_to_PEM_cert(certificate.public_bytes(serialization.Encoding.DER)))
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_path, key_path
