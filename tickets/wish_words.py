"""The words that ask for no more texts, and for texts again: the vocabulary of `tickets.wishes`, in English and Spanish.

All patterns are matched on the words that `tickets.plain` makes: lower case, no accents, no apostrophes, "dont" written out as
"do not", single spaces. Every repetition in them is bounded and goes from word to word, so no text takes long."""

import re
from enum import IntEnum, StrEnum


class Rule(StrEnum):
    """Why a text was read as it was: the words for the ledger's evidence and for docs/consent.md."""

    KEYWORD = "keyword"
    NUMBERED = "keyword and a number"
    SPANISH = "Spanish keyword"
    NO_MORE_TEXTS = "asks for no more texts"
    OFF_THE_LIST = "asks to be off the list"
    CONSENT = "revokes consent"
    ALONE = "asks to be left alone"
    KEYWORD_AND_MORE = "keyword and more"
    ABOUT_TEXTS = "speaks of texts ending"
    ABOUT_LISTS = "speaks of being taken off"
    ENOUGH = "has had enough"
    WRONG_NUMBER = "wrong number"
    OTHER_LANGUAGE = "keyword of another language"
    SIGN = "stop sign"
    ANSWER = "also answers a question"
    TEXTS_AGAIN = "asks for texts again"


class Strength(IntEnum):
    """How clearly words ask for no more texts; and how clear the request has to be for what stands beside it."""

    NONE = 0
    WORD = 1  # "cancel", "end": also what one does with a ticket or an appointment
    STOP = 2  # "stop", "unsubscribe": alone, about nothing but texts
    PHRASE = 3  # names the texts, or who is not to be written to


_STANDS_FOR = {
    "TEXTS": r"(?:(?:all|any|the|these|those|this|your|of|more|such|further|me|us|my) ){0,4}"
    r"(?:text messages|texts|messages|sms|texting|messaging)",
    "TEXTING": r"(?:texting|messaging|contacting|spamming|bothering|harassing|writing to)",
    "ME": r"(?:me|us|this number|my number|my phone number|my phone|this phone|my cell)",
    "WHO": r"(?:me|us|this number|my number|my phone number)",
    "WHERE": r"(?:<TEXTS>|this message|(?:your|the|this) list|all lists|this|these|all|everything)",
    "AGAIN": r"(?: (?:again|any more|ever again|ever|at all|from now on|in the future|for good|completely))?",
    "MENSAJES": r"(?:(?:mas|los|las|sus|tus|estos|esos|todos|de) ){0,4}(?:mensajes|textos|sms)",
    "MANDAR": r"(?:mandar|enviar|escribir|textear|mensajear|contactar|molestar)(?:me|nos)",
    "MANDE": r"(?:mande|envie|textee|mensajee|contacte|moleste|escriba)[ns]?",
    "BORREME": r"(?:quiten?me|quitarme|borren?me|borrarme|eliminen?me|eliminarme|saquen?me|sacarme)",
    # Messages that computers show or other programs bring, and what else stops.
    "OTHER": r"(?!(?:error|warning|teams|outlook|voice|e|email|mail|chat|slack|popup|spam|by|working|getting|receiving) )\w+",
}


def _filled(pattern: str) -> str:
    """With the names in angle brackets replaced by what they stand for."""
    while (filled := re.sub("<([A-Z]+)>", lambda name: _STANDS_FOR[name[1]], pattern)) != pattern:
        pattern = filled
    return pattern


def _whole(pattern: str) -> re.Pattern[str]:
    """Up to the end of a word, with the space after it. A pattern gives one end only, the first that fits: what may end
    sooner or later in another way is a pattern of its own."""
    return re.compile(rf"(?:{_filled(pattern)})(?: |$)")


#: What asks for no more texts, and how clearly.
CORES: tuple[tuple[Strength, Rule, re.Pattern[str]], ...] = tuple(
    (strength, rule, _whole(pattern))
    for strength, rule, patterns in (
        (
            Strength.STOP,
            Rule.KEYWORD,
            (
                r"(?:(?:just|must) )?stop(?: all)?",
                r"stop (?:it|this|that|these|those)",
                r"i said stop",
                r"(?:i (?:want to |would like to |wish to |need to )?|let me )?(?:un ?subscribe|opt(?: <WHO>)? out)(?: <WHO>)?",
                r"i am opting out",
            ),
        ),
        (Strength.STOP, Rule.NUMBERED, (r"(?:stop(?: all)?|un ?subscribe|opt out)(?: to)?(?: \d+){1,4}",)),
        (Strength.WORD, Rule.KEYWORD, ("cancel|end|quit|revoke",)),
        (
            Strength.WORD,
            Rule.SPANISH,
            ("alto|basta|parar|paren?|cancelar|cancelen?|detener|detengan?(?:se)?|quitar|baja|dar de baja",),
        ),
        (
            Strength.PHRASE,
            Rule.NO_MORE_TEXTS,
            (
                r"(?:just )?(?:stop|quit|cease) <TEXTING>(?: (?:to )?<ME>)?<AGAIN>",
                r"(?:stop|quit) sending(?: <ME>)?(?: <TEXTS>| these| those| this stuff| stuff| this)?(?: to <ME>)?<AGAIN>",
                r"(?:stop|quit|end|cancel|discontinue) <TEXTS><AGAIN>|stop text|stop to text <ME>",
                r"(?:stop|quit) (?:getting|receiving) <TEXTS>",
                r"(?:turn off|disable) (?:the |these |my |your )?(?:texts|text messages)",
                r"make (?:the|these|your) (?:texts|messages) stop|i want (?:the|these|your) (?:texts|messages) to stop",
                r"(?:these|your) (?:texts|messages) (?:must|should|need to|have to|has to) stop",
            ),
        ),
        (
            Strength.PHRASE,
            Rule.NO_MORE_TEXTS,
            (
                r"(?:do not|never)(?: ever)? (?:text|message|contact)(?: <ME>)?<AGAIN>",
                r"(?:do not|never)(?: ever)? (?:bother|spam|harass|write to|call or text|text or call) <ME><AGAIN>",
                r"(?:do not|never)(?: ever)? send(?: <ME>)? <TEXTS><AGAIN>|do not send <ME> (?:these|anything)<AGAIN>",
                r"no more (?:<TEXTS>|text|of these)(?: to <ME>| for me)?",
                r"(?:i )?(?:do not|no longer) (?:want|wish|need)(?: to (?:get|receive|have))? <TEXTS>(?: from you)?<AGAIN>",
                r"i (?:do not|no longer) (?:want|wish) to be (?:texted|messaged|contacted)<AGAIN>",
                r"un ?subscribe(?: <WHO>)? from <WHERE>",
                r"opt(?: <WHO>)? out (?:of|from) <WHERE>",
            ),
        ),
        (
            Strength.PHRASE,
            Rule.OFF_THE_LIST,
            (
                r"(?:remove <WHO>|(?:take|get) <WHO> off|delete (?:my|this) number|(?:lose|forget) (?:my|this) number)",
                r"(?:remove|take|get|delete) (?:<WHO>|my name) (?:from|off|off of|out of) (?:<TEXTS>|this|these)",
                r"(?:remove|take|get|delete) (?:<WHO>|my name) (?:from|off|off of|out of) (?:your|the|this|these|all|any)"
                r"(?: (?:text|texts|texting|text message|sms|message|messages|contact|phone))? lists?",
            ),
        ),
        (
            Strength.PHRASE,
            Rule.CONSENT,
            (
                r"i (?:hereby )?(?:revoke|withdraw|take back) (?:my |all )?consent|(?:revoke|withdraw)(?: my)? consent",
                r"i (?:do not|no longer) consent(?: to <TEXTS>)?",
            ),
        ),
        (Strength.PHRASE, Rule.ALONE, ("leave (?:me|us) (?:alone|be)|dejen?me en paz|dejen?nos en paz",)),
        (
            Strength.PHRASE,
            Rule.NO_MORE_TEXTS,
            (
                r"no (?:me|nos) <MANDE> (?:<MENSAJES>|mas)",
                r"no (?:me|nos) (?:textee|mensajee|contacte|moleste|escriba)[ns]?",
                r"no (?:me|nos) vuelvan? a (?:mandar|enviar|escribir|textear|mensajear|contactar|molestar)(?: <MENSAJES>)?",
                r"(?:dejen?|dejar|paren?) de (?:<MANDAR>|molestar)(?: <MENSAJES>)?",
                r"(?:dejen?|dejar|paren?) de (?:mandar|enviar) <MENSAJES>",
                r"no (?:mas|quiero|quiero recibir|deseo|deseo recibir) <MENSAJES>",
                r"(?:alto a|basta de|cancelar|cancelen?|parar|paren?|detener|detengan?) <MENSAJES>",
            ),
        ),
        (
            Strength.PHRASE,
            Rule.OFF_THE_LIST,
            (
                r"(?:darme|darse|denme|deme) de baja|<BORREME>",
                r"(?:salir|<BORREME>) de (?:<MENSAJES>|(?:la|su|esta|tu) lista)",
                r"(?:quiten?|borren?|eliminen?|saquen?) mi numero(?: de (?:la|su|esta|tu) lista)?",
            ),
        ),
    )
    for pattern in patterns
)

#: What may stand beside it, and how clear the request has to be then.
SIDES: tuple[tuple[Strength, re.Pattern[str]], ...] = tuple(
    (needs, _whole(pattern))
    for needs, patterns in (
        (
            Strength.NONE,
            (
                "please|kindly|now|thanks|thank you(?: very much)?|ok|hi|hello|hey|sir|maam|asap|immediately",
                "right now|right away|at once|and|por favor|favor de|gracias|ya|hola",
            ),
        ),
        (
            Strength.STOP,
            (
                r"yes|si|no thanks|no thank you|already",
                r"(?:you (?:have|got) |this is |sorry )?(?:a |the )?wrong (?:number|person)|numero equivocado",
                r"who(?: is| are| r)? (?:this|you|dis|that)|new phone|i do not know (?:you|who (?:this is|you are))|quien es",
                r"(?:i am )?not interested|(?:this is )?(?:spam|a scam)",
            ),
        ),
        (
            Strength.PHRASE,
            (
                r"\d+|no|i (?:already )?said|(?:me )?puede[ns]?|quiero que|quiero",
                r"(?:can|could|would|will) you|you (?:need|have) to|i (?:want|would like|wish|need) to",
                r"i (?:already )?(?:want|need|would like|am asking|asked|told) you to",
                r"(?:or |just )?(?:call|email) (?:me|us)(?: instead)?|just call",
                r"(?:but )?(?:keep|leave) (?:the|my|this) ticket(?: open)?",
                r"or (?:i|we) (?:will|am going to|are going to)(?: \w+){1,8}",
            ),
        ),
    )
    for pattern in patterns
)

#: What asks for texts again and for nothing else, as a whole text.
START_PHRASES = re.compile(
    r"(?:please )?(?:i (?:want|would like) to )?(?:"
    r"opt(?: me| us)?(?: back)? in(?: again)?|re ?subscribe(?: me| us)?|unstop|subscribe me again|"
    r"(?:you (?:can|may) text|you (?:can|may) message|start texting|start messaging) (?:me|us) again|"
    r"(?:start|resume) (?:the |my |your )?(?:texts|text messages)(?: again)?|turn (?:the |my )?texts back on|"
    r"(?:suscribirme|suscriban?me) (?:de nuevo|otra vez)|"
    r"quiero recibir (?:los |sus )?mensajes (?:de nuevo|otra vez)|reanudar (?:los )?mensajes"
    r")(?: please| thanks| por favor)?"
)


def _anywhere(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{_filled('|'.join(patterns))})(?: |$)")


#: Said in the middle of anything, in writing or on a voicemail: a person has to judge.
SPOKEN: tuple[tuple[Rule, re.Pattern[str]], ...] = (
    (
        Rule.ABOUT_TEXTS,
        _anywhere(
            r"(?<!do not )(?:stop|quit) (?:<TEXTING>|calling|paging|notifying|emailing)(?: to)? (?:<ME>|my \w+)",
            r"(?<!not )(?<!never )(?:stop|quit|no more)(?: <OTHER>){0,4} (?:texts|texting|messages|text messages?|sms)",
            r"you not stop(?: <OTHER>){0,4} (?:texts|texting|messages|sms)",
            r"(?<!not )(?:stop|quit) sending (?:\w+ ){0,2}(?:notifications|alerts)|(?:be|get) (?:removed|taken) (?:from|off)",
            r"(?<!not )(?:stop|quit) sending (?:me|us)|do not send (?:me|us) (?:anything|these|any more)",
            r"(?:do not|never|not to)(?: ever)? (?:text|message|contact|write to|call or text) (?:<ME>|my \w+)",
            r"(?:do not|no longer) (?:want|wish|need|like)(?: <OTHER>){0,4} (?:texts|texted|messages|sms|contacted)",
            r"(?:the|these|your|those) (?:texts|messages|text messages) (?:need to|have to|has to|must|should) stop",
        ),
    ),
    (
        Rule.ABOUT_TEXTS,
        _anywhere(
            r"un ?subscribe[ds]?|unsub|opt(?:ed|ing)?(?: <WHO>)? out",
            r"(?:remove|take|get|delete) <WHO> (?:from|off|off of|out of) (?:<TEXTS>|(?:(?:your|the|this|these|that|text|"
            r"texting|message|sms|call|calling|contact|phone) ){0,3}lists?)",
            r"(?:remove|take|delete) (?:my|this)(?: phone)? number(?: from| off| out)?",
            r"(?:revoke|withdraw|take back) (?:my |all )?consent|(?:do not|no longer) consent",
            r"no (?:me|nos) (?:vuelvan? a )?\w{4,10}(?: mas)?(?: de)? (?:mensajes|textos)(?<!manda mensajes)",
            r"no (?:me|nos) <MANDE> (?:mas|nada)|no (?:me|nos) (?:textee|mensajee|contacte|escriba)[ns]?",
            r"(?:dejen?|deja|paren?) de (?:<MANDAR>|(?:mandar|enviar) <MENSAJES>)",
            r"no (?:mas|quiero|deseo)(?: \w+){0,3} (?:mensajes|textos)|mi numero de (?:la|su|esta) lista",
        ),
    ),
    (Rule.WRONG_NUMBER, _anywhere("(?:have|got|is|texting) the wrong (?:number|person)")),
)

#: Only in writing: a whole text, or how it begins or ends.
UNCLEAR: tuple[tuple[Rule, re.Pattern[str]], ...] = (
    *SPOKEN,
    (Rule.WRONG_NUMBER, _anywhere(r"^(?:sorry )?wrong (?:number|person)|^(?:es |tiene )?(?:el )?numero equivocado$")),
    (
        Rule.ABOUT_LISTS,
        _anywhere(r"(?:remove|take|get|delete) <WHO> (?:from|off|out)(?! hold)", "^(?:please )?(?:delete me|salir)$"),
    ),
    (
        Rule.ENOUGH,
        _anywhere(
            "^(?:please )?(?:no more|no mas|enough|that is enough|ya no|go away|make it stop|no me llamen|quit it|"
            "remove|discontinue|cease|desist|cease and desist|block me|i want out)(?: please)?$",
            "^i (?:did not|never) (?:sign|signed|ask|asked|agree|agreed)|^i do not want (?:these|this)(?: any more)?$",
        ),
    ),
    (Rule.OTHER_LANGUAGE, _anywhere("^(?:arret|arreter|ctoп|停止|停|退订|توقف|dung lai)$")),
    (
        Rule.KEYWORD_AND_MORE,
        _anywhere(
            r"^(?:start|yes|help|info) (?:stop|unsubscribe)$|^(?:stop|unsubscribe) (?:start|help|info)$",
            r"^(?:hi |hello |hey )?(?:please )?stop (?:and|but|or|because|if|i|you|we|thanks|please|everything|unless)",
            r"^stop (?!(?:the|a|an|my|our|his|her|their|this|that|these|those|by|at|in|on|over|code|codes|error|errors|sign|"
            r"working|to|for|from|with|0x\w*)(?: |$))\w+(?: \w+){0,2}$",
            r"^stop this is not|^this is not \w+ (?:please )?stop$",
            r"please stop(?: now| it| this| thanks)?$",
            r"^(?:\w+ )?(?!(?:bus|full|not|to|the|a|truck|non|never|dead|door|can|could|did|does|it|will|hard) )\w+ stop$",
        ),
    ),
)
