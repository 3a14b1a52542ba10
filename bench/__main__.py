"""`python -m bench [webhook] [pages] [transcriber]`: measure, and print tables. All three unless named."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from bench.desk import ROOT, BenchError
from ivr.sandbox.config import SandboxError

PARTS = ("webhook", "pages", "transcriber")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("parts", nargs=-1, type=click.Choice(PARTS))
@click.option("--pairs", default=5, show_default=True, type=click.IntRange(1, 50), help="webhook: pairs of runs.")
@click.option(
    "--seconds", default=3.0, show_default=True, type=click.FloatRange(0.5, 30), help="webhook: length of a run."
)
@click.option("--one-processor", is_flag=True, help="webhook: bind each server to one processor.")
@click.option(
    "--folder",
    "folders",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="transcriber: voicemails with a transcripts.tsv (samples); may be given several times.",
)
@click.option("--model", default="base", show_default=True, help="transcriber: the Whisper model.")
def main(
    *, parts: Sequence[str], pairs: int, seconds: float, one_processor: bool, folders: Sequence[Path], model: str
) -> None:
    """Measure helpline on this machine. All load is bounded and stays on 127.0.0.1.

    docs/benchmarks.md says what is compared with what. Nothing fails because it was slow.
    """
    console = Console(width=None if sys.stdout.isatty() else 120)
    wanted = parts or PARTS
    try:
        if "webhook" in wanted:
            _webhook(console, pairs=pairs, seconds=seconds, one_processor=one_processor)
        if "pages" in wanted:
            _pages(console)
    except (BenchError, SandboxError) as problem:
        raise click.ClickException(str(problem)) from problem
    if "transcriber" in wanted:
        from bench import transcriber

        arguments = [*(str(folder) for folder in folders or (ROOT / "samples",)), "--model", model]
        transcriber.main(arguments, standalone_mode=False)


def _webhook(console: Console, *, pairs: int, seconds: float, one_processor: bool) -> None:
    from bench import webhook

    _say(console, f"the voice webhook and a bare view in turn, some {2 * pairs * seconds:.0f} s ...")
    results = webhook.compare(pairs=pairs, seconds=seconds, one_processor=one_processor)
    console.print(webhook.comparison_table(results, one_processor=one_processor))
    _say(console, "the voice webhook beside a busy transcriber, about a minute ...")
    console.print(webhook.busy_table(webhook.beside_transcriber(seconds=10.0)))


def _pages(console: Console) -> None:
    from bench import pages

    _say(console, "voicemails to pages, some minutes ...")
    rounds, roles, flows = pages.measure()
    console.print(pages.pages_table(rounds, flows))
    console.print(pages.memory_table(roles))


def _say(console: Console, text: str) -> None:
    """Progress, on a terminal only."""
    if console.is_terminal:
        console.print(text, style="dim")


if __name__ == "__main__":
    main()
