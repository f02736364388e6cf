"""Every change of the configuration is a revision: who, when, why, what, and it can be taken back."""

import json
from dataclasses import asdict, replace
from typing import Any

from peewee import fn

from pbx.config import ConfigError, ExtensionConfig, RouteConfig, Site, TrunkConfig, read
from pbx.config.trunks import plain_route, plain_trunk
from pbx.store import models
from pbx.store.errors import Conflict, NotFound
from pbx.store.sealing import ha1
from pbx.store.section import Section
from pbx.store.state import SITE, Key, State, Step, check, label, password_of, steps, thing
from pbx.store.values import Difference, Revision

# The digest realm until a domain was chosen.
UNSET = Site("localhost")


class Revisions(Section):
    """Reads the configuration whole, and saves a new one with its history in one transaction."""

    def undo(self, revision: int, who: str) -> int:
        """Takes one change back, whole, as a new revision (which can be undone too).

        What was deleted comes back with the same password.  Raises NotFound; Conflict, which names what
        changed since.
        """
        differences = self._differences(revision)
        secrets = self._secrets(revision)
        state = self._state()
        for difference in differences:
            key = (difference.kind, difference.key)
            current = state.get(key)
            kept = (password_of(current),) * 2
            before, after = secrets[secret_name(*key)] if difference.password else kept
            if current != thing(difference, difference.after, after):
                raise Conflict(self._obstacle(revision, key))
            earlier = thing(difference, difference.before, before)
            state.pop(key, None)
            if earlier is not None:
                state[key] = earlier
        try:
            return self._save(state, who, f"took back revision {revision}", undoes=revision) or revision
        except ConfigError as error:
            raise Conflict(f"revision {revision} does not fit in any more: {error}") from None

    def revisions(self, limit: int = 50, before: int | None = None) -> list[Revision]:
        """Newest first; `before` = only ids below it."""
        query = models.Revision.select().order_by(models.Revision.id.desc()).limit(limit)
        if before is not None:
            query = query.where(models.Revision.id < before)
        return [_revision(row) for row in query.dicts().execute(self._db)]

    def _differences(self, revision: int) -> tuple[Difference, ...]:
        row = models.Revision.select().where(models.Revision.id == revision).dicts().first(self._db)
        if row is None:
            raise NotFound(f"there is no revision {revision}")
        return _revision(row).differences

    def _obstacle(self, revision: int, key: Key) -> str:
        """Why a revision cannot be taken back: `key` is not as that left it."""
        later = [r for r in self.revisions(limit=-1) if r.id > revision]
        for other in later:
            if other.undoes == revision:
                return f"revision {revision} was taken back already, by revision {other.id}"
        for other in later:
            if any((d.kind, d.key) == key for d in other.differences):
                return f"{label(key)} was changed by revision {other.id} since ({other.why}); undo that first"
        return f"{label(key)} is not as revision {revision} left it"

    def _secrets(self, revision: int) -> dict[str, tuple[str | None, str | None]]:
        """The phone passwords before and after a revision, by number."""
        row = models.RevisionSecret
        rows = row.select(row.number, row.before, row.after).where(row.revision == revision)
        return {
            number: (self._opened_password(number, before), self._opened_password(number, after))
            for number, before, after in rows.tuples().execute(self._db)
        }

    # -- the state, whole

    def _chosen_site(self) -> Site | None:
        row = models.Site.select(models.Site.domain, models.Site.name).tuples().first(self._db)
        return Site(*row) if row else None

    def _state(self) -> State:
        state: State = {}
        site = self._chosen_site()
        if site:
            state[SITE] = site
        extension, account = models.Extension, models.Account
        columns = extension.number, extension.name, extension.outside, account.sealed
        rows = extension.select(*columns).join(account)
        for number, name, outside, sealed in rows.order_by(extension.number).tuples().execute(self._db):
            password = self._opened_password(number, sealed)
            state["extension", number] = ExtensionConfig(number, name, password, outside)
        for row in models.Trunk.select().order_by(models.Trunk.name).dicts().execute(self._db):
            state["trunk", row["name"]] = self._trunk(row)
        route = models.OutboundRoute
        for text in route.select(route.settings).order_by(route.position).tuples().execute(self._db):
            (found,) = read({"routes": [json.loads(text[0])]}).routes
            state["route", found.name] = found
        return state

    def _trunk(self, row: dict[str, Any]) -> TrunkConfig:
        settings, name = json.loads(row["settings"]), row["name"]
        document = {"name": name, "kind": row["kind"], "address": row["address"], **settings}
        password = self._opened_password(secret_name("trunk", name), row["sealed"])
        (trunk,) = read({"trunks": [document]}).trunks
        return replace(trunk, password=password)

    def _save(self, new: State, who: str, why: str, undoes: int | None = None) -> int | None:
        """Writes what differs from what there is; the new revision, None if nothing.  Raises ConfigError."""
        check(new)
        with self._db.atomic():
            old = self._state()
            todo = steps(old, new)
            if not todo:
                return None
            domain = _domain(new)
            for step in todo:
                self._write(step, domain)
            if domain != _domain(old):
                self._digest_anew(new, domain)
            return self._record(todo, who, why, undoes)

    def _record(self, todo: list[Step], who: str, why: str, undoes: int | None) -> int:
        text = json.dumps([asdict(step.difference()) for step in todo], ensure_ascii=False)
        insert = models.Revision.insert(at=self._clock(), who=who, why=why, differences=text, undoes=undoes)
        revision: int = insert.execute(self._db)
        for step in todo:
            before, after = step.passwords
            if (before, after) != (None, None):
                number = secret_name(*step.key)
                models.RevisionSecret.insert(
                    revision=revision,
                    number=number,
                    before=before and self._sealed_password(number, before),
                    after=after and self._sealed_password(number, after),
                ).execute(self._db)
        return revision

    # -- one thing

    def _write(self, step: Step, domain: str) -> None:
        match step.after:
            case None:
                self._delete(step.key)
            case Site(new_domain, name):
                site = models.Site.insert(id=1, domain=new_domain, name=name)
                preserve = [models.Site.domain, models.Site.name]
                site.on_conflict(conflict_target=[models.Site.id], preserve=preserve).execute(self._db)
            case TrunkConfig() as trunk:
                self._write_trunk(trunk)
            case RouteConfig() as route:
                self._write_route(route)
            case ExtensionConfig() as extension:
                self._write_extension(extension, step, domain)

    def _delete(self, key: Key) -> None:
        kind, name = key
        if kind == "site":
            models.Site.delete().execute(self._db)
        elif kind in ("trunk", "route"):
            table = models.Trunk if kind == "trunk" else models.OutboundRoute
            table.delete().where(table.name == name).execute(self._db)
        else:
            models.Extension.delete().where(models.Extension.number == name).execute(self._db)

    def _write_trunk(self, trunk: TrunkConfig) -> None:
        table, document = models.Trunk, plain_trunk(trunk)
        apart = {name: document.pop(name) for name in ("name", "kind", "address")}
        password = document.pop("password", None)
        sealed = password and self._sealed_password(secret_name("trunk", trunk.name), password)
        insert = table.insert(**apart, settings=json.dumps(document), sealed=sealed)
        preserve: list[Any] = [table.kind, table.address, table.settings, table.sealed]
        insert.on_conflict(conflict_target=[table.name], preserve=preserve).execute(self._db)

    def _write_route(self, route: RouteConfig) -> None:
        """A new one comes last."""
        table = models.OutboundRoute
        last = table.select(fn.MAX(table.position)).scalar(self._db) or 0
        insert = table.insert(name=route.name, position=last + 1, settings=json.dumps(plain_route(route)))
        insert.on_conflict(conflict_target=[table.name], preserve=[table.settings]).execute(self._db)

    def _write_extension(self, extension: ExtensionConfig, step: Step, domain: str) -> None:
        table, number, password = models.Extension, extension.number, extension.password or ""
        row = {"number": number, "name": extension.name, "outside": extension.outside}
        insert = table.insert(**row, created=self._clock())
        kept = [table.name, table.outside]
        insert.on_conflict(conflict_target=[table.number], preserve=kept).execute(self._db)
        if step.passwords == (None, None):
            return
        account = models.Account
        columns = {"extension": number, "sealed": self._sealed_password(number, password)}
        insert = account.insert(username=number, **columns, **_digests(number, domain, password))
        preserve = [account.ha1_md5, account.ha1_sha256, account.sealed]
        insert.on_conflict(conflict_target=[account.username], preserve=preserve).execute(self._db)

    def _digest_anew(self, state: State, domain: str) -> None:
        for item in state.values():
            if isinstance(item, ExtensionConfig):
                update = models.Account.update(**_digests(item.number, domain, item.password or ""))
                update.where(models.Account.username == item.number).execute(self._db)

    def _sealed_password(self, number: str, password: str) -> bytes:
        return self._box.seal(password.encode(), f"password of {number}")

    def _opened_password(self, number: str, sealed: bytes | None) -> str | None:
        return None if sealed is None else self._box.open(sealed, f"password of {number}").decode()


def secret_name(kind: str, key: str) -> str:
    """Under which name a password is sealed and kept; an extension's is its number alone."""
    return key if kind == "extension" else f"{kind} {key}"


def _revision(row: dict[str, Any]) -> Revision:
    differences = tuple(Difference(**item) for item in json.loads(row.pop("differences")))
    return Revision(differences=differences, **row)


def _domain(state: State) -> str:
    site = state.get(SITE)
    return site.domain if isinstance(site, Site) else UNSET.domain


def _digests(number: str, domain: str, password: str) -> dict[str, str]:
    md5, sha256 = ha1(number, domain, password)
    return {"ha1_md5": md5, "ha1_sha256": sha256}
