"""Customers and articles in and out as files: CSV and XLSX.

An import is planned from the whole file and the whole register, and nothing is written if a row has an error.
What is to be written goes in as many transactions as it takes, several at a time. Each entry's own
conditions hold it to what was planned from, and ids follow from the file: so a run that meets somebody else's
change reads and plans anew, and one that broke off is finished by the same request.
"""

from __future__ import annotations

import base64
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from samklang.formats.tables import TableError, write_csv
from samklang.invoicing.model.register_files import (
    ArticleImportResult,
    ArticlePreview,
    CustomerImportResult,
    CustomerPreview,
)
from samklang.invoicing.model.registers import Article, Customer
from samklang.invoicing.register_plan import ARTICLES, CUSTOMERS, plan, read_sheet
from samklang.invoicing.store import registers as store
from samklang.platform import clock, idempotency
from samklang.platform.dynamo import MAX_OPERATIONS, ConditionFailed, Contention, Transaction
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pydantic import BaseModel

    from samklang.invoicing.model.register_files import FileFormat, ImportInput, Outcome, RowError
    from samklang.invoicing.register_plan import Kind, Plan, Sheet, Step
    from samklang.platform.access import CompanyAccess

MAX_ERRORS = 500
"""Row errors in an answer."""
_PREVIEWED = 5
"""Rows that are shown as they become."""
_SECONDS = 20
"""For which an import goes on writing; the API waits for 30, and the answer has to be kept, too."""
_WRITERS = 8
"""Transactions at a time."""
_WITH_THE_LAST = 2
"""Operations that the last transaction has besides its rows: the key, and the next number."""
_LONGEST_WAIT = 0.5
"""Seconds between attempts at a transaction."""


# ---------------------------------------------------------------- import


def import_customers(at: CompanyAccess, given: ImportInput) -> CustomerImportResult:
    """Take in a file of customers, or only tell what that would do.

    Raises:
        Problem: ``not-master`` for the bureau, ``validation``, ``table-invalid``, ``rows-invalid``,
            ``import-unfinished``.
    """
    at.require_client("the customer register")
    sheet = _sheet(CUSTOMERS, given)

    def answer(planned: Plan[Customer], outcomes: Outcomes) -> CustomerImportResult:
        previews = [CustomerPreview.model_validate(each) for each in _previews(planned, outcomes)]
        return CustomerImportResult(preview=previews, **_result(given, sheet, planned, outcomes))

    return _import(at, given, sheet, answer)


def import_articles(at: CompanyAccess, given: ImportInput) -> ArticleImportResult:
    """Take in a file of articles; see :func:`import_customers`."""
    at.require_client("the article register")
    sheet = _sheet(ARTICLES, given)

    def answer(planned: Plan[Article], outcomes: Outcomes) -> ArticleImportResult:
        previews = [ArticlePreview.model_validate(each) for each in _previews(planned, outcomes)]
        return ArticleImportResult(preview=previews, **_result(given, sheet, planned, outcomes))

    return _import(at, given, sheet, answer)


type Outcomes = dict[int, Outcome]
"""What became of each row without errors."""


def _sheet[Entry: Customer | Article](kind: Kind[Entry], given: ImportInput) -> Sheet[Entry]:
    try:
        content = base64.b64decode(given.content, validate=True)
    except ValueError:
        message = "The file must be sent as its bytes in base64."
        raise Problem("validation", message, (FieldError("/content", "base64", message),)) from None
    try:
        return read_sheet(kind, content)
    except TableError as error:
        message = str(error)[:_LONGEST_MESSAGE]
        raise Problem("table-invalid", message, (FieldError("/content", error.check, message),)) from None


_LONGEST_MESSAGE = 2_000
"""Characters; a message can name columns, which are as long as somebody made them."""


def _import[Entry: Customer | Article, Answer: BaseModel](
    at: CompanyAccess,
    given: ImportInput,
    sheet: Sheet[Entry],
    answer: Callable[[Plan[Entry], Outcomes], Answer],
) -> Answer:
    if given.dry_run:
        planned = _plan(at.company_id, sheet)
        outcomes = {step.row: step.outcome for step in planned.steps}
        return idempotency.commit(Transaction(), at.user, answer(planned, outcomes))
    # Now, since the last of several transactions, which has the key, would tell too late.
    idempotency.replay_if_done(at.user)
    return _Run(at, sheet, answer).finish()


def _plan[Entry: Customer | Article](company_id: str, sheet: Sheet[Entry]) -> Plan[Entry]:
    entries = cast("Iterable[Entry]", store.all_entries(company_id, sheet.kind.register))
    return plan(company_id, sheet, entries, store.next_number(company_id, sheet.kind.register))


def _result(given: ImportInput, sheet: Sheet[Any], planned: Plan[Any], outcomes: Outcomes) -> dict[str, Any]:
    count = Counter(outcomes.values())
    return {
        "dry_run": given.dry_run,
        "rows": len(sheet.rows),
        "created": count["created"],
        "updated": count["updated"],
        "unchanged": count["unchanged"],
        "columns": sheet.columns,
        "error_count": len(planned.errors),
        "errors": planned.errors[:MAX_ERRORS],
    }


def _previews(planned: Plan[Any], outcomes: Outcomes) -> Iterator[dict[str, Any]]:
    for step in planned.steps[:_PREVIEWED]:
        known = {"row": step.row, "outcome": outcomes[step.row]}
        yield step.entry.model_dump(exclude={"customer_id", "article_id", "version"}) | known


# ---------------------------------------------------------------- writing


class _Batch(NamedTuple):
    """What is written together."""

    transaction: Transaction
    outcomes: Outcomes


class _Run[Entry: Customer | Article, Answer: BaseModel]:
    """An import that is being written."""

    def __init__(
        self,
        at: CompanyAccess,
        sheet: Sheet[Entry],
        answer: Callable[[Plan[Entry], Outcomes], Answer],
    ) -> None:
        self._at = at
        self._sheet = sheet
        self._answer = answer
        self._written: Outcomes = {}
        self._deadline = time.monotonic() + _SECONDS

    def finish(self) -> Answer:
        """Plan and write until all of the plan is written.

        Raises:
            Problem: ``rows-invalid``, ``import-unfinished``.
        """
        while time.monotonic() < self._deadline:
            try:
                return self._attempt()
            except Contention:
                time.sleep(random.uniform(0, _LONGEST_WAIT))  # noqa: S311 - jitter, no secret
        raise Problem(
            "import-unfinished",
            f"{len(self._written)} rows were written before the time was up. Send the same request again: "
            "it goes on from there.",
        )

    def _attempt(self) -> Answer:
        """Plan anew, and write it.

        Raises:
            Contention: somebody else wrote what was planned from, or the time is up.
        """
        planned = _plan(self._at.company_id, self._sheet)
        if planned.errors:
            raise self._rows_invalid(planned.errors)
        *batches, last = [*self._batches(planned.steps)] or [_Batch(Transaction(), {})]
        with ThreadPoolExecutor(_WRITERS) as pool:
            if not all(pool.map(self._write, batches)):
                raise Contention("the register has changed, or the time is up")
        outcomes = {step.row: self._written.get(step.row, step.outcome) for step in planned.steps}
        self._move_next_number(last.transaction, planned)
        try:
            return idempotency.commit(last.transaction, self._at.user, self._answer(planned, outcomes))
        except ConditionFailed as failure:
            raise Contention(str(failure)) from failure
        except Problem as problem:
            if problem.code != "busy":  # which says that nothing was done
                raise
            raise Contention(problem.detail) from problem

    def _batches(self, steps: Iterable[Step[Entry]]) -> Iterator[_Batch]:
        """As few transactions as the steps fit in, with room for what goes with the last."""
        batch = _Batch(Transaction(), {})
        for step in steps:
            if step.outcome == "unchanged":
                continue
            one = Transaction()
            store.put(one, self._at.company_id, step.entry, step.before)
            if len(batch.transaction.operations) + len(one.operations) > MAX_OPERATIONS - _WITH_THE_LAST:
                yield batch
                batch = _Batch(Transaction(), {})
            batch.transaction.operations += one.operations
            batch.transaction.labels += one.labels
            batch.outcomes[step.row] = step.outcome
        if batch.outcomes:
            yield batch

    def _move_next_number(self, last: Transaction, planned: Plan[Entry]) -> None:
        """Let others look for a free number behind those that were given.

        With the last transaction, so that an import that broke off goes on where it was in the numbers, too;
        that each is given once is for the entries' own transactions to see to.
        """
        register, company_id = self._sheet.kind.register, self._at.company_id
        if planned.next_number != planned.next_number_before:
            store.put_next_number(last, company_id, register, planned.next_number_before, planned.next_number)

    def _write(self, batch: _Batch) -> bool:
        """Write a batch, if what it was planned from is still so and there is time."""
        wait = 0.01
        while time.monotonic() < self._deadline:
            try:
                batch.transaction.commit()
            except ConditionFailed:
                return False
            except Contention:
                time.sleep(random.uniform(0, wait))  # noqa: S311 - jitter, no secret
                wait = min(wait * 2, _LONGEST_WAIT)
            else:
                self._written.update(batch.outcomes)
                return True
        return False

    def _rows_invalid(self, errors: list[RowError]) -> Problem:
        wrong, rows = len({error.row for error in errors}), len(self._sheet.rows)
        count = len(self._written)
        written = f"{count} others were written before." if count else "Nothing was written."
        return Problem(
            "rows-invalid",
            f"{wrong} of {rows} rows have errors. {written} Correct them and send the file again.",
            tuple(map(_field_error, errors[:MAX_ERRORS])),
        )


def _field_error(error: RowError) -> FieldError:
    column = (error.column or "").replace("~", "~0").replace("/", "~1")
    return FieldError(f"/rows/{error.row}" + (f"/{column}" if column else ""), error.code, error.message)


# ---------------------------------------------------------------- export

MAX_EXPORTED = 10_000
"""Rows of an exported file; docs/measurements.md tells how long they take."""
_MAX_ANSWER = 4_400_000
"""Bytes of a file; Lambda answers at most 6 MB, and base64 makes 5.9 MB of it."""
_CONTENT_TYPES: dict[FileFormat, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class Export(NamedTuple):
    """A register as a file."""

    name: str
    content_type: str
    content: bytes


def export_customers(at: CompanyAccess, file_format: FileFormat) -> Export:
    """All customers, in columns that an import understands.

    Raises:
        Problem: ``export-too-large``.
    """
    return _export(at, CUSTOMERS, "Kunder", file_format)


def export_articles(at: CompanyAccess, file_format: FileFormat) -> Export:
    """All articles; see :func:`export_customers`."""
    return _export(at, ARTICLES, "Artiklar", file_format)


def _export[Entry: Customer | Article](
    at: CompanyAccess, kind: Kind[Entry], title: str, file_format: FileFormat
) -> Export:
    entries = cast("Iterator[Entry]", store.all_entries(at.company_id, kind.register))
    rows = [[column.show(each) for column in kind.columns] for each in islice(entries, MAX_EXPORTED + 1)]
    if len(rows) > MAX_EXPORTED:
        raise _export_too_large(f"more than {MAX_EXPORTED} entries")
    header = [column.header for column in kind.columns]
    if file_format == "csv":
        content = write_csv(header, rows)
    else:
        # openpyxl takes long to import: not for all that this function does.
        from samklang.formats.tables.xlsx_writer import write_xlsx  # noqa: PLC0415

        content = write_xlsx(header, rows, title=title)
    if len(content) > _MAX_ANSWER:
        raise _export_too_large("texts too long")
    return Export(f"{title.lower()}-{clock.today()}.{file_format}", _CONTENT_TYPES[file_format], content)


def _export_too_large(why: str) -> Problem:
    return Problem(
        "export-too-large", f"The register has {why} for one file: read it as a list, page by page."
    )
