"""The tables of the flow files: every version that was in use, and what happened to them. `tickets.db` reads this file, so
that they are among `Base`'s tables wherever there is a database."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from tickets.models import Base


class FlowVersion(Base):
    """Flow files that were in use: `files` are their texts by name, `version` is made of them. `id` is the number by which
    people name it."""

    __tablename__ = "flow_versions"
    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(String(64), unique=True)
    files: Mapped[dict[str, Any]]
    first_used_at: Mapped[datetime]


class FlowChange(Base):
    """One change of the flow files, append-only. The newest one with a version says which is in use; when the newest of all
    has none, `problem` says why the files of now are refused, and `refused` names these."""

    __tablename__ = "flow_changes"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    version_id: Mapped[int | None] = mapped_column(ForeignKey("flow_versions.id"), index=True)
    refused: Mapped[str | None] = mapped_column(String(64))
    problem: Mapped[str | None] = mapped_column(Text)
    by: Mapped[str | None] = mapped_column(String(100))
    at: Mapped[datetime]
