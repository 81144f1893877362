"""Hyperparameter uids: fixed-width base-36 fields that encode a configuration.

    manual     24   MM AA LLLL BBBB EEEE RRRR DDDD
    automated  36   MM AA Lmin Lmax Bmin Bmax Emin Emax RRRR DDDD
    legacy     26   MM AA LLLLL BBBB EEEE RRRR DDDDD  (read only; its rank field means 16)

MM is 00 manual or 01 automated, AA the method; L is the learning rate in millionths, D the dropout in thousandths.
Anything else is a name, not an encoding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from backend.identifiers import BASE36
from pegbox.schemas.jobs.hyperparameters import Method

METHOD_CODES: dict[Method, str] = {"lora": "00", "qlora": "01", "loftq": "02", "full": "03"}
CODE_METHODS = {code: method for method, code in METHOD_CODES.items()}
WIDTH = 4
LARGEST = 36**WIDTH - 1
LEGACY_WIDTHS = (5, 4, 4, 4, 5)
LEGACY_RANK = 16
DEFAULT_RANK = 16
DEFAULT_DROPOUT = 0.1
MILLION = 1_000_000
THOUSAND = 1_000

_FORM = re.compile(r"(0[01])(0[0-3])([0-9a-z]{20}|[0-9a-z]{22}|[0-9a-z]{32})")


@dataclass(frozen=True)
class Decoded:
    """A decoded uid. In manual mode both ends of each range are equal."""

    mode: str
    method: Method
    learning_rate: tuple[float, float]
    batch_size: tuple[int, int]
    epochs: tuple[int, int]
    lora_r: int
    lora_dropout: float

    @property
    def is_range(self) -> bool:
        return self.mode == "automated"


def encode_manual(
    method: Method, learning_rate: float, batch_size: int, epochs: float, lora_r: int, lora_dropout: float
) -> str | None:
    """The 24-character uid, or `None` when a value does not fit its field (a rate below a millionth, half an epoch)."""
    fields = _fields(learning_rate, batch_size, epochs, lora_r, lora_dropout)
    return f"00{METHOD_CODES[method]}{''.join(fields)}" if fields else None


def encode_automated(
    method: Method,
    learning_rate: tuple[float, float],
    batch_size: tuple[int, int],
    epochs: tuple[int, int],
    lora_r: int = DEFAULT_RANK,
    lora_dropout: float = DEFAULT_DROPOUT,
) -> str | None:
    """The 36-character uid, or `None` when a value does not fit its field."""
    low = _fields(learning_rate[0], batch_size[0], epochs[0], lora_r, lora_dropout)
    high = _fields(learning_rate[1], batch_size[1], epochs[1], lora_r, lora_dropout)
    if low is None or high is None:
        return None
    ranges = "".join(one + other for one, other in zip(low[:3], high[:3], strict=True))
    return f"01{METHOD_CODES[method]}{ranges}{low[3]}{low[4]}"


def decode(uid: str) -> Decoded | None:
    """The decoded uid; `None` for an opaque name."""
    match = _FORM.fullmatch(uid)
    if match is None:
        return None
    mode, method, payload = match[1], CODE_METHODS[match[2]], match[3]
    if (mode == "01") != (len(payload) == 32):
        return None
    if len(payload) == 22:
        numbers = _split(payload, LEGACY_WIDTHS)
        numbers[3] = LEGACY_RANK
    else:
        numbers = _split(payload, (WIDTH,) * (len(payload) // WIDTH))
    if mode == "00":
        numbers = [number for number in numbers[:3] for _ in range(2)] + numbers[3:]
    rate_low, rate_high, batch_low, batch_high, epochs_low, epochs_high, rank, dropout = numbers
    return Decoded(
        mode="automated" if mode == "01" else "manual",
        method=method,
        learning_rate=(rate_low / MILLION, rate_high / MILLION),
        batch_size=(batch_low, batch_high),
        epochs=(epochs_low, epochs_high),
        lora_r=rank,
        lora_dropout=dropout / THOUSAND,
    )


def as_config(decoded: Decoded) -> dict[str, Any]:
    """The decoded values in the format of a stored configuration."""
    common = {
        "adapterMethod": {"lora": "LoRA", "qlora": "QLoRA", "loftq": "LoFTQ", "full": "Full"}[decoded.method],
        "mode": decoded.mode,
        "loraR": decoded.lora_r,
        "loraDropout": decoded.lora_dropout,
    }
    if decoded.is_range:
        return common | {
            "learningRateRange": list(decoded.learning_rate),
            "batchSizeRange": list(decoded.batch_size),
            "epochsRange": list(decoded.epochs),
        }
    return common | {
        "learningRate": decoded.learning_rate[0],
        "batchSize": decoded.batch_size[0],
        "epochs": decoded.epochs[0],
    }


def _fields(rate: float, batch_size: int, epochs: float, rank: int, dropout: float) -> list[str] | None:
    numbers = [round(rate * MILLION), batch_size, epochs, rank, round(dropout * THOUSAND)]
    if numbers[0] < 1 or any(number != int(number) or not 0 <= number <= LARGEST for number in numbers):
        return None
    return [_to_base36(int(number)) for number in numbers]


def _to_base36(number: int) -> str:
    digits = ""
    for _ in range(WIDTH):
        number, digit = divmod(number, 36)
        digits = BASE36[digit] + digits
    return digits


def _split(payload: str, widths: tuple[int, ...]) -> list[int]:
    numbers, at = [], 0
    for width in widths:
        numbers.append(int(payload[at : at + width], 36))
        at += width
    return numbers
