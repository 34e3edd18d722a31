"""What can go wrong with media.

- MediaError
    - RejectedUpload: the sender's fault; answered at once with `status`, `code` and words
        - NoFile, EmptyFile (400), FileTooLarge (413), UnsupportedType (415)
        - TooManyPixels, UnreadableImage (422)
    - PermanentFailure: another attempt would end the same way
        - UnreadableSource, MailRefused
    - TransientFailure: another attempt may succeed
        - DevelopmentInterrupted
        - AssetClaimed: another develops it; look again in `retry_in_s`
        - NoRoom: other big pictures are developed on this machine; look again in `retry_in_s`
        - MailWaits, BatchOpen: another is due in `retry_in_s`
    - MailGivenUp: every try of a mail met a failure that might have passed
    - MailFailure: how far a mail got on its way to the mail server
        - MailRejected (5xx), MailDeferred (surely not sent), MailInDoubt (sent, and no answer)
"""

from __future__ import annotations

from uuid import UUID

#: What a person may send, in words.
ACCEPTED = "JPEG, PNG, WebP, AVIF, HEIC or GIF"


class MediaError(Exception):
    """Any of these."""


class RejectedUpload(MediaError):
    """An upload that is refused. `status` is HTTP's, `code` is ours and never changes."""

    status = 400
    code = "rejected"

    @property
    def detail(self) -> str:
        """What was wrong and what to do, for a person."""
        return str(self)


class NoFile(RejectedUpload):
    """The request holds no file."""

    code = "no_file"

    def __init__(self) -> None:
        super().__init__(
            "No file came with the request. Send it as the multipart field 'file', or as the raw "
            "body with an image/* content type and ?filename=."
        )


class EmptyFile(RejectedUpload):
    """The file holds no bytes."""

    code = "empty_file"

    def __init__(self, *, file_name: str) -> None:
        self.file_name = file_name
        super().__init__(f"{file_name} is empty (0 bytes). Choose the file again and send it anew.")


class FileTooLarge(RejectedUpload):
    """The file, or the body around it, is over the limit."""

    status = 413
    code = "too_large"

    def __init__(self, *, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        super().__init__(
            f"The file is larger than {limit_bytes / 1_000_000:g} MB. Send a smaller one."
        )


class UnsupportedType(RejectedUpload):
    """The content is no image of an accepted format, whatever its name says."""

    status = 415
    code = "unsupported_type"

    def __init__(self, *, file_name: str) -> None:
        self.file_name = file_name
        super().__init__(f"{file_name} is not an image we can develop. Send {ACCEPTED}.")


class TooManyPixels(RejectedUpload):
    """The header announces more pixels than are developed."""

    status = 422
    code = "too_many_pixels"

    def __init__(self, *, width: int, height: int, max_pixels: int, max_side_px: int) -> None:
        self.width, self.height = width, height
        super().__init__(
            f"The image is {width:,} x {height:,} pixels. At most {max_pixels // 100_000 / 10:g} "
            f"megapixels and {max_side_px:,} pixels a side are developed. Send a smaller one."
        )


class UnreadableImage(RejectedUpload):
    """The header of an accepted format is broken."""

    status = 422
    code = "unreadable_image"

    def __init__(self, *, file_name: str) -> None:
        self.file_name = file_name
        super().__init__(
            f"{file_name} is damaged or cut off and can't be read. Send it again from the original."
        )


class PermanentFailure(MediaError):
    """Another attempt would end the same way. The text is shown to the owner."""


class UnreadableSource(PermanentFailure):
    """The stored original can't be decoded."""

    words = "The picture is damaged or cut off ({found}). Send it again from the original."

    def __init__(self, *, found: str) -> None:
        self.found = found
        super().__init__(self.words.format(found=found))


class TooDemanding(UnreadableSource):
    """Decoding takes more time or memory than one picture may have: it is vast, or a trap."""

    words = "The picture can't be developed here: {found}. Send a smaller one."


class MailRefused(PermanentFailure):
    """The mail server refused a mail for good (a 5xx answer)."""

    def __init__(self, *, notice_id: int, answer: str) -> None:
        self.notice_id, self.answer = notice_id, answer
        super().__init__(f"Notice {notice_id}: the mail server refused the mail ({answer}).")


class TransientFailure(MediaError):
    """Another attempt may succeed."""


class MailWaits(TransientFailure):
    """A mail was not taken, or another try is still at it; `retry_in_s` is when to try again."""

    def __init__(self, *, notice_id: int, retry_in_s: float, why: str) -> None:
        self.notice_id, self.retry_in_s = notice_id, retry_in_s
        super().__init__(f"Notice {notice_id}: {why} Tried again in {retry_in_s:.0f} s.")


class BatchOpen(TransientFailure):
    """A batch can't be closed yet; `retry_in_s` is when to look again."""

    def __init__(self, *, batch_id: int, retry_in_s: float) -> None:
        self.batch_id, self.retry_in_s = batch_id, retry_in_s
        super().__init__(f"Batch {batch_id} is still open; looked at again in {retry_in_s:.1f} s.")


class MailGivenUp(MediaError):
    """The last try of a mail failed, too."""

    def __init__(self, *, notice_id: int, tries: int, why: str) -> None:
        self.notice_id, self.tries = notice_id, tries
        super().__init__(f"Notice {notice_id}: given up after {tries} tries. The last: {why}")


class MailFailure(MediaError):
    """A mail did not arrive at the mail server, as far as is known. `said` is why."""

    words = "The mail did not leave"

    def __init__(self, *, said: str) -> None:
        self.said = said
        super().__init__(f"{self.words} ({said}).")


class MailRejected(MailFailure):
    """The server refused it for good, with a 5xx answer."""

    words = "The mail server refused the mail for good"


class MailDeferred(MailFailure):
    """The server could not be reached, or did not take it now. It has surely not been sent."""

    words = "The mail server did not take the mail now"


class MailInDoubt(MailFailure):
    """All of it was sent, and no answer came."""

    words = "The mail was sent in full, but the mail server's answer never came"


class DevelopmentInterrupted(TransientFailure):
    """The process that developed a picture was ended by somebody else."""

    def __init__(self, *, code: int) -> None:
        self.code = code
        super().__init__(f"The process that develops was ended from outside (exit status {code}).")


class AssetClaimed(TransientFailure):
    """Another message develops the asset; `retry_in_s` is when to look again."""

    def __init__(self, *, asset_id: UUID, retry_in_s: float) -> None:
        self.asset_id, self.retry_in_s = asset_id, retry_in_s
        super().__init__(
            f"Asset {asset_id} is being developed by another message; looked at again in "
            f"{retry_in_s:g} s."
        )


class NoRoom(TransientFailure):
    """As many big pictures as may be are being developed; `retry_in_s` is when to look again."""

    def __init__(self, *, retry_in_s: float) -> None:
        self.retry_in_s = retry_in_s
        super().__init__(
            f"Other big pictures are being developed; looked at again in {retry_in_s:g} s."
        )
