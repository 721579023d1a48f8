"""What speaks against a proposal, on one scale: the least is the best.

Added up are what leads to its invoices, or else to its customer, and how badly the amount fits. The scale is
ours: it says that a right amount on an invoice's own number comes before a part payment on its OCR number,
and that a payer who is surely known counts more than a number in a message.
"""

from typing import Literal

type Certainty = Literal["ocr", "ocr_found", "number", "number_found"]
"""How a number was read, the surest first: as an OCR number or an invoice's own, alone in a reference or
found among other words."""

# What leads to the invoices …
BY_CERTAINTY: dict[Certainty, int] = {"ocr": 0, "ocr_found": 1, "number": 2, "number_found": 4}

# … or only to their customer: it has paid before or has the number; another invoice of it is pointed to; its
# name is like the payer's.
STRONG_PAYER, SAME_CUSTOMER, WEAK_PAYER = 3, 5, 6

KNOWN_OTHERWISE = 2
"""The payer is surely another customer."""

# How badly the amount fits.
EQUAL = 0
"""It is all that remains."""
NEARLY = 1
"""It is some öre off, or comes to a sum with one thing more or less that could be meant."""
NOT_ALL = 2
"""It is what some of several things come to."""
BY_CREDIT = 2
"""It is what remains, less all the credit that the customer has."""
PART = 3
"""It is a part of what remains, of each."""
SPREAD = 4
"""It reaches for some, or is more than remains."""
AMBIGUOUS = 5
"""Several choices come to it: of a customer's open items the first of them, each other at one more."""
OLDEST = 8
"""Nothing says which invoices it is for."""
ON_ACCOUNT = 9
"""There is nothing to put it on: all of it is credit."""
