"""Command line for HJ 212: decode raw messages, one a line, into JSON objects, one a line."""

import sys
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import orjson
import typer

from services.clue_service.intake.hj212 import decode

app = typer.Typer(no_args_is_help=True, help="HJ 212 报文工具 / HJ 212 frames")


@app.callback()
def group() -> None:
    """HJ 212 报文工具 / HJ 212 frames."""


def decoded(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """One object for every line that is not blank; a line that is no frame carries `error` (zh, en)."""
    for line in lines:
        raw = line.rstrip(b"\r\n").removesuffix(b"\\r\\n").removesuffix(b"\\r")
        if not raw.strip():
            continue
        frame = decode(raw)
        fields = frame.as_dict()
        if frame.problem is not None:
            fields["error"] = dict(frame.problem)
        yield fields


@app.command("decode")
def decode_lines(
    strict: Annotated[
        bool, typer.Option("--strict", help="有非报文行时以 1 退出 / exit 1 when a line was no frame")
    ] = False,
) -> None:
    """从标准输入逐行解码报文，每行输出一个 JSON 对象 / Decode frames from standard input, one JSON object a line."""
    out = sys.stdout.buffer
    refused = 0
    for fields in decoded(sys.stdin.buffer):
        refused += "error" in fields
        out.write(orjson.dumps(fields) + b"\n")
    out.flush()
    if strict and refused:
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
