"""What every command begins with: the settings, and the log of its process."""

import logging

from ivr import log
from ivr.settings import Settings, load_settings


def settings_for(role: str, *, quiet: bool = False) -> Settings:
    """The settings, with this process's log set up. `quiet`: a person waits for the answer, only warnings are shown."""
    settings = load_settings()
    log.register_secrets(settings.secret_values)
    log.configure(role)
    if quiet and not log.debugging():
        logging.getLogger().setLevel(logging.WARNING)
    return settings
