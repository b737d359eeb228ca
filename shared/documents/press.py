"""Typst prints a PDF of a template and data that stays data."""

import json
import re
import tempfile
import threading
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pylopdf_fonts_zh_cn
import typst

from shared.errors import BodyInvalid, Text

TEMPLATES = Path(__file__).parent / "templates"
LAYOUT = "layout.typ"
FONTS = pylopdf_fonts_zh_cn.serif_path().parent
WITHOUT_GLYPH = re.compile(r'the text `"(.+?)"` could not be displayed')
PLACE = re.compile(r"┌─ (\S+):(\d+):(\d+)")
_one_at_a_time = threading.Lock()
"""A compilation holds tens of megabytes: a process runs one."""


def pdf(template: str, sheet: Mapping[str, Any], *, at: datetime, fonts: Path | None) -> bytes:
    """Return a PDF/A-2b with embedded fonts; the same template, sheet and instant give the same bytes.

    Raises BodyInvalid naming the line of the template, or the signs no font has.
    """
    with _one_at_a_time, tempfile.TemporaryDirectory() as folder:
        (Path(folder) / LAYOUT).write_bytes((TEMPLATES / LAYOUT).read_bytes())
        try:
            compiler = typst.Compiler(
                template.encode(),
                root=folder,
                font_paths=_fonts(fonts),
                ignore_system_fonts=True,
                sys_inputs={"data": json.dumps(sheet, ensure_ascii=False)},
                package_path=folder,
                package_cache_path=folder,
            )
            return _bytes(compiler.compile(format="pdf", pdf_standards="a-2b", timestamp=int(at.timestamp())))
        except typst.TypstError as broken:
            raise _said(broken) from broken


def refused(zh: str, en: str, *, code: str, **more: Any) -> BodyInvalid:
    """Return the refusal of a template: what is wrong and, in `more`, on which line."""
    words = Text(zh, en)
    title = Text(f"文书模板有误：{zh}", f"The template cannot be used: {en}")
    return BodyInvalid(title, errors=[{"field": "template", "code": code, "message": words} | more])


@lru_cache(maxsize=4)
def _fonts(folder: Path | None) -> typst.Fonts:
    paths = [path for path in (folder, FONTS) if path is not None]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=paths)


def _bytes(compiled: bytes | list[bytes] | None) -> bytes:
    assert isinstance(compiled, bytes), "a PDF is one file"
    return compiled


def _said(broken: typst.TypstError) -> BodyInvalid:
    signs = "".join(dict.fromkeys(WITHOUT_GLYPH.findall(broken.diagnostic)))
    if signs:
        zh = f"字体中没有这些字：{signs}；请由管理员在字体文件夹中加入含这些字的字体，或者改用 .docx"
        en = f"no font has these signs: {signs}; let the operator add a font that has them, or take the .docx"
        return BodyInvalid(Text(zh, en), errors=[{"field": "fields", "code": "no_glyph", "message": Text(zh, en)}])
    more = {} if (line := _line(broken)) is None else {"line": line}
    where_zh, where_en = (f"第 {line} 行：", f"line {line}: ") if line else ("", "")
    message = broken.message.replace(tempfile.gettempdir(), "")
    return refused(f"{where_zh}{message}", f"{where_en}{message}", code="template_error", **more)


def _line(broken: typst.TypstError) -> int | None:
    """Return the line of the template itself, not of the house style it calls."""
    places = [(file, int(line)) for file, line, _ in PLACE.findall("\n".join([broken.diagnostic, *broken.trace]))]
    return next((line for file, line in places if not file.endswith(LAYOUT)), None)
