"""Swish: the text of a QR code that fills in a payment in the payer's app.

``C<payee>;<amount>;<message>;<editable>``: the amount in kronor with a decimal comma and two decimals, the
message URL-encoded (Getswish, QR code specification, section 6.1; its example is among the tests).
Swish's own service draws the same text with its logo.
"""

import re
from enum import IntFlag
from urllib.parse import quote

from samklang.platform.money import format_sek

MESSAGE_LENGTH = 50
"""Longest message in characters."""

_MESSAGE = re.compile(rf"[0-9A-Za-zÅÄÖåäö !?(),.:-]{{0,{MESSAGE_LENGTH}}}")
_MERCHANT = re.compile(r"123\d{7}", re.ASCII)
_MOBILE = re.compile(r"(?:\+46|0046|0)(7\d{8})", re.ASCII)


class Editable(IntFlag):
    """The fields the payer may change."""

    NOTHING = 0
    PAYEE = 1
    AMOUNT = 2
    MESSAGE = 4


def swish_number(text: str) -> str:
    """Write a Swish number as the app wants it: ``123`` and seven digits, or a mobile number as ``+467…``.

    Raises:
        ValueError: neither a merchant's number nor a Swedish mobile number.
    """
    compact = re.sub(r"[\s-]", "", text)
    if _MERCHANT.fullmatch(compact):
        return compact
    mobile = _MOBILE.fullmatch(compact)
    if not mobile:
        raise ValueError("must be a Swish number, such as 123 456 78 90, or a Swedish mobile number")
    return f"+46{mobile[1]}"


def swish_text(
    payee: str, amount: int | None = None, message: str = "", editable: Editable = Editable.NOTHING
) -> str:
    """Write the text to put in the QR code.

    Args:
        payee: a merchant's Swish number or a Swedish mobile number, with any blanks and hyphens.
        amount: öre, more than zero; None leaves the amount to the payer.
        message: at most 50 letters, digits and the signs ``!?(),.:-``: all that the app allows but the
            semicolon, which would end a field for an app that decodes before it divides.
        editable: what the payer may change.

    Raises:
        ValueError: a field breaks its rule.
    """
    if amount is not None and amount <= 0:
        raise ValueError("the amount must be more than zero")
    if not _MESSAGE.fullmatch(message):
        raise ValueError(f"the message must be at most {MESSAGE_LENGTH} letters, digits and plain signs")
    written_amount = "" if amount is None else format_sek(amount).replace(".", ",")
    return f"C{swish_number(payee)};{written_amount};{quote(message, safe='')};{editable.value}"
