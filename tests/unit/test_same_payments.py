"""The bank on this machine writes one and the same payments in every format."""

import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.bank.bgmax import BANKGIRO
from local.bank.same import SamePayment, same_payments
from samklang.formats.incoming import FileSummary, IncomingPayment
from samklang.formats.payment_file import open_reader

DAYS = (date(2026, 9, 14), date(2026, 9, 15))

same = st.builds(
    SamePayment,
    amount=st.integers(1, 10**9),
    day=st.sampled_from(DAYS),
    reference=st.sampled_from(["", "1234574", "74450"]),
    text=st.sampled_from(["", "Faktura 17"]),
    name=st.sampled_from(["", "Kalles Plåt & Söner AB"]),
    org_no=st.sampled_from(["", "5560360793"]),
)


def read(data: bytes) -> tuple[list[IncomingPayment], FileSummary]:
    items = list(open_reader(io.BytesIO(data)))
    summary = items[-1]
    assert isinstance(summary, FileSummary)
    return [item for item in items if isinstance(item, IncomingPayment)], summary


@given(st.lists(same, min_size=1, max_size=8), st.sampled_from([2, 8]))
def test_every_format_tells_the_same_payments(payments: list[SamePayment], version: int) -> None:
    told = []
    for kind, data in same_payments(BANKGIRO, payments, version=version).items():
        found, summary = read(data)
        assert (summary.format, summary.recipients) == (kind, (BANKGIRO,))
        told.append(
            [
                (p.date, p.amount, [r.value for r in p.references], p.texts, p.payer_name, p.payer_org_no)
                for p in found
            ]
        )
    assert told[0] == told[1] == told[2]
    assert [row[:2] for row in told[0]] == [(p.day, p.amount) for p in sorted(payments, key=lambda p: p.day)]


def test_each_format_has_the_number_that_the_bank_gave_the_payment_there() -> None:
    payment = SamePayment(amount=100, serial=77, notified_as="N1", stated_as="S1")
    files = same_payments(BANKGIRO, [payment])
    numbers = {kind: read(data)[0][0].bank_reference for kind, data in files.items()}
    assert numbers == {"bgmax": "000000000077", "camt.054": "N1", "camt.053": "S1"}


@pytest.mark.parametrize(("amounts", "lump"), [([100], False), ([100, 250], True)])
def test_a_statement_without_transactions_has_a_sum_for_each_day(amounts: list[int], *, lump: bool) -> None:
    payments = [SamePayment(amount=amount) for amount in amounts]
    statement = same_payments(BANKGIRO, payments, statement_details=False)["camt.053"]
    found, _ = read(statement)
    assert [(p.amount, p.bank_reference, p.lump) for p in found] == [(sum(amounts), "DEPOSIT1", lump)]
