from __future__ import annotations

from pathlib import Path

import pytest

from project.dev import mail_store
from project.dev.mail_store import MailMissing, StoredMail

NEW = b"Subject: new\r\n\r\nnew"
OLD = b"Subject: old\r\n\r\nold"


def test_the_newest_mail_comes_first(tmp_path: Path) -> None:
    mail_store.store(tmp_path / "mail", OLD)
    mail_store.store(tmp_path / "mail", NEW)

    assert [mail.source for mail in mail_store.newest(tmp_path / "mail", 10)] == [NEW, OLD]
    assert [mail.source for mail in mail_store.newest(tmp_path / "mail", 1)] == [NEW]


def test_where_nothing_was_sent_nothing_is_listed(tmp_path: Path) -> None:
    assert mail_store.newest(tmp_path / "mail", 10) == []


def test_only_the_newest_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_store, "KEPT", 2)

    mail_ids = [mail_store.store(tmp_path, OLD) for _ in range(4)]

    assert sorted(path.stem for path in tmp_path.iterdir()) == mail_ids[2:]


@pytest.mark.parametrize("mail_id", ["", "../secret_key", "1-2", "0" * 20 + "-" + "0" * 8])
def test_an_unknown_id_is_missing(tmp_path: Path, mail_id: str) -> None:
    (tmp_path.parent / "secret_key.eml").write_text("secret")

    with pytest.raises(MailMissing, match="is kept; the newest 500 are"):
        mail_store.read(tmp_path, mail_id)


def test_other_files_in_the_folder_are_no_mails(tmp_path: Path) -> None:
    (tmp_path / "note.eml").write_bytes(OLD)
    (tmp_path / ".00000000000000000000-00000000").write_bytes(OLD)

    assert mail_store.newest(tmp_path, 10) == []


def test_a_body_in_an_unknown_charset_is_still_shown() -> None:
    mail = StoredMail("1-x", b"Content-Type: text/plain; charset=klingon\r\n\r\nHello")

    assert mail.body("plain") == "Hello"
    assert mail.body("html") is None
