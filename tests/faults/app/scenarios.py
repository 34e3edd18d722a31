"""What the suite plays: faults under load, and at the end the account of what became of it all."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.app import account
from tests.faults.app.faults import MISSED, Fault, faults_for
from tests.faults.app.load import Load
from tests.faults.app.servers import OwnRedis
from tests.faults.app.site import WORKERS, Site, pause
from tests.faults.app.sizes import Size
from tests.waiting import eventually

#: Seconds. The promises of an outage: an upload's answer (p99), and all ready after its end.
ANSWER_WITHIN_S, READY_WITHIN_S = 1.5, 30.0


@dataclass
class Play:
    """One scenario on one site: what was struck, and what was wrong beside the account."""

    site: Site
    size: Size
    may_break_servers: bool = False
    seed: int = field(default_factory=lambda: random.randrange(1 << 32))
    say: Callable[[str], None] = print
    log: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._begun = time.monotonic()
        self._random = random.Random(self.seed)
        self._progress = 0.0

    def faults(self) -> list[Fault]:
        return faults_for(self.site, may_break_servers=self.may_break_servers)

    def kills_and_outages(self, faults: Sequence[Fault] | None = None) -> account.Account:
        """Strike every fault once, in an order of chance, then kill at random; all under load."""
        chosen = list(self.faults() if faults is None else faults)
        self._random.shuffle(chosen)
        load = self._load(share=lambda: self._progress, sign_up_rate=10.0, upload_rate=4.0)
        load.start()
        for number, fault in enumerate(chosen, start=1):
            self._progress = number / (len(chosen) + 1)
            self.strike(fault)
        self._progress = 1.0
        self._kill_at_random()
        load.wait(within=300)
        return self._account(load)

    def outage(self) -> account.Account:
        """Take Redis away during steady uploads: none fails, none waits, all are ready soon."""
        assert isinstance(self.site.redis, OwnRedis), "An outage needs a server of the suite's own."
        size, down_s = self.size, self.size.lengths.stopped_s
        total_s = size.before_s + down_s + size.after_s
        load = self._load(
            *(int(size.steady_rate * total_s), 0, 0, 0),
            upload_rate=size.steady_rate,
            tries_again=False,
            uploaders=16,
        )
        load.start()
        pause(size.before_s)
        began = time.time()
        self.site.redis.be_down(down_s)
        returned = time.time()
        load.wait(within=total_s + 60)
        late = sorted(each.late_s for each in load.posted if began <= each.due <= returned)
        self._judge_outage(load, late, returned)
        return self._account(load)

    def emptied(self) -> account.Account:
        """Empty Redis under load: what it forgot is sent again, and no mail leaves twice."""
        lasts_s = self.size.sign_ups / 20.0
        load = self._load(sign_up_rate=20.0, upload_rate=self.size.uploads / lasts_s)
        load.start()
        emptied = [fault for fault in self.faults() if fault.name == "redis: emptied"]
        assert emptied, "Emptying a given Redis must be allowed: --may-break-servers."
        for _ in range(3):
            pause(lasts_s / 4)
            self.strike(emptied[0])
        load.wait(within=300)
        return self._account(load)

    def strike(self, fault: Fault) -> None:
        """Strike, note what it met, and wait until there is a site again to strike."""
        began = time.monotonic()
        words = fault.strike(self.site, self.size.lengths)
        at_s, took_s = began - self._begun, time.monotonic() - began
        self.log.append(
            {"fault": fault.name, "at_s": round(at_s, 1), "s": round(took_s, 1), "met": words}
        )
        self.say(f"{at_s:6.1f} s  {fault.name}: {words}")
        self.site.wait_until_serving(workers=1)

    def _load(self, *counts: int, **options: Any) -> Load:
        size = self.size
        load = counts or (size.uploads, size.sign_ups, size.by_view, size.damaged)
        uploads, sign_ups, by_view, damaged = load
        return Load(self.site, uploads, sign_ups, by_view=by_view, damaged=damaged, **options)

    def _kill_at_random(self) -> None:
        names = ("web", *WORKERS)
        for _ in range(self.size.random_kills):
            pause(self._random.uniform(0.1, 2.0))
            name = self._random.choice(names)
            self.log.append({"fault": f"kill {name} at random", "met": self.site.kill_one(name)})
        self.site.wait_until_serving()

    def _judge_outage(self, load: Load, late: list[float], returned: float) -> None:
        p99 = late[int(len(late) * 0.99)] if late else 0.0
        failed = load.uploads - len(load.posted)
        self._settle("assets developing")
        ready_s = time.time() - returned
        self.facts |= {"failed_uploads": failed, "p99_s": round(p99, 3)}
        self.facts |= {"p50_s": round(late[len(late) // 2], 3), "ready_after_s": round(ready_s, 1)}
        if failed:
            self.wrong.append(f"{failed} uploads failed during the outage: {dict(load.refused)}")
        if p99 > ANSWER_WITHIN_S:
            self.wrong.append(f"p99 of an upload's answer was {p99:.2f} s")
        if ready_s > READY_WITHIN_S:
            self.wrong.append(f"all were ready {ready_s:.1f} s after Redis was back")

    def _settle(self, *only: str) -> None:
        """Wait until all has ended; what has not is a line of the account, not an error here."""
        left: Counter[str] = Counter()

        def is_settled() -> bool:
            left.clear()
            left.update(self.site.auditor.ask("unsettled"))
            if held := self.site.redis.messages():
                left["messages in Redis"] = held
            return not any(left[what] for what in only) if only else not left

        try:
            eventually(is_settled, within=self.size.settles_within_s, what="all has ended")
        except AssertionError:
            self.wrong.append(f"not ended after {self.size.settles_within_s:g} s: {dict(left)}")

    def _account(self, load: Load) -> account.Account:
        began = time.monotonic()
        self.site.wait_until_serving()
        self._settle()
        site = self.site
        wrong = [*self.wrong, *site.auditor.ask("wrong_renditions")]
        self.facts |= {
            "database": site.database.name,
            "redis": site.redis.words(),
            "seed": self.seed,
            "times": self.size.times,
            "seconds": round(time.monotonic() - self._begun, 1),
            "settled_after_s": round(time.monotonic() - began, 1),
            "uploads_posted": len(load.posted),
            "signed_up": len(load.signed_up),
            "refused": dict(load.refused),
            "killed": dict(site.killed),
            "mails_struck": dict(Counter(mood for mood, _ in site.mailbox.struck)),
            "half_files_left": site.auditor.ask("parts_left"),
            "faults": self.log,
            "faults_that_met_nobody": [each["fault"] for each in self.log if each["met"] == MISSED],
        }
        rows = site.auditor.ask("inventory")
        posted = [each.image_id for each in load.posted]
        return account.of_all(
            posted, load.signed_up, rows, site.mailbox.received, wrong=wrong, facts=self.facts
        )
