"""TLS in front of a server that speaks none, with a certificate made for the occasion."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import ssl
import subprocess
import threading
from pathlib import Path

from tests.missing import lacks


class TlsProxy:
    """Listens on a port of this machine, and passes on what it hears to a Unix socket."""

    def __init__(self, folder: Path, socket_path: Path) -> None:
        self.certificate, self._key = folder / "certificate.pem", folder / "key.pem"
        self._make_certificate()
        self._socket_path = socket_path
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tls-proxy", daemon=True)
        self.port = 0
        #: How many connections were let in so far.
        self.accepted = 0

    def start(self) -> None:
        self._thread.start()
        assert self._started.wait(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set_result, None)
        self._thread.join(10)

    def _make_certificate(self) -> None:
        openssl = shutil.which("openssl")
        if openssl is None:
            lacks("openssl", "its command makes the certificate of a test.")
        words = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")
        names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
        files = ("-keyout", str(self._key), "-out", str(self.certificate))
        subprocess.run([openssl, *words, *names, *files], check=True, capture_output=True)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self._key)
        self._stopped = self._loop.create_future()
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stopped
        server.close()

    async def _pass_on(
        self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter
    ) -> None:
        self.accepted += 1
        path = str(self._socket_path)
        server_in, server_out = await asyncio.open_unix_connection(path)
        try:
            await asyncio.gather(pump(client_in, server_out), pump(server_in, client_out))
        finally:
            client_out.close()
            server_out.close()


async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    target.close()
