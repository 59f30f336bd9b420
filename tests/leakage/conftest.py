"""An index of given passages, audited."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from jmlr_cli.contracts.values import Passage, Question, QuestionSet, passage_id
from jmlr_cli.index.passages import PassageStore, write_passages
from jmlr_cli.leakage.audit import audit
from jmlr_cli.leakage.findings import Audit, Settings
from jmlr_cli.leakage.texts import passage_texts

AuditOf = Callable[..., Audit]


@pytest.fixture(scope="session")
def audit_of(tmp_path_factory) -> AuditOf:
    """Audits questions against passages, each a text or a whole :class:`Passage`: ``audit_of(questions, passages, ngram=5)``."""

    def run(questions: Sequence[Question], passages: Sequence[str | Passage], **settings: object) -> Audit:
        file = tmp_path_factory.mktemp("passages") / "passages.sqlite"
        write_passages(file, (_passage(each, number) for number, each in enumerate(passages)))
        store = PassageStore(file)
        try:
            return audit(QuestionSet("asked", tuple(questions)), [passage_texts(store, "index")], Settings(**settings))
        finally:
            store.close()

    return run


def _passage(each: str | Passage, number: int) -> Passage:
    document = f"page{number}.md"
    return each if isinstance(each, Passage) else Passage(passage_id(document, "", each), document, "", each, 0)
