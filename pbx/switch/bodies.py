"""The bodies of notifications: dialogs (RFC 4235), presence (RFC 3863), messages waiting (RFC 3842)."""

from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

DIALOG = "application/dialog-info+xml"
PRESENCE = "application/pidf+xml"
MESSAGES = "application/simple-message-summary"

_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True, slots=True)
class LampDialog:
    """One call of a watched phone, in the words of its own dialog: `local_tag` is the phone's.

    `state` is trying, early or confirmed; `held` = it hears nobody.
    """

    id: str
    call_id: str
    local_tag: str
    remote_tag: str
    initiator: bool
    state: str
    number: str
    name: str
    held: bool = False


def dialog_info(number: str, domain: str, dialogs: Iterable[LampDialog], version: int) -> bytes:
    """Full state always: what phones and servers agree on best."""
    entity = f"sip:{number}@{domain}"
    inner = "".join(_dialog(entity, domain, each) for each in dialogs)
    return (
        f'{_XML}<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="{version}" state="full" '
        f"entity={quoteattr(entity)}>\n{inner}</dialog-info>\n"
    ).encode()


def _dialog(entity: str, domain: str, dialog: LampDialog) -> str:
    tags = f" call-id={quoteattr(dialog.call_id)} remote-tag={quoteattr(dialog.remote_tag)}"
    if dialog.local_tag:
        tags += f" local-tag={quoteattr(dialog.local_tag)}"
    direction = "initiator" if dialog.initiator else "recipient"
    rendering = '<param pname="+sip.rendering" pvalue="no"/>' if dialog.held else ""
    remote = f"sip:{dialog.number}@{domain}"
    return (
        f'<dialog id={quoteattr(dialog.id)}{tags} direction="{direction}">\n'
        f"<state>{dialog.state}</state>\n"
        f"<local><identity>{escape(entity)}</identity>"
        f"<target uri={quoteattr(entity)}>{rendering}</target></local>\n"
        f"<remote><identity display={quoteattr(dialog.name)}>{escape(remote)}</identity>"
        f"<target uri={quoteattr(remote)}/></remote>\n"
        "</dialog>\n"
    )


def pidf(number: str, domain: str, open_: bool, busy: bool) -> bytes:
    """`open_` = it can be called.  That it is `busy` is said in a note for people, and as an activity
    (RFC 4480) of the person that RFC 4479 adds: softphones colour their lamp by it alone."""
    entity = f"sip:{number}@{domain}"
    basic, note = "open" if open_ else "closed", "Available" if open_ else "Offline"
    person, spaces = "", ""
    if open_ and busy:
        note, spaces = "On the phone", ' xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"'
        spaces += ' xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid"'
        doing = f"<rpid:activities><rpid:on-the-phone/></rpid:activities><dm:note>{note}</dm:note>"
        person = f"<dm:person id={quoteattr('p' + number)}>{doing}</dm:person>\n"
    return (
        f'{_XML}<presence xmlns="urn:ietf:params:xml:ns:pidf"{spaces} entity={quoteattr(entity)}>\n'
        f"<tuple id={quoteattr('t' + number)}><status><basic>{basic}</basic></status>"
        f"<contact>{escape(entity)}</contact><note>{note}</note></tuple>\n{person}</presence>\n"
    ).encode()


def message_summary(number: str, domain: str, new: int, old: int) -> bytes:
    waiting = "yes" if new else "no"
    return (
        f"Messages-Waiting: {waiting}\r\nMessage-Account: sip:{number}@{domain}\r\n"
        f"Voice-Message: {new}/{old} (0/0)\r\n"
    ).encode()
