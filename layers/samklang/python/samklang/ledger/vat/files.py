"""The files that go to Skatteverket: the VAT return (eSKDUpload) and the EU sales list (SKV 574)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from samklang.formats.eskd import EskdInvalid, EskdReturn, read_eskd, write_eskd
from samklang.formats.eu_sales_list import BuyerSales, SalesList, SalesListInvalid, write_sales_list
from samklang.formats.identity import vat_number
from samklang.formats.skv4700 import TO_PAY
from samklang.ledger.vat.boxes import whole_boxes
from samklang.ledger.vat.eu_sales import GOODS, SERVICES, TRIANGULAR, eu_sales
from samklang.ledger.vat.model import EuSalesBuyer, EuSalesList, VatFinding
from samklang.ledger.vat.periods import period_of, sales_list_due
from samklang.ledger.vat.returns import read_basis
from samklang.platform import clock
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from samklang.ledger.vat.basis import VatBasis
    from samklang.ledger.vat.eu_sales import EuSales
    from samklang.ledger.vat.periods import Kind, VatPeriod
    from samklang.platform.access import CompanyAccess


class TaxFile(NamedTuple):
    """A file and its name."""

    name: str
    content: bytes


def eskd_file(at: CompanyAccess, key: str | None) -> TaxFile:
    """A period's return to upload: as filed when the period is closed, else by the books.

    Raises:
        Problem: as ``returns.vat_return``; ``period-not-over``, ``vat-file-incomplete``.
    """
    basis = read_basis(at)
    period = basis.period(key)
    _check_over(period)
    filed = basis.filed_return(period)
    if filed and basis.is_closed(period):
        boxes, note = filed.boxes, filed.filings[-1].note
    else:
        boxes, note = whole_boxes(basis.exact(period)), None
    given = EskdReturn(
        org_no=basis.org_no,
        year=period.last.year,
        month=period.last.month,
        boxes={box: kronor for box, kronor in boxes.items() if kronor and box != TO_PAY},
        text=note,
    )
    try:
        content = write_eskd(given)
    except EskdInvalid as invalid:
        raise Problem("vat-file-incomplete", str(invalid)) from invalid
    assert read_eskd(content).boxes == given.boxes  # what goes to Skatteverket has been read once
    return TaxFile(f"momsdeklaration-{period.key}.xml", content)


def _check_over(period: VatPeriod) -> None:
    if period.last >= clock.today():
        raise Problem("period-not-over", f"{period.last} is not past: there is no file until it is.")


# ---------------------------------------------------------------- the EU sales list


def sales_list(at: CompanyAccess, key: str | None) -> EuSalesList:
    """The EU sales list of a month or a quarter, whichever the company reports sales to the EU by.

    Without a key it is the newest that has ended: a month if the company reports VAT by the month.

    Raises:
        Problem: ``not-active``, ``outside-fiscal-year``.
    """
    basis, period = _listed_period(at, key)
    sales = eu_sales(at.company_id, period, basis.vat_box)
    totals = sales.totals()
    return EuSalesList(
        period=period.key,
        first_day=period.first,
        last_day=period.last,
        due_date=sales_list_due(period.last),
        buyers=[
            EuSalesBuyer(
                vat_no=each.vat_no,
                name=sales.names[each.vat_no],
                goods=each.goods,
                triangular=each.triangular,
                services=each.services,
            )
            for each in _buyers(sales)
        ],
        goods=totals[GOODS],
        triangular=totals[TRIANGULAR],
        services=totals[SERVICES],
        findings=[VatFinding.of(each) for each in sales.findings()],
    )


def _listed_period(at: CompanyAccess, key: str | None) -> tuple[VatBasis, VatPeriod]:
    basis = read_basis(at)
    if key is None:
        return basis, basis.newest_ended("month" if basis.kind == "month" else "quarter")
    kind: Kind = "quarter" if "Q" in key else "month"
    return basis, period_of(key, kind, basis.books.fiscal_years)


def _buyers(sales: EuSales) -> list[BuyerSales]:
    whole = sales.whole()
    return [
        BuyerSales(
            vat_no,
            goods=whole[GOODS].get(vat_no),
            triangular=whole[TRIANGULAR].get(vat_no),
            services=whole[SERVICES].get(vat_no),
        )
        for vat_no in sorted(sales.names)
    ]


def sales_list_file(
    at: CompanyAccess, key: str | None, contact: str | None, phone: str | None, email: str | None
) -> TaxFile:
    """The EU sales list to send; without a contact, phone or e-mail the company's own stand in it.

    Raises:
        Problem: as :func:`sales_list`; ``period-not-over``; ``vat-file-incomplete`` with all that it lacks.
    """
    basis, period = _listed_period(at, key)
    _check_over(period)
    sales = eu_sales(at.company_id, period, basis.vat_box)
    if findings := list(sales.findings()):
        named = ", ".join(findings[0].vouchers[:5])
        raise Problem("vat-file-incomplete", f"{findings[0].text} They are {named}.")
    buyers = _buyers(sales)
    if not buyers:
        raise Problem(
            "vat-file-incomplete",
            f"Nothing was sold to other EU countries in {period.key}: no list is to be sent.",
        )
    company = basis.details.company
    short = f"{period.last:%y%m}" if period.kind == "month" else f"{period.last:%y}-{period.key[-1]}"
    given = SalesList(
        vat_no=vat_number(basis.org_no),
        period=short,
        contact=contact or company.name,
        phone=_phone(phone or company.phone or ""),
        email=email or company.email,
        buyers=tuple(buyers),
    )
    try:
        content = write_sales_list(given)
    except SalesListInvalid as invalid:
        raise Problem("vat-file-incomplete", str(invalid)) from invalid
    return TaxFile(f"periodisk-sammanstallning-{period.key}.txt", content)


def _phone(number: str) -> str:
    """A phone number without its blanks and brackets, and with its first hyphen alone."""
    area, hyphen, rest = "".join(each for each in number if each not in " ()").partition("-")
    return area + hyphen + rest.replace("-", "")
