"""SIPp as a telephone: a scenario is a few steps in Python, and the XML that SIPp runs is made from them.

A step is a piece of SIPp's XML.  `[me]` is the phone's number, `[to]` the one it dials, `[dom]` the office's
domain; `[authentication]` answers the last challenge.  A caller's steps assume that it opened the dialog, a
callee's that it received the INVITE with `called()`.
"""

import re
import socket
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.office import PASSWORD, wait_for

VIA = "Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch="
CONTACT = "Contact: <sip:[me]@[local_ip]:[local_port]>"
FROM = "From: <sip:[me]@[dom]>;tag=c[pid]x[call_number]"
TAG = ";tag=u[pid]x[call_number]"
OFFER = "INVITE"  # names the branch that the CANCEL and the ACK of a refusal share with their INVITE


def sdp(direction: str = "sendrecv", version: int = 1, payloads: str = "0 8 101") -> str:
    return (
        f"v=0\no=sipp 7 {version} IN IP4 [local_ip]\ns=-\nc=IN IP4 [local_ip]\nt=0 0\n"
        f"m=audio [media_port] RTP/AVP {payloads}\na=rtpmap:0 PCMU/8000\na=rtpmap:8 PCMA/8000\n"
        f"a=rtpmap:101 telephone-event/8000\na=ptime:20\na={direction}\n"
    )


def send(*lines: str, body: str = "", retrans: bool = False) -> str:
    kind = ["Content-Type: application/sdp"] if body else []
    text = "\n".join([*lines, *kind, f"Content-Length: {'[len]' if body else 0}"]) + "\n\n" + body
    again = ' retrans="500"' if retrans else ""
    return f"<send{again}><![CDATA[\n{text}]]></send>"


def receive(
    what: int | str, optional: bool = False, within: float = 0, also: str = "", action: str = ""
) -> str:
    """Waits for a status or a method; `within` (seconds) replaces the usual limit, `also` adds attributes."""
    key = "response" if isinstance(what, int) else "request"
    extra = ' optional="true"' if optional else ""
    extra += f' timeout="{int(within * 1000)}"' if within else ""
    body = f"<action>{action}</action>" if action else ""
    return f'<recv {key}="{what}"{extra} {also}>{body}</recv>'


def pause(seconds: float) -> str:
    return f'<pause milliseconds="{int(seconds * 1000)}"/>'


def keep(header: str, name: str, pattern: str = ".*") -> str:
    return f'<ereg regexp="{pattern}" search_in="hdr" header="{header}:" check_it="true" assign_to="{name}"/>'


def says(pattern: str) -> str:
    """The message must match this extended regular expression."""
    return f'<ereg regexp="{pattern}" search_in="msg" check_it="true" assign_to="seen"/>'


TARGET = keep("Contact", "target", "sips?:[^&gt;;[:space:]]+")


# -- a caller's steps ------------------------------------------------------------------------------


def request(
    method: str,
    cseq: int,
    *,
    uri: str = "sip:[to]@[dom]",
    to: str = "To: <sip:[to]@[dom]>",
    branch: str = "",
    headers: Sequence[str] = (),
    body: str = "",
    retrans: bool = True,
) -> str:
    via = VIA + (f"z9hG4bK[pid]-[call_number]-{branch}" if branch else "[branch]")
    start = [f"{method} {uri} SIP/2.0", via, "Max-Forwards: 70", FROM, to]
    lines = [*start, "Call-ID: [call_id]", f"CSeq: {cseq} {method}"]
    return send(*lines, CONTACT, *headers, body=body, retrans=retrans and method != "ACK")


def invite(body: str = "", cseq: int = 1, headers: Sequence[str] = ()) -> str:
    return request("INVITE", cseq, branch=f"{OFFER}{cseq}", headers=headers, body=body or sdp())


def dial(body: str = "") -> str:
    """The INVITE, its challenge, and the INVITE again with the answer to it."""
    steps = [invite(body), receive(100, optional=True), receive(401, also='auth="true"'), ack_refusal(1)]
    return "".join([*steps, invite(body, 2, ["[authentication]"]), receive(100, optional=True)])


def ack_refusal(cseq: int = 2) -> str:
    return request("ACK", cseq, branch=f"{OFFER}{cseq}", to="[last_To:]")


def cancel(cseq: int = 2) -> str:
    return request("CANCEL", cseq, branch=f"{OFFER}{cseq}")


def answered(action: str = "") -> str:
    return receive(200, action=TARGET + action)


def inside(method: str, cseq: int, body: str = "") -> str:
    """A request inside the dialog."""
    return request(method, cseq, uri="[$target]", to="[last_To:]", body=body)


def ack(cseq: int = 2) -> str:
    return inside("ACK", cseq)


def offer_again(cseq: int, direction: str, answer: str) -> str:
    """A re-INVITE, whose answer must have that direction."""
    body = sdp(direction, version=cseq)
    return "".join(
        [
            inside("INVITE", cseq, body),
            receive(100, optional=True),
            receive(200, action=says(f"a={answer}")),
            ack(cseq),
        ]
    )


def bye(cseq: int = 9) -> str:
    return inside("BYE", cseq) + receive(200)


def hung_up(within: float = 0, action: str = "") -> str:
    """The other side's BYE."""
    return receive("BYE", within=within, action=action) + reply("200 OK")


def register(expires: int = 3600, contact: str = CONTACT) -> str:
    """A REGISTER up to its answer to the challenge; what comes then is the next step's."""

    def one(cseq: int, *more: str) -> str:
        headers = [contact, f"Expires: {expires}", *more]
        lines = [
            "REGISTER sip:[dom] SIP/2.0",
            VIA + "[branch]",
            "Max-Forwards: 70",
            FROM,
            "To: <sip:[me]@[dom]>",
        ]
        return send(*lines, "Call-ID: [call_id]", f"CSeq: {cseq} REGISTER", *headers, retrans=True)

    return one(1) + receive(401, also='auth="true"') + one(2, "[authentication]")


def watch(cseq: int, headers: Sequence[str]) -> str:
    """A SUBSCRIBE to itself."""
    return request("SUBSCRIBE", cseq, uri="sip:[me]@[dom]", to="To: <sip:[me]@[dom]>", headers=headers)


# -- a callee's steps ------------------------------------------------------------------------------


def called(action: str = "") -> str:
    return receive("INVITE", action=TARGET + keep("From", "remote") + keep("To", "local") + action)


def reply(
    status: str, *headers: str, body: str = "", cseq: str = "[last_CSeq:]", retrans: bool = False
) -> str:
    """An answer to the last request."""
    lines = [f"SIP/2.0 {status}", "[last_Via:]", "[last_Record-Route:]", "[last_From:]", f"[last_To:]{TAG}"]
    return send(*lines, "[last_Call-ID:]", cseq, CONTACT, *headers, body=body, retrans=retrans)


def ring() -> str:
    return reply("180 Ringing")


def answer(direction: str = "sendrecv", version: int = 1, payloads: str = "0 101") -> str:
    return reply("200 OK", body=sdp(direction, version, payloads), retrans=True) + receive("ACK")


def answer_again(offered: str, direction: str, version: int) -> str:
    """Takes a re-INVITE that offers that direction."""
    return receive("INVITE", action=says(f"a={offered}")) + answer_inside(direction, version)


def answer_inside(direction: str, version: int) -> str:
    lines = [
        "SIP/2.0 200 OK",
        "[last_Via:]",
        "[last_From:]",
        "[last_To:]",
        "[last_Call-ID:]",
        "[last_CSeq:]",
        CONTACT,
    ]
    return send(*lines, body=sdp(direction, version, "0 101"), retrans=True) + receive("ACK")


def refuse(status: str) -> str:
    return reply(status, retrans=True) + receive("ACK")


def cancelled(within: float = 0) -> str:
    """The caller's CANCEL: it is confirmed and the INVITE refused."""
    refusal = reply("487 Request Terminated", cseq="CSeq: [last_cseq_number] INVITE", retrans=True)
    return receive("CANCEL", within=within) + reply("200 OK") + refusal + receive("ACK")


def hang_up() -> str:
    """The callee's BYE."""
    lines = [
        "BYE [$target] SIP/2.0",
        VIA + "[branch]",
        "Max-Forwards: 70",
        f"From:[$local]{TAG}",
        "To:[$remote]",
    ]
    return send(*lines, "Call-ID: [call_id]", "CSeq: 1 BYE", retrans=True) + receive(200)


# -- running them ----------------------------------------------------------------------------------


def scenario(steps: Sequence[str]) -> str:
    text = "\n".join(steps)
    names = sorted(set(re.findall('assign_to="([a-z]+)"', text)))
    known = f'<Reference variables="{",".join(names)}"/>' if names else ""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="phone">\n{text}\n{known}\n</scenario>\n'


@dataclass
class Playing:
    """A SIPp that is running."""

    process: subprocess.Popen[bytes]
    folder: Path

    def succeeds(self) -> None:
        status = self.process.wait()
        assert status == 0, f"SIPp ended with {status}\n{self.complaint()}"

    def complaint(self) -> str:
        errors, messages = self.folder / "errors", self.folder / "messages"
        said = [f.read_text(errors="replace")[-6000:] for f in (errors, messages) if f.exists()]
        return "\n".join([str(self.folder), *said])

    def took(self, pattern: str) -> int:
        """How many messages it received that begin so."""
        file = self.folder / "messages"
        text = file.read_text(errors="replace") if file.exists() else ""
        return len(re.findall(rf"received[^\n]*:\n+{pattern}", text))


@dataclass
class Phone:
    """A telephone at an address of its own."""

    folder: Path
    number: str
    address: str
    server: str
    domain: str
    password: str = PASSWORD
    sipp: str = "sipp"
    transport: str = "udp"
    playing: list[Playing] = field(default_factory=list)

    def play(
        self, *steps: str, to: str = "", port: int = 5060, limit: float = 60, options: Sequence[str] = ()
    ) -> Playing:
        """Starts SIPp; it is listening when this returns."""
        folder = self.folder / f"{self.number}-{len(self.playing)}-{self.address}"
        folder.mkdir(parents=True)
        text = scenario(steps)
        if self.transport == "tcp":
            text = re.sub(r"(Contact: <sip:[^>]+)>", r"\1;transport=tcp>", text)
        (folder / "scenario.xml").write_text(text)
        words = (
            f"{self.sipp} {self.server} -sf scenario.xml -i {self.address} -p {port} -m 1 -nostdin"
            f" -t {self.transport[0]}1 -key me {self.number} -key to {to or self.number}"
            f" -key dom {self.domain} -au {self.number} -ap {self.password} -recv_timeout 9000"
            f" -timeout {limit:g}s -timeout_error -trace_err -error_file errors"
            " -trace_msg -message_file messages"
        )
        command = [*words.split(), *options]
        with (folder / "screen").open("wb") as screen:
            process = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen
            )
        playing = Playing(process, folder)
        self.playing.append(playing)
        if "<recv request" in steps[0]:
            kind = socket.SOCK_STREAM if self.transport == "tcp" else socket.SOCK_DGRAM
            listens = lambda: _bound(self.address, port, kind) or process.poll() is not None  # noqa: E731
            wait_for(listens, 5, "SIPp listens")
        return playing

    def registers(self, port: int = 5060, expires: int = 3600) -> None:
        """Its contact is the port where it will listen; SIPp sends the REGISTER from there too, but over TCP,
        where phones connect from any port."""
        contact = CONTACT.replace("[local_port]", str(port))
        come_from = port + 1 if self.transport == "tcp" else port
        self.play(register(expires, contact), receive(200), port=come_from).succeeds()

    def end(self) -> None:
        for playing in self.playing:
            if playing.process.poll() is None:
                playing.process.kill()
                playing.process.wait()


def _bound(address: str, port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as sock:
        try:
            sock.bind((address, port))
        except OSError:
            return True
    return False


PhoneFactory = Callable[..., Phone]
