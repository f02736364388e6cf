"""What the processes say to each other: one JSON object a message over Unix SOCK_SEQPACKET sockets."""
