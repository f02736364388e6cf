"""SIP without I/O: bytes and the time in, bytes, events and a deadline out (RFC 3261 and its family)."""
