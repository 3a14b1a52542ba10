"""Which language a text is written in, as far as its answer depends on it. Pure, and only sure of what it has words for."""

from collections.abc import Mapping

from tickets.commands import plain_words


def _words(line: str) -> frozenset[str]:
    return frozenset(line.split())


#: Words that hardly occur in the other languages of a north-east Texan help desk. Without accents: phones leave them out.
_WORDS: Mapping[str, frozenset[str]] = {
    "es": _words(
        "el la los las un una unos unas de del al que y o en es esta estan estamos no se nos por para con mi mis nuestro "
        "nuestra hay tenemos tengo puede puedo podemos necesito necesitamos ayuda hola gracias buenos buenas dias tardes "
        "internet correo servidor computadora impresora telefono telefonos funciona funcionan caido oficina urgente favor "
        "alto basta parar pare cancelar quitar mensajes mensaje textos mas me mande manden deje dejen empezar"
    ),
    "en": _words(
        "the a an of and or in is are was we our my i it its this that to for with not no can cannot cant have has need "
        "help hello hi thanks please server internet email printer phone phones computer down office urgent stop"
    ),
}
_PLAIN = str.maketrans("áéíóúüñ", "aeiouun")


def guess(body: str) -> str | None:
    """The language ("es", "en") most of whose small words a text uses, or None when no language clearly leads: it takes
    two of them, unless the text has nothing else."""
    words = plain_words(body).translate(_PLAIN).split()
    counts = sorted(((sum(word in known for word in words), code) for code, known in _WORDS.items()), reverse=True)
    (most, code), (second, _) = counts[0], counts[1]
    return code if most > second and most in (len(words), max(most, 2)) else None
