"""Peppol BIS Billing 3.0: an invoice or credit note as UBL 2.1, for the buyer's own system.

Sources: Peppol BIS Billing 3.0.21 (May 2026) with its Swedish rules (SE-R), EN 16931, UN/ECE Rec 20 (units).
:func:`missing` tells what a document lacks; :func:`write_peppol` writes what lacks nothing. Every figure is
written as it is given, VAT too: nothing is computed anew, so the file and the printed page say the same.

How sales are coded (UNCL 5305): Swedish VAT is S. The buyer's own VAT is AE, both for building services in
Sweden and for services to other EU countries, since article 226 (11a) of directive 2006/112/EG asks for
"reverse charge" there; K is for EU goods alone and needs the day and country of delivery. What leaves the EU
is G, services too: O, outside the scope of VAT, forbids the VAT numbers that the invoice must show (BR-O-02).
"""

from samklang.formats.peppol.addresses import electronic_address
from samklang.formats.peppol.document import (
    PeppolAddress,
    PeppolDocument,
    PeppolEndpoint,
    PeppolLine,
    PeppolOriginal,
    PeppolParty,
    PeppolPayment,
    PeppolTax,
    PeppolText,
    VatCategory,
)
from samklang.formats.peppol.lacks import Missing, PeppolIncomplete, missing
from samklang.formats.peppol.units import unit_code
from samklang.formats.peppol.writer import CUSTOMIZATION_ID, PROFILE_ID, write_peppol

__all__ = [
    "CUSTOMIZATION_ID",
    "PROFILE_ID",
    "Missing",
    "PeppolAddress",
    "PeppolDocument",
    "PeppolEndpoint",
    "PeppolIncomplete",
    "PeppolLine",
    "PeppolOriginal",
    "PeppolParty",
    "PeppolPayment",
    "PeppolTax",
    "PeppolText",
    "VatCategory",
    "electronic_address",
    "missing",
    "unit_code",
    "write_peppol",
]
