"""Who may use the console: the one-time claim, administrators, refresh tokens; and the box's own secrets."""

import hmac
import secrets

from pbx.config import ConfigError, Problem, validators
from pbx.store import models, sealing
from pbx.store.errors import ClaimRefused, NotFound, TokenRefused
from pbx.store.section import Section
from pbx.store.values import User

_CLAIM = "claim code"


class People(Section):
    """The people's part of the store."""

    def claimed(self) -> bool:
        """Whether there is an administrator."""
        return models.User.select().where(models.User.role == "admin").exists(self._db)

    def claim_code(self) -> str | None:
        """The one-time code, the same until it is used (over restarts too); None once claimed."""
        if self.claimed():
            return None
        return self._secret(_CLAIM, sealing.claim_code().encode()).decode()

    def claim(self, code: str, username: str, password_hash: str) -> User:
        """Makes the first administrator and forgets the code, of which case, spaces and dashes do not matter.

        Raises ClaimRefused, ConfigError (path username).  The caller limits how often one may guess.
        """
        username = _username(username)
        wanted = self.claim_code()
        if wanted is None:
            raise ClaimRefused("this system has its administrator already: sign in", claimed=True)
        if not hmac.compare_digest(_bare(code), _bare(wanted)):
            raise ClaimRefused("this is not the code that was printed at the start", claimed=False)
        return self.add_admin(username, password_hash)

    def add_admin(self, username: str, password_hash: str) -> User:
        """Makes an administrator, or gives an existing one a new password and signs them out everywhere.

        Raises ConfigError (path username).
        """
        username = _username(username)
        table = models.User
        row = {"username": username, "password_hash": password_hash, "created": self._clock()}
        insert = table.insert(**row, role="admin")
        with self._db.atomic():
            preserve = [table.role, table.password_hash]
            insert.on_conflict(conflict_target=[table.username], preserve=preserve).execute(self._db)
            models.RefreshToken.delete().where(models.RefreshToken.username == username).execute(self._db)
            models.Secret.delete().where(models.Secret.name == _CLAIM).execute(self._db)
        return self._user(username)

    def user(self, username: str) -> User | None:
        """By name, in any case."""
        query = models.User.select().where(models.User.username == username.strip().lower())
        row = query.dicts().first(self._db)
        return User(**row) if row else None

    def _user(self, username: str) -> User:
        user = self.user(username)
        if user is None:
            raise NotFound(f"there is no user {username}")
        return user

    # -- refresh tokens

    def issue_token(self, username: str, token_hash: str, expires: float) -> None:
        """A new sign-in: the first refresh token of a family.  `expires` in wall-clock seconds.

        Raises NotFound.
        """
        username = self._user(username).username
        with self._db.atomic():
            models.RefreshToken.delete().where(models.RefreshToken.expires < self._clock()).execute(self._db)
            self._insert_token(token_hash, secrets.token_hex(16), username, expires)

    def rotate_token(self, old_hash: str, new_hash: str, expires: float) -> User:
        """Swaps a token for its successor; whose it is.

        Raises TokenRefused.  A second use of `old_hash` means that two people hold it: its family is revoked.
        """
        table = models.RefreshToken
        with self._db.atomic():
            row = table.select().where(table.token_hash == old_hash).dicts().first(self._db)
            if row is None or row["expires"] <= self._clock():
                raise TokenRefused("the sign-in has ended: sign in again")
            reused = row["used"]
            if reused:
                table.delete().where(table.family == row["family"]).execute(self._db)
            else:
                table.update(used=True).where(table.token_hash == old_hash).execute(self._db)
                self._insert_token(new_hash, row["family"], row["username"], expires)
        if reused:
            raise TokenRefused("the sign-in was used twice and has been ended: sign in again", reused=True)
        return self._user(row["username"])

    def revoke_token(self, token_hash: str) -> None:
        """Signs out: revokes the token's family.  An unknown token is no error."""
        table = models.RefreshToken
        family = table.select(table.family).where(table.token_hash == token_hash)
        table.delete().where(table.family.in_(family)).execute(self._db)

    def _insert_token(self, token_hash: str, family: str, username: str, expires: float) -> None:
        row = {"token_hash": token_hash, "family": family, "username": username, "expires": expires}
        models.RefreshToken.insert(**row, used=False).execute(self._db)

    # -- secrets of the box

    def secret(self, name: str) -> bytes:
        """32 random bytes, made at first use, the same ever after."""
        return self._secret(f"key {name}", secrets.token_bytes(32))

    def _secret(self, name: str, new: bytes) -> bytes:
        """The secret of that name; `new` becomes it if there is none."""
        table = models.Secret
        with self._db.atomic():
            sealed = table.select(table.sealed).where(table.name == name).scalar(self._db)
            if sealed is None:
                table.insert(name=name, sealed=self._box.seal(new, name)).execute(self._db)
                return new
        return self._box.open(sealed, name)


def _username(value: str) -> str:
    try:
        return validators.username(value)
    except ValueError as error:
        raise ConfigError([Problem("username", str(error))]) from None


def _bare(code: str) -> bytes:
    return "".join(code.upper().replace("-", "").split()).encode("utf-8", "replace")
