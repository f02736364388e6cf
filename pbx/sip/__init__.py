"""SIP without I/O: bytes and the time in, bytes, events and a deadline out (RFC 3261 and its family).

From the bottom: `grammar uri fields headers views message` read and write messages, `sdp offer` what they
carry; `timers transaction transaction_layer` are §17; `nonce lockout auth` prove who speaks (§22);
`registrar register reach` know where phones are (§10); `dialog` with `session incoming outgoing reinvite
success` is a call's dialog (§12-15); `inspect gatekeeper` meet new requests (§8.2); `stack` is all of it,
and the way in.
"""
