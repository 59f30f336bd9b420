"""Notes: the first line is the title."""

from jmlr_cli.contracts.reader import Reader, UnreadableFile
from jmlr_cli.contracts.values import Document, Section


class WardNoteReader(Reader):
    suffixes = (".note",)

    def read(self, path, name):
        try:
            title, _, text = path.read_text(encoding="utf-8").partition("\n")
        except UnicodeDecodeError as error:
            raise UnreadableFile("it is not UTF-8") from error
        yield Document(name, title, (Section("", text),))
