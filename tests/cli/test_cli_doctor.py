"""`jmlr doctor`: what this machine has, what stands idle, what is broken, what can run."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jmlr_cli import machine
from jmlr_cli.machine import Accelerators, hub_state, idle, told_plainly
from jmlr_cli.models.catalogue import catalogue
from jmlr_cli.plugins import registry
from jmlr_cli.recipe.load import builtin_names


@pytest.fixture
def hub(monkeypatch):
    """A hub on this machine: ``hub(status, wait)`` gives the paths that it is asked for."""
    running = []

    def start(status: int = 200, wait: float = 0) -> list[str]:
        asked: list[str] = []

        class Hub(BaseHTTPRequestHandler):
            def do_HEAD(self):
                asked.append(self.path)
                time.sleep(wait)
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        running.append(server)
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
        return asked

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("status", [200, 401, 404, 503])
def test_a_hub_that_answers_at_all_is_in_reach(hub, status):
    asked = hub(status)
    assert hub_state(offline=False) == "reachable"
    assert len(asked) == 1


def test_offline_the_hub_is_not_asked(hub, monkeypatch):
    asked = hub()
    assert hub_state(offline=True) == "not asked (offline)"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert hub_state(offline=False) == "not asked (offline)"
    assert asked == []


def test_a_hub_that_does_not_answer_is_waited_for_shortly(hub, monkeypatch):
    monkeypatch.setattr(machine, "PATIENCE", 0.2)
    hub(wait=5)
    start = time.monotonic()
    assert hub_state(offline=False).startswith("out of reach: ")
    assert time.monotonic() - start < 3


def test_a_hub_that_is_not_there_is_told_with_the_reason(hub, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    assert "refused" in hub_state(offline=False)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Accelerators(("H100",), True, "12.8", "gpu"), []),
        (Accelerators((), False, None, "cpu"), []),
        (Accelerators(("H100",), True, "12.8", "cpu"), ["H100", "idle", "faiss", "pip install faiss-gpu"]),
        (Accelerators((), True, None, "cpu"), ["NVIDIA", "idle", "torch", "built for the CPU"]),
        (Accelerators((), True, "12.8", "gpu"), ["NVIDIA", "idle", "CUDA 12.8", "driver"]),
    ],
)
def test_a_gpu_that_stands_idle_is_told_with_what_mends_it(found, words):
    told = " ".join(idle(found))
    assert bool(told) == bool(words)
    assert all(word in told for word in words)


def test_broken_and_slow_plugins_and_a_full_disk_are_told():
    told = told_plainly([("fine", "", 0.1), ("wreck", "RuntimeError: closed", 2.0), ("heavy", "", 2.3)], disk=0.5)
    assert [any(name in sentence for sentence in told) for name in ("fine", "wreck", "heavy", "0.5 GiB")] == [
        False,
        True,
        True,
        True,
    ]
    assert told_plainly([("fine", "", 0.1)], disk=50) == []


def test_the_report_has_what_the_documentation_says(run_here, tmp_path):
    done = run_here(tmp_path, "doctor", "--offline", "--json")
    report = done.json
    assert done.code == 0
    assert set(report) == {
        "schema", "status", "python", "system", "versions", "device", "dtype", "cores", "threads", "gpus", "nvidia_driver",
        "torch_cuda", "faiss", "gpu_memory_gib", "memory_gib", "disk_gib", "hub", "workspace", "indexes", "runs", "models",
        "plugins", "unusable", "recipes_that_fit", "recipes_that_lack", "warnings",
    }  # fmt: skip
    assert report["hub"] == "not asked (offline)"
    assert {*report["recipes_that_fit"], *report["recipes_that_lack"]} == set(builtin_names())
    assert set(report["plugins"]) == {plugin.name for plugin in registry().plugins}
    assert set(report["models"]) <= set(catalogue())


def test_people_read_the_same(run_here, tmp_path):
    shown = " ".join(run_here(tmp_path, "doctor", "--offline").out.split())
    for words in ("python 3.", "faiss", "hub not asked (offline)", "recipes that fit", "tiny", "GiB of GPU memory"):
        assert words in shown


def test_models_of_the_workspace_are_listed(run_here, tmp_path):
    (tmp_path / ".jmlr" / "models" / "my-converted").mkdir(parents=True)
    (tmp_path / ".jmlr" / "models" / "my-converted" / "origin.json").write_text("{}")
    assert "my-converted" in run_here(tmp_path, "doctor", "--offline", "--json").json["models"]
