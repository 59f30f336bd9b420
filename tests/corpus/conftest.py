from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from jmlr_cli.contracts.reader import Reader
from jmlr_cli.contracts.values import Document


def pdf_bytes(pages: Sequence[Sequence[str]], title: str = "", encrypt: str = "") -> bytes:
    """A PDF written by hand, with one Tj operator a line."""
    count = len(pages)
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(count))
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, lines in enumerate(pages):
        shown = "".join(f"({line}) Tj 0 -14 Td " for line in lines)
        stream = f"BT /F1 12 Tf 50 750 Td {shown}ET"
        resources = "<< /Font << /F1 3 0 R >> >>"
        content = f"{5 + 2 * number} 0 R"
        bodies.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources {resources} /Contents {content} >>")
        bodies.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    bodies += [f"<< /Title ({title}) >>", *([encrypt] if encrypt else [])]
    return _with_table(bodies, info=3 + 2 * count + 1, encrypted=bool(encrypt))


def _with_table(bodies: list[str], info: int, encrypted: bool) -> bytes:
    data, places = b"%PDF-1.6\n", []
    for number, body in enumerate(bodies, start=1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode("cp1252")
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    keys = f"/Size {len(bodies) + 1} /Root 1 0 R /Info {info} 0 R"
    if encrypted:
        keys += f" /Encrypt {len(bodies)} 0 R /ID [<{'00' * 16}> <{'00' * 16}>]"
    tail = f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{table}trailer << {keys} >>\nstartxref\n{len(data)}\n%%EOF\n"
    return data + tail.encode()


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., list[Document]]:
    """Reads one file with this content: ``read(TextReader, "a.txt", "...")``."""

    def reading(reader: type[Reader], name: str, content: str | bytes) -> list[Document]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return list(reader().read(path, name))

    return reading


@pytest.fixture
def make_pdf() -> Callable[..., bytes]:
    return pdf_bytes
