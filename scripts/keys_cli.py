"""`lianqin keys`: the signing keys of the agencies at home on this desk, and the public keys of the others."""

import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import Session

from shared.clock import new_id, system_now
from shared.config import Settings
from shared.dossier.keys import PublicKey, keys_document, read_keys
from shared.dossier.suites import DEFAULT, SuiteUnavailable
from shared.errors import LianqinError
from shared.records.journal import Fact, chain
from shared.records.keyring import Keyring, open_keyring
from shared.records.room import Room
from shared.web.assembly import make_room

app = typer.Typer(no_args_is_help=True, help="签名密钥 / Signing keys of agencies")
AgencyArgument = Annotated[str, typer.Argument(help="单位编号，如 eea-320500 / agency id")]


@app.command("list")
def list_keys(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """列出全部公钥 / List every public key: whose, since when, and whether this desk signs with it."""
    held = open_keyring(Settings()).held()
    if as_json:
        print(json.dumps([one.public.as_dict() | {"mine": bool(one.sealed)} for one in held], ensure_ascii=False))
        return
    for one in held:
        key = one.public
        until = key.valid_until.isoformat() if key.valid_until else ""
        print(f"{key.agency}  {key.id}  {key.suite}  {key.valid_from.isoformat()}–{until}  {'*' if one.sealed else ''}")


@app.command("create")
def create(
    agency: AgencyArgument, suite: Annotated[str, typer.Option(help="ed25519-sha256, sm2-sm3")] = DEFAULT
) -> None:
    """为本平台的单位生成新密钥 / Make a key for an agency of this desk; earlier ones stay valid until ended."""

    def made(keyring: Keyring, room: Room, now: datetime) -> list[PublicKey]:
        if agency not in room.catalogue.agencies:
            raise ValueError(f"没有单位 {agency} / no agency {agency}")
        return [keyring.create(agency, now=now, suite_name=suite)]

    _change("key.created", made)


@app.command("end")
def end(agency: AgencyArgument, key: Annotated[str, typer.Argument(help="密钥编号 / key id")]) -> None:
    """终止一个密钥 / End a key: what it signed before stays signed, nothing later is believed."""
    _change("key.ended", lambda keyring, _room, now: [keyring.end(agency, key, now=now)])


@app.command("export")
def export(
    agency: Annotated[list[str] | None, typer.Argument(help="单位；不写则全部 / agencies; none: all")] = None,
) -> None:
    """输出公钥文件 / Print a key file with public keys, for `lianqin verify --keys` and for other desks."""
    keys = [key for key in open_keyring(Settings()).public_keys() if not agency or key.agency in agency]
    sys.stdout.write(keys_document(keys).decode())


@app.command("import")
def import_keys(file: Annotated[Path, typer.Argument(help="公钥文件 / key file")]) -> None:
    """导入其他单位的公钥，请先经其他渠道核对编号 / Believe public keys of others; compare their ids first."""
    _change("key.believed", lambda keyring, _room, _now: keyring.believe(read_keys(file.read_bytes())))


def _change(event: str, change: Callable[[Keyring, Room, datetime], list[PublicKey]]) -> None:
    """Change the keyring and write it into the gateway's journal, under `keys:<agency>`."""
    room, now = make_room("gateway", {}), system_now()
    try:
        keys = change(open_keyring(room.settings), room, now)
        with room.transaction() as session:
            for key in keys:
                _record(session, event, key, room, now)
    except (LianqinError, LookupError, ValueError, OSError, SuiteUnavailable) as refused:
        print(refused, file=sys.stderr)
        raise typer.Exit(2) from refused
    finally:
        room.database.close()
    for key in keys:
        print(f"{key.agency}  {key.id}  {key.suite}")


def _record(session: Session, event: str, key: PublicKey, room: Room, now: datetime) -> None:
    said: dict[str, Any] = key.as_dict()
    chain(session, f"keys:{key.agency}", Fact(event, said), journey_id=new_id(now), by=room.itself, now=now)
