"""A channel to a service as it is outside of emulators: TLS, and the token of whoever the process runs as."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
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

from infra.deploy.locks import lock_file, read_lock
from infra.local.layout import FUNCTIONS, ROOT, Function
from shared.stores.gcp.channels import SCOPES
from tests.architecture.test_stage import GUARD, denied_files

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
def answering(answers: Mapping[str, object], asked: list[str]) -> Iterator[str]:
    """A server that answers these paths, with JSON where it is no text; its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            asked.append(path)
            told = answers.get(path)
            body = told.encode() if isinstance(told, str) else json.dumps(told).encode()
            self.send_response(404 if told is None else 200)
            self.send_header("metadata-flavor", "Google")
            self.send_header("content-type", "application/text" if isinstance(told, str) else "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.do_GET()

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("localhost", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


TOKEN = {"access_token": "token", "expires_in": 3_600, "token_type": "Bearer"}
EMAIL = "attune@p.iam.gserviceaccount.com"
ACCOUNTS = "/computeMetadata/v1/instance/service-accounts"
METADATA: Mapping[str, object] = {
    "/": "computeMetadata/",
    "/computeMetadata/v1/project/project-id": "p",
    **{f"{ACCOUNTS}/{name}/": {"email": EMAIL, "scopes": list(SCOPES)} for name in ("default", EMAIL)},
    **{f"{ACCOUNTS}/{name}/token": TOKEN for name in ("default", EMAIL)},
}
"""What a container on Cloud Run asks its metadata server for."""


def call(host: str, timeout_s: int = 20, **environment: str) -> subprocess.CompletedProcess[str]:
    """Make three calls at once, in a process of its own."""
    code = ASK.replace("timeout=20", f"timeout={timeout_s}")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GOOGLE_", "GCE_"))}
    command = [sys.executable, "-c", code, host]
    return subprocess.run(command, env=clean | environment, cwd=ROOT, capture_output=True, text=True, check=False)


def identity(pair: Pair, token_host: str, folder: Path) -> str:
    """The file of a service account's key."""
    told = {
        "type": "service_account",
        "client_email": EMAIL,
        "private_key": pair.key.decode(),
        "private_key_id": "1",
        "project_id": "p",
        "token_uri": f"http://{token_host}/token",
    }
    (folder / "identity.json").write_text(json.dumps(told))
    return str(folder / "identity.json")


def roots(pair: Pair, folder: Path) -> str:
    (folder / "root.pem").write_bytes(pair.certificate)
    return str(folder / "root.pem")


def test_calls_bring_the_token_over_tls(pair: Pair, tmp_path: Path) -> None:
    seen: list[dict[str, str]] = []
    with service(pair, seen) as host, answering({"/token": TOKEN}, []) as token_host:
        done = call(
            host,
            GOOGLE_APPLICATION_CREDENTIALS=identity(pair, token_host, tmp_path),
            GRPC_DEFAULT_SSL_ROOTS_FILE_PATH=roots(pair, tmp_path),
        )
    assert done.stdout.split() == ["x!"] * 3, done.stderr
    assert [asked["authorization"] for asked in seen] == ["Bearer token"] * 3
    assert {asked["x-goog-request-params"] for asked in seen} == {"name=a/%28b%29%20c"}


def test_nobody_is_called_without_tls(pair: Pair, tmp_path: Path) -> None:
    """A server that the roots do not vouch for gets neither the request nor the token."""
    seen: list[dict[str, str]] = []
    with service(pair, seen) as host, answering({"/token": TOKEN}, []) as token_host:
        done = call(host, timeout_s=2, GOOGLE_APPLICATION_CREDENTIALS=identity(pair, token_host, tmp_path))
    assert done.returncode == 1
    assert "UNAVAILABLE" in done.stderr
    assert seen == []


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_what_an_image_installs_gets_a_token_on_cloud_run(function: Function, pair: Pair, tmp_path: Path) -> None:
    """From the metadata server, with nothing but the packages of the function's lock."""
    pins = {pin.name for pin in read_lock(lock_file(function).read_text())}
    (tmp_path / "sitecustomize.py").write_text(GUARD)
    (tmp_path / "denied.json").write_text(json.dumps(denied_files(pins)))
    seen: list[dict[str, str]] = []
    with service(pair, seen) as host, answering(METADATA, []) as metadata_host:
        done = call(
            host,
            PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}",
            HOME=str(tmp_path),
            ATTUNE_TEST_DENIED=str(tmp_path / "denied.json"),
            GCE_METADATA_HOST=metadata_host,
            GCE_METADATA_IP=metadata_host,
            GRPC_DEFAULT_SSL_ROOTS_FILE_PATH=roots(pair, tmp_path),
        )
    assert done.stdout.split() == ["x!"] * 3, done.stderr
    assert [asked["authorization"] for asked in seen] == ["Bearer token"] * 3


NEEDED = {"letters": "google-cloud-pubsub", "warehouse": "google-cloud-bigquery"}
"""What `wiring` loads where a function asks it for this."""


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_an_image_installs_the_clients_that_it_asks_for(function: Function) -> None:
    pins = {pin.name for pin in read_lock(lock_file(function).read_text())}
    sources = "".join(path.read_text() for path in (ROOT / "functions" / function.name).rglob("*.py"))
    for name, package in NEEDED.items():
        assert (package in pins) == (f"wiring.{name}(" in sources), f"{function.name}: {package}"
