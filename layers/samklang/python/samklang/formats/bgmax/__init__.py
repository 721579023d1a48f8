"""BgMax (Bankgiro Inbetalningar): reads and checks Bankgirot's file of incoming payments.

Fixed rows of 80 characters; the first two are the record type. The grammar is ``01 (05 group* 15)* 70``,
a group being ``20 | 21`` followed by its ``22 23 25 26 27 28 29``. Positions named in these modules are those
of the manual ("Bankgiro Inbetalningar - Teknisk manual"), from 1 and inclusive: ``row[37:55]`` is pos 38-55.

The file is walked twice. The payment day stands only in record 15, behind the payments it concerns: a
first walk collects the days, and finds a cut file before anything is yielded. Memory stays flat.

Plain payments are read by the column (:mod:`samklang.formats.bgmax.columns`), everything else row by row.

The payer's bankgiro number is passed on unchecked: in Bankgirot's own examples it fails Luhn. Payers'
addresses (records 27 and 28) are not read: nothing is decided by them.
"""

from samklang.formats.bgmax.reader import MAGIC, read

__all__ = ["MAGIC", "read"]
