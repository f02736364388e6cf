"""All transports of SIP as one: what is to be sent goes the way its flow says."""

import socket
from collections.abc import Callable, Mapping

from pbx.net.streams import Streams
from pbx.net.udp import Udp
from pbx.sip.flow import Flow


class Transports:
    """Datagrams and connections."""

    def __init__(
        self,
        udp: socket.socket,
        listening: Mapping[str, socket.socket],
        deliver: Callable[[bytes, Flow], None],
        streams: Streams,
    ) -> None:
        self.udp, self.streams = Udp(udp, deliver), streams
        self._listening = listening

    def start(self) -> None:
        self.udp.start()
        for transport, sock in self._listening.items():
            self.streams.listen(sock, transport)

    def send(self, data: bytes, flow: Flow) -> None:
        if flow.transport == "udp":
            self.udp.send(data, flow)
        else:
            self.streams.send(data, flow)

    def close(self) -> None:
        self.udp.close()
        self.streams.close()
