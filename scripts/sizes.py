"""Checks the house's sizes: files of at most 300 lines, functions of 40, six parameters, three levels of nesting."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILE_LINES, FUNCTION_LINES, PARAMETERS, NESTING = 300, 40, 6, 3
CODE = ("shared", "services", "gateway", "client", "scripts", "benchmarks")
FORBIDDEN_NAMES = ("utils", "helpers", "common", "base", "manager", "constants", "service")
BLOCKS = (ast.For, ast.While, ast.If, ast.With, ast.Try, ast.AsyncFor, ast.AsyncWith, ast.Match)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def problems(root: Path = ROOT) -> Iterator[str]:
    """Yield every place that breaks a size, in words."""
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=root, capture_output=True, text=True, check=True).stdout
    for name in listed.split():
        path = root / name
        if not path.exists():
            continue
        text = path.read_text(encoding="utf-8")
        if (count := text.count("\n")) > FILE_LINES:
            yield f"{name}: {count} lines, at most {FILE_LINES}"
        if path.stem in FORBIDDEN_NAMES:
            yield f"{name}: a name that says nothing"
        if "BaseHTTPMiddleware" in text and name != "scripts/sizes.py":
            yield f"{name}: BaseHTTPMiddleware; middleware is pure ASGI"
        if name.startswith(CODE):
            yield from _functions(name, ast.parse(text))


def _functions(name: str, tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, Function):
            continue
        place = f"{name}:{node.lineno} {node.name}"
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > FUNCTION_LINES and not _only_defines(node):
            yield f"{place}: {lines} lines, at most {FUNCTION_LINES}"
        given = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
        if len([argument for argument in given if argument not in ("self", "cls")]) > PARAMETERS:
            yield f"{place}: {len(given)} positional parameters, at most {PARAMETERS}"
        if (depth := _depth(node)) > NESTING:
            yield f"{place}: nested {depth} deep, at most {NESTING}"


def _only_defines(node: Function) -> bool:
    """A function that only holds other functions (routes of a kind) is measured by what it holds."""
    inner = sum((part.end_lineno or 0) - part.lineno + 1 for part in node.body if isinstance(part, Function))
    return (node.end_lineno or node.lineno) - node.lineno + 1 - inner <= FUNCTION_LINES


def _depth(node: ast.AST, depth: int = 0) -> int:
    deepest = depth
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and child in node.orelse
        deepest = max(deepest, _depth(child, depth + (isinstance(child, BLOCKS) and not is_elif)))
    return deepest


if __name__ == "__main__":
    found = list(problems())
    print("\n".join(found) or "sizes: ok")
    sys.exit(1 if found else 0)
