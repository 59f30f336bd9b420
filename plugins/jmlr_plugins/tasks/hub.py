"""The medical question sets of the field, as the Hugging Face hub serves them.

| task | train | dev | test |
| --- | --- | --- | --- |
| `medqa` | 10,178 | 1,272, from the authors' archive | 1,273 |
| `medmcqa` | all but the last 4,183 | the last 4,183 of the training file | the 4,183 of its validation file |
| `mmlu-medical` | none | the subjects' validation files | the subjects' test files |
| `pubmedqa` | the 450 of fold 0 | the 50 of fold 0 | 500 |

MedMCQA's own test split has no answers, so the field reports on its validation split; its dev split is
therefore cut from the training file. ``HF_HUB_OFFLINE`` and ``HF_HOME`` are honoured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from jmlr_cli.contracts.task import Task
from jmlr_cli.contracts.values import Question, QuestionSet
from jmlr_cli.errors import InputError
from jmlr_plugins.tasks.fetch import HubFile


class HubTask(Task):
    """A task whose splits are files on the hub."""

    splits: ClassVar[Mapping[str, tuple[HubFile, ...]]]

    def load(self, split: str) -> QuestionSet:
        """The questions of a split. Raises :class:`InputError` when the set has no such split, and :class:`MissingError`."""
        files = self.splits.get(split)
        if files is None:
            raise InputError(f"{self.name} has no {split} split", f"It has {' and '.join(self.splits)}.")
        questions = [question for file in files for question in file.questions()]
        return QuestionSet(self.name, tuple(self.selected(questions, split)), files[0].repository)

    def selected(self, questions: list[Question], split: str) -> list[Question]:
        """Those of the files' questions that belong to the split."""
        return questions


class MedQA(HubTask):
    """USMLE questions with four options (Jin et al. 2020, arXiv 2009.13081)."""

    name = "medqa"
    summary = "USMLE questions, four options"
    sizes: ClassVar[Mapping[str, int]] = {"train": 10_178, "dev": 1_272, "test": 1_273}
    splits: ClassVar[Mapping[str, tuple[HubFile, ...]]] = {
        "train": (HubFile("GBaker/MedQA-USMLE-4-options", "phrases_no_exclude_train.jsonl"),),
        "dev": (HubFile("bigbio/med_qa", "data_clean.zip", "data_clean/questions/US/4_options/phrases_no_exclude_dev.jsonl"),),
        "test": (HubFile("GBaker/MedQA-USMLE-4-options", "phrases_no_exclude_test.jsonl"),),
    }


class MedMCQA(HubTask):
    """Indian medical entrance questions (Pal et al. 2022, arXiv 2203.14371)."""

    name = "medmcqa"
    summary = "Indian medical entrance questions, four options"
    held_out: ClassVar[int] = 4183
    sizes: ClassVar[Mapping[str, int]] = {"train": 182_822 - 4_183, "dev": 4_183, "test": 4_183}
    splits: ClassVar[Mapping[str, tuple[HubFile, ...]]] = {
        "train": (HubFile("openlifescienceai/medmcqa", "data/train-00000-of-00001.parquet"),),
        "dev": (HubFile("openlifescienceai/medmcqa", "data/train-00000-of-00001.parquet"),),
        "test": (HubFile("openlifescienceai/medmcqa", "data/validation-00000-of-00001.parquet"),),
    }

    def selected(self, questions: list[Question], split: str) -> list[Question]:
        """All but the last ``held_out`` training questions for train, those for dev."""
        if split == "test":
            return questions
        return questions[-self.held_out :] if split == "dev" else questions[: -self.held_out]


SUBJECTS = (
    "anatomy",
    "clinical_knowledge",
    "college_biology",
    "college_medicine",
    "medical_genetics",
    "professional_medicine",
)


class MMLUMedical(HubTask):
    """The six medical subjects of MMLU (Hendrycks et al. 2020, arXiv 2009.03300)."""

    name = "mmlu-medical"
    summary = "the six medical subsets of MMLU"
    splits: ClassVar[Mapping[str, tuple[HubFile, ...]]] = {
        "dev": tuple(
            HubFile("cais/mmlu", f"{subject}/validation-00000-of-00001.parquet", subset=subject) for subject in SUBJECTS
        ),
        "test": tuple(HubFile("cais/mmlu", f"{subject}/test-00000-of-00001.parquet", subset=subject) for subject in SUBJECTS),
    }


class PubMedQA(HubTask):
    """Yes/no/maybe questions with their abstracts (Jin et al. 2019, arXiv 1909.06146)."""

    name = "pubmedqa"
    summary = "yes/no/maybe questions on PubMed abstracts"
    splits: ClassVar[Mapping[str, tuple[HubFile, ...]]] = {
        "train": (HubFile("bigbio/pubmed_qa", "pqal.zip", "pqal_fold0/train_set.json"),),
        "dev": (HubFile("bigbio/pubmed_qa", "pqal.zip", "pqal_fold0/dev_set.json"),),
        "test": (HubFile("bigbio/pubmed_qa", "pqal.zip", "pqal_test_set.json"),),
    }
