"""The switch's facts as figures for the metrics page and as lines in the log."""

import logging
from collections.abc import Sequence

from pbx.logs import Throttle
from pbx.switch import events
from pbx.switch.events import CallView, Fact
from pbx.telemetry import Telemetry

log = logging.getLogger("warden.switch")


class Observer:
    """A sink of `Broadcast`.  Figures count all; the log is throttled, since strangers fill it: refused
    messages have a throttle of their own, so that they never hide what happens to calls."""

    def __init__(
        self, telemetry: Telemetry, throttle: Throttle | None = None, refused: Throttle | None = None
    ) -> None:
        self._telemetry = telemetry
        self._throttle = throttle or Throttle()
        self._refused = refused or Throttle(2.0)

    def __call__(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            self._count(fact)
            if isinstance(fact, events.CallChanged | events.SetupTimed | events.DirectoryChanged):
                continue
            if isinstance(fact, events.MessageRejected):
                if self._refused.allows():
                    self._tell_refused(fact)
            elif self._throttle.allows():
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
            case events.TrunkChanged(trunk):
                level = logging.WARNING if trunk.state in ("down", "unknown") else logging.INFO
                log.log(level, "trunk %s: %s", trunk.name, trunk.text)
            case events.Trouble(text=text):
                log.error("%s", text)

    def _tell_refused(self, fact: events.MessageRejected) -> None:
        if held := self._refused.held():
            log.info("%d more messages were refused or dropped and not logged one by one", held)
        why = ": ".join(filter(None, (fact.reason, fact.detail[:200])))
        how = f"refused ({fact.status})" if fact.status else "dropped"
        log.info("a message from %s was %s: %s", fact.address, how, why)


def _story(call: CallView) -> str:
    """"1001 to 1002, answered, 12 s, hung up (caller)"."""
    parts = [f"{call.caller.number} to {call.dialled}"]
    if call.answered and call.ended:
        parts.append(f"spoke {call.ended - call.answered:.0f} s")
    parts.append(f"{call.cause_text} ({call.ended_by})" if call.ended_by else call.cause_text)
    return ", ".join(parts)
