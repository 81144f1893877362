"""CRC-32C (Castagnoli, RFC 3720 appendix B.4), and the masked form in TensorFlow's record files."""

from __future__ import annotations

POLYNOMIAL = 0x82F63B78
MASK_DELTA = 0xA282EAD8


def _entry(index: int) -> int:
    for _ in range(8):
        index = index >> 1 ^ (POLYNOMIAL if index & 1 else 0)
    return index


_TABLE = tuple(_entry(index) for index in range(256))


def crc32c(data: bytes) -> int:
    """The CRC-32C of the bytes."""
    crc = 0xFFFFFFFF
    table = _TABLE
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def masked_crc32c(data: bytes) -> int:
    """The masked CRC-32C, which is safe for data that contains checksums."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + MASK_DELTA) & 0xFFFFFFFF
