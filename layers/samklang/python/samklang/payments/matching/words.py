"""Reasons as sentences: what points to invoices, who paid, and how the amount divides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.platform.money import format_sek

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from samklang.formats.incoming import IncomingPayment
    from samklang.payments.matching.division import Part, Way
    from samklang.payments.matching.facts import Candidate
    from samklang.payments.matching.named import Named

_SHOWN = 5


def join(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``; of many the first and how many more."""
    if len(words) > _SHOWN:
        words = [*words[:_SHOWN], f"{len(words) - _SHOWN} more"]
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def first_capital(text: str) -> str:
    """As the first words of a sentence."""
    return text[:1].upper() + text[1:]


def _sentence(named: Named) -> str:
    candidate = named.candidate
    return f"{first_capital(named.pointer.reason)} points to {candidate.called} of {candidate.customer_name}."


def what_it_is(amount: int) -> list[str]:
    """What is told of a deduction."""
    return ["The payer has deducted a credit note."] if amount < 0 else []


def pointing_sentences(named: Sequence[Named]) -> list[str]:
    """What points to invoices, in sentences."""
    sentences = [_sentence(each) for each in named[:_SHOWN]]
    if len(named) > _SHOWN:
        sentences.append(f"{len(named) - _SHOWN} more are pointed to.")
    return sentences


def not_known(payment: IncomingPayment) -> str:
    """Of a payer that no customer is known to be."""
    if payment.payer_name:
        return f"The payer, {payment.payer_name}, is not known as a customer."
    return "The bank does not say who paid."


def arithmetic(way: Way, name: str, amount: int) -> Iterator[str]:
    """How an amount (öre) divides; ``name`` is that of the customer whose credit it adds to or uses."""
    whole = [each.candidate for each in way.parts if each.amount == each.candidate.left]
    if whole:
        yield _sum_of(whole)
    for part in way.parts:
        if part.amount != part.candidate.left:
            yield _part_of(part)
    if way.difference:
        size = format_sek(abs(way.difference))
        missing = "is missing; it would be written off" if way.difference > 0 else "is over; it would be kept"
        yield f"{size} {missing} as a rounding difference."
    if way.credit < 0:
        yield f"{format_sek(-way.credit)} of the credit that {name} has would be used."
    elif way.credit and way.parts:
        yield f"{format_sek(way.credit)} is paid above that; it would be credit of {name}."
    elif way.credit:
        yield f"The whole {format_sek(amount)} would be credit of {name}."


def _sum_of(items: list[Candidate]) -> str:
    """What is settled, as a sum."""
    invoices = [each for each in items if each.left > 0]
    notes = [each for each in items if each.left < 0]
    if not notes:
        return f"{_total(invoices)} is all that remains of {_numbers('invoice', invoices)}."
    if not invoices:
        return f"{_total(notes)} is all that is left of {_numbers('credit note', notes)}."
    return (
        f"{_total(invoices)} remains of {_numbers('invoice', invoices)} and {_total(notes)} is left of "
        f"{_numbers('credit note', notes)}: {_total(items)} in all."
    )


def _total(items: list[Candidate]) -> str:
    return format_sek(abs(sum(each.left for each in items)))


def _numbers(kind: str, items: list[Candidate]) -> str:
    return f"{kind}{'s' if len(items) > 1 else ''} {join([str(each.number) for each in items])}"


def _part_of(part: Part) -> str:
    """A part payment, or the use of some of a credit note."""
    candidate, amount = part
    done, rest = ("paid", "remain") if amount > 0 else ("used", "be left")
    return (
        f"{first_capital(candidate.called)}: {format_sek(abs(amount))} of {format_sek(abs(candidate.left))} "
        f"is {done}; {format_sek(abs(candidate.left - amount))} would {rest}."
    )
