"""Command line for documents: list the kinds, write an example of what one states, print one from a JSON file."""

import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from shared.clock import ZONE, system_now
from shared.documents.printing import render
from shared.documents.templates import Format, tried
from shared.errors import BodyInvalid, LianqinError
from shared.rules import document_kinds
from shared.rules.document_kinds import DocumentKind

app = typer.Typer(no_args_is_help=True, help="文书:种类、示例、生成 / Documents: kinds, examples, printing")
_REFUSED = 2
FORMATS: dict[str, Format] = {".pdf": "pdf", ".docx": "docx"}


@app.command("kinds")
def kinds() -> None:
    """列出文书种类及依据 / List the kinds of document with their articles."""
    for kind in document_kinds.default().on(system_now().astimezone(ZONE).date()):
        print(f"{kind.id}\t{kind.name_zh}\t{kind.name_en}\t{kind.cite.zh}")


@app.command("example")
def example(kind: str) -> None:
    """打印一种文书的示例内容(JSON) / Print an example of what a kind states, as JSON."""
    found = _kind(kind)
    fields = {wanted.id: wanted.example for wanted in found.fields}
    data = {"agency": "示例市生态环境局", "number": "", "addressee": "", "copies": [], "fields": fields}
    print(json.dumps(data, ensure_ascii=False, indent=2, default=date.isoformat))


@app.command("render")
def render_document(
    kind: str,
    *,
    data: Annotated[Path, typer.Option(help="内容 JSON 文件 / JSON file of what it states")],
    output: Annotated[Path, typer.Option(help="输出 .pdf 或 .docx / where to write, .pdf or .docx")],
    template: Annotated[Path | None, typer.Option(help="本单位模板 / a template of your own (.typ or .docx)")] = None,
    fonts: Annotated[Path | None, typer.Option(help="字体文件夹 / folder of fonts")] = None,
    at: Annotated[str | None, typer.Option(help="时刻 ISO 8601 / moment, ISO 8601; default: now")] = None,
    draft: Annotated[bool, typer.Option("--draft", help="草稿 / a draft")] = False,
) -> None:
    """按内容文件生成文书 / Print a document from a file of what it states."""
    found, format = _kind(kind), FORMATS.get(output.suffix.lower())
    if format is None:
        _refuse("输出文件应为 .pdf 或 .docx", "the output must be .pdf or .docx")
    own = _bytes(template) if template is not None else None
    try:
        if own is not None:
            tried(found, format, own)
        moment = _moment(at)
        content = render(found, _object(data), at=moment, format=format, template=own, fonts=fonts, is_draft=draft)
        output.write_bytes(content)
    except LianqinError as refusal:
        _refuse_as(refusal)
    except OSError as broken:
        _refuse(f"无法写入 {output}", f"cannot write {output}: {broken.strerror}")
    print(f"{output}  {len(content)} bytes")


def _kind(kind: str) -> DocumentKind:
    try:
        return document_kinds.default().kind(kind)
    except LookupError:
        known = ", ".join(document_kinds.default().kinds)
        _refuse(f"没有文书种类 {kind}", f"no kind of document '{kind}'; there are: {known}")


def _object(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(_bytes(file))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as broken:
        _refuse(f"{file} 不是有效的 JSON", f"{file} is not valid JSON: {broken}")
    if not isinstance(content, dict) or not isinstance(content.get("fields", {}), dict):
        _refuse(f"{file} 应为对象,fields 也应为对象", f"{file} must be an object, and so must its fields")
    return content


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as broken:
        _refuse(f"无法读取 {file}", f"cannot read {file}: {broken.strerror}")


def _moment(text: str | None) -> datetime:
    if text is None:
        return system_now()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        _refuse(f"--at 不是 ISO 8601 时刻:{text}", f"--at is not an ISO 8601 moment: {text}")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZONE)


def _refuse_as(refusal: LianqinError) -> NoReturn:
    """Say a refusal with each of its errors, and what is missing."""
    lines = [refusal.detail.zh, refusal.detail.en]
    if isinstance(refusal, BodyInvalid):
        lines += [
            f"{item['field']}: {item['message'].zh} / {item['message'].en}" for item in refusal.extra.get("errors", ())
        ]
    _refuse(*lines)


def _refuse(*lines: str) -> NoReturn:
    print("\n".join(dict.fromkeys(lines)), file=sys.stderr)
    raise typer.Exit(_REFUSED)
