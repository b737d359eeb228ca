"""The checksum of HJ 212 frames, and its look-alike CRC-16/MODBUS that some devices send instead."""

_POLYNOMIAL = 0xA001


def _eight_rounds(register: int) -> int:
    for _ in range(8):
        register = (register >> 1) ^ _POLYNOMIAL if register & 1 else register >> 1
    return register


TABLE = tuple(_eight_rounds(byte) for byte in range(256))


def checksum(data: bytes) -> int:
    """The HJ 212 checksum of a data segment, 0..65535 (HJ 212-2017, appendix A).

    HJ 212 shifts the register by a whole byte before it mixes the next byte in, so only the high half of the register
    carries over: register = TABLE[(register >> 8) ^ byte]. That step is linear, and done eight times it is the
    identity; hence bytes that stand a multiple of eight apart may be XORed together first. The folding works on whole
    integers, and eight table steps remain, however long the segment is. A test compares this with the bitwise form.
    """
    if not data:
        return 0xFFFF
    bits = 8 * len(data)
    value = int.from_bytes(data, "big") ^ (0xFF << (bits - 8))
    bits = 1 << (bits - 1).bit_length()
    while bits > 64:
        bits >>= 1
        value = (value >> bits) ^ (value & ((1 << bits) - 1))
    register = 0
    for byte in value.to_bytes(8, "big"):
        register = TABLE[(register >> 8) ^ byte]
    return register


def modbus(data: bytes) -> int:
    """CRC-16/MODBUS, 0..65535: not what HJ 212 asks for, but what some devices send."""
    register = 0xFFFF
    for byte in data:
        register = (register >> 8) ^ TABLE[(register ^ byte) & 0xFF]
    return register


def hint(data: bytes, found: str | None) -> str:
    """Say what a checksum that does not fit may be instead; only for a person who looks for the cause."""
    if found is None:
        return "no checksum in the frame"
    other = modbus(data)
    if found.upper() == f"{other:04X}":
        return "matches CRC-16/MODBUS"
    if found.upper() == f"{(other & 0xFF) << 8 | other >> 8:04X}":
        return "matches CRC-16/MODBUS, byte-swapped"
    return "matches neither the HJ 212 checksum nor CRC-16/MODBUS"
