from __future__ import annotations

import pytest

from project import machine

HERE = machine.memory_bytes(())


pytestmark = pytest.mark.skipif(not HERE, reason="this system doesn't tell")


def test_without_a_container_it_is_the_machines():
    assert HERE
    assert HERE > 200_000_000


@pytest.mark.parametrize("said", ["max\n", "9223372036854771712\n", None])
def test_no_limit_is_none(tmp_path, said):
    path = tmp_path / "memory.max"
    if said:
        path.write_text(said)

    assert machine.memory_bytes((str(path),)) == HERE


def test_a_containers_limit_counts(tmp_path):
    path = tmp_path / "memory.max"
    path.write_text("104857600\n")

    assert machine.memory_bytes((str(tmp_path / "none"), str(path))) == 104_857_600
