"""A PJSIP telephone as a process: told what to do in lines of JSON, it says what happened in such lines.

Run by `pjsua.py` in the telephone's own network.  One thread does all, so PJSIP calls us from no other.
"""

import json
import os
import select
import sys
from pathlib import Path
from typing import Any

import pjsua2 as pj

KINDS = {"udp": pj.PJSIP_TRANSPORT_UDP, "tcp": pj.PJSIP_TRANSPORT_TCP, "tls": pj.PJSIP_TRANSPORT_TLS}
PRACK = {
    "": pj.PJSUA_100REL_NOT_USED,
    "optional": pj.PJSUA_100REL_OPTIONAL,
    "required": pj.PJSUA_100REL_MANDATORY,
}
TIMER = {
    "": pj.PJSUA_SIP_TIMER_INACTIVE,
    "optional": pj.PJSUA_SIP_TIMER_OPTIONAL,
    "always": pj.PJSUA_SIP_TIMER_ALWAYS,
}


MOUTH = os.fdopen(os.dup(1), "w")  # where we speak; PJSIP itself prints to what was standard output


def say(event: str, **more: object) -> None:
    print(json.dumps({"event": event, **more}), file=MOUTH, flush=True)


class Call(pj.Call):  # type: ignore[misc]
    """One call.  It plays the voice to the other side as soon as there is audio, and records what comes."""

    def __init__(self, phone: "Phone", number: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(phone, number)
        self.phone = phone
        self.ears: Any = None

    def onCallState(self, prm: Any) -> None:
        info = self.getInfo()
        say("call", id=info.id, state=info.state, code=info.lastStatusCode, reason=info.lastReason)
        if info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.ears = None
            self.phone.calls.pop(info.id, None)

    def onCallMediaState(self, prm: Any) -> None:
        info = self.getInfo()
        for n, media in enumerate(info.media):
            if media.type != pj.PJMEDIA_TYPE_AUDIO:
                continue
            say("audio", id=info.id, status=media.status, direction=media.dir)
            if media.status in (pj.PJSUA_CALL_MEDIA_ACTIVE, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD):
                self.converse(self.getAudioMedia(n), info.id)

    def converse(self, audio: Any, number: int) -> None:
        if self.ears is None:
            self.ears = pj.AudioMediaRecorder()
            self.ears.createRecorder(str(self.phone.heard(number)))
        self.phone.mouth.startTransmit(audio)
        audio.startTransmit(self.ears)

    def onCallTransferStatus(self, prm: Any) -> None:
        say("transfer", code=prm.statusCode, final=prm.finalNotify)

    def onCallReplaceRequest(self, prm: Any) -> None:
        say("replaced", code=prm.statusCode)

    def onCallRxReinvite(self, prm: Any) -> None:
        say("reinvited")


class Phone(pj.Account):  # type: ignore[misc]
    def __init__(self, wishes: dict[str, Any]) -> None:
        super().__init__()
        self.wishes = wishes
        self.calls: dict[int, Call] = {}
        self.answers = 0
        self.mouth = pj.AudioMediaPlayer()
        self.mouth.createPlayer(wishes["voice"])

    def heard(self, number: int) -> Path:
        self.answers += 1
        return Path(self.wishes["folder"]) / f"heard-{number}-{self.answers}.wav"

    def onRegState(self, prm: Any) -> None:
        say("registration", code=prm.code, reason=prm.reason)

    def onIncomingCall(self, prm: Any) -> None:
        call = self.calls[prm.callId] = Call(self, prm.callId)
        info = call.getInfo()
        say("invited", id=info.id, who=info.remoteUri)
        status = self.wishes["answer"]
        for code in (180, 200) if status == 200 else (status,):
            call.answer(_asked(code))

    def onMwiInfo(self, prm: Any) -> None:
        say("waiting", body=prm.rdata.wholeMsg.partition("\r\n\r\n")[2])

    def onInstantMessage(self, prm: Any) -> None:
        say("message", who=prm.fromUri, text=prm.msgBody)

    def onInstantMessageStatus(self, prm: Any) -> None:
        say("sent", code=prm.code)

    # what it can be told

    def dial(self, uri: str) -> None:
        call = Call(self)
        call.makeCall(uri, pj.CallOpParam(True))
        self.calls[call.getId()] = call

    def ring(self, id: int) -> None:
        self.calls[id].answer(_asked(180))

    def take(self, id: int) -> None:
        self.calls[id].answer(_asked(200))

    def hold(self, id: int) -> None:
        self.calls[id].setHold(pj.CallOpParam(True))

    def resume(self, id: int) -> None:
        wish = pj.CallOpParam(True)
        wish.opt.flag = pj.PJSUA_CALL_UNHOLD
        self.calls[id].reinvite(wish)

    def update(self, id: int) -> None:
        self.calls[id].update(pj.CallOpParam(True))

    def send_on(self, id: int, uri: str) -> None:
        self.calls[id].xfer(uri, pj.CallOpParam(True))

    def join(self, id: int, other: int) -> None:
        self.calls[id].xferReplaces(self.calls[other], pj.CallOpParam(True))

    def press(self, id: int, keys: str) -> None:
        self.calls[id].dialDtmf(keys)

    def watch(self, uri: str) -> None:
        self.friend = Friend()
        wish = pj.BuddyConfig()
        wish.uri, wish.subscribe = uri, False
        self.friend.create(self, wish)
        self.friend.subscribePresence(True)

    def tell(self, uri: str, text: str) -> None:
        friend = pj.Buddy()
        wish = pj.BuddyConfig()
        wish.uri = uri
        friend.create(self, wish)
        message = pj.SendInstantMessageParam()
        message.content = text
        friend.sendInstantMessage(message)

    def hang_up(self, id: int) -> None:
        self.calls[id].hangup(pj.CallOpParam())


class Friend(pj.Buddy):  # type: ignore[misc]
    def onBuddyState(self) -> None:
        info = self.getInfo()
        say("friend", state=info.subStateName, open=info.presStatus.status, note=info.presStatus.statusText)


def _asked(code: int) -> Any:
    wish = pj.CallOpParam()
    wish.statusCode = code
    return wish


def start(wishes: dict[str, Any]) -> tuple[Any, Phone]:
    end = pj.Endpoint()
    end.libCreate()
    wish = pj.EpConfig()
    wish.uaConfig.threadCnt, wish.uaConfig.mainThreadOnly = 0, True
    wish.logConfig.filename = wishes["folder"] + "/log"
    wish.logConfig.level, wish.logConfig.consoleLevel, wish.logConfig.msgLogging = 5, 0, 1
    wish.medConfig.clockRate = wish.medConfig.sndClockRate = 8000
    wish.medConfig.noVad, wish.medConfig.ecTailLen = True, 0
    end.libInit(wish)
    end.audDevManager().setNullDev()
    for codec in end.codecEnum2():
        end.codecSetPriority(codec.codecId, 200 if codec.codecId.startswith(wishes["codec"]) else 0)
    line = pj.TransportConfig()
    line.boundAddress = wishes["address"]
    line.port = 5060 + (wishes["transport"] == "tls")
    end.transportCreate(KINDS[wishes["transport"]], line)
    end.libStart()
    phone = Phone(wishes)
    phone.create(account(wishes))
    return end, phone


def account(wishes: dict[str, Any]) -> Any:
    number, domain, kind = wishes["number"], wishes["domain"], wishes["transport"]
    wish = pj.AccountConfig()
    wish.idUri = f"sip:{number}@{domain}"
    wish.regConfig.registrarUri = f"sip:{domain};transport={kind}"
    port = 5061 if kind == "tls" else 5060
    wish.sipConfig.proxies.append(f"<sip:{wishes['server']}:{port};transport={kind};lr;hide>")
    wish.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", number, 0, wishes["password"]))
    wish.callConfig.prackUse, wish.callConfig.timerUse = PRACK[wishes["prack"]], TIMER[wishes["timer"]]
    wish.callConfig.timerMinSESec, wish.callConfig.timerSessExpiresSec = 90, wishes["session_expires"]
    wish.mwiConfig.enabled = wishes["mwi"]
    wish.mediaConfig.transportConfig.boundAddress = wishes["address"]
    wish.mediaConfig.transportConfig.port = 4000
    return wish


def main() -> None:
    end, phone = start(json.loads(sys.argv[1]))
    unread = b""
    while True:
        end.libHandleEvents(20)
        while select.select([0], [], [], 0)[0]:
            piece = os.read(0, 65536)
            if not piece:
                end.libDestroy()
                os._exit(0)  # what is still known of PJSIP's objects must not be freed after it
            *lines, unread = (unread + piece).split(b"\n")
            for line in lines:
                obey(phone, json.loads(line))


def obey(phone: Phone, words: dict[str, Any]) -> None:
    try:
        getattr(phone, words.pop("do"))(**words)
    except pj.Error as error:
        say("error", why=error.info())


if __name__ == "__main__":
    os.dup2(2, 1)
    main()
