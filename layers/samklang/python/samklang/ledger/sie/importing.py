"""SIE files taken into the books: balances to begin with, or a year's vouchers; safe to repeat and to crash.

A file is read twice, and is never whole in memory: once to survey and plan it, once to write what it has.
Vouchers are written in chunks. Each chunk is one transaction, with how far the file has come in it: whoever
sends the file again goes on from there, and a file that is done is only told of.
"""

from __future__ import annotations

import base64
import hashlib
import io
import math
import time
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

from samklang.formats import sie
from samklang.ledger.fiscal_years import add_year
from samklang.ledger.model.chart import AccountChange
from samklang.ledger.opening import put_opening
from samklang.ledger.postings import Postings
from samklang.ledger.sie.model import MAX_BYTES, SieBalance, SieFinding, SieReport, SieYear
from samklang.ledger.sie.plan import Plan, Posted, plan_history, plan_opening, posted
from samklang.ledger.sie.survey import Survey, weight
from samklang.ledger.store import books, chart
from samklang.ledger.store import opening as kept_opening
from samklang.ledger.store import sie as store
from samklang.platform import idempotency
from samklang.platform.dynamo import Transaction, retrying
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samklang.ledger.sie.model import SieImportInput, SieMode, SieTerms
    from samklang.platform.access import CompanyAccess

_SECONDS = 18
"""For which an import goes on writing; the API waits for 30, and a transaction may take some of them."""
_CHUNK_VOUCHERS = 80
_CHUNK_WEIGHT = 1_500_000
"""Bytes, so that a transaction stays far below DynamoDB's 4 MB."""
_MOST_NAMES = 5_000
"""Of each kind: they are one item of the table."""


class SieFile(NamedTuple):
    """A file that has been read to its end: nothing in it makes it unusable."""

    import_id: str
    """Made from its bytes."""
    stream: BinaryIO
    summary: sie.Summary
    survey: Survey


def import_file(at: CompanyAccess, given: SieImportInput) -> SieReport:
    """Take a SIE file of a request in, or only tell what that would do.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``validation``, ``sie-refused``,
            ``sie-obstacles``, ``import-unfinished``, ``busy``.
    """
    at.require_bureau("import SIE files")
    at.require_active()
    file = read(io.BytesIO(_content(given)))
    # Now, since the last of several transactions, which has the key, would tell too late.
    idempotency.replay_if_done(at.user)
    return take_in(at, file, given, seconds=_SECONDS)


def take_in(at: CompanyAccess, file: SieFile, given: SieTerms, *, seconds: float | None = None) -> SieReport:
    """Take a file in, or only tell what that would do; it goes on where it stopped.

    Args:
        at: whose books, and who takes it in.
        file: what is taken in.
        given: what to do with it.
        seconds: for which it goes on writing; None: until it is done.

    Raises:
        Problem: ``sie-obstacles``, ``import-unfinished``, ``busy``.
    """
    if begun := done_before(at.company_id, file, given.mode):
        report = _told(begun.report, "already")
        return idempotency.commit(Transaction(), at.user, report)
    if given.dry_run:
        plan = _plan(at.company_id, file, given)
        report = _report(plan, given.mode, "dry_run", file)
        return idempotency.commit(Transaction(), at.user, report)
    if given.mode == "opening":
        return _open(at, file)
    return _History(at, file, given.series_prefix, seconds).write()


def done_before(company_id: str, file: SieFile, mode: SieMode) -> store.Import | None:
    """The import of this file, if it is done."""
    begun = store.sie_import(company_id, mode, file.import_id)
    return begun if begun and begun.done else None


def _content(given: SieImportInput) -> bytes:
    try:
        content = base64.b64decode(given.content, validate=True)
    except ValueError:
        message = "The file must be sent as its bytes in base64."
        raise Problem("validation", message, (FieldError("/content", "base64", message),)) from None
    if len(content) > MAX_BYTES:
        message = f"The file has more than {MAX_BYTES} bytes: ask for an upload (ledger/sie-imports) instead."
        raise Problem("validation", message, (FieldError("/content", "too_large", message),))
    return content


def read(stream: BinaryIO) -> SieFile:
    """The whole file.

    Raises:
        Problem: ``sie-refused``.
    """
    digest = hashlib.file_digest(cast("Any", stream), "sha256").hexdigest()
    stream.seek(0)
    survey = Survey()
    try:
        for each in sie.read(stream):
            if isinstance(each, sie.Summary):
                return SieFile(f"sie_{digest[:20]}", stream, each, survey)
            survey.add(each)
    except sie.SieRefused as refused:
        message = str(refused)[:_LONGEST_MESSAGE]
        raise Problem("sie-refused", message, (FieldError("/content", refused.check, message),)) from None
    raise AssertionError("a reader ends with its summary")


_LONGEST_MESSAGE = 1_000
"""Characters; a message quotes the file."""


def _plan(company_id: str, file: SieFile, given: SieTerms) -> Plan:
    head, accounts = books.books(company_id), chart.chart(company_id)
    if given.mode == "opening":
        plan = plan_opening(file.summary, head, accounts)
        _check_opening(company_id, plan)
        return plan
    return plan_history(file.summary, file.survey, head, accounts, given.series_prefix)


def _check_opening(company_id: str, plan: Plan) -> None:
    before = kept_opening.opening(company_id)
    if before.amounts:
        whose = f"from {before.source}" if before.source else "given by hand"
        text = f"There are opening balances already, {whose}. Take them away first (no rows)."
        plan.hinder("opening-balances", text)


def _refuse(plan: Plan) -> None:
    """Refuse a file that cannot be taken in as it is.

    Raises:
        Problem: ``sie-obstacles``, naming each.
    """
    if plan.obstacles:
        errors = tuple(FieldError("/content", each.code, each.text) for each in plan.obstacles)
        raise Problem("sie-obstacles", plan.obstacles[0].text, errors)


def _report(plan: Plan, mode: SieMode, status: str, file: SieFile) -> SieReport:
    summary, head = file.summary, file.summary.head
    found = [SieFinding(code=each.code, line=each.line, text=each.text) for each in summary.findings]
    return SieReport.model_validate(
        {
            "import_id": file.import_id,
            "mode": mode,
            "status": status,
            "type": head.type,
            "company": head.company,
            "org_no": head.org_no,
            "program": " ".join(head.program).strip(),
            "alphabet": summary.encoding,
            "fiscal_year": SieYear(start=plan.year.start, end=plan.year.end) if plan.year else None,
            "adds_fiscal_year": plan.add_year,
            "vouchers": summary.vouchers,
            "rows": summary.rows,
            "turnover": summary.turnover,
            "series": list(plan.series.values()),
            "opening": [SieBalance(account=account, amount=amount) for account, amount in plan.opening],
            "new_accounts": list(plan.accounts.values()),
            "mapped_accounts": list(plan.mapped.values()),
            "omitted": plan.omitted,
            "findings": [*plan.findings, *found],
            "finding_counts": summary.counts,
            "obstacles": plan.obstacles,
        }
    )


def _told(report: str, status: str) -> SieReport:
    """The report of an import that was begun before."""
    return SieReport.model_validate_json(report).model_copy(update={"status": status})


def _begin(transaction: Transaction, postings: Postings, plan: Plan, summary: sie.Summary) -> None:
    """The fiscal year, accounts and names that the file brings, in the transaction of the postings."""
    if plan.add_year:
        assert plan.year is not None  # it is what is added
        add_year(postings, plan.year.start, plan.year.end)
    if plan.accounts:
        accounts = postings.chart
        for each in plan.accounts.values():
            accounts = accounts.changed(each.account, AccountChange(name=each.name, vat_box=each.vat_box))
        chart.put_chart(transaction, postings.company_id, accounts)
        postings.chart = accounts
    _keep_names(transaction, postings.company_id, summary)


def _keep_names(transaction: Transaction, company_id: str, summary: sie.Summary) -> None:
    head = summary.head
    sru = {account: each.sru for account, each in head.accounts.items() if each.sru}
    if not (head.dimensions or head.objects or sru):
        return
    names = store.names(company_id)
    for each in head.dimensions.values():
        names.dimensions[each.number] = (each.name, each.parent)
    names.dimensions = dict(islice(names.dimensions.items(), _MOST_NAMES))
    names.objects = dict(islice((names.objects | head.objects).items(), _MOST_NAMES))
    names.sru = dict(islice((names.sru | sru).items(), _MOST_NAMES))
    store.put_names(transaction, company_id, names)


def _open(at: CompanyAccess, file: SieFile) -> SieReport:
    """Write opening balances: one transaction, with the answer in it."""

    def make(transaction: Transaction) -> SieReport:
        if begun := store.sie_import(at.company_id, "opening", file.import_id):
            return _told(begun.report, "already")
        postings = Postings(at.company_id)
        plan = plan_opening(file.summary, postings.books, postings.chart)
        _check_opening(at.company_id, plan)
        _refuse(plan)
        report = _report(plan, "opening", "done", file)
        _begin(transaction, postings, plan, file.summary)
        put_opening(transaction, postings, plan.opening, f"sie/{file.import_id}", at.user.user_id)
        begun = store.Import(done=True, written=0, report=report.model_dump_json(), series_prefix="")
        store.begin(transaction, at.company_id, "opening", file.import_id, begun, at.user.user_id)
        postings.write(transaction)
        return report

    return idempotency.carry_out(at.user, make)


class _History:
    """A year's vouchers that are being written."""

    def __init__(self, at: CompanyAccess, file: SieFile, prefix: str, seconds: float | None) -> None:
        self._at = at
        self._import_id = file.import_id
        self._file = file
        self._prefix = prefix
        self._ahead = _Ahead(file.stream)
        self._deadline = time.monotonic() + (math.inf if seconds is None else seconds)

    def write(self) -> SieReport:
        """Write until all vouchers are written.

        Raises:
            Problem: ``sie-obstacles``, ``import-unfinished``, ``busy``.
        """
        begun = retrying(self._begin)
        report = _told(begun.report, "done")
        done = begun.done
        while not done:
            if time.monotonic() > self._deadline:
                raise Problem("import-unfinished", _GO_ON)
            done = retrying(lambda: self._chunk(report))
        return idempotency.commit(Transaction(), self._at.user, report)

    def _begin(self) -> store.Import:
        """The import's own item, with what the file brings besides vouchers; if it is not there already.

        Raises:
            Contention: somebody wrote meanwhile.
        """
        company_id = self._at.company_id
        if begun := store.sie_import(company_id, "history", self._import_id):
            return begun
        transaction, postings = Transaction(), Postings(company_id)
        plan = plan_history(
            self._file.summary, self._file.survey, postings.books, postings.chart, self._prefix
        )
        _refuse(plan)
        report = _report(plan, "history", "done", self._file).model_dump_json()
        _begin(transaction, postings, plan, self._file.summary)
        begun = store.Import(not self._file.survey.vouchers, 0, report, self._prefix)
        store.begin(transaction, company_id, "history", self._import_id, begun, self._at.user.user_id)
        postings.write(transaction)
        transaction.commit_unchanged()
        return begun

    def _chunk(self, report: SieReport) -> bool:
        """Write the vouchers that come next; whether all are written.

        Raises:
            Contention: somebody wrote meanwhile, perhaps the same file.
        """
        company_id = self._at.company_id
        begun = store.sie_import(company_id, "history", self._import_id)
        assert begun is not None  # an import is never removed
        if begun.done:
            return True
        transaction, postings = Transaction(), Postings(company_id)
        plan = Plan.of(report)
        more = taken = 0
        for voucher in self._ahead.behind(begun.written):
            taken += weight(voucher)
            if more and (taken > _CHUNK_WEIGHT or not postings.has_room(_WITH_A_VOUCHER)):
                break
            self._post(postings, posted(plan, voucher))
            more += 1
        done = begun.written + more == self._file.survey.vouchers
        store.advance(transaction, company_id, self._import_id, written=begun.written, more=more, done=done)
        postings.write(transaction)
        transaction.commit_unchanged()
        return done

    def _post(self, postings: Postings, each: Posted) -> None:
        voucher = each.voucher
        postings.post(
            each.series,
            voucher.day,
            voucher.text,
            each.amounts,
            f"sie/{self._import_id}",
            details=each.details,
            created_by=self._at.user.user_id,
            number=each.number,
        )


class _Ahead:
    """The vouchers with rows that come next, a chunk of them at a time: how many are written only grows."""

    def __init__(self, stream: BinaryIO) -> None:
        stream.seek(0)
        self._coming = (each for each in sie.read(stream) if isinstance(each, sie.Voucher) and each.accounts)
        self._place = 0
        """Of the first in the chunk."""
        self._chunk: deque[sie.Voucher] = deque()

    def behind(self, written: int) -> Iterable[sie.Voucher]:
        """Those that follow when so many are written."""
        while self._place < written:
            if self._chunk:
                self._chunk.popleft()
            else:
                next(self._coming)
            self._place += 1
        self._chunk.extend(islice(self._coming, _CHUNK_VOUCHERS - len(self._chunk)))
        return self._chunk


_WITH_A_VOUCHER = 3
"""Operations: the voucher, perhaps a month's balances, and how far the import has come."""
_GO_ON = (
    "The time was up before all vouchers were written. Send the same request again: it goes on from there."
)
