"""Electronic addresses: where in the Peppol network a party is reached."""

import re

from samklang.formats.peppol.document import PeppolEndpoint, PeppolParty

ORG_NO_SCHEME = "0007"
"""Swedish organisation numbers, in the lists of electronic addresses (EAS) and of registers (ICD) alike."""
SCHEMES = (
    "0002 0007 0009 0060 0088 0096 0097 0106 0130 0135 0142 0151 0183 0184 0188 0190 0191 0192 0195 0196 "
    "0198 0199 0200 0201 0204 0208 0209 0210 0211 0216 0218 0221 0225 0230 0235 0240 0242 0244 0245 0246 "
    "0248 9910 9913 9914 9915 9918 9919 9920 9922 9923 9924 9925 9926 9927 9928 9929 9930 9931 9932 9933 "
    "9934 9935 9936 9937 9938 9939 9940 9941 9942 9943 9944 9945 9946 9947 9948 9949 9950 9951 9952 9953 "
    "9957 9959"
)
"""Schemes of electronic addresses in use (EAS, as Peppol 3.0.21 has it: CL008)."""
_VAT_SCHEMES = dict(
    re.findall(
        r"(\w\w):(\d{4})",
        "AT:9914 BE:0208 BG:9926 CY:9928 CZ:9929 DE:9930 DK:0184 EE:9931 EL:9933 ES:9920 FI:0216 FR:9957 "
        "GR:9933 HR:9934 HU:9910 IE:9935 IT:0211 LT:9937 LU:9938 LV:9939 MT:9943 NL:9944 PL:9945 PT:9946 "
        "RO:9947 SE:0007 SI:9949 SK:9950",
    )
)
"""The scheme (EAS) under which a country's companies are reached, by the letters of their VAT numbers."""


def electronic_address(party: PeppolParty) -> PeppolEndpoint | None:
    """Where in the Peppol network a party is reached, or None if that cannot be told.

    Its own endpoint if it has one, else its organisation number, else what its VAT number tells: companies
    are registered by that number, or by the company number it is made of (Belgium, Denmark, Finland). Whether
    the address is in use is for the access point to look up.
    """
    if party.endpoint:
        return party.endpoint
    if party.org_no:
        return PeppolEndpoint(scheme=ORG_NO_SCHEME, identifier=party.org_no)
    vat_no = party.vat_no or ""
    country, number = vat_no[:2], vat_no[2:]
    if country not in _VAT_SCHEMES:
        return None
    own = {"SE": number[:10], "BE": number, "DK": number, "FI": f"0037{number}"}
    return PeppolEndpoint(scheme=_VAT_SCHEMES[country], identifier=own.get(country, vat_no))
