"""The number-series certificate: that every number from the first on was given, once.

Mervärdesskattelagen 17 kap. 24 § 2 asks for a sequential number that identifies the invoice;
bokföringslagen 5 kap. 6-7 §§ for numbers whose order can be followed.
"""

from __future__ import annotations

import re
from hashlib import sha256
from itertools import batched
from typing import TYPE_CHECKING

from samklang.invoicing.model.series import Fault, HandOver, NumberedInvoice, NumberPage, SeriesCertificate
from samklang.invoicing.store import invoices as store
from samklang.invoicing.store import series
from samklang.platform import clock
from samklang.platform.cursors import read_cursor, write_cursor

if TYPE_CHECKING:
    from samklang.platform.access import CompanyAccess

_MOST_FAULTS = 100
_NUMBER = re.compile(r"[1-9]\d{0,9}", re.ASCII)


def certificate(at: CompanyAccess) -> SeriesCertificate:
    """Go through the whole series: each number has an invoice, which has that number and no other has it.

    The digest is SHA-256 over one line ``number;invoice id`` per number, ended by a line feed: whoever
    kept an earlier certificate can see that the series has only grown.
    """
    # Read before the series: whatever number it shows is given by then.
    seen = store.numbers(at.company_id)
    head = series.series(at.company_id)
    digest, faults, number = sha256(), list[Fault](), head.first
    given: set[str] = set()
    for batch in batched(series.given_ids(at.company_id, head), 100, strict=False):
        # The index lags a moment behind what was just issued: what it lacks is read from the items.
        late = {
            each: item.get("number")
            for each, item in store.items_by_id(
                at.company_id, [each for each in batch if each not in seen]
            ).items()
        }
        for invoice_id in batch:
            digest.update(f"{number};{invoice_id}\n".encode())
            has = seen.get(invoice_id, late.get(invoice_id))
            if has != number:
                faults.append(Fault(number=number, invoice_id=invoice_id, found=has))
            given.add(invoice_id)
            number += 1
    stray = [
        Fault(number=has, invoice_id=invoice_id, found=has)
        for invoice_id, has in seen.items()
        if invoice_id not in given
    ]
    faults += stray
    faults += [Fault(number=each, invoice_id=None, found=None) for each in range(number, head.next)]
    return SeriesCertificate(
        first_number=head.first,
        last_number=head.next - 1 if head.next > head.first else None,
        count=head.next - head.first,
        handed_over=HandOver(
            previous_program=head.previous_program,
            last_number_before=head.first - 1 if head.first > 1 else None,
            at=head.opened_at,
        ),
        complete=not faults,
        faults=faults[:_MOST_FAULTS],
        digest=digest.hexdigest(),
        checked_at=clock.timestamp(),
    )


def numbers(at: CompanyAccess, limit: int, cursor: str | None) -> NumberPage:
    """The series, number by number, from the first on.

    Raises:
        Problem: ``cursor-invalid``.
    """
    head = series.series(at.company_id)
    first = int(read_cursor(cursor, _NUMBER)) if cursor else head.first
    ids = series.invoice_ids(at.company_id, range(first, first + limit))
    items = store.summaries_by_id(at.company_id, ids.values())
    shown = [
        NumberedInvoice(
            number=number,
            invoice_id=invoice_id,
            kind=items[invoice_id].kind,
            invoice_date=items[invoice_id].invoice_date,
            total=items[invoice_id].total,
        )
        for number, invoice_id in sorted(ids.items())
        if invoice_id in items
    ]
    more = first + limit < head.next
    return NumberPage(items=shown, next=write_cursor(str(first + limit)) if more else None)
