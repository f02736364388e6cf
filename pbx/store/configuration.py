"""What is configured: the snapshot for the call path, the export, and each change an administrator makes."""

import dataclasses
from types import MappingProxyType

from pbx.config import ConfigError, ExtensionConfig, Office, Problem, RouteConfig, Site, TrunkConfig, read
from pbx.config.document import plain
from pbx.directory import Account, Directory, Extension, OutboundRoute, Trunk
from pbx.store import models
from pbx.store.errors import Conflict, NotFound
from pbx.store.revisions import UNSET, Revisions
from pbx.store.sealing import phone_password
from pbx.store.state import SITE, Key, State, Thing, labels, office_of, state_of
from pbx.store.values import Change, ExtensionRow


class Configuration(Revisions):
    """The configuration's part of the store."""

    def directory(self) -> Directory:
        """The snapshot that the call path reads."""
        newest = models.Revision.select(models.Revision.id).order_by(models.Revision.id.desc())
        office = office_of(self._state())
        return Directory(
            self.site().domain,
            newest.limit(1).scalar(self._db) or 0,
            MappingProxyType(
                {each.number: Extension(each.number, each.name, each.outside) for each in office.extensions}
            ),
            MappingProxyType({account.username: account for account in self._accounts()}),
            tuple(_trunk(trunk) for trunk in office.trunks),
            tuple(_route(route) for route in office.routes),
        )

    def _accounts(self) -> list[Account]:
        account = models.Account
        rows = account.select(account.username, account.extension, account.ha1_md5, account.ha1_sha256)
        return [
            Account(username, number, MappingProxyType({"MD5": md5, "SHA-256": sha256}))
            for username, number, md5, sha256 in rows.tuples().execute(self._db)
        ]

    def office(self) -> Office:
        """Everything configured, passwords left out (None): what `warden export` writes."""
        office = office_of(self._state())
        return Office(
            self.site(),
            tuple(dataclasses.replace(each, password=None) for each in office.extensions),
            tuple(dataclasses.replace(each, password=None) for each in office.trunks),
            office.routes,
        )

    def site(self) -> Site:
        """Domain "localhost" until one was chosen."""
        return self._chosen_site() or UNSET

    def ensure_site(self, domain: str) -> Site:
        """First start: takes `domain` if none was ever chosen; then gives the site as it is."""
        if self._chosen_site() is None:
            self.set_site(Site(domain), "warden")
        return self.site()

    def set_site(self, site: Site, who: str) -> int | None:
        """The revision, None if nothing changed.  Raises ConfigError (paths site.domain, site.name).

        A new domain is a new digest realm: the digests of all phones are made anew.
        """
        wanted = state_of(_checked(Office(site)))
        return self._save(self._state() | wanted, who, "changed the site")

    def import_office(self, office: Office, who: str, replace: bool = False) -> Change:
        """Creates and updates by number and name; with `replace` deletes what is not in `office`.

        An existing extension without a password keeps its own; a new one gets one (`Change.passwords`).
        Without a site, the site stays.  Raises ConfigError.
        """
        old, wanted = self._state(), state_of(_checked(office))
        made: dict[str, str] = {}
        for key, item in wanted.items():
            known = old.get(key)
            if isinstance(item, ExtensionConfig) and item.password is None:
                wanted[key] = _with_password(item, known, made)
            elif isinstance(item, TrunkConfig) and item.password is None and isinstance(known, TrunkConfig):
                wanted[key] = dataclasses.replace(item, password=known.password)
        new = {key: item for key, item in old.items() if not replace or key == SITE} | wanted
        revision = self._save(new, who, "import, replacing everything" if replace else "import")
        return Change(
            revision,
            created=labels(key for key in wanted if key not in old),
            updated=labels(key for key in wanted if key in old and old[key] != wanted[key]),
            deleted=labels(key for key in old if key not in new),
            unchanged=labels(key for key in wanted if old.get(key) == wanted[key]),
            passwords=MappingProxyType(made),
        )

    # -- extensions

    def extensions(self) -> list[ExtensionRow]:
        """By number."""
        rows = models.Extension.select().order_by(models.Extension.number).dicts().execute(self._db)
        return [ExtensionRow(**row) for row in rows]

    def extension(self, number: str) -> ExtensionRow:
        """Raises NotFound."""
        row = models.Extension.select().where(models.Extension.number == number).dicts().first(self._db)
        if row is None:
            raise NotFound(f"there is no extension {number}")
        return ExtensionRow(**row)

    def create_extension(
        self, number: str, name: str, who: str, password: str | None = None, allow_weak: bool = False
    ) -> tuple[ExtensionRow, str]:
        """The extension and its phone's password (generated if None).

        Raises ConfigError (paths number, name, password), Conflict (the number is taken).
        """
        item = _read_extension(number, name, password, allow_weak)
        state, key = self._state(), ("extension", item.number)
        if key in state:
            raise Conflict(f"extension {item.number} exists already")
        password = item.password or phone_password(item.number, item.name)
        state[key] = dataclasses.replace(item, password=password)
        self._save(state, who, f"created extension {item.number}")
        return self.extension(item.number), password

    def rename_extension(self, number: str, name: str, who: str) -> ExtensionRow:
        """Raises NotFound, ConfigError (path name)."""
        state, key, item = self._find(number)
        name = _read_extension(number, name, None, False).name
        state[key] = dataclasses.replace(item, name=name)
        self._save(state, who, f"renamed extension {number}")
        return self.extension(number)

    def new_password(self, number: str, who: str) -> str:
        """A generated password for the phone; the old one stops working.  Raises NotFound."""
        state, key, item = self._find(number)
        password = phone_password(number, item.name)
        state[key] = dataclasses.replace(item, password=password)
        self._save(state, who, f"new password for extension {number}")
        return password

    def delete_extension(self, number: str, who: str) -> int:
        """The revision, for `undo`.  Raises NotFound."""
        state, key, _ = self._find(number)
        del state[key]
        return self._save(state, who, f"deleted extension {number}") or 0

    def _find(self, number: str) -> tuple[State, Key, ExtensionConfig]:
        state, key = self._state(), ("extension", number)
        item = state.get(key)
        if not isinstance(item, ExtensionConfig):
            raise NotFound(f"there is no extension {number}")
        return state, key, item


def _trunk(trunk: TrunkConfig) -> Trunk:
    values = {each.name: getattr(trunk, each.name) for each in dataclasses.fields(trunk)}
    return Trunk(**values | {"password": trunk.password or ""})


def _route(route: RouteConfig) -> OutboundRoute:
    return OutboundRoute(**{each.name: getattr(route, each.name) for each in dataclasses.fields(route)})


def _checked(office: Office) -> Office:
    """The office as the document reader would have read it.  Raises ConfigError."""
    return read(plain(office), allow_weak=True)


def _read_extension(number: str, name: str, password: str | None, allow_weak: bool) -> ExtensionConfig:
    """Checked as an item of a document is, with paths that name the field alone."""
    fields = {"number": number, "name": name, "password": password}
    try:
        return read({"extensions": [fields]}, allow_weak).extensions[0]
    except ConfigError as error:
        problems = error.problems
    raise ConfigError(Problem(p.path.removeprefix("extensions[0]."), p.message) for p in problems)


def _with_password(item: ExtensionConfig, known: Thing | None, made: dict[str, str]) -> ExtensionConfig:
    """With the password it has already, or a new one that is noted in `made`."""
    if isinstance(known, ExtensionConfig):
        return dataclasses.replace(item, password=known.password)
    made[item.number] = phone_password(item.number, item.name)
    return dataclasses.replace(item, password=made[item.number])
