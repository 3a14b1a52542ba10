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


#: How far each state is; a message only ever moves to a higher number (carriers report out of order, carrier-facts §4).
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


class WorkState(StrEnum):
    """Waiting work is due at some time; the others are over."""

    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"  # every attempt failed; what it was about carries an event that says so
