"""The logo on the invoices, and the page of an invoice with it."""

from __future__ import annotations

import base64
import binascii
from hashlib import sha256
from typing import TYPE_CHECKING

from samklang.invoicing.drafts import get_invoice
from samklang.invoicing.logo import check_logo, read_logo
from samklang.invoicing.model.letterhead import Logo, LogoInput
from samklang.invoicing.printing import page_of
from samklang.invoicing.store import invoices, logos
from samklang.platform.dynamo import Transaction
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from samklang.invoicing.model.invoices import Invoice
    from samklang.invoicing.page import InvoicePage
    from samklang.platform.access import CompanyAccess


_CONTENT_TYPES = {"png": "image/png", "jpg": "image/jpeg", "svg": "image/svg+xml"}


def set_logo(at: CompanyAccess, given: LogoInput) -> Logo:
    """Let invoices issued from now on have a logo, or none; issued ones keep theirs.

    Raises:
        Problem: ``not-master`` for the bureau, ``not-active``, ``validation`` for what is no usable image.
    """
    at.require_client("the logo")
    at.require_active()
    transaction = Transaction()
    digest = None
    if given.content is not None:
        content = _image(given.content)
        digest = sha256(content).hexdigest()
        logos.put(transaction, at.company_id, digest, content)
    logos.choose(transaction, at.company_id, digest)
    transaction.commit()
    return Logo(logo=digest)


def _image(encoded: str) -> bytes:
    try:
        content = base64.b64decode(encoded, validate=True)
        check_logo(content)
    except binascii.Error:
        message = "The logo must be sent as the image's bytes in base64."
    except ValueError as error:
        message = str(error)
    else:
        return content
    raise Problem("validation", message, (FieldError("/content", "image", message),))


def get_logo(at: CompanyAccess) -> tuple[str, bytes]:
    """The image that invoices issued now get, behind its content type.

    Raises:
        Problem: ``not-found`` when there is none.
    """
    digest = logos.chosen(at.company_id)
    if digest is None:
        raise Problem("not-found", "The company has no logo.")
    content = logos.content(at.company_id, digest)
    return _CONTENT_TYPES[read_logo(content).format], content


def invoice_page(at: CompanyAccess, invoice_id: str) -> InvoicePage:
    """The page of an invoice, a credit note or a draft.

    Raises:
        Problem: ``not-found``.
    """
    return page_with_logo(at.company_id, get_invoice(at, invoice_id))


def page_with_logo(company_id: str, invoice: Invoice) -> InvoicePage:
    """The page of an invoice with the logo it was issued with; a draft has the present one."""
    digest = invoice.logo if invoice.number else logos.chosen(company_id)
    return page_of(
        invoice, invoices.seller(company_id), logos.content(company_id, digest) if digest else None
    )
