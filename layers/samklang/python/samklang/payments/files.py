"""Payment files: uploaded, read and checked whole, then matched payment by payment.

A file is read twice: once to check it all, and only if every check holds a second time to register.
Each payment is dealt with in one transaction together with its place in the file and the bank's own
reference, so that a crash anywhere, the same event twice and the same file again register it once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from samklang.collaboration import service as collaboration
from samklang.formats.incoming import FileRefused, FileSummary, IncomingPayment
from samklang.formats.payment_file import open_reader
from samklang.invoicing import service as invoicing
from samklang.ledger import service as ledger
from samklang.payments import store
from samklang.payments.matching import Matched, match
from samklang.payments.model import (
    FilePayment,
    FileStatus,
    FileTotals,
    NewPaymentFile,
    PaymentFile,
    PaymentFileInput,
    PaymentFilePage,
    PaymentInput,
    Refusal,
)
from samklang.payments.service import after_failure, lacks_credit, prepare
from samklang.platform import access, clock, idempotency, uploads
from samklang.platform.dynamo import ConditionFailed, Contention, Transaction, retrying
from samklang.platform.ids import new_id
from samklang.platform.logs import logger
from samklang.platform.money import format_sek
from samklang.platform.problems import Problem
from samklang.platform.settings import setting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from samklang.invoicing.model.invoices import Invoice
    from samklang.platform.access import CompanyAccess

MAX_BYTES = 3 * 1024 * 1024
"""About 10,000 payments, which one run of the receiving function has time for."""


def create(at: CompanyAccess, given: PaymentFileInput) -> NewPaymentFile:
    """Ask to upload a payment file.

    Raises:
        Problem: ``not-active``, ``not-handler``, ``handler-changed``.
    """
    transaction = Transaction()
    collaboration.require_handler(transaction, at)
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
    store.put_file(transaction, at.company_id, file, at.user)
    key = f"incoming/{at.company_id}/{file_id}"
    upload = uploads.presigned_post(setting("PAYMENT_FILES_BUCKET"), key, given.content_type, MAX_BYTES)
    try:
        return idempotency.commit(transaction, at.user, NewPaymentFile(file_id=file_id, upload=upload))
    except ConditionFailed as failure:
        raise after_failure(failure) from failure


def get(at: CompanyAccess, file_id: str) -> PaymentFile:
    """A payment file with all its payments.

    Raises:
        Problem: ``not-found``.
    """
    file = store.file(at.company_id, file_id)
    if file is None:
        raise Problem("not-found", "There is no such payment file.")
    return file


def files(at: CompanyAccess, limit: int, cursor: str | None) -> PaymentFilePage:
    """A page of payment files, newest first, without their payments."""
    return store.files(at.company_id, limit, cursor)


# ---------------------------------------------------------------- what the upload starts


def receive(company_id: str, file_id: str, version: str, stream: BinaryIO) -> None:
    """Check an uploaded file whole, then match and register its payments.

    A file that is refused keeps its refusal; nothing in it is registered. Doing it again changes nothing.
    The first upload under a form is the file; later ones are left alone.

    Raises:
        Problem: ``not-synchronised`` or ``busy``: to be sent again.
    """
    uploader = store.claim(company_id, file_id, version)
    if uploader is None:
        logger.warning("no file to deal with, or not its first upload", company=company_id, file=file_id)
        return
    logger.set_correlation_id(uploader.user.request_id)
    at = access.acting(uploader.user, company_id, uploader.party)
    done = store.file_payments(file_id)
    try:
        summary = _check(stream, company_id)
        store.set_file(company_id, file_id, {"status": "reading", "format": summary.format})
        stream.seek(0)
        _deal(at, file_id, stream, done)
    except FileRefused as refused:
        _refuse(company_id, file_id, _refusal(refused))
    except Problem as problem:
        if problem.code not in _NO_LONGER_OURS:
            raise
        refusal = Refusal(check=problem.code, message=problem.detail, record=None, expected=None, found=None)
        if not done:
            _refuse(company_id, file_id, refusal)
            return
        # Payments before the change of handler stand; the new handler uploads the file for the rest.
        _finish(company_id, file_id, "interrupted", done, summary, refusal)
    else:
        _finish(company_id, file_id, "done", done, summary, None)


_NO_LONGER_OURS = {"not-handler", "handler-changed", "not-active"}


def _finish(
    company_id: str,
    file_id: str,
    status: FileStatus,
    done: dict[int, FilePayment],
    summary: FileSummary,
    refusal: Refusal | None,
) -> None:
    payments = done.values()
    totals = FileTotals(
        payments=len(payments),
        amount=summary.total,
        exact=sum(each.match == "exact" for each in payments),
        proposed=sum(each.match == "proposed" for each in payments),
        unmatched=sum(each.match == "unmatched" and not each.duplicate for each in payments),
        duplicates=sum(each.duplicate for each in payments),
    )
    values = {"status": status, "totals": totals.model_dump_json()}
    if refusal:
        values["refusal"] = refusal.model_dump_json()
    store.set_file(company_id, file_id, values)
    logger.info("payment file dealt with", file=file_id, status=status, **totals.model_dump(mode="json"))


def _refusal(refused: FileRefused) -> Refusal:
    return Refusal(
        check=refused.check,
        message=str(refused),
        record=refused.record,
        expected=refused.expected,
        found=refused.found,
    )


def _refuse(company_id: str, file_id: str, refusal: Refusal) -> None:
    store.set_file(company_id, file_id, {"status": "refused", "refusal": refusal.model_dump_json()})
    logger.info("payment file refused", file=file_id, check=refusal.check)


def _check(stream: BinaryIO, company_id: str) -> FileSummary:
    """Read the file to its end, trusting nothing before.

    Raises:
        FileRefused: a check of the format failed, or the payments are not this company's.
    """
    bank = invoicing.seller(company_id).bank
    own = {each for each in (bank.bankgiro, bank.plusgiro, bank.iban) if each}
    summary = None
    for each in open_reader(stream, allow_foreign=True):
        if isinstance(each, FileSummary):
            summary = each
    assert summary is not None  # a reader ends with its summary or raises
    strangers = [
        each for each in summary.recipients if each.lstrip("0") not in {number.lstrip("0") for number in own}
    ]
    if strangers:
        raise FileRefused(
            "recipient",
            expected=f"payments to {' or '.join(sorted(own))}",
            found=f"payments to {', '.join(strangers)}",
            advice="Upload the file to the company it belongs to.",
        )
    return summary


def _payments(stream: BinaryIO) -> Iterator[tuple[int, IncomingPayment]]:
    payments = (each for each in open_reader(stream, allow_foreign=True) if isinstance(each, IncomingPayment))
    return enumerate(payments, start=1)


def _deal(at: CompanyAccess, file_id: str, stream: BinaryIO, done: dict[int, FilePayment]) -> None:
    """Deal with the payments that are not done yet, adding them to ``done`` one by one."""
    collaboration.require_handler(Transaction(), at)
    for place, payment in _payments(stream):
        if place not in done:
            done[place] = retrying(lambda p=place, each=payment: _deal_with(at, file_id, p, each))  # type: ignore[misc]


_FOR_A_PERSON = {"closed-period", "outside-fiscal-year", "allocation-exceeds", "validation"}
"""What the books may answer to an exact match that will not pass by itself."""


def _deal_with(at: CompanyAccess, file_id: str, place: int, payment: IncomingPayment) -> FilePayment:
    """Match one payment and write down what came of it, registering it when the match is exact."""
    key = _bank_key(payment)
    if store.known_payments(at.company_id, [key]):
        return _write_down(Transaction(), file_id, place, _duplicate(payment))
    matched = match(payment, lambda number: _find(at, number))
    transaction = Transaction()
    payment_id = None
    if matched.candidate:
        payment_id = new_id("pay")
        try:
            given = _as_input(payment, matched.candidate.invoice)
            prepare(transaction, at, payment_id, given, source=f"{file_id} {payment.bank_reference}")
        except Problem as problem:
            if problem.code == "not-synchronised":
                raise Contention(problem.detail) from problem
            if problem.code not in _FOR_A_PERSON:
                raise
            transaction, payment_id = Transaction(), None
            matched = matched.for_a_person(problem.detail)
    store.put_bank_payment(transaction, at.company_id, key, file_id, place)
    return _write_down(transaction, file_id, place, _result(payment, matched, payment_id))


def _write_down(transaction: Transaction, file_id: str, place: int, result: FilePayment) -> FilePayment:
    """Commit what became of a payment, or answer with what another delivery made of it just now."""
    store.put_file_payment(transaction, file_id, place, result)
    try:
        transaction.commit()
    except ConditionFailed as failure:
        if "file_payment" in failure.labels:
            return store.file_payment(file_id, place)
        raise after_failure(failure) from failure
    return result


def _bank_key(payment: IncomingPayment) -> str:
    """What makes two payments in files the same: the bank's reference, and the payment it stands for.

    The reference alone will not do: Bankgirot's own example file uses one number in two currencies.
    """
    return f"{payment.recipient}#{payment.bank_reference}#{payment.date}#{payment.amount}{payment.currency}"


def _find(at: CompanyAccess, number: int) -> tuple[Invoice, int | None] | None:
    """An issued invoice and what remains of it on the side that handles payments, if that knows it all."""
    invoice = invoicing.issued_invoice(at.company_id, number)
    if invoice is None:
        return None
    if at.party == "client":
        return invoice, invoice.remaining
    posted = ledger.posted_receivables(at.company_id, [invoice.invoice_id]).get(invoice.invoice_id)
    if posted is None or lacks_credit(posted, invoice):
        return invoice, None
    return invoice, posted.remaining


def _as_input(payment: IncomingPayment, invoice: Invoice) -> PaymentInput:
    amount = format_sek(payment.amount)
    allocation = {"invoice_id": invoice.invoice_id, "amount": amount}
    given = {"payment_date": payment.date, "amount": amount, "method": "bank", "allocations": [allocation]}
    try:
        return PaymentInput.model_validate(given)
    except ValidationError as error:
        raise Problem(
            "validation", f"It cannot be registered as it is: {error.errors()[0]['msg']}."
        ) from error


def _duplicate(payment: IncomingPayment) -> FilePayment:
    reason = f"The bank's reference {payment.bank_reference} came before."
    result = _result(payment, Matched("unmatched", [reason]), None)
    return result.model_copy(update={"duplicate": True})


def _result(payment: IncomingPayment, matched: Matched, payment_id: str | None) -> FilePayment:
    return FilePayment(
        record=payment.record,
        payment_date=payment.date,
        amount=payment.amount,
        currency=payment.currency,
        payer=payment.payer_name,
        references=[each.value for each in payment.references],
        bank_reference=payment.bank_reference,
        match=matched.match,
        reasons=matched.reasons,
        proposals=matched.proposals,
        payment_id=payment_id,
    )
