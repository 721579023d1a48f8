"""A SIE file taken into the books: what is asked for, and the report of what that does."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from samklang.formats.sie import SieType
from samklang.platform.money import Money
from samklang.platform.shapes import Day, Line, Link, Shape, Upload

MAX_BYTES = 4 * 2**20
"""Of a file in a request: some 25,000 vouchers. Lambda takes 6 MB with the base64 around it."""
_MAX_CONTENT = (MAX_BYTES + 2) // 3 * 4

SieMode = Literal["opening", "history"]
"""What is taken from the file: balances to begin with, or a year's vouchers."""


class SieTerms(Shape):
    """What to do with a SIE file."""

    mode: SieMode
    dry_run: bool = False
    """Only tell what would be done."""
    series_prefix: Annotated[str, Field(pattern=r"^[0-9A-Z]{0,4}$")] = ""
    """Put before the file's voucher series, where one of them is used here already."""


class SieImportInput(SieTerms):
    """A SIE file and what to do with it."""

    content: Annotated[str, Field(min_length=1, max_length=_MAX_CONTENT)]
    """The file's bytes in base64."""


class SieUploadInput(SieTerms):
    """A SIE file to come."""

    filename: Line
    content_type: Literal["application/octet-stream", "text/plain"] = "application/octet-stream"


class SieFinding(Shape):
    """Something odd in the file, or changed on the way into the books."""

    code: str
    line: int | None
    """Of the file, from 1; none when it concerns all of it."""
    text: str


class SieYear(Shape):
    """A fiscal year."""

    start: date
    end: date


class SieAccount(Shape):
    """An account that the chart does not have yet."""

    account: str
    name: str
    vat_box: str | None


class SieMapping(Shape):
    """An account of the file that is another one here."""

    account: str
    becomes: str
    reason: str


class SieSeriesReport(Shape):
    """A voucher series of the file."""

    series: str
    becomes: str
    """Its name here."""
    vouchers: int
    renumbered: bool
    """Whether its vouchers get new numbers here: the file's are missing, or stand twice."""


class SieBalance(Shape):
    """What an account begins with."""

    account: str
    amount: Money
    """Debit above zero."""


class SieOmission(Shape):
    """What of the file is not taken in."""

    what: str
    count: int
    reason: str


class SieReport(Shape):
    """What a file holds, and what taking it in does or has done."""

    import_id: str
    """Made from the file's content: the same file is the same import."""
    mode: SieMode
    status: Literal["dry_run", "done", "already"]
    """``already``: this file was taken in before; nothing was done now."""
    type: SieType
    company: str
    org_no: str
    program: str
    alphabet: str
    fiscal_year: SieYear | None
    adds_fiscal_year: bool
    vouchers: int
    rows: int
    turnover: Money
    """The sum of all debits."""
    series: list[SieSeriesReport]
    opening: list[SieBalance]
    new_accounts: list[SieAccount]
    mapped_accounts: list[SieMapping]
    omitted: list[SieOmission]
    findings: list[SieFinding]
    """The first of each code."""
    finding_counts: dict[str, int]
    obstacles: list[SieFinding]
    """Why the file cannot be taken in as it is, and what to do; only a dry run tells them so."""


SieUploadStatus = Literal["waiting_upload", "working", "done", "refused"]


class NewSieUpload(Shape):
    """Where to upload the SIE file."""

    import_id: str
    upload: Upload


class SieProgress(Shape):
    """How many of a file's vouchers are in the books."""

    written: int
    vouchers: int


class SieUploadRefusal(Shape):
    """Why a file was not taken in, or not to its end; the same file uploaded again goes on."""

    code: str
    """Of the problem; its meaning is that of an answer."""
    message: str
    reasons: list[SieFinding]


class SieUpload(Shape):
    """An uploaded SIE file and what became of it."""

    import_id: str
    filename: str
    mode: SieMode
    dry_run: bool
    series_prefix: str
    status: SieUploadStatus
    created_at: str
    progress: SieProgress | None
    """Of history, once the file is read."""
    report: SieReport | None
    refusal: SieUploadRefusal | None


class SieUploadPage(Shape):
    """Some uploaded SIE files, newest first, without progress and reports."""

    items: list[SieUpload]
    next: str | None


SieKind = Literal["4E", "4I"]


class SieExportInput(Shape):
    """The part of the books to hand over; the same words as of ``GET …/ledger/sie``."""

    fiscal_year: Annotated[str | None, Field(pattern=r"^[0-9]{4}(-[0-9]{2}-[0-9]{2})?$")] = None
    type: SieKind = "4E"
    first: Annotated[Day | None, Field(alias="from")] = None
    last: Annotated[Day | None, Field(alias="to")] = None


class SieExported(Shape):
    """A SIE file to be fetched, as long as its link is good; then it is made anew."""

    filename: str
    size: int
    """Bytes."""
    vouchers: int
    link: Link
