"""Payment files: uploaded or dropped, checked whole, and told payment by payment."""

from __future__ import annotations

from typing import Literal

from samklang.payments.model.bank_payments import BankPayment, Source
from samklang.platform.money import Money
from samklang.platform.shapes import Line, Shape, Upload

FileStatus = Literal["waiting", "reading", "done", "refused", "interrupted"]
"""``interrupted``: the payment handler was changed in the middle; what was registered before stands."""


class PaymentFileInput(Shape):
    """The payment file to come."""

    filename: Line
    content_type: Literal["text/plain", "application/xml", "text/xml", "application/octet-stream"] = (
        "application/octet-stream"
    )


class NewPaymentFile(Shape):
    """Where to upload the payment file."""

    file_id: str
    upload: Upload


class Refusal(Shape):
    """Why a file was refused whole: the record at fault, the check, what was expected and found."""

    check: str
    message: str
    record: int | None
    expected: str | None
    found: str | None


class FilePayment(BankPayment):
    """A payment in a file."""

    place: int
    """Its place among the file's payments, from 1."""
    duplicate: bool = False
    """It came before: earlier in this file's life, in another file, or in another format."""


class FilePaymentPage(Shape):
    """Some of a file's payments."""

    items: list[FilePayment]
    next: str | None


class FileTotals(Shape):
    """What a file adds up to, as it was found when it was read."""

    payments: int
    amount: Money
    """SEK in the whole file; payments in other currencies are not added up."""
    exact: int
    proposed: int
    unmatched: int
    duplicates: int


class PaymentFile(Shape):
    """A payment file and what was found in it."""

    file_id: str
    filename: str
    status: FileStatus
    format: Source | None
    uploaded_by: Literal["client", "bureau", "bank"]
    """``bank``: dropped in the bucket, not uploaded through the API."""
    created_at: str
    totals: FileTotals | None
    payments: list[FilePayment]
    """The first thousand; the others by ``payment-files/{file_id}/payments``."""
    refusal: Refusal | None


class PaymentFilePage(Shape):
    """Some payment files, without their payments."""

    items: list[PaymentFile]
    next: str | None
