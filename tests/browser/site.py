"""A small shop on an origin of its own: static pages that carry the collector's script tag."""

import io
import math
import struct
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

SHOP = Path(__file__).parent / "shop"
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".wav": "audio/wav"}
FILM_S = 3


@contextmanager
def site(tag: str, *folders: Path) -> Iterator[str]:
    """Serve the shop, or the folders named, with `tag` for {{collector}}; gives the address, an origin of its own."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            files = [folder / path.lstrip("/") for folder in folders or (SHOP,)]
            file = next(filter(Path.is_file, files), files[0])
            if path == "/film.wav":
                self._answer(film(), ".wav")
            elif file.is_file():
                self._answer(file.read_bytes().replace(b"{{collector}}", tag.encode()), file.suffix)
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.do_GET()

        def _answer(self, body: bytes, suffix: str) -> None:
            # Without ranges a film cannot be wound: browsers go back to its start.
            start = int((self.headers["range"] or "bytes=0-").removeprefix("bytes=").partition("-")[0])
            self.send_response(206 if self.headers["range"] else 200)
            self.send_header("content-type", TYPES.get(suffix, "application/octet-stream"))
            self.send_header("content-length", str(len(body) - start))
            self.send_header("content-range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            self.send_header("accept-ranges", "bytes")
            self.end_headers()
            self.wfile.write(body[start:])

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@cache
def film(rate: int = 8_000) -> bytes:
    """A quiet tone that a video element truly plays, of a known length."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        wave_form = (int(500 * math.sin(2 * math.pi * 440 * n / rate)) for n in range(FILM_S * rate))
        sound.writeframes(b"".join(struct.pack("<h", level) for level in wave_form))
    return file.getvalue()
