"""The subcommands that plugins add: listed by name and summary, imported only when one of them runs."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

COMPLETION = ("install_completion", "show_completion")
"""Options that typer gives to every app; jmlr's own has them."""


class Commands(TyperGroup):
    """jmlr's own commands, then those of plugins. Plugins are loaded only where jmlr's own do not answer."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *(name for name in _summaries() if name not in self.commands)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        own = super().get_command(ctx, cmd_name)
        if own is not None or cmd_name not in _summaries():
            return own
        return PluginCommand(cmd_name, help=_summaries()[cmd_name])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first argument names. Raises :class:`UsageError` that tells of broken plugins, one of which may
        be what has it."""
        if self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            _tell_of_broken_plugins(args[0])
        return super().resolve_command(ctx, args)


class PluginCommand(TyperCommand):
    """Stands for a plugin's command until it runs: then the plugin's own takes over."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        return _command(str(self.name)).make_context(info_name, args, parent, **extra)


def _summaries() -> dict[str, str]:
    """The one line of each command that plugins offer, by name."""
    from jmlr_cli.plugins import registry

    return {offer.name: offer.summary for offer in sorted(registry().offers, key=lambda o: o.name) if offer.kind == "command"}


def _tell_of_broken_plugins(name: str) -> None:
    from jmlr_cli.errors import UsageError
    from jmlr_cli.plugins import registry

    if registry().broken:
        raise UsageError(f"there is no command {name!r}", f"jmlr --help lists the commands. {registry().broken}")


def _command(name: str) -> Any:
    """The plugin's command. Raises :class:`MissingError` when it cannot be imported, and :class:`InputError` when two plugins
    offer it."""
    from jmlr_cli.plugins import registry

    target = registry().get("command", name)
    app = target if isinstance(target, typer.Typer) else typer.Typer()
    if app is not target:
        app.command(name)(target)
    made = typer.main.get_command(app)
    made.name = name
    made.params = [parameter for parameter in made.params if parameter.name not in COMPLETION]
    return made
