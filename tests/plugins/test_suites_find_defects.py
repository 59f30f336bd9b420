"""The suites for plugin authors can fail: each finds the defects that it is there for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from jmlr_cli.scaffold import KINDS, TEMPLATES

FOUND = {
    "IgnoresFilters": "only_what_passes_a_filter_is_found_and_the_best_of_that",
    "FiltersTheBestOfAll": "only_what_passes_a_filter_is_found_and_the_best_of_that",
    "KeepsWhatIsRemoved": "updating_equals_building_afresh_and_leaves_the_old_files_alone",
    "ChangesTheOldFiles": "updating_equals_building_afresh_and_leaves_the_old_files_alone",
    "BreaksTiesAtRandom": "the_same_search_gives_the_same_again",
    "MindsItsCompany": "a_batch_of_queries_gives_what_each_gives_alone",
    "Pickles": "building_twice_writes_the_same_bytes_and_nothing_pickled",
    "HidesDamage": "a_damaged_file_is_told_with_what_to_do_or_changes_nothing",
    "CountsTwice": "progress_counts_every_passage_once",
    "LeavesPiecesBehind": "after_an_interrupted_build_the_next_one_writes_the_same_bytes",
    "TrustsPassages": "a_text_never_stands_in_a_trusted_part",
    "CutsTheQuestion": "a_passage_too_long_is_cut_and_question_and_answer_stay_whole",
    "StreamsSomethingElse": "a_stream_says_what_generate_says",
    "ScoresByPlace": "options_scored_together_are_scored_as_each_alone",
    "PullsTheWorseUp": "the_better_passage_is_pulled_up",
    "DividesByTheSpread": "loss_and_gradient_are_finite_on_ties_and_extremes",
    "SumsOverQuestions": "a_batch_gives_the_mean_over_its_questions",
    "FailsOnOtherFiles": "whatever_the_file_holds_it_is_read_or_said_to_be_unreadable",
    "ForgetsItsName": "documents_have_ids_of_their_own",
    "TrainsOnTheTest": "no_question_is_in_two_splits",
    "CountsWrong": "sizes_are_those_of_the_splits",
}


@pytest.fixture(scope="module")
def failed() -> set[tuple[str, str]]:
    """The tests that fail for the plugins in mutants.py: class and test, without parameters."""
    here = Path(__file__).parent
    path = os.pathsep.join([*map(str, (TEMPLATES / kind for kind in KINDS)), *sys.path])
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-rf", "-p", "no:cacheprovider", str(here / "mutants.py")]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    return set(re.findall(r"^FAILED .*::Test(\w+)::test_(\w+)", done.stdout, re.M))


@pytest.mark.parametrize(("defect", "test"), FOUND.items(), ids=FOUND)
def test_a_defect_is_found_by_the_test_that_is_there_for_it(failed, defect, test):
    assert (defect, test) in failed


def test_every_mutant_is_looked_at(failed):
    assert {name for name, _ in failed} == set(FOUND)
