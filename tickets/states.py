"""The states that rows can be in, named after what a person experienced, and the one table of allowed changes."""

from enum import StrEnum


class TicketState(StrEnum):
    """Where a ticket stands for the desk."""

    OPEN = "open"  # nobody has said "mine"
    CLAIMED = "claimed"  # one person owns it
    RESOLVED = "resolved"  # its owner said it is done


class Channel(StrEnum):
    """The door by which the client came. E-mail, portal and desktop form will be further members."""

    CALL = "call"
    VOICEMAIL = "voicemail"
    TEXT = "text"


class CallOutcome(StrEnum):
    """How a call ended for the caller."""

    IN_PROGRESS = "in-progress"  # the caller is still on the line
    VOICEMAIL = "voicemail"  # the caller left a message
    ABANDONED = "abandoned"  # the caller hung up without leaving words
    ANSWERED = "answered"  # the caller talked to a person
    TRANSFERRED = "transferred"  # somebody, or a machine, at another number picked up
    FAILED = "failed"  # the network ended it


class RecordingState(StrEnum):
    """What the carrier says of a recording."""

    IN_PROGRESS = "in-progress"
    ENDED = "ended"  # the caller is done; the carrier has not said yet whether there is sound
    COMPLETED = "completed"  # there is sound
    ABSENT = "absent"  # too short or silent: there is no sound to fetch
    FAILED = "failed"  # the carrier could not keep it


class MediaState(StrEnum):
    """Whether we hold the sound of a recording, or a picture, ourselves."""

    PENDING = "pending"
    STORED = "stored"
    NONE = "none"  # there never was any
    MISSING = "missing"  # the carrier does not have it, after all attempts
    REFUSED = "refused"  # larger than the limit of the flow file, or beyond its number


class TranscriptState(StrEnum):
    """What became of the words."""

    PENDING = "pending"
    DONE = "done"
    SILENT = "silent"
    FAILED = "failed"


class Direction(StrEnum):
    """In: from a phone to the desk. Out: from the desk to a phone."""

    IN = "in"
    OUT = "out"


class Purpose(StrEnum):
    """Why a text was written. The first four are pages: they go only to staff, only while nobody owns the ticket."""

    PAGE = "page"  # a new urgent ticket
    WORDS = "words"  # the words that were missing in the page
    MISSED = "missed"  # a caller chose an option and left no words
    UPDATE = "update"  # an incident that nobody owns has one more caller
    DIGEST = "digest"  # several pages of one minute to one person, in one text
    TAKEN = "taken"  # to the others: who has it
    ANSWER = "answer"  # to staff: the reply to their command
    NOTICE = "notice"  # to staff: something about the desk itself
    RECEIPT = "receipt"  # to a client: we have your text, the answer to HELP or START
    REPLY = "reply"  # to a client: what somebody of the team wrote
    CONFIRM = "confirm"  # the one confirmation of an opt-out, the only text that may follow it
    CLIENT = "client"  # from a client
    COMMAND = "command"  # from staff

    @property
    def is_page(self) -> bool:
        """True for texts that must not go out once somebody owns the ticket."""
        return self in (Purpose.PAGE, Purpose.WORDS, Purpose.MISSED, Purpose.UPDATE)


class MessageState(StrEnum):
    """What the recipient of a text experienced, as far as we know."""

    RECEIVED = "received"  # an inbound text
    PENDING = "pending"  # written, not handed to the carrier
    SENDING = "sending"  # handed over, or being handed over
    SENT = "sent"  # the carrier passed it on
    DELIVERED = "delivered"  # the phone has it
    FAILED = "failed"  # the phone will not get it
    WITHHELD = "withheld"  # not sent on purpose: claimed meanwhile


#: How far each state is; a message only ever moves to a higher number (carriers report out of order, docs/carrier.md).
_RANK = {
    MessageState.PENDING: 0,
    MessageState.SENDING: 1,
    MessageState.SENT: 2,
    MessageState.DELIVERED: 3,
    MessageState.FAILED: 3,
    MessageState.WITHHELD: 3,
    MessageState.RECEIVED: 3,
}

#: The carrier's word for a text's state, and ours.
CARRIER_STATUS = {
    "accepted": MessageState.SENDING,
    "scheduled": MessageState.SENDING,
    "queued": MessageState.SENDING,
    "sending": MessageState.SENDING,
    "sent": MessageState.SENT,
    "delivered": MessageState.DELIVERED,
    "read": MessageState.DELIVERED,
    "undelivered": MessageState.FAILED,
    "failed": MessageState.FAILED,
    "canceled": MessageState.FAILED,
}


def advance_message(current: MessageState, reported: MessageState) -> MessageState:
    """The later of two states; a final state stays. Total, idempotent and independent of the order of reports, but
    for two contradicting final reports, of which the first stands."""
    return reported if _RANK[reported] > _RANK[current] else current


class RingState(StrEnum):
    """What a caller whose call rings the team experiences."""

    RINGING = "ringing"  # the caller waits, phones ring
    TAKEN = "taken"  # somebody pressed the key: the caller is being connected, or was
    OVER = "over"  # nobody took it in time, or the caller did not wait


class LegPurpose(StrEnum):
    """Why we call a colleague."""

    RING = "ring"  # a caller waits
    PAGE = "page"  # a ticket wants an owner


class LegState(StrEnum):
    """What a colleague's phone did when we called it."""

    PENDING = "pending"  # written, not handed to the carrier
    CALLING = "calling"  # handed over, or being handed over
    RINGING = "ringing"  # the phone rings
    PICKED_UP = "picked-up"  # somebody, or a mailbox, has picked up and pressed nothing yet
    ACCEPTED = "accepted"  # the key was pressed: a person
    NO_KEY = "no-key"  # picked up and never pressed the key: a mailbox, or somebody who did not want to
    NO_ANSWER = "no-answer"
    BUSY = "busy"
    FAILED = "failed"  # the number or the network: it never rang
    CANCELED = "canceled"  # we ended it: somebody else has it, or nobody waits any more


#: How far each state of a leg is; it only moves to a higher one, whatever order the carrier reports in.
_LEG_RANK = {LegState.PENDING: 0, LegState.CALLING: 1, LegState.RINGING: 2, LegState.PICKED_UP: 3}
LEG_OVER = frozenset(LegState) - set(_LEG_RANK)


def advance_leg(current: LegState, reported: LegState) -> LegState:
    """The later of two states of a leg; a final state stays."""
    return reported if _LEG_RANK.get(reported, 4) > _LEG_RANK.get(current, 4) else current


class EscalationState(StrEnum):
    """What becomes of a ticket that was paged and that nobody has taken."""

    RUNNING = "running"  # somebody will be paged next
    STOPPED = "stopped"  # somebody took the ticket
    OVER = "over"  # everybody was paged and nobody took it; the ticket and the last text say so


class WorkKind(StrEnum):
    """Side effects and timers. `ref` of the row names what each is about."""

    FETCH_RECORDING = "fetch-recording"  # ref: recording
    FETCH_PICTURE = "fetch-picture"  # ref: media
    MAKE_THUMBNAIL = "make-thumbnail"  # ref: media
    TRANSCRIBE = "transcribe"  # ref: recording
    PAGE_DEADLINE = "page-deadline"  # ref: recording
    LOOK_UP_CALL = "look-up-call"  # ref: call
    SEND_TEXT = "send-text"  # ref: message
    CHECK_DELIVERY = "check-delivery"  # ref: message
    DELETE_RECORDING = "delete-recording"  # ref: recording
    PLACE_CALL = "place-call"  # ref: leg
    CHECK_CALL = "check-call"  # ref: leg; its last callback may never come
    END_CALL = "end-call"  # ref: leg
    WATCH_RING = "watch-ring"  # ref: ring; its time is up, or its two sides should have come together
    MOVE_CALLER = "move-caller"  # ref: ring; the caller on hold, or alone in a room, goes on at once
    MOVE_COLLEAGUE = "move-colleague"  # ref: leg; the caller has hung up
    ESCALATE = "escalate"  # ref: escalation; its next step
    OTHER_WAY = "other-way"  # ref: message, a page that did not arrive
    ASK_OWNER = "ask-owner"  # ref: ticket; is its owner still at it?


class WorkState(StrEnum):
    """Waiting work is due at some time; the others are over."""

    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"  # every attempt failed; what it was about carries an event that says so


class DrillState(StrEnum):
    """How a drill stands."""

    RUNNING = "running"
    PASSED = "passed"  # every leg came, in time
    FAILED = "failed"  # a leg did not come, or too late


class FlowChangeKind(StrEnum):
    """What happened to the flow files that callers hear and pages follow."""

    EDITED = "edited"  # they were changed, are right, and are in use from here on
    ROLLED_BACK = "rolled-back"  # an earlier version is in use from here on
    BUILT_IN = "built-in"  # no version can be used: the built-in voicemail is, and what can be saved of the people
    REFUSED = "refused"  # they are wrong; the version in use goes on
    MENDED = "mended"  # they are the version in use again
