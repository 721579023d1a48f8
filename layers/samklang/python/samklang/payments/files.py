"""Payment files: uploaded, read and checked whole, then matched payment by payment.

A file is read twice: once to check it all, and only if every check holds a second time to register.
Each payment is dealt with in one transaction together with its place in the file and the bank's own
reference, so that a crash anywhere, the same event twice and the same file again register it once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.collaboration import service as collaboration
from samklang.formats.incoming import FileRefused, FileSummary, IncomingPayment
from samklang.formats.payment_file import open_reader
from samklang.invoicing import service as invoicing
from samklang.ledger import service as ledger
from samklang.payments import store
from samklang.payments.matching import Matched, match
from samklang.payments.model import (
    AllocationInput,
    FilePayment,
    FileTotals,
    NewPaymentFile,
    PaymentFile,
    PaymentFileInput,
    PaymentFilePage,
    PaymentInput,
    Refusal,
)
from samklang.payments.service import after_failure, prepare
from samklang.platform import access, clock, idempotency, uploads
from samklang.platform.dynamo import ConditionFailed, Transaction, retrying
from samklang.platform.ids import new_id
from samklang.platform.logs import logger
from samklang.platform.problems import Problem
from samklang.platform.settings import setting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from samklang.invoicing.model import Invoice
    from samklang.platform.access import CompanyAccess

MAX_BYTES = 50 * 1024 * 1024
"""A file of 100,000 payments is about 25 MB."""


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


def receive(company_id: str, file_id: str, stream: BinaryIO) -> None:
    """Check an uploaded file whole, then match and register its payments.

    A file that is refused keeps its refusal; nothing in it is registered. Doing it again changes nothing.
    """
    uploader = store.uploader(company_id, file_id)
    if uploader is None:
        logger.warning("an object under no payment file of ours", company=company_id, file=file_id)
        return
    at = access.acting(uploader.user, company_id, uploader.party)
    try:
        summary = _check(stream, company_id)
        collaboration.require_handler(Transaction(), at)
    except FileRefused as refused:
        refusal = Refusal(
            check=refused.check,
            message=str(refused),
            record=refused.record,
            expected=refused.expected,
            found=refused.found,
        )
        _refuse(company_id, file_id, refusal)
        return
    except Problem as problem:
        refusal = Refusal(check=problem.code, message=problem.detail, record=None, expected=None, found=None)
        _refuse(company_id, file_id, refusal)
        return
    store.set_file(company_id, file_id, {"status": "reading", "format": summary.format})
    stream.seek(0)
    done = _deal(at, file_id, stream)
    totals = FileTotals(
        payments=len(done),
        amount=summary.total,
        exact=sum(each.match == "exact" for each in done),
        proposed=sum(each.match == "proposed" for each in done),
        unmatched=sum(each.match == "unmatched" for each in done),
        duplicates=sum(each.duplicate for each in done),
    )
    store.set_file(company_id, file_id, {"status": "done", "totals": totals.model_dump_json()})
    logger.info("payment file done", file=file_id, **totals.model_dump(mode="json"))


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
            advice="Upload the file to the company it belongs to, or correct the company's bank details.",
        )
    return summary


def _payments(stream: BinaryIO) -> Iterator[tuple[int, IncomingPayment]]:
    payments = (each for each in open_reader(stream, allow_foreign=True) if isinstance(each, IncomingPayment))
    return enumerate(payments, start=1)


def _deal(at: CompanyAccess, file_id: str, stream: BinaryIO) -> list[FilePayment]:
    done = store.file_payments(file_id)
    for place, payment in _payments(stream):
        if place not in done:
            done[place] = retrying(lambda p=place, each=payment: _deal_with(at, file_id, p, each))  # type: ignore[misc]
    return [done[place] for place in sorted(done)]


def _deal_with(at: CompanyAccess, file_id: str, place: int, payment: IncomingPayment) -> FilePayment:
    """Match one payment and write down what came of it, registering it when the match is exact."""
    key = _bank_key(payment)
    if store.known_payments(at.company_id, [key]):
        return _write_down(file_id, place, _duplicate(payment))
    matched = match(payment, lambda number: _find(at, number))
    transaction = Transaction()
    payment_id = None
    if matched.candidate:
        payment_id = new_id("pay")
        try:
            given = _as_input(payment, matched.candidate.invoice)
            prepare(transaction, at, payment_id, given, source=f"{file_id} {payment.bank_reference}")
        except Problem as problem:
            # The books refuse it (a closed period, say): a person decides, and the file goes on.
            transaction, payment_id = Transaction(), None
            matched = Matched("proposed", [*matched.reasons, problem.detail])
    result = _result(payment, matched, payment_id)
    store.put_file_payment(transaction, file_id, place, result)
    store.put_bank_payment(transaction, at.company_id, key, file_id, place)
    try:
        transaction.commit()
    except ConditionFailed as failure:
        raise after_failure(failure) from failure
    return result


def _bank_key(payment: IncomingPayment) -> str:
    """What makes two payments in files the same: the bank's reference, and the payment it stands for.

    The reference alone will not do: Bankgirot's own example file uses one number in two currencies.
    """
    return f"{payment.recipient}#{payment.bank_reference}#{payment.date}#{payment.amount}{payment.currency}"


def _write_down(file_id: str, place: int, result: FilePayment) -> FilePayment:
    transaction = Transaction()
    store.put_file_payment(transaction, file_id, place, result)
    try:
        transaction.commit()
    except ConditionFailed as failure:
        raise after_failure(failure) from failure
    return result


def _find(at: CompanyAccess, number: int) -> tuple[Invoice, int] | None:
    """An issued invoice and what remains of it on the side that handles payments."""
    invoice = invoicing.issued_invoice(at.company_id, number)
    if invoice is None:
        return None
    if at.party == "client":
        return invoice, invoice.remaining
    posted = ledger.posted_invoices(at.company_id, [invoice.invoice_id])
    return invoice, posted.get(invoice.invoice_id, 0)


def _as_input(payment: IncomingPayment, invoice: Invoice) -> PaymentInput:
    return PaymentInput(
        payment_date=payment.date,
        amount=payment.amount,
        method="bank",
        allocations=[AllocationInput(invoice_id=invoice.invoice_id, amount=payment.amount)],
    )


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
