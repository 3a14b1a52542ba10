"""The flow files that a command answers by: those of the folder, and while these are wrong or refused, the version in use."""

from pathlib import Path

import click
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from flows.loader import FlowErrors, Flows, load
from ivr.flowstore import flows_of
from ivr.settings import Settings
from tickets import db, flow_versions


def usable_flows(settings: Settings, *, quiet: bool = False) -> Flows:
    """The flows of now. Raises FlowErrors when the files of the folder are wrong and no version of them is in use. That a
    kept version answers is said on standard error, unless `quiet`."""
    kept, why = _kept(settings)
    if kept is None:
        return load(settings.flows_dir)
    if why is None:
        try:
            return load(settings.flows_dir)
        except FlowErrors as error:
            why = str(error).splitlines()[0]
    if not quiet:
        click.echo(f"The flow files are refused ({why}). This answer is by the version in use.", err=True)
    return kept


def _kept(settings: Settings) -> tuple[Flows | None, str | None]:
    """The version in use, and why the files of now are refused. Without a database there is neither."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return None, None
    engine = db.connect(settings.database_url)
    try:
        with db.Database(engine).reading() as session:
            known = flow_versions.in_use(session)
            if known is None or known.built_in:
                return None, None
            files = flow_versions.files_of(session, known.version) or {}
            return flows_of(known.version, files, settings.flows_dir), flow_versions.refusal(session)
    except SQLAlchemyError:
        return None, None
    finally:
        engine.dispose()
