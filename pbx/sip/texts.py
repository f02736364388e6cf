"""Text messages outside a dialog (RFC 3428): who writes and what, before they are passed on."""

from __future__ import annotations

from functools import partial

from pbx.directory import Account, Trunk
from pbx.sip.core import Core
from pbx.sip.events import TextCame
from pbx.sip.flow import Flow
from pbx.sip.message import Request, build_response
from pbx.sip.transaction import ServerTransaction
from pbx.sip.uri import aor

MAX_TEXT = 8192
"""Bytes.  RFC 3428 §8 wants less than 1300 where UDP is, but phones send longer ones over connections."""


def serve_text(core: Core, request: Request, flow: Flow, caller: Account | Trunk, now: float) -> None:
    """A MESSAGE of somebody who has shown who it is."""
    transaction = core.transactions.serve(request, flow, now)
    if not isinstance(caller, Account) or aor(request.from_.uri) != caller.extension:
        answer_text(core, transaction, 403, now)  # nobody writes in another's name, and no carrier at all
    elif len(request.body) > MAX_TEXT:
        answer_text(core, transaction, 413, now)
    elif not request.body or not request.content_type:
        answer_text(core, transaction, 400, now, "Empty Message")
    else:
        kind = (request.get("Content-Type") or "")[:200]
        answer = partial(answer_text, core, transaction)
        core.events.append(TextCame(caller.extension, aor(request.uri), kind, request.body, answer))


def answer_text(
    core: Core, transaction: ServerTransaction, status: int, now: float, reason: str | None = None
) -> None:
    """The final answer to a MESSAGE."""
    request = transaction.request
    headers = (("Server", core.settings.user_agent),)
    tag = core.identifiers.stateless_tag(request)
    transaction.respond(build_response(request, status, reason, headers, to_tag=tag), now)
