"""What the environment holds never gets into a workspace, nor on the screen."""

from __future__ import annotations

SECRET = "s3cr3t-5f1e9a"
ENVIRONMENT = {
    "OPENAI_API_KEY": SECRET,
    "HF_TOKEN": f"hf_{SECRET}",
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "QDRANT_API_KEY": SECRET,
    "PIP_INDEX_URL": f"http://user:{SECRET}@127.0.0.1:9/simple",
    "PIP_RETRIES": "0",
    "HTTPS_PROXY": f"http://user:{SECRET}@127.0.0.1:9",
    "DATABASE_URL": f"postgres://ward:{SECRET}@host/patients",
}
TRAIN = ("train", "--recipe", "tiny", "--set", "data.train=questions.jsonl", "--set", "training.max_steps=2")


def test_no_command_writes_or_shows_a_secret_of_the_environment(forks, pages, questions, tmp_path):
    pages(tmp_path / "guidelines")
    questions(tmp_path / "questions.jsonl")
    codes = {
        ("index", "guidelines", "--recipe", "tiny", "--json"): 0,
        (*TRAIN, "--json"): 0,
        (*TRAIN, "--set", "training.learning_rate=1e30", "--set", "training.max_grad_norm=1e30"): None,  # perhaps it fails
        ("eval", "questions.jsonl", "--run", "latest", "--output", "results.jsonl"): None,
        ("models", "pull", "all-minilm-l6-v2", "--json"): 4,
        ("--debug", "models", "pull", "all-minilm-l6-v2"): 1,
        ("runs", "show", "--json"): 0,
        ("doctor", "--json"): 0,
    }
    for arguments, code in codes.items():
        result = forks(tmp_path, *arguments, **ENVIRONMENT)
        assert code is None or result.code == code, result.err
        assert SECRET not in result.out + result.err, arguments
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "run.json" for path in written)
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]
