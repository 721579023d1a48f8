"""The problems a user can meet, one line each: code, HTTP status, title.

A problem says what is wrong and what to do. Rules raise :class:`Problem`; the HTTP layer writes it
as ``application/problem+json`` (RFC 9457), the streams park the event with it.
"""

from dataclasses import dataclass

CATALOGUE: dict[str, tuple[int, str]] = {
    # The request itself
    "malformed-json": (400, "The body is not JSON"),
    "duplicate-key": (400, "A name stands twice in the same object"),
    "too-deep": (400, "The JSON is nested too deeply"),
    "cursor-invalid": (400, "The cursor is not one of ours"),
    "idempotency-key-invalid": (400, "The Idempotency-Key header is not valid"),
    "unauthenticated": (401, "Nobody is signed in"),
    "not-found": (404, "Not found"),
    "method-not-allowed": (405, "The method is not allowed here"),
    "unsupported-media-type": (415, "The content type is not supported"),
    "validation": (422, "The request has errors"),
    "idempotency-key-reused": (422, "The Idempotency-Key was used for another request"),
    "version-required": (428, "The If-Match header is missing"),
    "version-mismatch": (412, "Somebody else has changed it since you read it"),
    "busy": (503, "Too many are writing at the same time"),
    "internal": (500, "Something went wrong on our side"),
    # Collaboration
    "not-allowed": (403, "You may not do this"),
    "invitation-closed": (409, "The invitation can no longer be used"),
    "invitation-expired": (410, "The invitation has expired"),
    "not-active": (409, "The collaboration is not active"),
    "already-active": (409, "The start guide is already finished"),
    "start-guide-incomplete": (409, "The start guide has steps left"),
    "number-locked": (409, "The first invoice number is locked"),
    # Invoicing
    "not-master": (409, "The register belongs to the other party"),
    "inactive": (409, "It is inactive"),
    "number-taken": (409, "The number is another's"),
    "proposal-closed": (409, "The proposal is already decided"),
    "proposal-stale": (409, "What the proposal is about has changed since"),
    "not-a-draft": (409, "The invoice is already issued"),
    "draft-outdated": (409, "The draft is no longer what was looked at"),
    "too-many-mails": (429, "The company has sent too many e-mails today"),
    "no-access-point": (409, "There is no Peppol access point"),
    "not-issued": (409, "The invoice is not issued"),
    "negative-total": (409, "The total is negative"),
    "is-credit-note": (409, "It is a credit note"),
    "einvoice-incomplete": (409, "The invoice lacks what an e-invoice must have"),
    "credit-exceeds": (409, "More is credited than is left"),
    "table-invalid": (422, "The file cannot be used"),
    "rows-invalid": (422, "Rows of the file have errors"),
    "import-unfinished": (503, "Not all rows are written yet"),
    "export-too-large": (409, "The register does not fit in one file"),
    # Payments
    "not-handler": (403, "The other party handles payments"),
    "handler-changed": (409, "The payment handler was changed meanwhile"),
    "allocation-exceeds": (409, "More is paid on the invoice than remains"),
    "allocations-differ": (422, "The allocations do not fit the amount"),
    "already-reversed": (409, "The payment is already reversed"),
    "credit-used": (409, "The customer's credit is used"),
    "foreign-currency": (409, "The payment is in another currency"),
    "written-off": (409, "It is written off as a bad debt"),
    "bad-debt-closed": (409, "Nothing of the bad debt is written off"),
    "bank-payment-closed": (409, "The payment in the file is not waiting"),
    "not-synchronised": (409, "It has not reached the other side yet"),
    # Ledger
    "reference-rate-missing": (409, "A reference rate is not known yet"),
    "pause-ended": (409, "The pause has already ended"),
    "unbalanced": (422, "Debit and credit differ"),
    "unknown-account": (422, "The account is not in the chart of accounts"),
    "control-account": (422, "The account is kept by a subledger"),
    "closed-account": (409, "The account is closed"),
    "account-exists": (409, "The account is in the chart of accounts already"),
    "unknown-series": (422, "There is no such voucher series"),
    "system-series": (422, "The voucher series is kept for vouchers that Samklang makes"),
    "not-by-hand": (409, "The voucher was not written by hand"),
    "document-not-bookable": (409, "The document cannot be booked"),
    "opening-balances-differ": (422, "The opening balances do not balance"),
    "fiscal-year-invalid": (422, "The fiscal year cannot be so"),
    "fiscal-year-used": (409, "There are vouchers that the change would leave outside"),
    "not-cash-method": (409, "The books are not kept by the cash method"),
    "period-not-over": (409, "The period has not ended"),
    "period-not-closed": (409, "The books are not closed so far"),
    "awaits-journalising": (409, "Vouchers of the period wait to be journalised"),
    "events-parked": (409, "Events of the period are parked"),
    "closed-period": (409, "The period is closed"),
    "outside-fiscal-year": (409, "The date is in no fiscal year"),
    "sie-refused": (422, "The SIE file cannot be used"),
    "sie-obstacles": (409, "The SIE file does not fit the books as they are"),
    "invoice-not-posted": (409, "The invoice is not posted in the ledger"),
    # VAT return
    "already-closed": (409, "The VAT period is already closed"),
    "earlier-period-open": (409, "An earlier VAT period is open"),
    "vat-return-differs": (409, "A filed VAT return is not what the books give now"),
    "vat-return-filed": (409, "The VAT return of the fiscal year is filed"),
    "events-pending": (409, "Something is on its way into the books"),
    "year-end-missing": (409, "The year-end entries are not posted"),
    "vat-file-incomplete": (409, "The file to Skatteverket cannot be written"),
    # Payables
    "sums-differ": (422, "The sums do not agree"),
    "duplicate-invoice": (409, "The supplier's invoice is registered already"),
    "invoice-reversed": (409, "The supplier invoice is taken back"),
    "has-payments": (409, "The supplier invoice is paid, wholly or in part"),
    "invoice-ordered": (409, "The supplier invoice is in a payment order"),
    "cannot-be-ordered": (409, "The bank cannot be told to pay the invoice"),
    "nothing-to-pay": (409, "There is nothing to pay"),
    "no-account-to-pay-from": (409, "The company has no such account to pay from"),
    "order-line-closed": (409, "The line of the payment order does not wait any more"),
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong in one place of the request."""

    pointer: str
    """JSON Pointer into the body (``/rows/0/quantity``), or ``?name`` / ``header:name``."""
    code: str
    message: str


class Problem(Exception):  # noqa: N818 - the field's word is "problem" (RFC 9457)
    """A refusal with a stable code.

    Args:
        code: a key of :data:`CATALOGUE`.
        detail: what is wrong here and what to do, in plain English.
        errors: every field at fault.
    """

    def __init__(self, code: str, detail: str, errors: tuple[FieldError, ...] = ()) -> None:
        self.code = code
        self.status, self.title = CATALOGUE[code]
        self.detail = detail
        self.errors = errors
        super().__init__(f"{code}: {detail}")
