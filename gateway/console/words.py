"""The console's own texts in Chinese and English, from `translations.yaml`."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("translations.yaml")
LANGUAGES = ("zh", "en")


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """Return every text by key, as `{zh, en}`."""
    read: dict[str, dict[str, str]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return read


class Words:
    """Says the console's texts in one language."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else "zh"

    def __call__(self, key: str, **values: Any) -> str:
        """Return the text of a key, with its placeholders filled. Raises KeyError for an unknown key."""
        text = texts()[key][self.language]
        return text.format(**values) if values else text

    def or_else(self, key: str, otherwise: str) -> str:
        """Return the text of a key, or what stands in for it."""
        return self(key) if key in texts() else otherwise

    def name(self, entry: Any, otherwise: str = "") -> str:
        """Return the name of a catalogue entry or of a mapping with `name_zh` and `name_en`."""
        return self.part(entry, "name", otherwise)

    def part(self, entry: Any, stem: str, otherwise: str = "") -> str:
        """Return `<stem>_zh` or `<stem>_en` of an entry; with an empty stem `zh` or `en`."""
        attribute = f"{stem}_{self.language}" if stem else self.language
        found = entry.get(attribute) if isinstance(entry, Mapping) else getattr(entry, attribute, None)
        return str(found) if found else otherwise
