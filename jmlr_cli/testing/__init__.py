"""What a plugin must do, as test classes that its author inherits.

A plugin's own test is a class whose name begins with ``Test``:

    from jmlr_cli.testing import RetrieverSuite
    from my_package.retriever import MyRetriever

    class TestMyRetriever(RetrieverSuite):
        plugin = MyRetriever

The plugins that come with jmlr run the same classes. They need pytest, and no network.
"""

import pytest

MODULES = (
    "checks", "generator", "objective", "plugin", "reader", "retriever", "task", "trainable_generator", "trainable_retriever",
)  # fmt: skip
# before they are imported: what fails in them then shows its values
pytest.register_assert_rewrite(*(f"{__name__}.{module}" for module in MODULES))

from jmlr_cli.testing.generator import GeneratorSuite, LikelihoodSuite  # noqa: E402
from jmlr_cli.testing.objective import ObjectiveSuite  # noqa: E402
from jmlr_cli.testing.plugin import PluginSuite  # noqa: E402
from jmlr_cli.testing.reader import ReaderSuite  # noqa: E402
from jmlr_cli.testing.retriever import RetrieverSuite  # noqa: E402
from jmlr_cli.testing.task import TaskSuite  # noqa: E402
from jmlr_cli.testing.trainable_generator import TrainableGeneratorSuite  # noqa: E402
from jmlr_cli.testing.trainable_retriever import TrainableRetrieverSuite  # noqa: E402

__all__ = [
    "GeneratorSuite",
    "LikelihoodSuite",
    "ObjectiveSuite",
    "PluginSuite",
    "ReaderSuite",
    "RetrieverSuite",
    "TaskSuite",
    "TrainableGeneratorSuite",
    "TrainableRetrieverSuite",
]
