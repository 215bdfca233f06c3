"""The load generator beside other clients: how many signed PutItem a core sends.

    python -m benchmarks.loadgen [--seconds 5] [--only fast] [--json PATH]     (make bench-loadgen)

A null server, plain and with TLS, has one core and each client the other in
turn. What is not installed is left out and said. `wrk` sends one unsigned
request over and over: the limit of what the server and the machine allow.
Other work on the machine lowers the rates; processor time per request is then
the steadier figure.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import ipaddress
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from benchmarks.loadgen_clients import CLIENTS, CONCURRENCY

SERVER_CORE, CLIENT_CORE = "0", "1"
_BASES = ("aioboto3 tuned", "aiodynamo")


class Line(NamedTuple):
    """What one client did."""

    client: str
    tls: bool
    requests_per_s: float
    items_per_s: float
    cpu_us_per_request: float

    @property
    def cpu_us_per_item(self) -> float:
        """Processor time an item."""
        return self.cpu_us_per_request * self.requests_per_s / self.items_per_s


def main() -> None:
    """Measure all clients and print a table."""
    parser = argparse.ArgumentParser(description="How many signed PutItem a core sends, client by client.")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each client writes (default: 5)")
    parser.add_argument("--only", default="", help="measure only clients whose name contains this")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    arguments = parser.parse_args()
    names = [name for name in CLIENTS if arguments.only in name]
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        certificate, key = make_certificate(Path(directory))
        for tls in (False, True):
            port = stack.enter_context(null_server(certificate, key, tls=tls))
            url = f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
            for name in names:
                lines += measure(name, url, arguments.seconds, certificate)
            lines += wrk(url, arguments.seconds, Path(directory))
    show(lines)
    if arguments.json:
        arguments.json.write_text(json.dumps({"lines": [line._asdict() for line in lines]}, indent=2) + "\n")


def pinned(core: str) -> list[str]:
    """The prefix of a command that keeps it on one core, where that is possible."""
    return ["taskset", "-c", core] if shutil.which("taskset") and (os.cpu_count() or 1) > 1 else []


@contextlib.contextmanager
def null_server(certificate: Path, key: Path, *, tls: bool) -> Generator[int]:
    """A null server on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [*pinned(SERVER_CORE), sys.executable, "-m", "benchmarks.loadgen_null", "--port", str(port)]
    if tls:
        command += ["--tls", str(certificate), str(key)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        try:
            if server.stdout is not None:
                server.stdout.readline()
            yield port
        finally:
            server.terminate()


def measure(name: str, url: str, seconds: float, certificate: Path) -> list[Line]:
    """Run one client; an empty list, and a word about it, when something it needs is not installed."""
    command = [*pinned(CLIENT_CORE), sys.executable, "-m", "benchmarks.loadgen_clients", name]
    result = subprocess.run(
        [*command, "--url", url, "--seconds", str(seconds)],
        env=os.environ | {"AWS_CA_BUNDLE": str(certificate), "SSL_CERT_FILE": str(certificate)},
        capture_output=True,
        text=True,
        check=False,
    )
    missing = re.search(r"ModuleNotFoundError: No module named '([\w.]+)'", result.stderr)
    if missing:
        print(f"{name}: left out, {missing[1]} is not installed", file=sys.stderr)
        return []
    if result.returncode != 0:
        raise SystemExit(f"{name} failed:\n{result.stderr}")
    found = json.loads(result.stdout.splitlines()[-1])
    line = Line(
        name,
        url.startswith("https"),
        found["requests"] / found["seconds"],
        found["items"] / found["seconds"],
        found["cpu_s"] / found["requests"] * 1e6,
    )
    print(f"{name}{' (TLS)' if line.tls else ''}: {line.items_per_s:,.0f} items/s", file=sys.stderr)
    return [line]


def wrk(url: str, seconds: float, directory: Path) -> list[Line]:
    """The limit: one request, unsigned, from wrk."""
    if shutil.which("wrk") is None:
        return []
    script = directory / "put.lua"
    script.write_text(
        'wrk.method="POST"\nwrk.headers["X-Amz-Target"]="DynamoDB_20120810.PutItem"\nwrk.body=string.rep("x",1000)\n'
    )
    command = [
        *pinned(CLIENT_CORE),
        "wrk",
        "-t1",
        f"-c{CONCURRENCY}",
        f"-d{max(1, round(seconds))}s",
        "-s",
        str(script),
    ]
    out = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", out)
    rate = float(found[1]) if found else 0.0
    return [Line("wrk, unsigned", url.startswith("https"), rate, rate, 0.0)]


def show(lines: Sequence[Line]) -> None:
    """A table, with ratios to the clients that others would use: by rate, and by processor time an item."""
    bases = {(line.client, line.tls): line for line in lines if line.client in _BASES}
    print("ratios: items/s and, after the slash, processor time an item")
    heads = "".join(f"{'to ' + base:>20}" for base in _BASES)
    print(f"{'client':28} {'TLS':4} {'requests/s':>11} {'items/s':>11} {'CPU µs/req':>11}{heads}")
    for line in lines:
        ratios = "".join(f"{_ratios(line, bases.get((base, line.tls))):>20}" for base in _BASES)
        print(
            f"{line.client:28} {'yes' if line.tls else 'no':4} {line.requests_per_s:>11,.0f} "
            f"{line.items_per_s:>11,.0f} {line.cpu_us_per_request:>11,.1f}{ratios}"
        )


def _ratios(line: Line, base: Line | None) -> str:
    if base is None or not line.cpu_us_per_request:
        return "-"
    return f"{line.items_per_s / base.items_per_s:.1f} / {base.cpu_us_per_item / line.cpu_us_per_item:.1f}"


def make_certificate(directory: Path) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
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


if __name__ == "__main__":
    main()
