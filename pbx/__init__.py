"""Warden VoIP: the office phone system.  Start reading at `pbx.switch`."""
