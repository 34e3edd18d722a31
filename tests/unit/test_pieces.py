"""A file in pieces: how many are under way to the event loop at once."""

from __future__ import annotations

import asyncio
from io import BytesIO

from media_app.views.pieces import AT_ONCE, PIECE_BYTES, Pieces, threads

CLIENTS = 20
LENGTH_BYTES = 2 * PIECE_BYTES + 1


class Watched(BytesIO):
    """A file that counts the pieces read from all of its kind."""

    pieces = 0

    def read(self, size: int | None = -1, /) -> bytes:
        Watched.pieces += 1
        return super().read(size)


async def test_while_the_loop_is_busy_no_more_are_read_than_it_can_send_in_a_turn():
    Watched.pieces = 0
    fetching = [asyncio.create_task(fetched(n)) for n in range(CLIENTS)]
    await asyncio.sleep(0)  # each has asked for its first piece

    # The loop waits here, until the threads have done all that was asked of them before.
    for _ in range(AT_ONCE):
        threads.submit(int).result(timeout=30)

    assert 0 < Watched.pieces <= AT_ONCE
    assert await asyncio.gather(*fetching) == [content(n) for n in range(CLIENTS)]
    assert Watched.pieces == 3 * CLIENTS


async def fetched(number: int) -> bytes:
    pieces = Pieces(Watched(content(number)), LENGTH_BYTES)
    return b"".join([piece async for piece in pieces])


def content(number: int) -> bytes:
    return bytes([number]) * LENGTH_BYTES
