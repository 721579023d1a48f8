"""SIE 4: accounts, balances and vouchers between Swedish accounting programs; reads types 1 to 4, writes 4.

Source: SIE filformat, edition 4B (SIE-gruppen, 2008-09-30). Both ways are streams: memory stays flat however
many vouchers there are.

Refused (:class:`SieRefused`) is only what makes a file unusable: a voucher that does not balance, an amount
or a date that is none, a wrong checksum, no type or company, braces that do not match. Everything else is
told as a :class:`Finding`, since the official examples break the rules too.
"""

from samklang.formats.sie.model import (
    Account,
    Balance,
    Detail,
    Dimension,
    Finding,
    Head,
    Objects,
    Row,
    SeriesSum,
    SieRefused,
    SieType,
    Summary,
    Voucher,
    Year,
)
from samklang.formats.sie.reader import read
from samklang.formats.sie.writer import Writer

__all__ = [
    "Account",
    "Balance",
    "Detail",
    "Dimension",
    "Finding",
    "Head",
    "Objects",
    "Row",
    "SeriesSum",
    "SieRefused",
    "SieType",
    "Summary",
    "Voucher",
    "Writer",
    "Year",
    "read",
]
