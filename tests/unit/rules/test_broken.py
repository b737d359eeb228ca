"""Each authoring mistake is refused with file and line and with words that say what is wrong and what to do."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.rules import catalogue
from shared.rules.catalogue import CatalogueError

FOLDER = Path(__file__).parent / "broken"
SOUND = Path(__file__).parent / "sound"
MISTAKES = sorted(FOLDER.glob("*.yaml"))


def copied(folder: Path) -> Path:
    """The small sound law, as files that may be spoiled."""
    for file in SOUND.rglob("*.yaml"):
        target = folder / file.relative_to(SOUND)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    return folder


def test_the_sound_law_loads(tmp_path: Path) -> None:
    law = catalogue.load(copied(tmp_path))
    assert set(law.terms) == {"reply", "reply_complex"}
    assert law.term("reply").cite.zh == "《试验办法》第一条"


@pytest.mark.parametrize("file", MISTAKES, ids=lambda file: file.stem)
def test_a_mistake_is_refused(file: Path, tmp_path: Path) -> None:
    mistake: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    target = copied(tmp_path) / mistake["file"]
    text = target.read_text(encoding="utf-8")
    assert mistake["replace"] in text, "the mistake must change the sound law"
    target.write_text(text.replace(mistake["replace"], mistake["with"], 1), encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        catalogue.load(tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{mistake['file']}:{mistake['line']}:"), message
    for words in mistake["says"]:
        assert words in message


def test_there_are_mistakes_of_every_kind() -> None:
    assert len(MISTAKES) >= 20
