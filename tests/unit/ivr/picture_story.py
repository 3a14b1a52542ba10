"""Words that stories about pictures are told in."""

from typing import Any

from tests.fake_pictures import named, picture
from tests.world import CLIENT, SAM, World
from tickets.models import Work
from tickets.states import WorkKind, WorkState

BEARER = {"Authorization": "Bearer api-token"}
PNG, HTML = picture(), b"<!doctype html><html><script>alert(1)</script></html>"
LINK = "https://desk.example.org/look/1."


def send(
    world: World, *pictures: tuple[str, str, bytes | None], body: str = "Look", sid: str = "MM1", **more: str
) -> None:
    """A client texts pictures, (id, type, content) each; the carrier does not have those without content."""
    for id_, kind, content in pictures:
        if content is not None:
            world.carrier.pictures[sid, id_] = (kind, content)
    world.text(CLIENT, body, sid=sid, **named(*((id_, kind) for id_, kind, _ in pictures)), **more)


def shown(world: World) -> list[dict[str, Any]]:
    media: list[dict[str, Any]] = next(m for m in world.ticket()["messages"] if m["direction"] == "in")["media"]
    return media


def said(world: World) -> list[str]:
    return [line["text"] for line in world.ticket()["events"] if line["text"].startswith(("Picture", "50 pictures"))]


def unfinished(world: World) -> list[str]:
    """Work about pictures that waits."""
    about = (WorkKind.FETCH_PICTURE, WorkKind.MAKE_THUMBNAIL)
    return [row.kind for row in world.rows(Work) if row.kind in about and row.state == WorkState.WAITING]


def get(world: World, path: str, **headers: str) -> Any:
    return world.client.get(path, headers={**BEARER, **headers})


def link_in(world: World, phone: str = SAM) -> str:
    page = world.texts_to(phone)[-1]
    return next(word for word in page.split() if "/look/" in word).removeprefix("https://desk.example.org")
