"""HTTP: dunning: settings, pauses, previews, runs, letters, interest invoices, collection."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.ledger.dunning import charging, choosing, collection, letters, proposing, running
from samklang.ledger.dunning.model.charges import (
    ChargesInput,
    ChargesPreview,
    ChargesResult,
    CollectionExport,
    CollectionInput,
)
from samklang.ledger.dunning.model.letters import (
    DunningPreview,
    DunningProposal,
    EndPauseInput,
    InvoiceDunning,
    LetterPage,
    Pause,
    PauseInput,
    PausePage,
    PreviewInput,
    RunInput,
    RunResult,
    SentLetter,
)
from samklang.ledger.dunning.model.settings import DunningSettingsAnswer, DunningSettingsInput
from samklang.platform.http import Api, Cursor, File, Id, Limit

api = Api()
ROOT = "/v1/companies/{company_id}/ledger/dunning"


@api.reads(f"{ROOT}/settings")
def get_dunning_settings(company_id: Id) -> DunningSettingsAnswer:
    """How the company duns its customers, and the reference rates that late interest follows."""
    return choosing.settings(api.company(company_id))


@api.changes(f"{ROOT}/settings", versioned=True)
def set_dunning_settings(company_id: Id, body: DunningSettingsInput) -> DunningSettingsAnswer:
    """Dun otherwise from now on."""
    return choosing.choose(api.company(company_id), body, api.expected_version())


@api.creates(f"{ROOT}/pauses")
def make_dunning_pause(company_id: Id, body: PauseInput) -> Pause:
    """Leave a customer, or an invoice, alone: it is disputed, promised or blocked."""
    return choosing.pause(api.company(company_id), body)


@api.reads(f"{ROOT}/pauses")
def list_dunning_pauses(
    company_id: Id,
    ended: Annotated[bool, Query()] = False,  # noqa: FBT002 - Powertools reads a query parameter so
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PausePage:
    """Who is left alone, or (`ended`) was."""
    return choosing.pauses(api.company(company_id), ended=ended, limit=limit, cursor=cursor)


@api.reads(f"{ROOT}/pauses/{{pause_id}}")
def get_dunning_pause(company_id: Id, pause_id: Id) -> Pause:
    """One pause, open or ended."""
    return choosing.get_pause(api.company(company_id), pause_id)


@api.acts(f"{ROOT}/pauses/{{pause_id}}/end")
def end_dunning_pause(company_id: Id, pause_id: Id, body: EndPauseInput) -> Pause:
    """Dun again from now on."""
    return choosing.end_pause(api.company(company_id), pause_id, body)


@api.acts(f"{ROOT}/preview")
def preview_dunning(company_id: Id, body: PreviewInput) -> DunningPreview:
    """What a run would send on a day, and what it would leave out."""
    return running.preview(api.company(company_id), body)


@api.acts(f"{ROOT}/run")
def run_dunning(company_id: Id, body: RunInput) -> RunResult:
    """Send what is due, a letter to each customer; each step is taken once."""
    return running.run(api.company(company_id), body)


@api.reads(f"{ROOT}/proposal")
def get_dunning_proposal(company_id: Id) -> DunningProposal:
    """What the last morning's look found due."""
    return proposing.last_proposal(api.company(company_id))


@api.reads(f"{ROOT}/letters")
def list_dunning_letters(company_id: Id, limit: Limit = 50, cursor: Cursor = None) -> LetterPage:
    """Letters, the newest first."""
    return letters.letters(api.company(company_id), limit, cursor)


@api.reads(f"{ROOT}/letters/{{letter_id}}")
def get_dunning_letter(company_id: Id, letter_id: Id) -> SentLetter:
    """One letter, and how it went."""
    return letters.get_letter(api.company(company_id), letter_id)


@api.reads(f"{ROOT}/letters/{{letter_id}}/pdf", produces="application/pdf")
def get_dunning_letter_pdf(company_id: Id, letter_id: Id) -> File:
    """One letter, ready to print: the same bytes every time."""
    content = letters.letter_pdf(api.company(company_id), letter_id)
    headers = {"Content-Disposition": f'inline; filename="{letter_id}.pdf"'}
    return File("application/pdf", content, headers)


@api.reads(f"{ROOT}/invoices/{{invoice_id}}")
def get_invoice_dunning(company_id: Id, invoice_id: Id) -> InvoiceDunning:
    """What has been done about one invoice."""
    return letters.invoice_dunning(api.company(company_id), invoice_id)


@api.acts(f"{ROOT}/interest-invoices/preview")
def preview_interest_invoices(company_id: Id, body: ChargesInput) -> ChargesPreview:
    """The interest invoices that would be made."""
    return charging.preview(api.company(company_id), body)


@api.acts(f"{ROOT}/interest-invoices")
def make_interest_invoices(company_id: Id, body: ChargesInput) -> ChargesResult:
    """Invoice late interest, and the costs that letters asked for, each once."""
    return charging.invoice_charges(api.company(company_id), body)


@api.acts(f"{ROOT}/collection-export")
def hand_over_for_collection(company_id: Id, body: CollectionInput) -> CollectionExport:
    """Hand over the debts whose collection notice has run out, each once."""
    return collection.hand_over(api.company(company_id), body)


@api.reads(f"{ROOT}/collection-exports/{{export_id}}")
def get_collection_export(company_id: Id, export_id: Id) -> CollectionExport:
    """Debts that were handed over at once."""
    return collection.get_export(api.company(company_id), export_id)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP API event."""
    return api.handle(event, context)
