"""Writes the generated parts of the documentation.

python docs/reference.py           rewrite what stands between the markers in docs/recipes.md, docs/plugins.md and docs/cli.md
python docs/reference.py --check   change nothing; exit 1 when a part is stale
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import typer
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from jmlr_cli.main import app
from jmlr_cli.plugins import Offer, registry
from jmlr_cli.recipe.load import builtin_names, load_recipe, read_yaml, recipe_path
from jmlr_cli.recipe.schema import Recipe
from jmlr_cli.scaffold import TEMPLATES, Package

DOCS = Path(__file__).resolve().parent
WIDTH = 100
LANGUAGES = {".toml": "toml", ".py": "python"}
BOUNDS = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}
NAMES = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "`true` or `false`",
    "object": "mapping",
    "null": "`null`",
}


def main(arguments: list[str]) -> int:
    """Rewrite the documents, or with ``--check`` name the stale ones. Returns the exit status."""
    fresh = {path: rewritten(path.read_text(encoding="utf-8"), parts) for path, parts in PARTS.items()}
    stale = [path for path, text in fresh.items() if path.read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(f"{path.name} is stale: run python docs/reference.py\n")
        return 1 if stale else 0
    for path in stale:
        path.write_text(fresh[path], encoding="utf-8")
    return 0


def rewritten(text: str, parts: dict[str, Callable[[], str]]) -> str:
    """``text`` with each part's content between its markers. Raises ValueError when a marker is missing."""
    for name, make in parts.items():
        begin, end = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        content = f"{begin}\n\n{make().strip()}\n\n{end}"
        text, count = pattern.subn(lambda _, content=content: content, text)
        if count != 1:
            raise ValueError(f"the markers of {name!r} stand {count} times, not once")
    return text


# -- recipes


def shipped_recipes() -> str:
    """The table of the recipes that ship."""
    head = ("recipe", "extends", "what it trains", "retriever", "generator", "objective", "GPU memory, GiB")
    return table(head, [recipe_row(name) for name in builtin_names()])


def recipe_row(name: str) -> tuple[str, ...]:
    """One recipe: its plugins, and whether each model is trained or frozen."""
    recipe, parent = load_recipe(name), read_yaml(recipe_path(name)).get("extends", "")
    retriever = f"{recipe.retriever.plugin}, {state(recipe.retriever.train)}" if recipe.candidates.read else "none"
    generator = f"{recipe.generator.plugin}, {state(recipe.generator.train)}"
    objective = recipe.objective.plugin if recipe.retriever.train else "none"
    return f"`{name}`", parent, recipe.description, retriever, generator, objective, f"{recipe.needs.gpu_memory:g}"


def state(trained: bool) -> str:
    """What training does to a model."""
    return "trained" if trained else "frozen"


def recipe_keys() -> str:
    """Every key of a recipe, a table a section."""
    top = [row for row in rows(Recipe, "") if "." not in row[0]]
    scalars = [row for row in top if row[0].strip("`") not in sections()]
    tables = [f"### `{name}`\n\n{intro(model)}\n\n{keys_table(model, f'{name}.')}" for name, model in sections().items()]
    return "\n\n".join([table(KEY_HEAD, scalars), *tables])


def sections() -> dict[str, type[BaseModel]]:
    """The recipe's sections by name."""
    models = {name: nested(field.annotation) for name, field in Recipe.model_fields.items()}
    return {name: model for name, model in models.items() if model}


# -- plugins


def plugin_options() -> str:
    """The options of every retriever, generator and objective that comes with jmlr."""
    return "\n\n".join(f"### `{kind}.options`\n\n{options_of_kind(kind)}" for kind in ("retriever", "generator", "objective"))


def options_of_kind(kind: str) -> str:
    """The options of all plugins of a kind."""
    own = [offer for offer in registry().offers if offer.kind == kind and offer.plugin == "jmlr"]
    return "\n\n".join(options_of(offer) for offer in sorted(own, key=lambda offer: offer.name))


def options_of(offer: Offer) -> str:
    """The options of one plugin."""
    options = registry().get(offer.kind, offer.name).Options
    body = keys_table(options, "") if options.model_fields else "No options."
    return f"#### `{offer.name}`\n\n{capital(cell(offer.summary))}.\n\n{body}"


def template(kind: str, name: str, *others: str) -> Callable[[], str]:
    """The modules of a package that `jmlr plugins new` writes, behind ``others`` of its files."""
    package = Package(kind, name)

    def blocks() -> str:
        folder = TEMPLATES / kind
        files = [*map(folder.joinpath, others), *sorted(folder.glob("jmlr_*/*.py"))]
        return "\n\n".join(
            block(package.renamed(p.relative_to(folder).as_posix()), package.renamed(p.read_text())) for p in files
        )

    return blocks


def block(name: str, text: str) -> str:
    """A file's content as a fenced block."""
    return f'```{LANGUAGES[Path(name).suffix]} title="{name}"\n{text}```'


# -- a model's fields as a table

KEY_HEAD = ("key", "type", "default", "what it does")


def keys_table(model: type[BaseModel], prefix: str) -> str:
    """The table of a model's keys, those of nested models below their own."""
    return table(KEY_HEAD, list(rows(model, prefix)))


def rows(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, ...]]:
    """Key, type, default and description of each field."""
    for name, field in model.model_fields.items():
        inner = nested(field.annotation)
        key = f"{prefix}{name}"
        yield f"`{key}`", type_words(field), default_words(field), cell(field.description or intro(inner))
        if inner:
            listed = get_origin(field.annotation) in (list, tuple)
            yield from rows(inner, f"{key}[]." if listed else f"{key}.")


def nested(annotation: Any) -> type[BaseModel] | None:
    """The model inside a type such as ``Model | None`` or ``tuple[Model, ...]``, if there is one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := nested(each))), None)


def intro(model: type[BaseModel] | None) -> str:
    """A model's docstring as one line of Markdown."""
    return " ".join((model.__doc__ or "").split()).replace("``", "`") if model else ""


def type_words(field: FieldInfo) -> str:
    """A field's type and bounds, in words."""
    return words(TypeAdapter(field.rebuild_annotation()).json_schema())


def words(schema: dict[str, Any]) -> str:
    """A JSON schema in words."""
    if "anyOf" in schema:
        return " or ".join(words(each) for each in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return " or ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {words(schema['items'])}s"
    bounds = ", ".join(f"{sign} {schema[key]:g}" for key, sign in BOUNDS.items() if key in schema)
    return f"{NAMES[schema.get('type', 'object')]} {bounds}".strip()


def default_words(field: FieldInfo) -> str:
    """A field's default as YAML takes it; nothing where the rows below hold it."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return ""
    return f"`{json.dumps(value, ensure_ascii=False, default=lambda model: model.model_dump(exclude_unset=True))}`"


def table(head: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ("---",) * len(head), *lines))


def cell(text: str) -> str:
    """``text`` as a table cell shows it literally."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def capital(text: str) -> str:
    """``text`` with a capital first letter."""
    return text[:1].upper() + text[1:]


# -- the command line


def command_help() -> str:
    """The help of every command, without colour or frames, 100 columns wide."""
    styled, app.rich_markup_mode = app.rich_markup_mode, None
    try:
        root = typer.main.get_command(app)
        return "\n\n".join(f"### `{name}`\n\n```text\n{text}\n```" for name, text in helps(root, "jmlr", None))
    finally:
        app.rich_markup_mode = styled


def helps(command: Any, name: str, parent: Any) -> Iterator[tuple[str, str]]:
    """The full name and the help of a command and of those below it."""
    context = command.context_class(command, info_name=name, parent=parent, terminal_width=WIDTH, max_content_width=WIDTH)
    yield context.command_path, context.get_help()
    for each, child in getattr(command, "commands", {}).items():
        yield from helps(child, each, context)


PARTS: dict[Path, dict[str, Callable[[], str]]] = {
    DOCS / "recipes.md": {"recipes": shipped_recipes, "keys": recipe_keys, "options": plugin_options},
    DOCS / "plugins.md": {
        "retriever": template("retriever", "overlap", "pyproject.toml"),
        "generator": template("generator", "quote"),
    },
    DOCS / "cli.md": {"help": command_help},
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
