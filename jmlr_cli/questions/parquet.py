"""Parquet files, the form in which the hub serves most data sets. Needs the ``hub`` extra."""

from __future__ import annotations

import io

from jmlr_cli.errors import InputError, MissingError
from jmlr_cli.questions.record import Record

MAGIC = b"PAR1"


def read_rows(content: bytes, source: str) -> list[Record]:
    """The rows of a Parquet file as records. Raises :class:`MissingError` without pyarrow."""
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import read_table
    except ImportError as error:
        hint = "Install it with `pip install 'jmlr[hub]'`, or export the file as JSON lines."
        raise MissingError(f"{source} is a Parquet file, which only pyarrow can read", hint) from error
    try:
        rows = read_table(io.BytesIO(content)).to_pylist()
    except (ArrowException, OSError) as error:
        raise InputError(f"{source} is a damaged Parquet file: {error}", "Fetch it again.") from error
    return [Record(f"{source}, row {number}", number, fields) for number, fields in enumerate(rows, start=1)]
