"""Plugins with one defect each, and the suites that should find them. Run by test_suites_find_defects.py alone."""

from __future__ import annotations

import pickle
import random
from typing import ClassVar

from jmlr_example_generator.generator import ExampleGenerator
from jmlr_example_objective.objective import ExampleObjective
from jmlr_example_reader.reader import ExampleReader
from jmlr_example_retriever.retriever import ExampleRetriever
from jmlr_example_task.task import ExampleTask

from jmlr_cli.contracts.progress import silent
from jmlr_cli.contracts.values import Match, Part
from jmlr_cli.testing import LikelihoodSuite, ObjectiveSuite, ReaderSuite, RetrieverSuite, TaskSuite


class IgnoresFilters(ExampleRetriever):
    def search(self, queries, k, only=None):
        return super().search(queries, k)


class FiltersTheBestOfAll(ExampleRetriever):
    def search(self, queries, k, only=None):
        found = super().search(queries, k)
        return [[match for match in matches if only is None or match.passage_id in only] for matches in found]


class KeepsWhatIsRemoved(ExampleRetriever):
    def update(self, old, into, added, removed, progress=silent):
        super().update(old, into, added, frozenset(), progress)


class ChangesTheOldFiles(ExampleRetriever):
    def update(self, old, into, added, removed, progress=silent):
        super().update(old, into, added, removed, progress)
        (old / "words.json").write_text("{}")


class BreaksTiesAtRandom(ExampleRetriever):
    def best(self, wanted, k, ids):
        matches = [Match(id, float(len(wanted & self.index[id]))) for id in ids]
        return sorted(matches, key=lambda match: (-match.score, random.random()))[:k]


class MindsItsCompany(ExampleRetriever):
    def search(self, queries, k, only=None):
        found = super().search(queries, k, only)
        return [[Match(m.passage_id, m.score * len(queries)) for m in matches] for matches in found]


class Pickles(ExampleRetriever):
    def write(self, into, words, added, progress):
        super().write(into, words, added, progress)
        (into / "words.bin").write_bytes(pickle.dumps(words))


class HidesDamage(ExampleRetriever):
    def open(self, at):
        try:
            super().open(at)
        except Exception:
            self.index = {}


class CountsTwice(ExampleRetriever):
    def build(self, passages, into, progress=silent):
        super().build(passages, into, progress)
        progress(1)


class LeavesPiecesBehind(ExampleRetriever):
    def build(self, passages, into, progress=silent):
        (into / f"piece-{len(list(into.iterdir()))}").write_text("")
        super().build(passages, into, progress)


class TestIgnoresFilters(RetrieverSuite):
    plugin = IgnoresFilters


class TestFiltersTheBestOfAll(RetrieverSuite):
    plugin = FiltersTheBestOfAll


class TestKeepsWhatIsRemoved(RetrieverSuite):
    plugin = KeepsWhatIsRemoved


class TestChangesTheOldFiles(RetrieverSuite):
    plugin = ChangesTheOldFiles


class TestBreaksTiesAtRandom(RetrieverSuite):
    plugin = BreaksTiesAtRandom


class TestMindsItsCompany(RetrieverSuite):
    plugin = MindsItsCompany


class TestPickles(RetrieverSuite):
    plugin = Pickles


class TestHidesDamage(RetrieverSuite):
    plugin = HidesDamage


class TestCountsTwice(RetrieverSuite):
    plugin = CountsTwice


class TestLeavesPiecesBehind(RetrieverSuite):
    plugin = LeavesPiecesBehind


class TrustsPassages(ExampleGenerator):
    def render(self, *arguments, **more):
        prompt = super().render(*arguments, **more)
        return type(prompt)(tuple(Part(part.text, trusted=True) for part in prompt.parts), prompt.answer)


class CutsTheQuestion(ExampleGenerator):
    def render(self, *arguments, **more):
        prompt = super().render(*arguments, **more)
        *texts, asked = prompt.parts
        return type(prompt)((*texts, Part(asked.text[:20])), prompt.answer, prompt.cut_tokens, prompt.tokens)


class StreamsSomethingElse(ExampleGenerator):
    def stream(self, prompt, max_new_tokens):
        yield super().generate([prompt], max_new_tokens)[0].upper()


class ScoresByPlace(ExampleGenerator):
    def option_scores(self, prompt, answers):
        scores = super().option_scores(prompt, answers)
        return [type(score)(score.nll_sum + place, score.tokens) for place, score in enumerate(scores)]


class OfGenerators(LikelihoodSuite):
    short_context = 40


class TestTrustsPassages(OfGenerators):
    plugin = TrustsPassages


class TestCutsTheQuestion(OfGenerators):
    plugin = CutsTheQuestion


class TestStreamsSomethingElse(OfGenerators):
    plugin = StreamsSomethingElse


class TestScoresByPlace(OfGenerators):
    plugin = ScoresByPlace


class PullsTheWorseUp(ExampleObjective):
    def __call__(self, scores, answer_nll):
        return super().__call__(scores, -answer_nll)


class DividesByTheSpread(ExampleObjective):
    def prepare(self, scores):
        return scores / (scores.amax(1, keepdim=True) - scores.amin(1, keepdim=True))


class SumsOverQuestions(ExampleObjective):
    def __call__(self, scores, answer_nll):
        return super().__call__(scores, answer_nll) * len(scores)


class TestPullsTheWorseUp(ObjectiveSuite):
    plugin = PullsTheWorseUp


class TestDividesByTheSpread(ObjectiveSuite):
    plugin = DividesByTheSpread


class TestSumsOverQuestions(ObjectiveSuite):
    plugin = SumsOverQuestions


class FailsOnOtherFiles(ExampleReader):
    def read(self, path, name):
        path.read_text(encoding="utf-8")
        yield from super().read(path, name)


class ForgetsItsName(ExampleReader):
    def read(self, path, name):
        yield from super().read(path, path.name)


class OfReaders(ReaderSuite):
    content = b"Gout\nTreatment:\nColchicine.\n"
    words = ("Gout", "Colchicine")


class TestFailsOnOtherFiles(OfReaders):
    plugin = FailsOnOtherFiles


class TestForgetsItsName(OfReaders):
    plugin = ForgetsItsName


class TrainsOnTheTest(ExampleTask):
    def load(self, split):
        return super().load("test" if split == "train" else split)


class CountsWrong(ExampleTask):
    sizes: ClassVar = {"test": 7}


class OfTasks(TaskSuite):
    splits = ("train", "test")


class TestTrainsOnTheTest(OfTasks):
    plugin = TrainsOnTheTest


class TestCountsWrong(OfTasks):
    plugin = CountsWrong
