from __future__ import annotations

import stat
from pathlib import Path

import pytest

from studio.secrets.vault import InvalidKey, Vault


def test_seal_makes_a_private_key_at_first_need(tmp_path: Path) -> None:
    vault = Vault(tmp_path, {})
    assert not vault.path.exists()
    token = vault.seal("hidden", has_secrets=False)
    assert "hidden" not in token
    assert Vault(tmp_path, {}).open(token) == "hidden"
    assert stat.S_IMODE(vault.path.stat().st_mode) == 0o600


def test_open_refuses_a_key_that_others_may_read(tmp_path: Path) -> None:
    vault = Vault(tmp_path, {})
    token = vault.seal("hidden", has_secrets=False)
    vault.path.chmod(0o640)
    with pytest.raises(InvalidKey, match=f"chmod 600 {vault.path}"):
        vault.open(token)


def test_seal_refuses_when_the_key_of_other_secrets_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InvalidKey, match="cp BACKUP"):
        Vault(tmp_path, {}).seal("hidden")
    assert not (tmp_path / "secret.key").exists()


@pytest.mark.parametrize("text", ["", "abc", "A" * 43, "A" * 88, "ä" * 44])
def test_open_refuses_what_is_no_key(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secret.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(InvalidKey, match="44 characters"):
        Vault(tmp_path, {}).open("x")


def test_open_refuses_what_another_key_has_sealed(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    token = Vault(tmp_path / "other", {}).seal("hidden", has_secrets=False)
    vault = Vault(tmp_path, {})
    vault.seal("x", has_secrets=False)
    with pytest.raises(InvalidKey, match="was not sealed with the key"):
        vault.open(token)


def test_key_of_the_environment_leaves_no_file(tmp_path: Path) -> None:
    environment = {"STUDIO_SECRET_KEY": "A" * 43 + "="}
    token = Vault(tmp_path, environment).seal("hidden")
    assert Vault(tmp_path, environment).open(token) == "hidden"
    assert list(tmp_path.iterdir()) == []


def test_rotation_opens_both_until_it_ends(tmp_path: Path) -> None:
    vault = Vault(tmp_path, {})
    old = vault.seal("hidden", has_secrets=False)
    vault.begin_rotation()
    assert vault.open(old) == "hidden"
    new = vault.seal("hidden")
    vault.end_rotation()
    assert vault.open(new) == "hidden"
    with pytest.raises(InvalidKey):
        vault.open(old)
