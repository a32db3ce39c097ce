"""Commands that take a trained model elsewhere: export, push."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kdzoo import api
from kdzoo.amounts import in_megabytes
from kdzoo.cli.app import (
    CsvLayout,
    EscalateTo,
    MaxEscalated,
    MaxLoss,
    Students,
    TextPair,
    app,
    csv_of,
    err_console,
    interruptible,
    say,
    use_of,
)
from kdzoo.cli.cascade import check_options, show_export
from kdzoo.console import ConsoleProgress
from kdzoo.errors import RecipeError

if TYPE_CHECKING:
    from kdzoo.exporting import Exported


@app.command(
    epilog="""Examples:

`kdzoo export runs/quickstart --model bilstm --out deployed/`

`kdzoo export my_finetuned_bert/ --texts reviews.csv --text review --out deployed/`

`kdzoo export runs/quickstart --model cnn --escalate-to teacher --max-loss 0.02 --out deployed/`

then: `kdzoo predict deployed/ "a text"`, or without kdzoo: `deployed/README.md`"""
)
def export(
    run: Annotated[
        str,
        typer.Argument(help="Model folder, hub id, or study folder (then with --model)."),
    ],
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    runtime: Annotated[str, typer.Option(help="Runtime: onnx or onnx-int8.")] = "onnx-int8",
    model: Annotated[
        str | None, typer.Option(help="Model to take from a study: a row of its table.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed to take [default: the first].")] = None,
    int8: Annotated[
        str | None,
        typer.Option(
            help="Quantisation of activations: dynamic, or static (calibrated on --texts) "
            "[default: as in the study, else dynamic]."
        ),
    ] = None,
    texts: Annotated[
        Path | None,
        typer.Option(
            help="File of real texts for the comparison with PyTorch and for calibration."
        ),
    ] = None,
    text: Annotated[str, typer.Option(help="Column of the text.")] = "text",
    text_pair: TextPair = None,
    csv: CsvLayout = None,
    students: Students = None,
    escalate_to: EscalateTo = None,
    max_loss: MaxLoss = None,
    max_escalated: MaxEscalated = None,
    among: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Number of cascades that this one was chosen from [default: all of the study].",
        ),
    ] = None,
) -> None:
    """Write a folder that deploys: it needs onnxruntime, tokenizers and numpy alone.

    With --escalate-to it holds a student, and the teacher that it asks where it is not sure.
    """
    said = {"--seed": seed, "--texts": texts, "--text-pair": text_pair, "--csv": csv}
    said |= {"--students": students, "--int8": int8}
    own = {"--max-loss": max_loss, "--max-escalated": max_escalated, "--among": among}
    check_options(escalate_to, own, said)
    if escalate_to is not None:
        cascade = api.export_cascade(
            run,
            out,
            escalate_to,
            model=model,
            runtime=runtime,
            max_loss=max_loss,
            max_escalated=max_escalated,
            among=among,
        )
        show_export(cascade)
        return
    if int8 is not None and int8 not in ("dynamic", "static"):
        raise RecipeError(f"--int8 {int8}: write dynamic or static")
    exported = api.export(
        run,
        out,
        runtime=runtime,
        model=model,
        seed=seed,
        int8=None if int8 is None else "static" if int8 == "static" else "dynamic",
        texts=texts,
        text=text,
        text_pair=text_pair,
        csv=csv_of(csv),
        students=students,
        progress=ConsoleProgress(err_console),
    )
    _show_export(exported)


def _show_export(exported: Exported) -> None:
    found, known = exported.agreement, exported.in_study
    if found is None and known is not None:
        same = known.texts - known.other_labels
        say(
            f"when the study was made, {same:,} of {known.texts:,} labels on validation were those "
            "of PyTorch; --texts FILE compares this export on texts of yours"
        )
    elif found is None:
        say("not compared with PyTorch yet; --texts FILE does so on texts of yours")
    else:
        say(
            f"{found.same_labels:,} of {found.texts:,} texts get the label that PyTorch gives "
            f"them; logits differ by {found.logit_difference:.1e} at most"
        )
    share = exported.size_bytes / exported.trained_bytes
    say(
        f"{in_megabytes(exported.size_bytes, 2)} to deploy, {share:.2f} of the trained folder's "
        f"{in_megabytes(exported.trained_bytes, 2)}:"
    )
    for path in sorted(exported.folder.iterdir()):
        say(f"  {path}  {path.stat().st_size / 1e3:,.1f} kB")
    say(f"use it: {use_of(exported.folder)}")
    say(f"or without kdzoo: {exported.folder / 'README.md'}")


@app.command(
    epilog="""Examples:

`kdzoo push runs/quickstart user/small-assistant --model bilstm`

`kdzoo push runs/quickstart/models/MODEL user/small-assistant --private --runtime onnx-int8`

the token: `hf auth login`, or the variable HF_TOKEN"""
)
def push(
    run: Annotated[Path, typer.Argument(help="Study folder, or the folder of one of its models.")],
    repository: Annotated[
        str,
        typer.Argument(
            help="Hub repository, as user/name; created if it does not exist.", metavar="USER/NAME"
        ),
    ],
    model: Annotated[
        str | None, typer.Option(help="Model to take from a study: a row of its table.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed to take [default: the first].")] = None,
    private: Annotated[
        bool, typer.Option("--private", help="Make the repository private.")
    ] = False,
    runtime: Annotated[
        list[str] | None,
        typer.Option(
            help="Exported forms to upload [default: all that exist; torch: none].",
        ),
    ] = None,
    license_id: Annotated[
        str | None,
        typer.Option(
            "--license", help="Licence on the card, as in apache-2.0 [default: the recipe's]."
        ),
    ] = None,
    language: Annotated[
        list[str] | None,
        typer.Option(
            help="Language on the card, as in en; as often as you like [default: the recipe's]."
        ),
    ] = None,
) -> None:
    """Upload a student to the Hugging Face hub: weights, tokenizer, card and exported forms."""
    with interruptible("the same command again uploads it"):
        pushed = api.push(
            run,
            repository,
            model=model,
            seed=seed,
            private=private,
            runtimes=runtime,
            license=license_id,
            language=language,
            progress=ConsoleProgress(err_console),
        )
    for name, size in pushed.files.items():
        say(f"  {name}  {size / 1e3:,.1f} kB")
    say(f"it lies at {pushed.url}")
