"""What an uploaded or dropped payment file starts: checked whole, then matched and registered.

A file is read twice: once to check it all, and only if every check holds a second time to register. Its
payments are dealt with some at a time, each part in one transaction with its place in the file and with
what makes a payment of a bank known, so that a crash anywhere, the same event twice, the same file again
and the same payments in another file or format register each of them once.
"""

from __future__ import annotations

from itertools import batched, dropwhile
from typing import TYPE_CHECKING, NamedTuple

from samklang.collaboration import service as collaboration
from samklang.formats.incoming import Debit, Deposit, FileRefused, FileSummary, IncomingPayment
from samklang.formats.payment_file import open_reader
from samklang.invoicing import service as invoicing
from samklang.ledger.payables import bank_debits
from samklang.payments import deposits
from samklang.payments.facts import Knowledge
from samklang.payments.files import MAX_BYTES
from samklang.payments.model.files import FileTotals, PaymentFile, Refusal
from samklang.payments.registering import after_failure
from samklang.payments.sameness import content_key, sight
from samklang.payments.store import bank_payments, files
from samklang.payments.store.bank_payments import Sighted
from samklang.payments.store.files import Told, Uploader
from samklang.payments.telling import as_proposed, as_told, bank_payment_id
from samklang.platform import access, clock
from samklang.platform.access import User
from samklang.platform.dynamo import ConditionFailed, Contention, Transaction, retrying
from samklang.platform.ids import derived_id, new_id
from samklang.platform.logs import logger
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from typing import BinaryIO

    from samklang.payments.matching import Matched
    from samklang.payments.model.bank_payments import BankPayment, Source
    from samklang.payments.model.files import FileStatus
    from samklang.payments.store.files import Finding
    from samklang.platform.access import CompanyAccess, Party
    from samklang.platform.uploads import Uploaded

_TOGETHER = 50
"""Payments looked at together: what they point to fits in a few batches."""


def dropped(uploaded: Uploaded, open_stream: Callable[[], AbstractContextManager[BinaryIO]]) -> None:
    """Deal with a file that the bank, or who fetches from it, put in the bucket.

    It belongs to the party that handles payments on that day. The same object again changes nothing; one
    larger than could be uploaded is refused unread.

    Raises:
        Problem: as :func:`receive`.
    """
    company_id, version = uploaded.company_id, uploaded.version
    if not collaboration.exists(company_id):
        logger.warning("a payment file for a company that does not exist", company=company_id)
        return
    file_id = derived_id("pmf", f"{uploaded.key}/{version}", uploaded.day)
    file = PaymentFile(
        file_id=file_id,
        filename="".join(filter(str.isprintable, uploaded.file_id))[-_LONGEST_NAME:],
        status="waiting",
        format=None,
        uploaded_by="bank",
        created_at=clock.timestamp(),
        totals=None,
        payments=[],
        refusal=None,
    )
    transaction = Transaction()
    files.put(transaction, company_id, file, User("bank", file_id))
    try:
        retrying(transaction.commit)
    except ConditionFailed:
        logger.info("dropped before", file=file_id)
    if uploaded.size > MAX_BYTES:
        _refuse_as_too_large(company_id, file_id, version, uploaded.size)
        return
    with open_stream() as stream:
        receive(company_id, file_id, version, stream)


_LONGEST_NAME = 200


def _refuse_as_too_large(company_id: str, file_id: str, version: str, size: int) -> None:
    if files.claim(company_id, file_id, version):
        refused = FileRefused(
            "too-large",
            expected=f"at most {MAX_BYTES} bytes",
            found=f"{size} bytes",
            advice="Ask the bank for a file a day, or split it.",
        )
        _refuse(company_id, file_id, _refusal(refused))


def receive(company_id: str, file_id: str, version: str, stream: BinaryIO) -> None:
    """Check a file whole, then match and register its payments.

    A file that is refused keeps its refusal; nothing in it is registered. One that is dealt with, or was
    interrupted, is left as it is. The first upload under a form is the file; later ones are left alone.

    Raises:
        Problem: ``busy``: to be sent again, it goes on from where it was.
    """
    uploader = files.claim(company_id, file_id, version)
    if uploader is None:
        logger.warning("no file to deal with, or not its first upload", company=company_id, file=file_id)
        return
    logger.set_correlation_id(uploader.user.request_id)
    done = list(files.told(file_id))
    try:
        if not done:
            _party(company_id, uploader)  # a company that nobody handles yet has no account to check by
        summary, sums, debits = _check(stream, company_id)
        files.set_values(company_id, file_id, {"status": "reading", "format": summary.format})
        _deal_while_handling(company_id, uploader, _File(file_id, summary.format), stream, done, sums)
        if debits:
            # Orders to pay suppliers are the bureau's, whoever has sent the bank's file.
            at = access.acting(uploader.user, company_id, _party(company_id, uploader))
            bank_debits.paid_by_bank(at, debits, _own_accounts(company_id))
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


_NO_LONGER_OURS = {"not-handler", "not-active"}


def _deal_while_handling(
    company_id: str,
    uploader: Uploader,
    file: _File,
    stream: BinaryIO,
    done: list[Told],
    sums: Sequence[deposits.Sum],
) -> None:
    """Deal with a file for as long as its party handles payments; a dropped one for whoever does.

    A decision for another day is no hindrance.

    Raises:
        Problem: ``not-handler``, ``not-active``, ``busy``.
    """
    while True:
        at = access.acting(uploader.user, company_id, _party(company_id, uploader))
        stream.seek(0)
        try:
            _deal(at, file, stream, done, sums)
        except Problem as problem:
            is_anybodys = uploader.party is None and problem.code == "not-handler"
            if problem.code != "handler-changed" and not is_anybodys:
                raise
        else:
            return


def _party(company_id: str, uploader: Uploader) -> Party:
    """The party a file is dealt with for."""
    party = uploader.party or collaboration.handling_party(company_id)
    if party is None:
        message = "Nobody handles payments of the company. Send the file again when somebody does."
        raise Problem("not-active", message)
    return party


class _File(NamedTuple):
    file_id: str
    format: Source


def _finish(
    company_id: str,
    file_id: str,
    status: FileStatus,
    done: Sequence[Told],
    summary: FileSummary,
    refusal: Refusal | None,
) -> None:
    findings = [each.finding for each in done]
    totals = FileTotals(
        payments=len(done),
        amount=summary.total,
        exact=findings.count("e"),
        proposed=findings.count("p"),
        unmatched=findings.count("u"),
        duplicates=findings.count("d"),
    )
    values = {"status": status, "totals": totals.model_dump_json()}
    if refusal:
        values["refusal"] = refusal.model_dump_json()
    files.set_values(company_id, file_id, values)
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
    files.set_values(company_id, file_id, {"status": "refused", "refusal": refusal.model_dump_json()})
    logger.info("payment file refused", file=file_id, check=refusal.check)


def _own_accounts(company_id: str) -> set[str]:
    bank = invoicing.seller(company_id).bank
    return {each for each in (bank.bankgiro, bank.plusgiro, bank.iban) if each}


def _check(stream: BinaryIO, company_id: str) -> tuple[FileSummary, list[deposits.Sum], list[Debit]]:
    """Read the file to its end, trusting nothing before.

    Returns:
        The summary, the deposits of several payments with the places of these, and what the company has paid.

    Raises:
        FileRefused: a check of the format failed, or the payments are not this company's.
    """
    own, debits = _own_accounts(company_id), list[Debit]()
    summary, sums, place = None, list[deposits.Sum](), 0
    for each in open_reader(stream, allow_foreign=True, on_debit=debits.append):
        match each:
            case IncomingPayment():
                place += 1
            case Deposit():
                sums.append(deposits.Sum(each, place - each.count + 1, place))
            case FileSummary():
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
    return summary, sums, debits


# ---------------------------------------------------------------- payment by payment

_Placed = tuple[int, IncomingPayment]
"""A payment and its place in the file, from 1."""


def _payments(stream: BinaryIO) -> Iterator[_Placed]:
    payments = (each for each in open_reader(stream, allow_foreign=True) if isinstance(each, IncomingPayment))
    return enumerate(payments, start=1)


def _deal(
    at: CompanyAccess, file: _File, stream: BinaryIO, done: list[Told], sums: Sequence[deposits.Sum]
) -> None:
    """Deal with the payments that are not done yet, adding them to ``done`` in order."""
    collaboration.require_handler(Transaction(), at)
    taken = deposits.settle(at, file.format, sums)
    left_to_do = dropwhile(lambda placed: placed[0] <= len(done), _payments(stream))
    for batch in batched(left_to_do, _TOGETHER, strict=False):
        # Another delivery of the same event may be further on.
        while left := [placed for placed in batch if placed[0] > len(done)]:
            done += _patiently(at, file, left, taken)


def _patiently(at: CompanyAccess, file: _File, batch: Sequence[_Placed], taken: frozenset[int]) -> list[Told]:
    """Deal with the first payments of a batch, those that fit in one transaction.

    What is on its way from the other side is waited for some seconds; then a person sees to it.
    """
    try:
        return retrying(lambda: _Part(at, file, batch, taken, patient=True).deal())
    except Problem as problem:
        if problem.code != "busy":
            raise
        return retrying(lambda: _Part(at, file, batch, taken, patient=False).deal())


_FOR_A_PERSON = {
    "closed-period",
    "outside-fiscal-year",
    "allocation-exceeds",
    "allocations-differ",
    "invoice-not-posted",
    "validation",
}
"""What the books may answer to an exact match that will not pass by itself."""


_TOLD_BEFORE = "Another file, in another format, told of it before."
_REGISTERED_AS_SUM = "A person has registered the sum of this deposit already, before its payments came."


def _content(payment: IncomingPayment) -> str:
    if payment.lump:
        return deposits.content_key(payment.date, payment.amount, payment.currency)
    return content_key(payment)


class _Part:
    """The first payments of a batch, matched one after the other and written in one transaction."""

    def __init__(
        self,
        at: CompanyAccess,
        file: _File,
        batch: Sequence[_Placed],
        taken: frozenset[int],
        *,
        patient: bool,
    ) -> None:
        self.at, self.file, self.batch, self.taken, self.patient = at, file, batch, taken, patient
        self.ids = {place: bank_payment_id(payment) for place, payment in batch}
        self.known = set(bank_payments.by_id(at.company_id, self.ids.values()))
        unknown = [payment for place, payment in batch if self.ids[place] not in self.known]
        self.contents = {id(payment): _content(payment) for payment in unknown}
        self.sighted = bank_payments.sighted(at.company_id, self.contents.values())
        self.knowledge = Knowledge(at, unknown)
        self.told: list[Told] = []
        self.new: list[BankPayment] = []
        self.seen: set[str] = set()

    def deal(self) -> list[Told]:
        """Match and write as many as fit.

        Raises:
            Contention: somebody wrote meanwhile, or something is on its way: read anew and see.
            Problem: ``handler-changed``; what registering refuses for all payments alike.
        """
        for place, payment in self.batch:
            finding = self._finding(place, payment)
            if finding is None:
                break
            self.told.append(Told(place, self.ids[place], finding))
        return self._write()

    def _finding(self, place: int, payment: IncomingPayment) -> Finding | None:
        """What is found of a payment, registered if the match is exact; None when it no longer fits."""
        identifier = self.ids[place]
        if identifier in self.known:
            return "d"
        told_before = self._same(payment)
        same = None if payment.lump else told_before
        matched = None if same else self.knowledge.match(payment)
        remarks = [deposits.TOLD_ONE_BY_ONE] if payment.lump and told_before else []
        if place in self.taken:
            remarks.append(_REGISTERED_AS_SUM)
            if matched and matched.match == "exact":
                matched = matched.for_a_person(_REGISTERED_AS_SUM)
        exact = matched if matched and matched.match == "exact" else None
        paid = [each.invoice_id for each in exact.proposals[0].allocations] if exact else []
        if self.told and not self._has_room(paid):
            return None
        self.known.add(identifier)
        if matched is None:
            self._keep(identifier, payment, remarks, same=same)
            return "d"
        payment_id = None
        if exact:
            matched, payment_id = self._register(identifier, payment, exact)
        self._keep(identifier, payment, remarks, matched, payment_id)
        return "e" if payment_id else "u" if matched.match == "unmatched" else "p"

    def _has_room(self, paid: list[str]) -> bool:
        others = len(self.new) + len(self.seen) + 4  # this payment's own two, the handler, this part
        return self.knowledge.registration.has_room(paid, others)

    def _same(self, payment: IncomingPayment) -> str | None:
        """The payment (of a lump, what it is the sum of) that another format told this one as, if one did."""
        known = self.sighted.get(self.contents[id(payment)], Sighted({}))
        counts, is_new = sight(known.counts, self.file.format)
        if is_new:
            return None
        place = counts[self.file.format] - 1
        return known.bank_payment_ids[min(place, len(known.bank_payment_ids) - 1)]

    def _keep(
        self,
        identifier: str,
        payment: IncomingPayment,
        remarks: list[str],
        matched: Matched | None = None,
        payment_id: str | None = None,
        same: str | None = None,
    ) -> None:
        self.new.append(self._bank_payment(payment, remarks, matched, payment_id, same))
        content = self.contents[id(payment)]
        known = self.sighted.get(content, Sighted({}))
        counts, is_new = sight(known.counts, self.file.format)
        ids = (*known.bank_payment_ids, identifier) if is_new else known.bank_payment_ids
        self.sighted[content] = Sighted(counts, ids, known.version)
        self.seen.add(content)

    def _register(
        self, identifier: str, payment: IncomingPayment, matched: Matched
    ) -> tuple[Matched, str | None]:
        """Register an exact match; what the books refuse is for a person."""
        payment_id = new_id("pay")
        try:
            told = as_told(payment, self.file.file_id, self.file.format)
            given = as_proposed(told, matched.proposals[0])
            self.knowledge.registration.add(payment_id, given, identifier)
        except Problem as problem:
            if problem.code == "not-synchronised" and self.patient:
                raise Contention(problem.detail) from problem
            if problem.code not in {*_FOR_A_PERSON, "not-synchronised"}:
                raise
            return matched.for_a_person(problem.detail), None
        return matched, payment_id

    def _bank_payment(
        self,
        payment: IncomingPayment,
        remarks: list[str],
        matched: Matched | None,
        payment_id: str | None,
        same: str | None,
    ) -> BankPayment:
        told = as_told(payment, self.file.file_id, self.file.format)
        return told.model_copy(
            update={
                "status": "duplicate" if matched is None else "registered" if payment_id else "waiting",
                "match": matched.match if matched else "unmatched",
                "reasons": matched.reasons if matched else [_TOLD_BEFORE],
                "proposals": matched.proposals if matched and not payment_id else [],
                "payment_id": payment_id,
                "same_as": same,
                "remarks": [*told.remarks, *remarks],
            }
        )

    def _write(self) -> list[Told]:
        transaction = Transaction()
        collaboration.require_handler(transaction, self.at)
        files.put_part(transaction, self.file.file_id, self.told)
        for payment in self.new:
            bank_payments.put(transaction, self.at.company_id, payment)
        for content in sorted(self.seen):
            bank_payments.put_sighted(transaction, self.at.company_id, content, self.sighted[content])
        self.knowledge.registration.write(transaction)
        try:
            transaction.commit()
        except ConditionFailed as failure:
            if "file_part" in failure.labels:
                # Another delivery of the same event dealt with these payments just now.
                return files.part(self.file.file_id, self.told[0].place)
            raise after_failure(failure) from failure
        return self.told
