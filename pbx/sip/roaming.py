"""Dialogs stay with their phone when its connection is lost or another one takes its place (RFC 5626)."""

from __future__ import annotations

from pbx.sip.core import Core
from pbx.sip.dialog import Dialog
from pbx.sip.flow import Flow
from pbx.sip.reach import direct
from pbx.sip.registrar import Binding
from pbx.sip.uri import aor


def lost(core: Core, flow: Flow) -> None:
    """The connection of `flow` is gone: a phone that listens is reached at its own port from now on."""
    for tag, user in core.dialogs.items():
        dialog = user.dialog
        if dialog is not None and _same(dialog.source, flow):
            there = direct(dialog.target, dialog.source)
            if there is not None and flow.transport in ("tcp", "tls"):
                dialog.source = there
                core.touched.add(tag)


def found(core: Core, binding: Binding) -> None:
    """The phone registered: its dialogs go on by the way that it came by.

    Only its own: who is at the other end was proven when the dialog began.
    """
    for tag, user in core.dialogs.items():
        dialog = user.dialog
        if dialog is not None and not _same(dialog.source, binding.flow) and _is_with(dialog, binding):
            dialog.source = binding.flow
            core.touched.add(tag)


def _is_with(dialog: Dialog, binding: Binding) -> bool:
    if aor(dialog.remote.uri) != binding.aor:
        return False
    gr = dialog.target.param("gr")
    return binding.reaches(dialog.target) if gr is None else gr == binding.gruu != ""


def _same(one: Flow, other: Flow) -> bool:
    return (one.transport, one.remote) == (other.transport, other.remote)
