"""People who upload and sign up, at a steady rate, and what they were answered."""

from __future__ import annotations

import itertools
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import httpx

from tests import pictures
from tests.faults.app.inside import Died
from tests.faults.app.site import Site

#: Seconds until somebody whose upload or sign-up failed tries once more.
AGAIN_S = 0.5


class Posted(NamedTuple):
    """One answered upload. `late_s`: from when it was due to its answer, connecting included."""

    image_id: str
    #: Of the machine's clock, s.
    due: float
    late_s: float


@dataclass
class Load:
    """How much to do in all, and how fast, per second.

    With `tries_again`, each thing is tried until it is accepted: a person comes back after a crash.
    """

    site: Site
    uploads: int
    sign_ups: int
    by_view: int = 0
    upload_rate: float = 5.0
    sign_up_rate: float = 20.0
    damaged: int = 0
    batch_size: int = 10
    tries_again: bool = True
    uploaders: int = 4
    #: How much of it may have been done by now, from 0 to 1: so it lasts as long as the faults.
    share: Callable[[], float] = lambda: 1.0
    posted: list[Posted] = field(default_factory=list)
    #: Addresses whose sign-up was answered with success.
    signed_up: list[str] = field(default_factory=list)
    #: Everything else that was answered, and what was not.
    refused: Counter[str] = field(default_factory=Counter)
    stopped: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin, on threads of their own."""
        self._tokens = [self._new_owner() for _ in range(2)]
        self.site.signer.ask("unsettled")  # so that it is up when the first comes
        self._batches = [str(uuid.uuid4()) for _ in range(-(-self.uploads // self.batch_size))]
        self._numbers, self._begun = itertools.count(), time.monotonic()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._upload_all) for _ in range(self.uploaders)]
        viewed, served = self.by_view, self.sign_ups - self.by_view
        rate = self.sign_up_rate / max(self.sign_ups, 1)
        self._threads += [
            threading.Thread(target=self._sign_up_all, args=(viewed, rate * viewed, self._by_view)),
            threading.Thread(target=self._sign_up_all, args=(served, rate * served, self._inside)),
        ]
        for thread in self._threads:
            thread.start()
        self.site.provoke = self.do_more

    def do_more(self, count: int) -> None:
        """Have so many more uploads and sign-ups at once: a fault waits for somebody to meet."""
        extra = threading.Thread(target=self._do_more, args=(count,))
        self._threads.append(extra)
        extra.start()

    def wait(self, within: float) -> None:
        """Wait until all was accepted; raises where that takes too long."""
        deadline = time.monotonic() + within
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self.stopped.set()
        for thread in self._threads:
            thread.join(60)
        assert len(self.signed_up) >= self.sign_ups or not self.tries_again, self.refused

    def _do_more(self, count: int) -> None:
        for _ in range(count):
            self._sign_up(self._inside)
        with httpx.Client(base_url=self.site.url, timeout=60) as client:
            for _ in range(count):
                self._upload(client, self.uploads - 1, time.monotonic())

    def _new_owner(self) -> str:
        email = _new_address()
        self.site.auditor.ask("sign_up", email=email)
        self.signed_up.append(email)
        token: str = self.site.auditor.ask("token", email=email)
        return token

    def _upload_all(self) -> None:
        with httpx.Client(base_url=self.site.url, timeout=60) as client:
            while not self.stopped.is_set():
                with self._lock:
                    number = next(self._numbers)
                if number >= self.uploads:
                    return
                due = self._begun + number / self.upload_rate
                if self._waits(number / self.uploads, due):
                    return
                self._upload(client, number, due)

    def _upload(self, client: httpx.Client, number: int, due: float) -> None:
        is_damaged = number % max(self.uploads, 1) < self.damaged
        content = _damaged(number) if is_damaged else _picture(number)
        batch = self._batches[number // self.batch_size]
        token = self._tokens[number // self.batch_size % len(self._tokens)]

        def post() -> bool:
            answer = client.post(
                "/api/images",
                params={"filename": f"{number}.jpg", "batch": batch},
                content=content,
                headers={"Authorization": f"Bearer {token}", "Content-Type": "image/jpeg"},
            )
            if answer.status_code != 202:
                self.refused[f"upload: {answer.status_code}"] += 1
                return False
            late_s = time.monotonic() - due
            image_id = answer.json()["id"]
            self.posted.append(Posted(image_id, time.time() - late_s, late_s))
            return True

        self._until_accepted(post)

    def _sign_up_all(self, count: int, rate: float, sign_up: Callable[[str], bool]) -> None:
        begun = time.monotonic()
        for number in range(count):
            if self._waits(number / max(count, 1), begun + number / rate):
                return
            self._sign_up(sign_up)

    def _sign_up(self, sign_up: Callable[[str], bool]) -> None:
        address = _new_address()
        self._until_accepted(lambda: self._accepts(sign_up, address))

    def _waits(self, share: float, due: float) -> bool:
        """Wait until that much may be done; return whether the load was stopped instead."""
        while not self.stopped.wait(max(0.0, min(due - time.monotonic(), 0.1))):
            if share <= self.share() and time.monotonic() >= due:
                return False
        return True

    def _accepts(self, sign_up: Callable[[str], bool], address: str) -> bool:
        if not sign_up(address):
            # Taken: an earlier try was accepted, though its answer never came.
            self.refused["sign-up: taken, after an answer that never came"] += 1
        self.signed_up.append(address)
        return True

    def _inside(self, address: str) -> bool:
        accepted: bool = self.site.signer.ask("sign_up", email=address)
        return accepted

    def _by_view(self, address: str) -> bool:
        with httpx.Client(base_url=self.site.url, timeout=60) as client:
            client.get("/accounts/sign-up/").raise_for_status()
            form = {"email": address, "password": "a long enough passphrase"}
            form["csrfmiddlewaretoken"] = client.cookies["csrftoken"]
            answer = client.post("/accounts/sign-up/", data=form)
            if answer.is_error:
                answer.raise_for_status()
            return answer.status_code == 302

    def _until_accepted(self, attempt: Callable[[], bool]) -> None:
        while not self.stopped.is_set():
            try:
                if attempt() or not self.tries_again:
                    return
            except httpx.HTTPStatusError as error:
                self.refused[f"sign-up: {error.response.status_code}"] += 1
            except (httpx.TransportError, Died) as error:
                self.refused[f"no answer: {type(error).__name__}"] += 1
            except RuntimeError as error:
                self.refused[f"sign-up: {str(error).partition(':')[0]}"] += 1
            if not self.tries_again:
                return
            self.stopped.wait(AGAIN_S)


def _new_address() -> str:
    return f"{uuid.uuid4().hex[:16]}@example.com"


def _picture(number: int) -> bytes:
    """A small one; what follows the end of a JPEG makes it another content."""
    return pictures.photo(240, 160, seed=number % 5) + number.to_bytes(4) + random.randbytes(8)


def _damaged(number: int) -> bytes:
    """One whose header is whole, and whose pixels break off."""
    whole = pictures.photo(240, 160, seed=number % 5)
    return whole[: len(whole) // 2] + random.randbytes(8)
