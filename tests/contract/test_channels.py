"""A channel to a service as it is outside of emulators: TLS, and the token of whoever the process runs as."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from shared.stores.gcp.channels import SCOPES

ASK = """
import asyncio, sys
from shared.stores.gcp.channels import Channels, routing

async def main():
    plain = {"request_serializer": bytes, "response_deserializer": bytes}
    channels = Channels(sys.argv[1], None, lambda channel: channel.unary_unary("/any/Thing", **plain))
    calls = [(await channels.stub())(b"x", timeout=20, metadata=(routing("name", "a/(b) c"),)) for _ in range(3)]
    print(b" ".join(await asyncio.gather(*calls)).decode())
    await channels.close()

asyncio.run(main())
"""


class Pair(NamedTuple):
    """A private key and a certificate of "localhost" by itself, as PEM."""

    key: bytes
    certificate: bytes


@pytest.fixture(scope="module")
def pair() -> Pair:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Pair(private, builder.sign(key, hashes.SHA256()).public_bytes(pem))


@contextmanager
def service(pair: Pair, seen: list[dict[str, str]]) -> Iterator[str]:
    """A server over TLS that answers anything, and notes with which metadata it was asked; its address."""

    class Echo(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
            seen.append({name: str(value) for name, value in details.invocation_metadata})
            return grpc.unary_unary_rpc_method_handler(lambda asked, _: asked + b"!")

    server = grpc.server(ThreadPoolExecutor(2), handlers=[Echo()])
    port = server.add_secure_port("localhost:0", grpc.ssl_server_credentials([pair]))
    server.start()
    try:
        yield f"localhost:{port}"
    finally:
        server.stop(None).wait()


@contextmanager
def token_server(asked: list[str]) -> Iterator[str]:
    """Gives an access token to whoever asks for one; its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["content-length"])).decode())
            told = json.dumps({"access_token": f"token{len(asked)}", "expires_in": 3_600}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("localhost", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}/token"
    finally:
        server.shutdown()
        server.server_close()


def test_calls_bring_the_token_over_tls(pair: Pair, tmp_path: Path) -> None:
    seen: list[dict[str, str]] = []
    asked: list[str] = []
    with service(pair, seen) as host, token_server(asked) as token_uri:
        identity = {
            "type": "service_account",
            "client_email": "attune@p.iam.gserviceaccount.com",
            "private_key": pair.key.decode(),
            "private_key_id": "1",
            "project_id": "p",
            "token_uri": token_uri,
        }
        (tmp_path / "identity.json").write_text(json.dumps(identity))
        (tmp_path / "root.pem").write_bytes(pair.certificate)
        paths = {
            "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "identity.json"),
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(tmp_path / "root.pem"),
        }
        done = subprocess.run(
            [sys.executable, "-c", ASK, host], env={**os.environ, **paths}, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["x!"] * 3
    assert len(asked) == 1
    assert [call["authorization"] for call in seen] == ["Bearer token1"] * 3
    assert {call["x-goog-request-params"] for call in seen} == {"name=a/%28b%29%20c"}
    assert SCOPES == ("https://www.googleapis.com/auth/cloud-platform",)


def test_nobody_is_called_without_tls(pair: Pair, tmp_path: Path) -> None:
    """A server that the roots do not vouch for gets neither the request nor the token."""
    seen: list[dict[str, str]] = []
    asked: list[str] = []
    with service(pair, seen) as host, token_server(asked) as token_uri:
        identity = {"type": "service_account", "client_email": "a@b", "private_key": pair.key.decode()}
        (tmp_path / "identity.json").write_text(json.dumps({**identity, "token_uri": token_uri}))
        environment = {**os.environ, "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "identity.json")}
        done = subprocess.run(
            [sys.executable, "-c", ASK.replace("timeout=20", "timeout=2"), host],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "UNAVAILABLE" in done.stderr
    assert seen == []
