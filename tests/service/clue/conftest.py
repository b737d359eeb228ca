"""A small labelled set, made once: the tables, and the zip a drill is given."""

from pathlib import Path

import pytest

from tests.labelled.folder import made_up
from tests.labelled.hourly.cast import Size
from tests.service.clue.drilling import zipped

SMALL = Size(days=42, levels=(3,), replicates=1, clean=2)


@pytest.fixture(scope="session")
def labelled_folder(tmp_path_factory) -> Path:
    """A small labelled set."""
    place = tmp_path_factory.mktemp("drill")
    made_up(place, 20260302, SMALL)
    return place


@pytest.fixture(scope="session")
def archive(labelled_folder: Path) -> bytes:
    """The set as it is uploaded, within a folder."""
    return zipped({f"set/{path.name}": path.read_bytes() for path in labelled_folder.iterdir()})
