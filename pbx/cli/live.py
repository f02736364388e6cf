"""Commands about what happens now: they need the running phone system."""

import argparse
import sys
import time
from dataclasses import replace

from pbx.cli import client
from pbx.net import control_messages as say
from pbx.switch.events import BanView, CallView, TrunkView
from pbx.wire.codec import encode


def calls(options: argparse.Namespace) -> None:
    link = client.needed(options.data)
    now = time.time()
    found = [each for each in client.ask(link, say.Calls()) if isinstance(each, CallView)]
    if options.json:
        for call in found:
            print(encode(call).decode())
        return
    if not found:
        print("No call is up.", file=sys.stderr)
    for call in found:
        since = int(now - (call.answered or call.started))
        duration = f"{since // 60}:{since % 60:02}"
        print(f"{call.call}  {call.caller.number:>8} to {call.dialled:<8}  {call.state:<8} {duration:>6}")


def hang_up(options: argparse.Namespace) -> None:
    for _ in client.ask(client.needed(options.data), say.HangUp(options.call)):
        pass


def trunks(options: argparse.Namespace) -> int:
    """Exit status 1 when a trunk is not up."""
    link = client.needed(options.data)
    found = [each for each in client.ask(link, say.Trunks()) if isinstance(each, TrunkView)]
    if options.json:
        for trunk in found:
            print(encode(trunk).decode())
    elif not found:
        print("There are no trunks.", file=sys.stderr)
    else:
        for trunk in found:
            limit = f"/{trunk.channels}" if trunk.channels else ""
            answer = f"{trunk.delay * 1000:.0f} ms" if trunk.heard else "never answered"
            calls = f"{trunk.calls}{limit} calls"
            print(f"{trunk.name:<20}  {trunk.state:<7}  {calls}  {answer:>14}  {trunk.text}")
    return 0 if all(trunk.state == "up" for trunk in found) else 1


def bans(options: argparse.Namespace) -> None:
    link = client.needed(options.data)
    found = [each for each in client.ask(link, say.Bans()) if isinstance(each, BanView)]
    if options.json:
        for ban in found:
            print(encode(ban).decode())
        return
    if not found:
        print("Nobody is banned.", file=sys.stderr)
    for ban in found:
        left = int(ban.seconds)
        account = ban.account if ban.account.isprintable() else ascii(ban.account)  # whatever was claimed
        print(f"{ban.address:<39}  {account:<16}  {left // 60}:{left % 60:02} left")


def unban(options: argparse.Namespace) -> None:
    for _ in client.ask(client.needed(options.data), say.Lift(options.address, options.account)):
        pass


def trace(options: argparse.Namespace) -> None:
    link = client.needed(options.data)
    link.settimeout(None)
    for message in client.ask(link, say.Trace(options.number)):
        if isinstance(message, say.Traced):
            print(_shown(message), flush=True)


def status(options: argparse.Namespace) -> int:
    answer = client.one(client.ask(client.needed(options.data), say.Status()))
    assert isinstance(answer, say.StatusReply)
    minutes = int(answer.uptime) // 60
    print(f"Warden VoIP {answer.version} (pid {answer.pid}), up {minutes // 60} h {minutes % 60} min:")
    print(f"Phones registered: {answer.phones}.  Calls up: {answer.calls}.")
    for trouble in answer.troubles:
        print(f"Trouble: {trouble}")
    return 1 if answer.troubles else 0


def _shown(message: say.Traced) -> str:
    message = replace(message, text=message.text.rstrip("\n"))
    at = time.strftime("%H:%M:%S", time.localtime(message.at)) + f"{message.at % 1:.3f}"[1:]
    arrow = "to" if message.sent else "from"
    lost = f"({message.lost} messages were left out here)\n" if message.lost else ""
    return f"{lost}{at} {arrow} {message.flow.remote} over {message.flow.transport}\n{message.text}\n"
