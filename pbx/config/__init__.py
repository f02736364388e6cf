"""The office as a document: what may be configured, read with checks and written back."""

from pbx.config.document import dump_yaml, load_yaml
from pbx.config.office import ExtensionConfig, Office, Site, read
from pbx.config.problems import ConfigError, Problem
from pbx.config.trunks import RouteConfig, TrunkConfig

__all__ = [
    "ConfigError",
    "ExtensionConfig",
    "Office",
    "Problem",
    "RouteConfig",
    "Site",
    "TrunkConfig",
    "dump_yaml",
    "load_yaml",
    "read",
]
