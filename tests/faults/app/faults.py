"""Every fault, by its name: what it does to a site, and how long it lasts."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.faults.app.databases import GivenPostgres, OwnPostgres, Sqlite
from tests.faults.app.mail_server import MOODS, Mood
from tests.faults.app.servers import OwnRedis
from tests.faults.app.site import WORKERS, Site, pause
from tests.faults.app.sizes import Lengths
from tests.faults.app.step_names import STEPS, arm

#: Seconds that workers are frozen at most: they are dead after 3 s in the short form.
FROZEN_S = 2.0
#: What a fault says that met nobody: it has proven nothing.
MISSED = "met nobody"


@dataclass(frozen=True)
class Fault:
    """`strike` returns what it met, in words. `breaks`: a server of a person's must allow it."""

    name: str
    strike: Callable[[Site, Lengths], str]
    breaks_servers: bool = False


def faults_for(site: Site, *, may_break_servers: bool) -> list[Fault]:
    """Return every fault that this site's servers can be given."""
    found = [*_kills(), *_steps(), *_mails()]
    if sys.platform == "linux":  # the others can't limit a running process
        found.append(Fault("disk full", _fill_disk))
    if may_break_servers or site.redis.is_ours:
        found += _of_any_redis()
    if isinstance(site.redis, OwnRedis):
        found += _of_own_redis(site.redis)
    if isinstance(site.database, Sqlite):
        found.append(Fault("database locked", partial(_lock, site.database)))
    if isinstance(site.database, GivenPostgres) and (
        may_break_servers or isinstance(site.database, OwnPostgres)
    ):
        found.append(Fault("database connections ended", partial(_end, site.database)))
    if isinstance(site.database, OwnPostgres):
        found.append(Fault("database gone", partial(_go, site.database)))
    return found


def _kills() -> list[Fault]:
    return [
        *(Fault(f"kill {name}", partial(_kill, name)) for name in ("web", *WORKERS)),
        Fault("kill both workers", lambda site, _: _said(site.kill_workers())),
        Fault("kill signer", lambda site, _: _said(site.kill_signer())),
        Fault("kill supervisor", lambda site, _: _said(site.kill_supervisor())),
    ]


def _kill(name: str, site: Site, lengths: Lengths) -> str:
    pause(random.uniform(0, 0.3))
    return "killed" if site.kill_one(name) else MISSED


def _steps() -> list[Fault]:
    return [Fault(f"kill at {step}", partial(_kill_at, step)) for step in STEPS]


def _kill_at(step: str, site: Site, lengths: Lengths) -> str:
    armed = arm(site.data_dir, step)
    site.provoke(1)
    if not _within(lengths.step_within_s, lambda: not armed.exists()):
        armed.unlink(missing_ok=True)
        return MISSED
    site.note_killed(step)
    return "killed"


def _mails() -> list[Fault]:
    return [Fault(f"mail server: {mood}", partial(_be_moody, mood)) for mood in MOODS]


def _be_moody(mood: Mood, site: Site, lengths: Lengths) -> str:
    # Each of these kills both workers, or holds a thread for long: a few will do.
    times = 1 if mood.startswith("kill") else 2 if mood == "hang" else lengths.mails
    before = len(site.mailbox.struck)
    with site.mailbox.mood(mood, times) as is_done:
        site.provoke(times)
        _within(lengths.mails_within_s, is_done)
    struck = len(site.mailbox.struck) - before
    return f"{struck} mails" if struck else MISSED


def _fill_disk(site: Site, lengths: Lengths) -> str:
    with site.disk_full():
        pause(lengths.full_s)
    return f"{lengths.full_s:g} s"


def _of_any_redis() -> list[Fault]:
    return [
        Fault("redis: client pause", _pause_clients, True),
        Fault("redis: connections cut", lambda site, _: _said(site.redis.cut()), True),
        Fault("redis: emptied", _empty, True),
        Fault("redis: memory full", _fill_memory, True),
        Fault("redis: scripts flushed", lambda site, _: _said(site.redis.forget_scripts()), True),
    ]


def _pause_clients(site: Site, lengths: Lengths) -> str:
    site.redis.pause(lengths.paused_s)
    return f"{lengths.paused_s:g} s"


def _empty(site: Site, lengths: Lengths) -> str:
    """Have workers hold some and more wait, so that there is something to forget."""
    with site.frozen_workers():
        site.provoke(3)
        _within(FROZEN_S, lambda: site.redis.messages() >= 6)
        forgotten = site.redis.messages()
        site.redis.empty()
    return f"{forgotten} messages forgotten" if forgotten else MISSED


def _fill_memory(site: Site, lengths: Lengths) -> str:
    with site.redis.full():
        pause(lengths.full_s)
    return f"{lengths.full_s:g} s"


def _of_own_redis(redis: OwnRedis) -> list[Fault]:
    def stop(site: Site, lengths: Lengths) -> str:
        redis.be_down(lengths.stopped_s)
        return f"{lengths.stopped_s:g} s"

    def kill(site: Site, lengths: Lengths) -> str:
        redis.be_down(0.5, killed=True)
        return "killed, and back after 0.5 s"

    def freeze(site: Site, lengths: Lengths) -> str:
        redis.freeze(lengths.paused_s)
        return f"{lengths.paused_s:g} s"

    named: list[tuple[str, Any]] = [("stopped", stop), ("kill -9", kill), ("frozen", freeze)]
    return [Fault(f"redis: {name}", strike, True) for name, strike in named]


def _lock(database: Sqlite, site: Site, lengths: Lengths) -> str:
    database.lock(lengths.away_s)
    return f"{lengths.away_s:g} s"


def _end(database: GivenPostgres, site: Site, lengths: Lengths) -> str:
    database.end_connections()
    return "ended"


def _go(database: OwnPostgres, site: Site, lengths: Lengths) -> str:
    database.be_gone(lengths.away_s)
    return f"{lengths.away_s:g} s"


def _within(seconds: float, look: Callable[[], bool]) -> bool:
    """Return whether it came true in that time; under load, it may not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if look():
            return True
        time.sleep(0.02)
    return False


def _said(_: None) -> str:
    return "done"
