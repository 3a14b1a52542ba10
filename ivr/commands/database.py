"""The database for a command that runs by itself, beside the roles or without them."""

from collections.abc import Iterator
from contextlib import contextmanager

from ivr.settings import Settings
from tickets import db


@contextmanager
def opened(settings: Settings) -> Iterator[db.Database]:
    """The database of these settings for as long as the block lasts. Raises SchemaError when its tables are of another
    version."""
    engine = db.connect(settings.database_url)
    try:
        db.check_version(engine)
        yield db.Database(engine)
    finally:
        engine.dispose()
