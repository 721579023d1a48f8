"""The published OpenAPI document against the running API: every operation, every check, no server error."""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig

from local.bank.bgmax import BANKGIRO, BgMaxPayment, bgmax_file
from tests.cloud.company import ARTICLE, CUSTOMER, Company, Party, today

if TYPE_CHECKING:
    from local.testing import LocalCloud
    from tests.cloud.company import People

DOCUMENT = Path(__file__).parents[2] / "functions" / "reference" / "openapi.json"
REFUSED = ["403", "404", "409", "410", "412", "422", "428"]
"""What well-formed data may meet: check digits, references and states are beyond JSON Schema."""

CHECKED = {
    "org_no": "556036-0793",
    "vat_no": "SE556036079301",
    "postcode": "111 22",
    "bankgiro": "991-2346",
    "plusgiro": "90 20 03-3",
    "iban": "SE4550000000058398257466",
    "swish": "1231111111",
}
"""What has a check digit or a form that JSON Schema does not tell; put in the place of what has none."""

schema = schemathesis.openapi.from_path(
    DOCUMENT,
    config=SchemathesisConfig.from_dict(
        {
            "generation": {
                "max-examples": 10,
                "database": "none",
                "deterministic": True,
                "no-shrink": True,
                # Every request has a good token; what the checks do without one is their own.
                "with-security-parameters": False,
            },
            "checks": {
                "positive_data_acceptance": {"expected-statuses": ["2xx", *REFUSED]},
                "negative_data_rejection": {"expected-statuses": ["400", "401", "405", "415", *REFUSED]},
                "missing_required_header": {"expected-statuses": ["428", "422", "404"]},
                "not_a_server_error": {"expected-statuses": ["2xx", "4xx"]},
            },
        }
    ),
)


class Known:
    """What exists, to be put in the place of well-formed ids that do not."""

    def __init__(self, company: Company) -> None:
        invoice = company.issue("100000.00")
        company.cloud.wait_idle()
        payment = company.pay(invoice, "1.00").expect(201)
        file = company.send_file(bgmax_file(BANKGIRO, [BgMaxPayment(amount=100, reference="4711")]))
        (told,) = file["payments"]
        wanted = {"filename": "a.jpg", "content_type": "image/jpeg", "kind": "receipt"}
        document = company.post("documents", wanted).expect(201)
        name = {"changes": {"name": "Nytt namn AB"}}
        proposal = company.post(f"customers/{company.customer_id}/proposals", name, "bureau").expect(201)
        voucher = company.invoice(invoice["invoice_id"])["ledger"]["voucher"]
        given: dict[str, Any] = {"name": "Leverantör AB", "bankgiro": "5050-1055", "cost_account": "5410"}
        supplier = company.post("ledger/suppliers", given, "bureau").expect(201)
        day = today().isoformat()
        given = {"supplier_id": supplier["supplier_id"], "number": "1", "invoice_date": day}
        given |= {"total": "125.00", "rows": [{"net": "100.00"}]}
        bought = company.post("ledger/supplier-invoices", given, "bureau").expect(201)
        paid = {"supplier_invoice_id": bought["supplier_invoice_id"], "amount": "1.00"}
        given = {"payment_date": day, "allocations": [paid]}
        sent = company.post("ledger/supplier-payments", given, "bureau").expect(201)
        given = {"payment_date": day, "supplier_invoice_ids": [bought["supplier_invoice_id"]]}
        order = company.post("ledger/payment-orders", given, "bureau").expect(201)
        unpaid = company.issue("100000.00")
        company.cloud.wait_idle()
        lost = {"invoice_id": unpaid["invoice_id"], "date": day, "amount": "10.00", "reason": "Konkurs"}
        bad_debt = company.post("ledger/bad-debts", lost, "bureau").expect(201)
        given = {"filename": "ar.se", "mode": "history"}
        sie = company.post("ledger/sie-imports", given, "bureau").expect(201)
        self.company = company
        self.statuses: dict[str, set[int]] = defaultdict(set)
        self.ids: dict[str, str] = {
            "company_id": company.company_id,
            "bureau_id": company.people.bureau_id,
            "customer_id": company.customer_id,
            "article_id": company.article_id,
            "invoice_id": invoice["invoice_id"],
            "payment_id": payment["payment_id"],
            "proposal_id": proposal["proposal_id"],
            "file_id": file["file_id"],
            "bank_payment_id": told["bank_payment_id"],
            "document_id": document["document_id"],
            "voucher_id": voucher["voucher_id"],
            "supplier_id": supplier["supplier_id"],
            "supplier_invoice_id": bought["supplier_invoice_id"],
            "supplier_payment_id": sent["supplier_payment_id"],
            "payment_order_id": order["payment_order_id"],
            "bad_debt_id": bad_debt["bad_debt_id"],
            "import_id": sie["import_id"],
        }
        # What an address names may be changed, inactivated, issued: not what bodies refer to.
        spare = company.post("customers", CUSTOMER).expect(201), company.post("articles", ARTICLE).expect(201)
        self.in_address = self.ids | {
            "customer_id": spare[0]["customer_id"],
            "article_id": spare[1]["article_id"],
        }

    def fill(self, values: Any, ids: dict[str, str]) -> Any:
        """The same with known ids instead of well-formed ones; others are meant to be wrong, and stay."""
        if isinstance(values, list):
            return [self.fill(each, ids) for each in values]
        if not isinstance(values, dict):
            return values
        return {name: self._known(name, value, ids) for name, value in values.items()}

    def _known(self, name: str, value: Any, ids: dict[str, str]) -> Any:
        if not isinstance(value, str):
            return self.fill(value, ids)
        if name in CHECKED and re.fullmatch("[!-~]{1,10}", value):
            return CHECKED[name]
        if name in ids and re.fullmatch(r"[a-z]{2,4}_[0-9a-z]{20}|20.*[A-Z].*", value):
            # Some stay unknown.
            return value if value[-1] in "01" else ids[name]
        return value


@pytest.fixture(scope="module")
def known(cloud: LocalCloud, people: People) -> Known:
    return Known(Company.start(cloud, people))


OF_DRAFTS = {
    "PUT /v1/companies/{company_id}/invoices/{invoice_id}",
    "POST /v1/companies/{company_id}/invoices/{invoice_id}/issue",
}


@schema.parametrize()
@hypothesis.settings(deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
def test_given_the_published_document_when_called_by_it_and_against_it_then_the_api_does_what_it_says(
    case: schemathesis.Case[Any], known: Known
) -> None:
    # The same for the same case, so that a failure can be seen again.
    chance = zlib.crc32(repr((case.path_parameters, case.query, case.headers, case.body)).encode()) % 4
    case.path_parameters = known.fill(dict(case.path_parameters or {}), known.in_address)
    if re.fullmatch(r"[A-Za-z0-9_=-]+", str((case.query or {}).get("cursor", ""))):
        # A cursor is opaque: no made-up one is good, however well-formed.
        case.query = {name: value for name, value in case.query.items() if name != "cursor"}
    if isinstance(case.body, (dict, list)):
        case.body = known.fill(case.body, known.ids)
    party: Party = "bureau" if "bureau_id" in case.path_parameters or chance == 0 else "client"
    token = known.company.by(party).token

    if case.operation.label in OF_DRAFTS and case.path_parameters["invoice_id"] == known.ids["invoice_id"]:
        case.path_parameters["invoice_id"] = known.company.draft()["invoice_id"]
    headers: Any = case.headers
    if headers and re.fullmatch(r'"[0-7]{1,9}"', str(headers.get("If-Match"))):
        # Any version may be well-formed, but only the last is of use.
        headers["If-Match"] = known.company.by(party).get(case.formatted_path).headers.get("etag", '"1"')
    response = case.call(base_url=known.company.cloud.base_url, headers={"Authorization": f"Bearer {token}"})
    known.statuses[case.operation.label].add(response.status_code)
    case.validate_response(response, headers={"Authorization": f"Bearer {token}"})


BEYOND = {
    "GET /v1/companies/{company_id}/overview/reports/{report_id}",
    "GET /v1/companies/{company_id}/invoices/{invoice_id}/peppol",
    "GET /v1/companies/{company_id}/logo",
    "GET /v1/companies/{company_id}/agreement/nightly",
    "GET /v1/companies/{company_id}/ledger/payment-orders/{payment_order_id}/file",
    "GET /v1/companies/{company_id}/ledger/dunning/letters/{letter_id}",
    "GET /v1/companies/{company_id}/ledger/dunning/letters/{letter_id}/pdf",
    "GET /v1/companies/{company_id}/ledger/dunning/collection-exports/{export_id}",
    "GET /v1/companies/{company_id}/ledger/dunning/proposal",
    "GET /v1/companies/{company_id}/ledger/dunning/pauses/{pause_id}",
    "GET /v1/companies/{company_id}/ledger/general-ledger/{account}",
    "GET /v1/companies/{company_id}/ledger/vat-return/eu-sales-list/file",
}
"""What is read by random data is not there; other tests go there."""


def test_given_all_cases_were_sent_when_looked_back_then_operations_met_success_and_refusal(
    known: Known,
) -> None:
    if not known.statuses:
        pytest.skip("looks back on the test before")
    met = known.statuses
    assert len(met) == sum(1 for _ in schema.get_all_operations())
    # Whether a random body is a good one is chance; that what exists can be read is not.
    assert {label for label in met if label.startswith("GET ") and 200 not in met[label]} <= BEYOND
    assert {label for label in met if max(met[label]) < 400} == set()
