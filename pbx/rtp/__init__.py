"""RTP and RTCP (RFC 3550) as values and counters: no I/O, no clock."""
