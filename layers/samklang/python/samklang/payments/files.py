"""Payment files: asked for, listed, and told payment by payment."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from samklang.collaboration import service as collaboration
from samklang.payments.model.files import (
    FilePayment,
    FilePaymentPage,
    NewPaymentFile,
    PaymentFile,
    PaymentFileInput,
    PaymentFilePage,
)
from samklang.payments.registering import after_failure
from samklang.payments.store import bank_payments
from samklang.payments.store import files as store
from samklang.platform import clock, idempotency, uploads
from samklang.platform.cursors import read_cursor, write_cursor
from samklang.platform.dynamo import ConditionFailed, Transaction
from samklang.platform.ids import new_id
from samklang.platform.problems import Problem
from samklang.platform.settings import setting

if TYPE_CHECKING:
    from samklang.payments.store.files import Told
    from samklang.platform.access import CompanyAccess

MAX_BYTES = 24 * 2**20
"""Some 24,000 payments as camt, 100,000 as BgMax: what three runs of the receiving function have time for,
each going on where the one before stopped, at the writes that a company's partition takes."""

_SHOWN = 1000
"""Payments shown with their file."""


def create(at: CompanyAccess, given: PaymentFileInput) -> NewPaymentFile:
    """Ask to upload a payment file.

    Raises:
        Problem: ``not-active``, ``not-handler``, ``handler-changed``.
    """
    transaction = Transaction()
    _require_handler(transaction, at)
    file_id = new_id("pmf")
    file = PaymentFile(
        file_id=file_id,
        filename=given.filename,
        status="waiting",
        format=None,
        uploaded_by=at.party,
        created_at=clock.timestamp(),
        totals=None,
        payments=[],
        refusal=None,
    )
    store.put(transaction, at.company_id, file, at.user)
    key = f"incoming/{at.company_id}/{file_id}"
    upload = uploads.presigned_post(setting("PAYMENT_FILES_BUCKET"), key, given.content_type, MAX_BYTES)
    try:
        return idempotency.commit(transaction, at.user, NewPaymentFile(file_id=file_id, upload=upload))
    except ConditionFailed as failure:
        raise after_failure(failure) from failure


def _require_handler(transaction: Transaction, at: CompanyAccess) -> None:
    try:
        collaboration.require_handler(transaction, at)
    except Problem as problem:
        if problem.code != "not-handler" or at.party != "bureau":
            raise
        # The file may be about the bureau's own orders, which the customers' payments in it are not.
        advice = "Let the client upload the file, or confirm the lines of a payment order by hand."
        raise Problem("not-handler", f"{problem.detail} {advice}") from problem


def get(at: CompanyAccess, file_id: str) -> PaymentFile:
    """A payment file with its first payments.

    Raises:
        Problem: ``not-found``.
    """
    file = _found(at, file_id)
    payments = _payments(at.company_id, list(islice(store.told(file_id), _SHOWN)))
    return file.model_copy(update={"payments": payments})


def _found(at: CompanyAccess, file_id: str) -> PaymentFile:
    file = store.file(at.company_id, file_id)
    if file is None:
        raise Problem("not-found", "There is no such payment file.")
    return file


def files(at: CompanyAccess, limit: int, cursor: str | None) -> PaymentFilePage:
    """A page of payment files, newest first, without their payments."""
    return store.files(at.company_id, limit, cursor)


_PLACE = re.compile(r"[1-9][0-9]{0,6}", re.ASCII)


def payments(at: CompanyAccess, file_id: str, limit: int, cursor: str | None) -> FilePaymentPage:
    """A page of a file's payments, in its order.

    Raises:
        Problem: ``not-found``, ``cursor-invalid``.
    """
    _found(at, file_id)
    first = int(read_cursor(cursor, _PLACE)) if cursor else 1
    told = list(islice(store.told(file_id, first), limit + 1))
    items = _payments(at.company_id, told[:limit])
    following = write_cursor(str(told[limit].place)) if len(told) > limit else None
    return FilePaymentPage(items=items, next=following)


def _payments(company_id: str, told: list[Told]) -> list[FilePayment]:
    known = bank_payments.by_id(company_id, [each.bank_payment_id for each in told])
    return [
        FilePayment(**dict(known[each.bank_payment_id]), place=each.place, duplicate=each.finding == "d")
        for each in told
    ]
