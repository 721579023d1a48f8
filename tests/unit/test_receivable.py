from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from samklang.ledger.model.receivables import OPEN, Entry, Receivable

FIRST, LAST = date(2026, 1, 1), date(2026, 3, 31)
days = st.dates(FIRST, LAST)
some_days = st.integers(0, 30).map(lambda each: FIRST + timedelta(days=each))


def receivable(total: int, invoice_date: date = FIRST, entries: list[Entry] | None = None) -> Receivable:
    return Receivable(
        invoice_id="inv_1",
        number=1001,
        customer_id="cus_1",
        customer_name="Kund AB",
        invoice_date=invoice_date,
        due_date=invoice_date + timedelta(days=30),
        total=total,
        voucher_id="2026-01-01.K.1",
        request_id="r",
        entries=entries or [],
    )


@st.composite
def histories(draw: st.DrawFn) -> Receivable:
    """Payments, reversals and credits in any order of dates, as both books may enter them.

    Some settle it exactly; some items are credit notes, of which credits and payments use up what they are.
    """
    total = draw(st.integers(-1_000, 1_000))
    entries = []
    for place in range(draw(st.integers(0, 5))):
        amount = draw(st.integers(1, 1_000))
        day = draw(some_days)
        change = amount if total < 0 else -amount
        if draw(st.booleans()):
            entries.append(Entry(day, change, f"invoice/inv_{place}/issued"))
            continue
        entries.append(Entry(day, change, f"payment/pay_{place}/registered"))
        if draw(st.booleans()):
            back = day + timedelta(days=draw(st.integers(0, 20)))
            entries.append(Entry(back, -change, f"payment/pay_{place}/reversed"))
    if draw(st.booleans()):
        rest = total + sum(entry.amount for entry in entries)
        entries.append(Entry(draw(some_days), -rest, "payment/pay_last/registered"))
    return receivable(total, draw(some_days), entries)


def every_day() -> list[date]:
    return [FIRST + timedelta(days=each) for each in range(-2, (LAST - FIRST).days + 1)]


@given(histories())
def test_what_remains_on_a_day_is_what_was_invoiced_and_all_that_happened_until_then(
    item: Receivable,
) -> None:
    for day in every_day():
        remaining = item.total if item.invoice_date <= day else 0
        for entry in sorted(item.entries, key=lambda entry: entry.date):
            if entry.date > day:
                break
            remaining += entry.amount
        assert item.remaining_on(day) == remaining


@given(histories())
def test_when_all_has_happened_what_remains_is_what_remains_today(item: Receivable) -> None:
    assert item.remaining_on(LAST) == item.remaining


@given(histories())
def test_an_item_with_something_remaining_never_closes(item: Receivable) -> None:
    assert (item.closed_on == OPEN) == bool(item.remaining)


@given(histories())
def test_an_item_is_settled_from_the_day_it_closes(item: Receivable) -> None:
    for day in every_day():
        if day.isoformat() >= item.closed_on:
            assert item.remaining_on(day) == 0


@given(st.lists(histories(), max_size=8), st.data())
def test_the_items_open_on_any_day_are_found_among_those_that_close_after_it(
    items: list[Receivable], data: st.DataObject
) -> None:
    day = data.draw(st.sampled_from(every_day()))
    found = [each for each in items if each.closed_on > day.isoformat()]
    assert [each for each in found if each.remaining_on(day)] == [
        each for each in items if each.remaining_on(day)
    ]


@given(histories())
def test_a_closed_item_opens_again_when_a_payment_is_taken_back(item: Receivable) -> None:
    if item.remaining:
        item.entries.append(Entry(LAST, -item.remaining, "payment/pay_x/registered"))
    assert item.closed_on != OPEN
    item.entries.append(Entry(LAST, 500, "payment/pay_x/reversed"))
    assert item.closed_on == OPEN
    assert item.remaining == 500


@given(histories())
def test_what_payments_and_what_credit_notes_took_off_is_all_that_is_gone(item: Receivable) -> None:
    assert item.total - item.remaining == sum(item.paid.values()) + sum(item.credited.values())
    assert all(each.startswith("pay_") for each in item.paid)
    assert all(each.startswith("inv_") for each in item.credited)


def test_payments_and_credits_are_told_apart_and_a_reversal_is_counted() -> None:
    entries = [
        Entry(FIRST, -300, "payment/pay_1/registered"),
        Entry(FIRST, -200, "invoice/inv_2/issued"),
        Entry(LAST, -100, "payment/pay_2/registered"),
        Entry(LAST, 300, "payment/pay_1/reversed"),
        Entry(LAST, -50, "invoice/inv_3/issued"),
    ]
    item = receivable(1_000, entries=entries)
    assert item.paid == {"pay_1": 0, "pay_2": 100}
    assert item.credited == {"inv_2": 200, "inv_3": 50}


def test_a_credit_note_that_is_used_up_at_once_is_closed_on_its_day_and_open_before_it() -> None:
    item = receivable(-500, date(2026, 2, 3), [Entry(date(2026, 2, 3), 500, "invoice/inv_1/issued")])
    assert item.closed_on == "2026-02-03"
    assert [item.remaining_on(date(2026, 2, day)) for day in (2, 3, 4)] == [0, 0, 0]


def test_what_payments_use_of_a_credit_note_is_counted_below_zero_till_it_is_closed() -> None:
    note = receivable(-500, date(2026, 2, 3))
    note.entries.append(Entry(date(2026, 2, 5), 200, "payment/pay_1/registered"))
    assert (note.paid, note.remaining, note.closed_on) == ({"pay_1": -200}, -300, OPEN)
    note.entries.append(Entry(date(2026, 2, 9), 300, "payment/pay_2/registered"))
    assert (note.paid, note.remaining, note.closed_on) == ({"pay_1": -200, "pay_2": -300}, 0, "2026-02-09")
    note.entries.append(Entry(date(2026, 2, 20), -200, "payment/pay_1/reversed"))
    assert (note.paid, note.remaining, note.closed_on) == ({"pay_1": 0, "pay_2": -300}, -200, OPEN)


def test_a_credit_note_of_a_paid_invoice_stays_open_below_zero() -> None:
    item = receivable(-500, date(2026, 2, 3))
    assert item.closed_on == OPEN
    assert [item.remaining_on(date(2026, 2, day)) for day in (2, 3)] == [0, -500]


def test_an_invoice_of_nothing_is_closed_when_it_is_made() -> None:
    assert receivable(0, date(2026, 2, 3)).closed_on == "2026-02-03"


def test_an_item_paid_before_its_invoice_date_closes_on_the_invoice_date() -> None:
    item = receivable(500, date(2026, 2, 3), [Entry(date(2026, 1, 20), -500, "payment/pay_1/registered")])
    assert item.closed_on == "2026-02-03"


def test_an_item_open_for_ever_sorts_after_every_day_the_books_can_hold() -> None:
    assert date(2099, 12, 31).isoformat() < OPEN
