"""The plugin does what jmlr asks of its kinds."""

from jmlr_ward.objective import WardMargin
from jmlr_ward.reader import WardNoteReader
from jmlr_ward.retriever import WardWords
from jmlr_ward.task import WardRound

from jmlr_cli.testing import ObjectiveSuite, ReaderSuite, TaskSuite, TrainableRetrieverSuite


class TestWardWords(TrainableRetrieverSuite):
    plugin = WardWords


class TestWardMargin(ObjectiveSuite):
    plugin = WardMargin


class TestWardNoteReader(ReaderSuite):
    plugin = WardNoteReader
    content = b"Gout\nColchicine.\n"
    words = ("Gout", "Colchicine")


class TestWardRound(TaskSuite):
    plugin = WardRound
    splits = ("train", "test")
