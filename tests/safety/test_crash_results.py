"""An evaluation or a report whose writer is killed at any moment ends as if it had not been, and nothing stays behind."""

from __future__ import annotations

import json
import random
import shutil

from jmlr_cli.files import write_whole
from jmlr_cli.temporary import new_file
from tests.safety.kills import listing, moment

EVAL = ("eval", "long.jsonl", "--recipe", "tiny", "--set", "evaluation.batch_size=3", "--set", "evaluation.max_new_tokens=8")


def test_a_killed_evaluation_loses_no_question_and_asks_none_twice(forks, base, kills, tmp_path):
    chance = random.Random(5)
    start = tmp_path / "start"
    shutil.copytree(base, start)
    asked = [{"id": f"n{n}", "question": f"What treats disease {n}?", "answer": f"Drug {n % 7}."} for n in range(24)]
    (start / "long.jsonl").write_text("".join(json.dumps(each) + "\n" for each in asked))
    assert forks(start, "index", "guidelines", "--recipe", "tiny").code == 0
    shutil.copytree(start, tmp_path / "whole")
    done = forks(tmp_path / "whole", *EVAL)
    assert done.code == 0, done.err
    expected = listing(tmp_path / "whole")
    results = next((tmp_path / "whole").glob(".jmlr/evaluations/*/results.jsonl")).read_bytes()
    for kill in range(kills["eval"]):
        at = tmp_path / f"kill-{kill}"
        shutil.copytree(start, at)
        killed = forks(at, *EVAL, **moment(chance, done, kill))
        assert killed.code in (0, -9), killed.err
        again = forks(at, *EVAL)
        assert again.code == 0, again.err
        assert next(at.glob(".jmlr/evaluations/*/results.jsonl")).read_bytes() == results
        assert listing(at) == expected


def test_what_a_killed_report_leaves_goes_with_the_next(forks, base, kills, tmp_path):
    chance = random.Random(6)
    start = tmp_path / "start"
    shutil.copytree(base, start)
    made = forks(start, "eval", "questions.jsonl", "--recipe", "tiny", "--mode", "closed", "--json").json["evaluation"]
    shutil.copytree(start, tmp_path / "whole")
    done = forks(tmp_path / "whole", "report", made)
    assert done.code == 0, done.err
    for kill in range(kills["report"]):
        at = tmp_path / f"kill-{kill}"
        shutil.copytree(start, at)
        forks(at, "report", made, **moment(chance, done, kill))
        page, data = at / "report.html", at / "report.json"
        assert not page.exists() or page.read_text().rstrip().endswith("</html>")
        assert not data.exists() or json.loads(data.read_text())["schema"]
        assert forks(at, "report", made).code == 0
        assert listing(at) == listing(tmp_path / "whole")


def test_a_file_written_again_takes_along_what_a_killed_writer_left_of_it(tmp_path):
    left, other = (tmp_path / f".{name}.{'a' * 32}.tmp" for name in ("page.html", "page.json"))
    left.write_bytes(b"half")
    other.write_bytes(b"half")
    with new_file(tmp_path / "page.html") as (in_the_making, _):
        write_whole(tmp_path / "page.html", b"whole")
        assert in_the_making.exists()
    assert listing(tmp_path) == {"page.html", other.name}
