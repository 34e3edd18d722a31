from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from project import paths


def test_the_socket_lies_below_the_data_directory() -> None:
    assert paths.embedded_socket(Path("/srv/data")) == Path("/srv/data/valkey/valkey.sock")


def test_a_path_too_long_for_a_socket_is_replaced_by_a_short_one_of_its_own() -> None:
    one, other = (Path("/srv") / ("long" * 30) / name for name in "ab")

    assert len(bytes(paths.embedded_socket(one))) <= paths.SOCKET_PATH_MAX_BYTES
    assert paths.embedded_socket(one) == paths.embedded_socket(one)
    assert paths.embedded_socket(one) != paths.embedded_socket(other)


def test_the_address_survives_odd_characters() -> None:
    url = paths.embedded_url(Path("/srv/my data?#%"))

    assert unquote(url.removeprefix("unix://")) == "/srv/my data?#%/valkey/valkey.sock"
    assert "?" not in url
    assert "#" not in url
