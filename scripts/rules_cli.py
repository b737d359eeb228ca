"""`lianqin rules`: back-tests on a folder of tables, and rule packs written, taken in and compared."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from sqlalchemy.exc import DBAPIError

from scripts import labelling
from services.clue_service.detection.running import Window
from services.clue_service.intake.hour_file import HourFile
from services.clue_service.intake.tables import declared, read_table
from services.clue_service.rules_office import packs
from services.clue_service.rules_office.back_testing import compare
from services.clue_service.rules_office.commands import chosen
from services.clue_service.rules_office.registry import Rulebook, of_files, rulebook
from services.clue_service.rules_office.taking_packs import PackView, difference, take
from services.clue_service.subjects import SUBJECTS
from shared.config import Settings
from shared.dossier.keys import Trust, read_keys
from shared.errors import LianqinError
from shared.records.keyring import keyring_of
from shared.records.room import Room
from shared.web.assembly import make_room

app = typer.Typer(no_args_is_help=True, help="规则 / Detection rules: back-tests and rule packs")
_REFUSED = 2
NOT_READY = "线索室的数据库尚未建立，请先运行 lianqin migrate / no database of the clue room: run lianqin migrate first"
T = TypeVar("T")
JsonOption = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]
FileArgument = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="规则包 / rule pack")]
TrustOption = Annotated[
    Path | None, typer.Option(exists=True, help="公钥文件（lianqin keys export）；不写则本平台所信 / key file")
]


@app.command("back-test")
def back_test(
    rule_id: Annotated[str, typer.Argument(help="规则编号，如 R01 / rule id")],
    source: Annotated[Path, typer.Option("--input", exists=True, file_okay=False, help="表文件夹 / folder of tables")],
    values: Annotated[list[str] | None, typer.Option("--set", help="参数=值，如 drop=0.45 / parameter=value")] = None,
    labels: Annotated[Path | None, typer.Option(exists=True, help="标注：CSV / labels as CSV")] = None,
    as_json: JsonOption = False,
) -> None:
    """以文件夹中的表比较一组参数与现行参数 / Compare a set with the set in force over a folder of tables."""

    def tried() -> dict[str, Any]:
        settings = Settings()
        book = _in_room(_known)[0] if _is_desk(settings) else of_files(settings.rules_owner)
        rule = chosen(book, rule_id, None, _values(values or []))
        present = book.find(rule_id).rule
        large = HourFile.of(source / "obs_hour.parquet")
        paths = [(name, path) for name, path in _paths(source) if large is None or name != "obs_hour"]
        tables = {name: read_table(name, path).frame for name, path in paths}
        found = compare([tables], rule, present, Window(), large)
        return labelling.report(found, rule, present, labelling.read(labels, rule_id) if labels else None)

    labelling.show(_refusing(tried), as_json=as_json)


@app.command("export")
def export(
    output: Annotated[Path, typer.Option("--output", dir_okay=False, help="写入的文件 / file to write")],
    key: Annotated[str, typer.Option("--key", help="签名单位，如 eea-320000 / agency whose key signs")],
) -> None:
    """写出签名的规则包 / Write every rule version and the sets in force, signed with an agency's key (Ed25519)."""

    def written(room: Room) -> bytes:
        if key not in room.catalogue.agencies:
            raise ValueError(f"没有单位 {key} / no agency {key}")
        book, came = _known(room)
        now = room.clock()
        return packs.export(book, came, keyring_of(room).signer(key, now=now), now=now)

    content = _refusing(lambda: _in_room(written))
    output.write_bytes(content)
    print(f"{output}  {len(content)}")


@app.command("import")
def import_pack(
    file: FileArgument,
    trust: TrustOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说明变化 / only say what would change")] = False,
    as_json: JsonOption = False,
) -> None:
    """导入规则包，新内容只进入影子运行 / Take a pack in; what is new runs in shadow until it is activated."""

    def taken(room: Room) -> PackView:
        if not _is_desk(room.settings):
            raise ValueError(NOT_READY)
        content, believed = file.read_bytes(), _trust(room, trust)
        with room.transaction() as session:
            return take(session, content, believed, dry_run=dry_run, by=room.itself, now=room.clock())

    _print_pack(_refusing(lambda: _in_room(taken)), as_json=as_json)


@app.command("diff")
def diff(file: FileArgument, trust: TrustOption = None, as_json: JsonOption = False) -> None:
    """逐条规则、逐个参数列出变化 / Show per rule and parameter what stands here and what stands in the pack."""

    def compared(room: Room) -> PackView:
        pack, shown = difference(_known(room)[0], file.read_bytes(), _trust(room, trust))
        for one in pack.findings:
            print(one.say("zh"), "/", one.say("en"), file=sys.stderr)
        return shown

    _print_pack(_refusing(lambda: _in_room(compared)), as_json=as_json)


def _print_pack(shown: PackView, *, as_json: bool) -> None:
    if as_json:
        print(shown.model_dump_json())
        return
    print(f"{shown.agency}  {shown.key}  sha256:{shown.digest}")
    for one in shown.changes:
        versions = f"v{one.version_before or '–'} → v{one.version_after}"
        print(f"{one.rule_id}  {versions}  {one.status_before or '–'} → {one.status_after}")
        for part in one.parameters:
            before, after = ("–" if value is None else f"{value:g}" for value in (part.before, part.after))
            print(f"  {part.name}: {before} → {after} {part.unit}")
    for label, names in (("新版本 / new versions", shown.new_versions), ("影子运行 / in shadow", shown.shadowed)):
        print(f"{label}: {', '.join(names) or '0'}")


def _trust(room: Room, file: Path | None) -> Trust:
    return Trust(read_keys(file.read_bytes())) if file is not None else keyring_of(room).trust()


def _values(given: list[str]) -> dict[str, float]:
    found = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not sign:
            raise ValueError(f"{one}: 参数=值 / parameter=value")
        found[name.strip()] = float(value)
    return found


def _paths(source: Path) -> list[tuple[str, Path]]:
    ways = [(name, source / f"{name}.{end}") for name in declared() for end in ("csv", "parquet")]
    return [(name, path) for name, path in ways if path.exists()]


def _known(room: Room) -> tuple[Rulebook, dict[tuple[str, int], str]]:
    """The rules as they stand on this desk, and the versions that came in packs; our files where there is no desk."""
    if not _is_desk(room.settings):
        return of_files(room.settings.rules_owner), {}
    with room.reading() as session:
        return rulebook(session), packs.came(session)


def _is_desk(settings: Settings) -> bool:
    return bool(settings.database_server) or (settings.folder / "clue.db").exists()


def _in_room(use: Callable[[Room], T]) -> T:
    room = make_room("clue", SUBJECTS)
    try:
        return use(room)
    finally:
        room.database.close()


def _refusing(do: Callable[[], T]) -> T:
    """Do it; a refusal is printed in both languages and ends with status 2."""
    try:
        return do()
    except LianqinError as refused:
        print(f"{refused.detail.zh} / {refused.detail.en}", file=sys.stderr)
        for error in refused.extra.get("errors", ()):
            print(f"  {error['field']}: {error['message'].zh} / {error['message'].en}", file=sys.stderr)
        raise typer.Exit(_REFUSED) from refused
    except DBAPIError as broken:
        print(f"{NOT_READY}\n{broken.orig}", file=sys.stderr)
        raise typer.Exit(_REFUSED) from broken
    except (ValueError, OSError) as refused:
        print(refused, file=sys.stderr)
        raise typer.Exit(_REFUSED) from refused


if __name__ == "__main__":
    app()
