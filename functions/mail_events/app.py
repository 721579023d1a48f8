"""What SES tells of e-mails, from its queue: of invoices, and of reminders."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.ledger.dunning import mail_news
from samklang.platform.queues import each_message


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Keep what each event tells; those that failed come again."""
    return each_message(event, context, mail_news.hear)
