"""Documents: receipts and supplier invoices, from the phone to the bureau's inbox."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol

from samklang.platform.clock import SWEDEN
from samklang.platform.shapes import Line, Link, Shape, Upload

Kind = Literal["receipt", "supplier_invoice"]
Party = Literal["client", "bureau"]
ContentType = Literal["image/jpeg", "image/png", "image/heic", "image/webp", "application/pdf"]
State = Literal["waiting_upload", "received", "in_progress", "question", "booked", "rejected"]

MAX_BYTES = 20 * 1024 * 1024
"""What one upload may hold: a photo of a large phone camera, or a scanned contract."""


class DocumentInput(Shape):
    """The document to come."""

    filename: Line
    content_type: ContentType
    kind: Kind
    comment: Line | None = None


class NewDocument(Shape):
    """Where to upload the document."""

    document_id: str
    upload: Upload


RejectionCode = Literal[
    "type-unknown",
    "type-differs",
    "too-large",
    "too-many-pixels",
    "too-many-pages",
    "password",
    "unreadable",
]


class Rejection(Shape):
    """Why a document was rejected, and what to do instead."""

    code: RejectionCode
    message: str


class Note(Shape):
    """What could not be done with a document that was received all the same."""

    code: Literal["no-preview"]
    message: str


class Document(Shape):
    """A document and how far it has come; the links are there when it is read alone."""

    document_id: str
    kind: Kind
    comment: str | None
    filename: str
    content_type: ContentType
    state: State
    reason: Rejection | None
    note: Note | None
    sha256: str | None
    size: int | None
    pages: int | None
    duplicate_of: str | None
    """The company's first document with the very same content: a warning, not a refusal."""
    uploaded_by: Party
    created_at: str
    received_at: str | None
    retain_until: date | None
    """Until and including this day, nobody can remove the original."""
    booked_as: list[str]
    """What is made from it: ``voucher/2026-11-23.A.7``, ``supplier_invoice/<id>``."""
    preview: Link | None
    original: Link | None
    version: int


class DocumentPage(Shape):
    """Some of a company's documents."""

    items: list[Document]
    next: str | None


class InboxItem(Shape):
    """A document that waits for the bureau."""

    document_id: str
    company_id: str
    company_name: str
    kind: Kind
    comment: str | None
    filename: str
    state: State
    pages: int | None
    duplicate_of: str | None
    uploaded_by: Party
    received_at: str
    age_days: int


class InboxPage(Shape):
    """Some documents of all the bureau's companies."""

    items: list[InboxItem]
    next: str | None


# ---------------------------------------------------------------- looking into a file


class Refused(Exception):  # noqa: N818 - an outcome, not a fault
    """The file is no document we can keep books on.

    Attributes:
        reason: why, and what to do instead.
    """

    def __init__(self, code: RejectionCode, message: str) -> None:
        self.reason = Rejection(code=code, message=message)
        super().__init__(f"{code}: {message}")


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen in a file."""

    pages: int | None
    preview: bytes | None
    """A JPEG."""
    note: Note | None = None


class Reader(Protocol):
    """Looks into files; :mod:`samklang.documents.preview` is the one.

    It is handed to the use case that needs it, so that functions that only talk HTTP do without the
    libraries that read images.
    """

    def check_type(self, data: bytes, declared: ContentType) -> None:
        """Refuse a file that is not what it was said to be."""

    def look(self, data: bytes, content_type: ContentType) -> Look:
        """Open a file, count its pages and make its preview; refuse what nobody can read."""


# ---------------------------------------------------------------- dates

_RETENTION_YEARS = 7


def retain_until(received: datetime) -> date:
    """The last day of the seventh year after the calendar year (bokföringslagen 7 kap. 2 §)."""
    return date(received.astimezone(SWEDEN).year + _RETENTION_YEARS, 12, 31)


def age_days(received_at: str, today: date) -> int:
    """How many days ago a document came, by Swedish dates."""
    return (today - datetime.fromisoformat(received_at).astimezone(SWEDEN).date()).days
