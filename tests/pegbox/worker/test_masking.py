"""Secrets disappear from output however it is cut into pieces, and nothing else does."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pegbox.schemas.jobs.environment import is_secret_name
from pegbox.worker.output.masking import SecretMasker, find_secrets

LETTERS = st.text("abc", max_size=40)
SECRETS = st.lists(st.text("abc", min_size=4, max_size=7), max_size=4)


def mask(pieces: list[bytes], secrets: list[str]) -> bytes:
    masker = SecretMasker(secrets)
    return b"".join([*map(masker.feed, pieces), masker.close()])


@given(LETTERS, SECRETS, st.lists(st.integers(0, 40), max_size=8))
def test_no_cut_lets_a_secret_through(text: str, secrets: list[str], cuts: list[int]) -> None:
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[start:end].encode() for start, end in pairwise(places)]
    masked = mask(pieces, secrets).decode()
    rest = masked.split("*" * 8)
    assert not any(secret in part for secret in secrets for part in rest)
    assert masked.replace("*" * 8, "") == "" or any(part in text for part in rest)


@given(st.lists(st.binary(max_size=20), max_size=8))
def test_without_a_secret_nothing_changes(pieces: list[bytes]) -> None:
    assert mask(pieces, []) == b"".join(pieces)
    assert mask(pieces, ["a secret that is not there"]) == b"".join(pieces)


def test_a_secret_in_two_pieces() -> None:
    masker = SecretMasker(["hunter22"])
    assert masker.feed(b"password hunt") == b"password "
    assert masker.feed(b"er22 done") == b"******** done"
    assert masker.close() == b""


def test_what_looks_like_a_secret() -> None:
    for name in (
        "HF_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "DB_PASSWORD",
        "OPENAI_API_KEY",
        "MY_KEY",
        "key",
        "wandb_api_key",
    ):
        assert is_secret_name(name), name
    for name in ("PATH", "MONKEY", "KEYBOARD", "EPOCHS", "CUDA_VISIBLE_DEVICES"):
        assert not is_secret_name(name), name
    assert find_secrets({"A_TOKEN": "one", "B": "two"}, {"C_KEY": "three"}) == {"one", "three"}
