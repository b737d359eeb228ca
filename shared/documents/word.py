"""docxtpl fills a .docx, for Word and WPS, from a template and data that stays data."""

import io
from collections.abc import Mapping
from typing import Any
from zipfile import BadZipFile

import docxtpl  # type: ignore[import-untyped]  # it carries no types
from docx.opc.exceptions import OpcError
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment
from lxml.etree import LxmlError  # type: ignore[import-untyped]  # it carries no types

from shared.documents.press import refused
from shared.errors import BodyInvalid


def docx(template: bytes, sheet: Mapping[str, Any]) -> bytes:
    """Return a filled .docx. Raises BodyInvalid with what the template does wrong.

    Two runs differ in their bytes (the packing carries the time): keep what was made, never make it again.
    """
    environment = SandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    try:
        document = docxtpl.DocxTemplate(io.BytesIO(template))
        document.render(dict(sheet), jinja_env=environment, autoescape=True)
        written = io.BytesIO()
        document.save(written)
        return written.getvalue()
    except TemplateError as broken:
        raise _tag_said(broken) from broken
    except (BadZipFile, OpcError, LxmlError, KeyError, ValueError, TypeError, AttributeError) as broken:
        raise refused("不是可用的 .docx 模板", "this is not a usable .docx template", code="not_a_template") from broken


def _tag_said(broken: TemplateError) -> BodyInvalid:
    message = broken.message or type(broken).__name__
    around = [text.strip() for text in getattr(broken, "docx_context", ()) if text.strip()]
    more = {"near": around[:7]} if around else {}
    return refused(f"模板标记有误：{message}", f"a tag is wrong: {message}", code="template_error", **more)
