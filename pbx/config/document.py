"""The office as YAML text: read without trusting it, written so that it can be imported again."""

from pbx.config.office import Office


def load_yaml(text: str | bytes) -> object:
    """The document as dicts, lists, strings, integers, truth values and None.  Raises ConfigError naming the line."""
    raise NotImplementedError


def dump_yaml(office: Office) -> str:
    """YAML that `read(load_yaml(...))` takes.  Passwords are left out unless the office holds them."""
    raise NotImplementedError
