"""What encrypts connections and secret variables in the database. Its key is never in the database.

The key is `STUDIO_SECRET_KEY`, or in the file `STUDIO_SECRET_KEY_FILE`, or in `secret.key` of the home, which is made
when the first secret is kept. Lines are Fernet keys, the newest first: the first one encrypts, each of them decrypts.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from studio.errors import InvalidInput

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

KEY_FILE: Final = "secret.key"
_BYTES: Final = 32  # of a key


class InvalidKey(InvalidInput):
    """The key of the secrets cannot be used."""

    code = "invalid_secret_key"


class Vault:
    """Of one studio. Nothing is read or made before the first secret is sealed or opened."""

    def __init__(self, home: Path, environment: Mapping[str, str] = os.environ) -> None:
        self._text = environment.get("STUDIO_SECRET_KEY") or ""
        given = environment.get("STUDIO_SECRET_KEY_FILE")
        self.path: Final = Path(given).expanduser() if given else home / KEY_FILE

    def seal(self, text: str, *, has_secrets: bool = True) -> str:
        """`text` as a Fernet token. Without a key one is made, unless the database `has_secrets` that ask for another.

        Raises `InvalidKey`.
        """
        if not self._text and not has_secrets and not self.path.exists():
            self._make()
        return self._fernet(self._keys()).encrypt(text.encode()).decode()

    def open(self, token: str) -> str:
        """The text of a token. Raises `InvalidKey` if there is no key, or not the one that sealed it."""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 - only where there are secrets

        try:
            return self._fernet(self._keys()).decrypt(token.encode()).decode()
        except InvalidToken:
            raise InvalidKey(
                f"A secret in the database was not sealed with the key in {self._place}.",
                hint="Give back the key that sealed it, or set the connection or variable again.",
            ) from None

    def begin_rotation(self) -> None:
        """Put a new key before the others. What is sealed from now on needs it; older tokens can still be opened."""
        if self._text:
            raise InvalidKey(
                "The key is in STUDIO_SECRET_KEY, which this process cannot change.",
                hint="Put a new key on a line before the old one, restart, and set the secrets again.",
            )
        self._write([_new_key(), *self._keys()])

    def end_rotation(self) -> None:
        """Forget all keys but the newest: nothing is left that they have sealed."""
        self._write(self._keys()[:1])

    @property
    def _place(self) -> str:
        return "STUDIO_SECRET_KEY" if self._text else str(self.path)

    def _keys(self) -> list[str]:
        text = self._text or self._read()
        keys = text.split()
        if not keys or not all(_is_key(key) for key in keys):
            raise InvalidKey(
                f"{self._place} holds no key: a line is {_BYTES} bytes in URL-safe base64 (44 characters).",
                hint=f"Restore the file from a backup; without one: rm {self.path}, and set the secrets again.",
            )
        return keys

    def _read(self) -> str:
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise InvalidKey(
                f"The key of the secrets is missing: there is no file {self.path}, but the database has secrets.",
                hint=f"Restore it: cp BACKUP {self.path} && chmod 600 {self.path}. Without a backup: delete the "
                "connections and secret variables, then set them again.",
            ) from None
        except OSError as error:
            raise InvalidKey(f"The key {self.path} cannot be read: {error.strerror}.") from error
        with open(handle, encoding="ascii", errors="replace") as file:
            mode = stat.S_IMODE(os.fstat(handle).st_mode)
            if mode & 0o077:
                raise InvalidKey(
                    f"Others may read the key {self.path}: its mode is {mode:04o}.",
                    hint=f"chmod 600 {self.path}",
                )
            return file.read()

    def _make(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except FileExistsError:  # another process was quicker
            return
        with open(handle, "w", encoding="ascii") as file:
            file.write(f"{_new_key()}\n")

    def _write(self, keys: list[str]) -> None:
        partial = self.path.with_name(f".{self.path.name}.new")
        partial.unlink(missing_ok=True)
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with open(handle, "w", encoding="ascii") as file:
            file.write("".join(f"{key}\n" for key in keys))
            file.flush()
            os.fsync(handle)
        os.replace(partial, self.path)

    @staticmethod
    def _fernet(keys: list[str]) -> MultiFernet:
        from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415 - only where there are secrets

        return MultiFernet([Fernet(key) for key in keys])


def _new_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(_BYTES)).decode()


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, altchars=b"-_", validate=True)) == _BYTES
    except (binascii.Error, ValueError):
        return False
