"""Distances and bearings on the ground, from positions in degrees (WGS 84)."""

import math

import polars as pl

RADIUS_KM = 6371.0088


def distance_km(lat: str, lon: str, other_lat: str, other_lon: str) -> pl.Expr:
    """Great-circle distance between two positions, named by their columns."""
    north, south = pl.col(lat).radians(), pl.col(other_lat).radians()
    half = ((south - north) / 2).sin() ** 2 + north.cos() * south.cos() * (
        (pl.col(other_lon).radians() - pl.col(lon).radians()) / 2
    ).sin() ** 2
    return half.clip(0, 1).sqrt().arcsin() * (2 * RADIUS_KM)


def apart_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The same between two positions (latitude, longitude)."""
    north, south = math.radians(one[0]), math.radians(other[0])
    half = (
        math.sin((south - north) / 2) ** 2
        + math.cos(north) * math.cos(south) * math.sin(math.radians(other[1] - one[1]) / 2) ** 2
    )
    return 2 * RADIUS_KM * math.asin(math.sqrt(min(1.0, half)))


def bearing(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Degrees from north, clockwise, from one position (latitude, longitude) to the other; flat, for short ways."""
    east = (other[1] - one[1]) * math.cos(math.radians((one[0] + other[0]) / 2))
    return math.degrees(math.atan2(east, other[0] - one[0])) % 360.0


def turned(one: float, other: float) -> float:
    """The angle between two bearings, 0 to 180 degrees."""
    return abs((one - other + 180.0) % 360.0 - 180.0)


def is_placed(lat: str, lon: str) -> pl.Expr:
    """Whether a position is one: 0/0 is what a device without a fix sends."""
    inside = pl.col(lat).is_between(-90, 90) & pl.col(lon).is_between(-180, 180)
    return (inside & ~((pl.col(lat) == 0) & (pl.col(lon) == 0))).fill_null(False)
