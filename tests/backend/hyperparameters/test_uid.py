"""The encoder and decoder of hyperparameter uids, by property and by the published examples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.hyperparameters.uid import (
    LARGEST,
    METHOD_CODES,
    Decoded,
    as_config,
    decode,
    encode_automated,
    encode_manual,
)
from pegbox.schemas.jobs.hyperparameters import Method

METHODS = st.sampled_from(sorted(METHOD_CODES))
RATES = st.integers(1, LARGEST).map(lambda millionths: millionths / 1_000_000)
COUNTS = st.integers(0, LARGEST)
DROPOUTS = st.integers(0, 999).map(lambda thousandths: thousandths / 1000)


@given(METHODS, RATES, COUNTS, COUNTS, COUNTS, DROPOUTS)
def test_manual_round_trip(method: Method, rate: float, batch: int, epochs: int, rank: int, dropout: float) -> None:
    uid = encode_manual(method, rate, batch, epochs, rank, dropout)
    assert uid
    assert len(uid) == 24
    assert decode(uid) == Decoded("manual", method, (rate, rate), (batch, batch), (epochs, epochs), rank, dropout)


@given(METHODS, st.tuples(RATES, RATES), st.tuples(COUNTS, COUNTS), st.tuples(COUNTS, COUNTS), COUNTS, DROPOUTS)
def test_automated_round_trip(
    method: Method,
    rates: tuple[float, float],
    batches: tuple[int, int],
    epochs: tuple[int, int],
    rank: int,
    dropout: float,
) -> None:
    uid = encode_automated(method, rates, batches, epochs, rank, dropout)
    assert uid
    assert len(uid) == 36
    decoded = decode(uid)
    assert decoded == Decoded("automated", method, rates, batches, epochs, rank, dropout)
    assert decoded.is_range


@given(st.text(alphabet="0123456789abcdefghijklmnopqrstuvwxyzABC-_", max_size=40))
def test_any_text_is_an_encoding_or_a_name(text: str) -> None:
    decoded = decode(text)
    if decoded is not None and len(text) in (24, 36):
        encoded = (
            encode_automated(
                decoded.method,
                decoded.learning_rate,
                decoded.batch_size,
                decoded.epochs,
                decoded.lora_r,
                decoded.lora_dropout,
            )
            if decoded.is_range
            else encode_manual(
                decoded.method,
                decoded.learning_rate[0],
                decoded.batch_size[0],
                decoded.epochs[0],
                decoded.lora_r,
                decoded.lora_dropout,
            )
        )
        # A rate of zero can be read but not written.
        assert encoded in (text, None)


def test_published_defaults() -> None:
    assert encode_manual("lora", 2e-4, 8, 3, 16, 0.1) == "0000005k00080003000g002s"


def test_published_automated_example() -> None:
    uid = "010000rk00rl000500060001000a000g002s"
    decoded = decode(uid)
    assert decoded == Decoded("automated", "lora", (0.000992, 0.000993), (5, 6), (1, 10), 16, 0.1)
    assert encode_automated("lora", (0.000992, 0.000993), (5, 6), (1, 10), 16, 0.1) == uid


def test_published_job_example_has_26_characters() -> None:
    decoded = decode("00000005k0008000300100002s")
    assert decoded == Decoded("manual", "lora", (2e-4, 2e-4), (8, 8), (3, 3), 16, 0.1)
    assert as_config(decoded) == {
        "adapterMethod": "LoRA",
        "mode": "manual",
        "loraR": 16,
        "loraDropout": 0.1,
        "learningRate": 2e-4,
        "batchSize": 8,
        "epochs": 3,
    }


@pytest.mark.parametrize(
    "name",
    [
        "test-config",
        "config-123",
        "",
        "0000005k00080003000g002",  # 23
        "0200005k00080003000g002s",  # no such mode
        "0004005k00080003000g002s",  # no such method
        "0100005k00080003000g002s",  # automated needs 36
        "000000rk00rl000500060001000a000g002s",  # manual needs 24
        "0000005K00080003000G002S",  # upper case
    ],
)
def test_names_are_not_encodings(name: str) -> None:
    assert decode(name) is None


@pytest.mark.parametrize(
    ("rate", "batch", "epochs"), [(4e-7, 8, 3.0), (2.0, 8, 3.0), (2e-4, LARGEST + 1, 3.0), (2e-4, 8, 2.5)]
)
def test_values_that_do_not_fit_have_no_uid(rate: float, batch: int, epochs: float) -> None:
    assert encode_manual("lora", rate, batch, epochs, 16, 0.1) is None
