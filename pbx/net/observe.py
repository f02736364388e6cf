"""The switch's facts as figures for the metrics page and as lines in the log."""

import logging
from collections.abc import Sequence

from pbx.logs import Throttle
from pbx.switch import events
from pbx.switch.events import CallView, Fact
from pbx.telemetry import Telemetry

log = logging.getLogger("warden.switch")


class Observer:
    """A sink of `Broadcast`.  Figures count all; the log is throttled, since strangers fill it."""

    def __init__(self, telemetry: Telemetry, throttle: Throttle | None = None) -> None:
        self._telemetry = telemetry
        self._throttle = throttle or Throttle()

    def __call__(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            self._count(fact)
            if isinstance(fact, events.CallChanged | events.SetupTimed | events.DirectoryChanged):
                continue
            if self._throttle.allows():
                self._tell(fact)

    def _count(self, fact: Fact) -> None:
        match fact:
            case events.CallEnded(call):
                self._telemetry.call_ended(call.cause)
            case events.SetupTimed(_, seconds):
                self._telemetry.call_set_up(seconds)
            case events.MessageRejected(reason):
                self._telemetry.message_rejected(reason)
            case events.SignInFailed(banned=banned):
                self._telemetry.sign_in_failed("sip", banned > 0)
            case events.Trouble(slug):
                self._telemetry.trouble(slug)

    def _tell(self, fact: Fact) -> None:
        if held := self._throttle.held():
            log.info("%d more events of the kinds below and above were not logged one by one", held)
        match fact:
            case events.CallEnded(call):
                log.info("call %s: %s", call.call, _story(call))
            case events.PhoneRegistered(binding, refresh):
                if not refresh:
                    log.info("phone %s registered from %s", binding.aor, binding.flow.remote)
            case events.PhoneUnregistered(binding, why):
                log.info("phone %s at %s is gone: %s", binding.aor, binding.flow.remote, why)
            case events.SignInFailed(account, address, banned):
                ban = f", banned for {banned:.0f} s" if banned else ""
                log.warning("wrong phone password or account: %r from %s%s", account, address, ban)
            case events.MessageRejected(reason, status, address, detail):
                log.debug("refused a message from %s: %s (%s) %s", address, reason, status, detail)
            case events.TrunkChanged(trunk):
                level = logging.WARNING if trunk.state in ("down", "unknown") else logging.INFO
                log.log(level, "trunk %s: %s", trunk.name, trunk.text)
            case events.Trouble(text=text):
                log.error("%s", text)


def _story(call: CallView) -> str:
    """"1001 to 1002, answered, 12 s, hung up (caller)"."""
    parts = [f"{call.caller.number} to {call.dialled}"]
    if call.answered and call.ended:
        parts.append(f"spoke {call.ended - call.answered:.0f} s")
    parts.append(f"{call.cause_text} ({call.ended_by})" if call.ended_by else call.cause_text)
    return ", ".join(parts)
