"""The verifier as people run it: from the desk's command line, and alone."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shared.dossier.keys import keys_document
from tests.unit.dossier import bags

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "keys.txt"
    path.write_bytes(keys_document(bags.KEYS))
    return path


def run(*arguments: object, module: str = "scripts.cli", at: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(command, cwd=at, capture_output=True, text=True, check=False)


def test_it_says_in_plain_words_what_holds(tmp_path: Path, keys: Path):
    path = bags.write_bag(tmp_path / "dossier.zip")
    answer = run("verify", path, "--keys", keys)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "由 eea-320500 于 2026-09-07" in answer.stdout
    assert "结论：全部成立。" in answer.stdout
    english = run("verify", path, "--keys", keys, "--language", "en")
    assert "Verdict: everything holds." in english.stdout


def test_it_names_what_does_not(tmp_path: Path, keys: Path):
    path = bags.write_bag(tmp_path / "dossier.zip")
    path.write_bytes(path.read_bytes().replace("现场检查笔录".encode(), "现场检查笔彔".encode()))
    answer = run("verify", path, "--keys", keys, "--json")
    assert answer.returncode == 1
    (report,) = json.loads(answer.stdout)
    assert report["holds"] is False
    failed = [one["path"] for one in report["findings"] if one["outcome"] == "fails"]
    assert "dossier/data/evidence/item-1/现场笔录.txt" in failed


def test_without_keys_nobody_is_believed(tmp_path: Path):
    answer = run("verify", bags.write_bag(tmp_path / "dossier.zip"))
    assert answer.returncode == 1
    assert "签名者不在可信公钥中" in answer.stdout


def test_a_whole_folder_of_everything(tmp_path: Path, keys: Path):
    folder = tmp_path / "received"
    folder.mkdir()
    bags.write_bag(folder / "dossier.zip")
    for name, content in {"r.json": bags.receipt(), "c.json": bags.checkpoint(), "j.ndjson": bags.journal()}.items():
        (folder / name).write_bytes(content)
    answer = run("verify", folder, "--keys", keys, "--checkpoint", folder / "c.json", "--language", "en")
    assert answer.returncode == 0, answer.stdout
    assert answer.stdout.count("everything holds") == 4
    assert "Entry 4 is the one in the checkpoint of 2026-09-07" in answer.stdout


def test_a_checkpoint_that_knows_another_history(tmp_path: Path, keys: Path):
    (tmp_path / "c.json").write_bytes(bags.checkpoint())
    short = tmp_path / "j.ndjson"
    short.write_bytes(bags.journal(3))
    answer = run("verify", short, "--keys", keys, "--checkpoint", tmp_path / "c.json")
    assert answer.returncode == 1
    assert "检查点记至第 4 条" in answer.stdout


@pytest.mark.parametrize(
    ("content", "said"), [(b"{", "JSON"), (b'{"keys": 1}', "list"), (b'{"keys": [{"agency": "x"}]}', "text")]
)
def test_a_key_file_that_is_none(tmp_path: Path, content: bytes, said: str):
    (tmp_path / "k").write_bytes(content)
    answer = run("verify", tmp_path, "--keys", tmp_path / "k")
    assert answer.returncode == 2
    assert said in answer.stderr


def test_nothing_there(tmp_path: Path):
    (tmp_path / "letter.txt").write_text("x")
    assert run("verify", tmp_path / "missing.zip").returncode == 1
    assert "无法识别" in run("verify", tmp_path / "letter.txt").stdout
    (tmp_path / "empty").mkdir()
    assert run("verify", tmp_path / "empty").returncode == 1


def test_an_outsider_runs_it_alone(tmp_path: Path, keys: Path):
    """The folder copied to another machine, without the rest of the project, checks a bag."""
    (tmp_path / "alone/shared").mkdir(parents=True)
    (tmp_path / "alone/shared/__init__.py").touch()
    shutil.copytree(ROOT / "shared/dossier", tmp_path / "alone/shared/dossier")
    path = bags.write_bag(tmp_path / "dossier.zip")
    answer = run(path, "--keys", keys, module="shared.dossier", at=tmp_path / "alone")
    assert answer.returncode == 0, answer.stderr
    script = "import sys, shared.dossier.command; print({name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=tmp_path / "alone", capture_output=True, text=True)
    assert not {"sqlmodel", "fastapi", "pydantic", "orjson", "sqlalchemy"} & set(eval(loaded.stdout))
