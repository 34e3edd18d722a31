"""The SMTP server of `make run`: keeps every mail it is given, delivers none.

`python -m project.dev.mail_server PORT FOLDER`
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from actors.parent_watch import watch_parent
from project.dev.mail_store import StoredMail, store
from project.dev.plan import HOST


class Keeper:
    """aiosmtpd's handler: takes a message when it is complete."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the message; answer as a server does that has taken it over."""
        source = envelope.original_content or b""
        mail_id = await asyncio.to_thread(store, self._folder, source)
        subject = StoredMail(mail_id, source).message["subject"]
        print(f"{', '.join(envelope.rcpt_tos)}: {subject} (/dev/mail/{mail_id}/)", flush=True)
        return f"250 Kept as {mail_id}"


async def serve(port: int, folder: Path) -> None:
    """Serve on this machine until told to stop."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    keeper = Keeper(folder)
    server = await loop.create_server(
        lambda: SMTP(keeper, enable_SMTPUTF8=True, hostname="localhost", loop=loop), HOST, port
    )
    print(f"Takes mail at {HOST}:{port}", flush=True)
    await stopping.wait()
    server.close()


if __name__ == "__main__":
    watch_parent()
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
