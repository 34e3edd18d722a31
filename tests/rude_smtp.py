"""An SMTP server that misbehaves at the step a test names, and keeps what it has taken."""

from __future__ import annotations

import socketserver
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

#: Ends the connection without an answer, and answers nothing while it lives.
DROP, HANG = "drop", "hang"
#: Steps of a dialogue, by the client's command; "end" is the dot after the data.
STEPS = ("connect", "ehlo", "mail", "rcpt", "data", "end", "rset", "quit")
_PROPER = {"connect": "220 rude", "data": "354 Go on", "quit": "221 Bye"}


class RudeServer:
    """`on("rcpt", "450 Later", DROP)` is how it behaves at the next two RCPT; else it is polite.

    A mail counts as received when its end has come and no 4xx or 5xx is the answer.
    """

    def __init__(self) -> None:
        self.received: list[tuple[str, EmailMessage]] = []
        self.steps: list[str] = []
        self.connections = 0
        self._actions: dict[str, deque[str | Callable[[], object]]] = defaultdict(deque)
        self._stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Dialogue)
        self._server.rude = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def on(self, step: str, *actions: str | Callable[[], object]) -> None:
        """Queue what it does at a step: answer so, DROP, HANG, or call something, then answer."""
        assert step in STEPS, step
        self._actions[step].extend(actions)

    def sent_to(self, address: str) -> list[EmailMessage]:
        return [mail for recipient, mail in self.received if recipient == address]

    def stop(self) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def action(self, step: str) -> str:
        """Return the next action of a step: DROP, HANG or an answer."""
        self.steps.append(step)
        if not self._actions[step]:
            return _PROPER.get(step, "250 Fine")
        action = self._actions[step].popleft()
        if isinstance(action, str):
            return action
        return str(action() or _PROPER.get(step, "250 Fine"))

    def hang(self) -> None:
        self._stopping.wait(60)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    rude: RudeServer


class _Dialogue(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        rude = self.server.rude
        rude.connections += 1
        if not self._answer("connect"):
            return
        recipient = ""
        while line := self._read():
            command, _, rest = line.strip().partition(b" ")
            step = command.decode().lower()
            if step == "rcpt":
                recipient = rest.decode().partition("<")[2].partition(">")[0]
            if not self._answer(step) or step == "quit":
                return
            if step == "data" and self._last.startswith("354") and not self._take(recipient):
                return

    def _take(self, recipient: str) -> bool:
        lines = []
        while (line := self._read()) != b".\r\n":
            if not line:
                return False
            lines.append(line[1:] if line.startswith(b"..") else line)
        mail: Any = message_from_bytes(b"".join(lines), policy=policy.default)
        answer = self.server.rude.action("end")
        if answer[0] not in "45":
            self.server.rude.received.append((recipient, mail))
        return self._say(answer)

    def _answer(self, step: str) -> bool:
        return self._say(self.server.rude.action(step))

    def _say(self, answer: str) -> bool:
        self._last = answer
        if answer == HANG:
            self.server.rude.hang()
        if answer in (DROP, HANG):
            return False
        try:
            self.wfile.write(f"{answer}\r\n".encode())
        except OSError:
            return False
        return not answer.startswith("421")

    def _read(self) -> bytes:
        try:
            return self.rfile.readline()
        except OSError:
            return b""
