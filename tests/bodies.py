"""A right body for every route that takes one, so that nothing but the access can be refused."""

from typing import Any

TODAY = "2026-11-23"

UNKNOWN = "00000000000000000000"
ROW = {"description": "Arbete", "unit_price": "1.00", "vat_rate": "25"}
VOUCHER_ROWS = [{"account": "1930", "debit": "1.00"}, {"account": "2893", "credit": "1.00"}]
TEMPLATE_ROWS = [
    {"account": "6570", "side": "debit", "percent": "100"},
    {"account": "1930", "side": "credit", "percent": "100"},
]
INVOICE = {"customer_id": f"cus_{UNKNOWN}", "rows": [ROW]}
PAYMENT = {
    "payment_date": TODAY,
    "amount": "1.00",
    "allocations": [{"invoice_id": f"inv_{UNKNOWN}", "amount": "1.00"}],
}
BODIES: dict[str, Any] = {
    "POST /v1/bureaus": {"name": "Byrån AB", "org_no": "556012-5790"},
    "POST /v1/bureaus/{bureau_id}/invitations": {
        "company_name": "Nya AB",
        "org_no": "556012-5790",
        "email": "ny@example.se",
    },
    "PUT /v1/companies/{company_id}/start-guide/{step}": {"confirmed": True},
    "POST /v1/companies/{company_id}/collaboration/payment-handler": {"handler": "client"},
    "POST /v1/companies/{company_id}/customers": {"name": "Kund"},
    "PUT /v1/companies/{company_id}/customers/{customer_id}": {"name": "Kund"},
    "POST /v1/companies/{company_id}/articles": {"name": "Artikel", "unit_price": "1.00"},
    "PUT /v1/companies/{company_id}/articles/{article_id}": {"name": "Artikel", "unit_price": "1.00"},
    "PUT /v1/companies/{company_id}/logo": {"content": None},
    "POST /v1/companies/{company_id}/invoices": INVOICE,
    "PUT /v1/companies/{company_id}/invoices/{invoice_id}": INVOICE,
    "POST /v1/companies/{company_id}/payments": PAYMENT,
    "POST /v1/companies/{company_id}/payments/{payment_id}/reverse": {},
    "POST /v1/companies/{company_id}/payment-files": {"filename": "x.txt"},
    "POST /v1/companies/{company_id}/documents": {
        "filename": "kvitto.jpg",
        "content_type": "image/jpeg",
        "kind": "receipt",
    },
    "POST /v1/companies/{company_id}/ledger/vouchers": {
        "date": TODAY,
        "text": "x",
        "rows": VOUCHER_ROWS,
    },
}


BODIES |= {
    f"POST /v1/companies/{{company_id}}/{path}": body
    for path, body in {
        "articles/{article_id}/proposals": {"changes": {"name": "Nytt"}},
        "customers/{customer_id}/proposals": {"changes": {"name": "Nytt"}},
        "article-file": {"content": "TmFtbjtQcmlzCkJyw7ZkOzEwCg==", "dry_run": True},
        "customer-file": {"content": "TmFtbgpLdW5kCg==", "dry_run": True},
        "invoices/{invoice_id}/send": {"to": "kund@example.se"},
        "invoice-issues": {"invoice_ids": [f"inv_{UNKNOWN}"]},
        "bank-payments/{bank_payment_id}/confirm": {"customer_id": f"cus_{UNKNOWN}"},
        "bank-payments/{bank_payment_id}/set-aside": {"reason": "x"},
    }.items()
}


BODIES |= {
    f"{method} /v1/companies/{{company_id}}/ledger/{path}": body
    for (method, path), body in {
        ("POST", "suppliers"): {"name": "Leverantör"},
        ("PUT", "suppliers/{supplier_id}"): {"name": "Leverantör"},
        ("POST", "supplier-invoices"): {
            "supplier_id": f"sup_{UNKNOWN}",
            "number": "1",
            "invoice_date": TODAY,
            "total": "1.25",
            "rows": [{"account": "5410", "net": "1.00"}],
        },
        ("POST", "supplier-invoices/{supplier_invoice_id}/reverse"): {},
        ("POST", "supplier-payments"): {
            "payment_date": TODAY,
            "allocations": [{"supplier_invoice_id": f"sin_{UNKNOWN}", "amount": "1.00"}],
        },
        ("POST", "supplier-payments/{supplier_payment_id}/reverse"): {},
        ("POST", "payment-orders"): {
            "payment_date": TODAY,
            "supplier_invoice_ids": [f"sin_{UNKNOWN}"],
        },
        ("POST", "payment-orders/{payment_order_id}/cancel"): {},
        ("POST", "payment-orders/{payment_order_id}/reject"): {
            "supplier_invoice_ids": [f"sin_{UNKNOWN}"],
            "reason": "x",
        },
        ("POST", "payment-orders/{payment_order_id}/confirm"): {},
    }.items()
}


BODIES |= {
    f"{method} /v1/companies/{{company_id}}/ledger/{path}": body
    for (method, path), body in {
        ("POST", "accounts"): {"account": "3041", "name": "x"},
        ("PUT", "accounts/{account}"): {"name": "x"},
        ("POST", "fiscal-years"): {"start": "2025-01-01", "end": "2025-12-31"},
        ("PUT", "fiscal-years/{start}"): {"end": "2026-12-31"},
        ("POST", "periods/close"): {"until": "2026-10-31"},
        ("POST", "periods/reopen"): {"reason": "x"},
        ("PUT", "series/{series}"): {"name": "x"},
        ("PUT", "opening-balances"): {"rows": []},
        ("POST", "voucher-templates"): {"name": "x", "text": "x", "rows": TEMPLATE_ROWS},
        ("PUT", "voucher-templates/{template_id}"): {"name": "x", "text": "x", "rows": TEMPLATE_ROWS},
        ("POST", "voucher-templates/{template_id}/vouchers"): {
            "date": TODAY,
            "amount": "1.00",
        },
        ("PUT", "settings"): {"journalising": "automatic"},
        ("POST", "journalise"): {},
        ("POST", "vouchers/{voucher_id}/reverse"): {},
    }.items()
}


BODIES["POST /v1/companies/{company_id}/ledger/vat-return/close"] = {"period": "2026-Q3"}
BODIES["POST /v1/companies/{company_id}/ledger/sie-exports"] = {}
BODIES["POST /v1/companies/{company_id}/ledger/sie-imports"] = {"filename": "ar.se", "mode": "history"}
BODIES["POST /v1/companies/{company_id}/ledger/sie"] = {
    "content": "I0ZMQUdHQSAwCiNTSUVUWVAgNAojRk5BTU4gIlgiCg==",
    "mode": "history",
    "dry_run": True,
}
BODIES |= {
    f"POST /v1/companies/{{company_id}}/ledger/{path}": body
    for path, body in {
        "bad-debts": {
            "invoice_id": f"inv_{UNKNOWN}",
            "date": TODAY,
            "reason": "x",
        },
        "bad-debts/{bad_debt_id}/recover": {"date": TODAY, "amount": "1.00"},
        "bad-debts/{bad_debt_id}/reverse": {},
        "year-end/cash-method": {"fiscal_year": "2026"},
    }.items()
}


BODIES |= {
    f"{method} /v1/companies/{{company_id}}/ledger/dunning/{path}": body
    for (method, path), body in {
        ("PUT", "settings"): {"reminder_fee": "60.00", "fee_in_terms_since": "2026-01-01"},
        ("POST", "pauses"): {"reason": "blocked", "customer_id": f"cus_{UNKNOWN}"},
        ("POST", "pauses/{pause_id}/end"): {},
        ("POST", "preview"): {},
        ("POST", "run"): {},
        ("POST", "interest-invoices/preview"): {},
        ("POST", "interest-invoices"): {},
        ("POST", "collection-export"): {},
    }.items()
}
