"""Everything put together once per process: settings and flow files in, a Helpline out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property, partial
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.orm import Session

from flows.loader import Flows
from flows.localtime import meanings, moment
from flows.oncall_schema import Person as Listed
from flows.schedule import Extra, members, on_duty, stretches, zone_of
from flows.schema import Escalation, HelpdeskFlow
from flows.textroutes import route_of
from ivr.carrier.base import Carrier
from ivr.carrier.twilio import TwilioCarrier
from ivr.flowstore import FlowStore
from ivr.flowwatch import ensure_version
from ivr.handovers import Handovers, extras
from ivr.links import Links
from ivr.opening import Answers
from ivr.queue import JobQueue
from ivr.settings import Settings, SmsKeywords
from tickets import db, flow_versions
from tickets.escalation import SMS, VOICE, Plan, Step
from tickets.oncall import Course, Handover, Person, Quiet, Stint
from tickets.rules import ORDINARY, Rules, TextRoute, Wording
from tickets.storage import BlobStore, open_blobs
from tickets.turns import Pace

Clock = Callable[[], datetime]

log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    """The clock of production."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Helpline:
    """What the edges of one process work with, with one version of the flow files. Tests put in their own carrier, clock or
    queue; nothing is global.

    Who lives longer than one piece of work asks for the `latest` one at its beginning, and keeps that to its end."""

    settings: Settings
    flows: Flows
    database: db.Database
    queue: JobQueue
    carrier: Carrier
    blobs: BlobStore
    rules: Rules
    links: Links
    now: Clock = utc_now
    versions: "FlowStore[Helpline] | None" = None

    def latest(self) -> "Helpline":
        """The same with the version of the flow files that is in use now. Costs nothing: it is looked for elsewhere."""
        return self if self.versions is None else self.versions.current

    def with_version(self, version: str | None, session: Session) -> "Helpline":
        """The same with the version that a call began with; None for a call that has none yet. With this one when that
        version cannot be had: the engine finds a way on from any step."""
        if version in (None, self.flows.version) or self.versions is None:
            return self
        found = self.versions.of(str(version), session)
        if found is None:
            log.warning("the version that a call began with cannot be had", version=version)
        return found or self

    @property
    def media_limit(self) -> int:
        """Bytes of the largest recording that is fetched."""
        return self.flows.helpdesk.recordings.max_megabytes * 1_000_000

    @property
    def picture_limit(self) -> int:
        """Bytes of the largest picture that is fetched."""
        return self.flows.helpdesk.pictures.max_megabytes * 1_000_000

    @cached_property
    def answers(self) -> Answers:
        """What is said to callers, kept where many hear the same."""
        return Answers(self.flows, self.settings.public_url)

    @cached_property
    def client_names(self) -> tuple[str, ...]:
        """Clients that the transcriber may expect to hear of."""
        return tuple(client.name for client in self.flows.clients)


#: What a view asks at the beginning of each request.
Latest = Callable[[], Helpline]


#: The changes of the schedule by text that hold now.
Made = Callable[[], tuple[Extra, ...]]


def rules_of(flows: Flows, settings: Settings, *, links: Links, now: Clock = utc_now, handovers: Made = tuple) -> Rules:
    """The part of files and settings that the desk decides by."""
    texts, pages, incidents = flows.helpdesk.texts, flows.helpdesk.pages, flows.helpdesk.incidents
    team = {person.name: colleague(person, zone_of(flows.oncall)) for person in flows.oncall.team}
    return Rules(
        desk_number=settings.twilio_number,
        pace=Pace(settings.twilio_messaging_service_sid or settings.twilio_number, texts.segments_per_second),
        team=tuple(team.values()),
        duty=lambda at: tuple(team[person.name] for person in on_duty(flows.oncall, at, handovers())),
        course=_course(flows, team),
        ready_before=timedelta(minutes=flows.oncall.readiness.minutes_before),
        ready_always=flows.oncall.readiness.always,
        moments=_moments,
        zone=ZoneInfo(flows.helpdesk.desk.zone),
        wording=partial(_wording, flows),
        client_of=flows.client_of,
        listen_link=lambda sid: links.listen(sid, now()),
        pictures_link=lambda message_id: links.pictures(message_id, now()),
        wait_for_transcript=timedelta(seconds=pages.wait_for_transcript),
        delivery_report=timedelta(seconds=pages.delivery_report),
        join_window=timedelta(hours=texts.join_window_hours),
        reopen_window=timedelta(hours=texts.reopen_hours),
        language_of=flows.language_of,
        machines=frozenset(texts.machines),
        messaging_service=settings.twilio_messaging_service_sid,
        keywords_by_carrier=settings.sms_keywords is SmsKeywords.CARRIER,
        delete_at_carrier=flows.helpdesk.recordings.delete_at_carrier,
        most_pictures=flows.helpdesk.pictures.most_per_text,
        plans=_plans(flows.helpdesk),
        ask_owner_after=timedelta(minutes=flows.helpdesk.claims.ask_after_minutes),
        open_again_after=timedelta(minutes=flows.helpdesk.claims.page_after_minutes),
        clients=tuple(client.name for client in flows.clients),
        members=lambda team, at: _members(flows, team, at),
        route=lambda words, at: _route(flows, words, at),
        incident_window=timedelta(minutes=incidents.window_minutes),
        incident_pause=timedelta(minutes=incidents.update_minutes),
        things=incidents.things,
    )


def _wording(flows: Flows, kind: Wording, ticket: int | None, language: str | None) -> str | None:
    """A text of the flow file in a language, or in its nearest, or in the first; None where there is none."""
    code = language or ""
    words = flows.translations.get(code) or flows.translations.get(code.split("-")[0]) or flows.helpdesk.texts
    template = getattr(words, kind.value)
    return None if template is None else str(template).replace("{ticket}", str(ticket or ""))


def _plans(helpdesk: HelpdeskFlow) -> dict[str, Plan]:
    minutes = helpdesk.pages.escalate_after_minutes
    return {name: plan_of(getattr(helpdesk.escalation, name), minutes=minutes) for name in ("urgent", "normal")}


def _course(flows: Flows, team: dict[str, Person]) -> Course:
    def course(begins: datetime, ends: datetime, made: tuple[Handover, ...]) -> tuple[Stint, ...]:
        return tuple(
            Stint(piece.begins, piece.ends, tuple(team[person.name] for person in piece.duty.people))
            for piece in stretches(flows.oncall, begins, ends, extras(made))
        )

    return course


def _members(flows: Flows, team: str, at: datetime) -> frozenset[str] | None:
    """Whom the name behind `ring` means; everybody when an edit has taken the name away meanwhile."""
    known = (
        team in flows.oncall.teams or team in flows.oncall.rotations or team in {one.name for one in flows.oncall.team}
    )
    return members(flows.oncall, [team], at) if known else None


def _route(flows: Flows, words: str, at: datetime) -> TextRoute:
    """The route of a text. A reply may name what the desk's other texts may."""
    found = route_of(flows.helpdesk, words, at)
    if found is None:
        return ORDINARY
    return TextRoute(None if found.ticket == "none" else found.ticket, found.opens, found.reply)


def _moments(local: datetime, zone: str) -> tuple[datetime, ...]:
    return meanings(local, zone) or (moment(local, zone),)


def colleague(listed: Listed, zone: str) -> Person:
    """A person of oncall.yml as the desk knows them; `zone` is for those who name none."""
    number, *others = listed.phones
    quiet = listed.quiet
    return Person(
        name=listed.name,
        number=number,
        others=tuple(others),
        zone=ZoneInfo(listed.zone or zone),
        languages=listed.languages,
        page_by=listed.page_by,
        quiet=Quiet(_clock(quiet.begins), _clock(quiet.ends)) if quiet else None,
        lead=listed.lead,
    )


def _clock(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)


def plan_of(written: Escalation, *, minutes: int) -> Plan:
    """An escalation of the flow file as the desk goes through it; it begins so many minutes after the page."""
    ways = {"text": (SMS,), "call": (VOICE,), "both": (SMS, VOICE)}
    steps = tuple(Step(ways[one.page], one.to, timedelta(minutes=one.wait), one.people) for one in written.steps)
    return Plan(timedelta(minutes=minutes), steps, written.repeats, written.end)


def carrier_of(settings: Settings) -> TwilioCarrier:
    """The client for the account of the settings, or for the sandbox."""
    return TwilioCarrier(
        account_sid=settings.account_sid,
        auth_token=settings.auth_token,
        api_url=settings.twilio_api_url,
        number=settings.twilio_number,
        status_callback=f"{settings.public_url}/twilio/sms/status",
        messaging_service_sid=settings.twilio_messaging_service_sid,
    )


def assemble(settings: Settings, *, now: Clock = utc_now) -> Helpline:
    """Put a process together, with the version of the flow files that is in use; wrong files never keep it from answering.
    Raises SchemaError or StorageError with a message fit for the admin."""
    engine = db.connect(settings.database_url)
    db.check_version(engine)
    queue = JobQueue(settings.broker_url)
    links = Links(settings.secret_key.get_secret_value(), settings.public_url)
    database = db.Database(engine, notify=queue.hint, notify_in=queue.hint_in)
    carrier, blobs, handovers = carrier_of(settings), open_blobs(settings.blob_url), Handovers(database, now)

    def build(flows: Flows) -> Helpline:
        return Helpline(
            settings=settings,
            flows=flows,
            database=database,
            queue=queue,
            carrier=carrier,
            blobs=blobs,
            rules=rules_of(flows, settings, links=links, now=now, handovers=handovers),
            links=links,
            now=now,
            versions=versions,
        )

    versions = FlowStore(database, settings.flows_dir, build)
    return open_versions(versions, database, settings.flows_dir, now=now)


def following(settings: Settings) -> Helpline:
    """Put a process together that lives, and follows the version in use. Not before a fork: threads do not survive one."""
    desk = assemble(settings)
    if desk.versions is not None:
        desk.versions.follow()
    return desk


def open_versions(versions: FlowStore[Helpline], database: db.Database, folder: Path, *, now: Clock) -> Helpline:
    """The Helpline of the version in use, or of the first one, which is made of the files now. What is wrong is logged."""
    ensure_version(database, folder, now=now)
    versions.refresh()
    desk = versions.current
    with database.reading() as session:
        known, refused = flow_versions.in_use(session), flow_versions.refusal(session)
    if known is not None and known.built_in:
        people = len(desk.rules.team)
        log.error(
            "no flow files can be used: the built-in voicemail answers", people_to_page=people, folder=str(folder)
        )
    if refused is not None:
        log.warning("the flow files are refused", problem=refused, going_on=flow_versions.going_on(known))
    return desk
