"""Swedish identities as fields of requests: checked, and kept in one canonical form."""

from typing import Annotated

from pydantic import AfterValidator, EmailStr, Field, WithJsonSchema
from stdnum import iban as _iban

from samklang.formats import giro, identity
from samklang.formats.swish import swish_number


def _parse_iban(text: str) -> str:
    try:
        return str(_iban.validate(text))
    except ValueError as error:
        raise ValueError(
            "must be an IBAN with a correct check sum, such as SE45 5000 0000 0583 9825 7466"
        ) from error


def _string(longest: int, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "minLength": 1, "maxLength": longest, "examples": [example]})


OrgNo = Annotated[
    str, Field(max_length=20), AfterValidator(identity.parse_org_no), _string(20, "556677-8899")
]
"""Organisation or personal number; kept as ten digits."""

VatNo = Annotated[
    str, Field(max_length=20), AfterValidator(identity.parse_vat_no), _string(20, "SE556677889901")
]
"""VAT number of an EU country; kept without blanks."""

Bankgiro = Annotated[str, Field(max_length=20), AfterValidator(giro.parse_bankgiro), _string(20, "991-2346")]
"""Bankgiro number; kept as digits."""

Plusgiro = Annotated[
    str, Field(max_length=20), AfterValidator(giro.parse_plusgiro), _string(20, "90 20 03-3")
]
"""Plusgiro number; kept as digits."""

Iban = Annotated[
    str, Field(max_length=50), AfterValidator(_parse_iban), _string(50, "SE4550000000058398257466")
]
"""IBAN; kept without blanks."""

SwishNumber = Annotated[str, Field(max_length=20), AfterValidator(swish_number), _string(20, "1231111111")]
"""Swish number of a company or a mobile phone."""

Postcode = Annotated[
    str, Field(max_length=10), AfterValidator(identity.parse_postcode), _string(10, "111 22")
]
"""Swedish postcode; kept as five digits."""

Email = Annotated[EmailStr, Field(max_length=254)]
"""An e-mail address of correct form."""
