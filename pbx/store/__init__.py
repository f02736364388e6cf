"""All that survives a power cut: configuration with its history, people, registrations, call records."""

from pbx.store.errors import (
    ClaimRefused,
    Conflict,
    NotFound,
    StoreBusy,
    StoreError,
    StoreTooNew,
    TokenRefused,
)
from pbx.store.lockout import Lockout
from pbx.store.store import Store
from pbx.store.values import Change, Difference, ExtensionRow, Page, RecordFilter, Revision, User

__all__ = [
    "Change",
    "ClaimRefused",
    "Conflict",
    "Difference",
    "ExtensionRow",
    "Lockout",
    "NotFound",
    "Page",
    "RecordFilter",
    "Revision",
    "Store",
    "StoreBusy",
    "StoreError",
    "StoreTooNew",
    "TokenRefused",
    "User",
]
