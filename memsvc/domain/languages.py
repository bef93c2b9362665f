"""Which language a text is in, and the stems of its words.

Stemmers are Snowball's (M. F. Porter, "Snowball: a language for stemming algorithms", 2001);
languages of one script are told apart by py3langid (M. Lui & T. Baldwin, "langid.py: an
off-the-shelf language identification tool", ACL 2012). Its model takes 0.6 s to load and 60 MB,
once, with the first text that needs it.
"""

import re
from functools import cache, lru_cache
from threading import Lock

import snowballstemmer
from py3langid.langid import MODEL_FILE, LanguageIdentifier

UNDETERMINED = "und"
"""Stands for the language of a text that is too short to tell, or in none that is known."""

_SNOWBALL = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "eo": "esperanto",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}

# Where a script is enough to know the language. Kana come first: they make a text Japanese.
_BY_SCRIPT = {
    "ja": re.compile("[\u3041-\u3096\u30a1-\u30fa]"),
    "zh": re.compile("[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af]"),
    "ko": re.compile("[\uac00-\ud7a3\u1100-\u11ff]"),
    "th": re.compile("[\u0e01-\u0e4e]"),
    "lo": re.compile("[\u0e81-\u0edf]"),
    "my": re.compile("[\u1000-\u109f]"),
    "km": re.compile("[\u1780-\u17dd]"),
    "el": re.compile("[\u0370-\u03ff\u1f00-\u1fff]"),
    "hy": re.compile("[\u0531-\u0587]"),
    "ta": re.compile("[\u0b80-\u0bff]"),
}

# Told apart from the stemmed ones, so that no foreign stemmer cuts their words.
_UNSTEMMED = (
    *("af", "az", "be", "bg", "bs", "cy", "gl", "he", "hr", "is", "kk", "la", "lv"),
    *("mk", "mn", "mr", "ms", "sk", "sl", "sq", "sw", "tl", "uk", "ur", "vi"),
)

RECOGNISED = tuple(sorted({*_SNOWBALL, *_BY_SCRIPT, *_UNSTEMMED}))
"""ISO 639-1 codes that ``recognise_language`` may return, apart from ``und``."""

_SAMPLE_CHARACTERS = 400
_SCRIPT_SHARE = 0.2
# Measured on 2,760 English chat turns: 0 wrong, and 79 % of those under 40 characters decided.
_CONFIDENCE = 0.7
# 131,072 words and stems are about 25 MB; a stem takes 20 µs to make and 0.1 µs to look up.
_REMEMBERED_STEMS = 1 << 17


def recognise_language(text: str) -> str:
    """Return the ISO 639-1 code of the language of ``text``, or ``und`` in case of doubt."""
    sample = text[:_SAMPLE_CHARACTERS]
    letters = sum(map(str.isalpha, sample))
    if letters == 0:
        return UNDETERMINED
    if not sample.isascii():
        for language, script in _BY_SCRIPT.items():
            if len(script.findall(sample)) >= _SCRIPT_SHARE * letters:
                return language
    language, confidence = _identifier().classify(sample)
    return language if confidence >= _CONFIDENCE else UNDETERMINED


def base_language(code: str) -> str:
    """Return the language whose stems and function words serve a language ``code``.

    ``pt-BR`` is ``pt`` here, and both written forms of Norwegian are ``no``.
    """
    language = code.partition("-")[0].lower()
    return "no" if language in {"nb", "nn"} else language


def has_stems(language: str) -> bool:
    """Tell whether words of ``language`` have stems here."""
    return language in _SNOWBALL


@lru_cache(maxsize=_REMEMBERED_STEMS)
def stem(word: str, language: str) -> str:
    """Return the stem of a case-folded ``word``; the word itself where there is no stemmer."""
    if not (has_stems(language) and word[:1].isalpha()):
        return word
    with _LOCK:  # Snowball's stemmers keep the word they work on in themselves.
        stemmed: str = _stemmer(language).stemWord(word)
    return stemmed


_LOCK = Lock()
_LOADING = Lock()


@cache
def _stemmer(language: str) -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer(_SNOWBALL[language])


def _identifier() -> LanguageIdentifier:
    with _LOADING:
        return _load_identifier()


@cache
def _load_identifier() -> LanguageIdentifier:
    full = LanguageIdentifier.from_model_file(MODEL_FILE)
    kept = [i for i, language in enumerate(full.nb_classes) if language in RECOGNISED]
    # Built anew instead of narrowed by `set_languages`, which would keep all 142 languages.
    return LanguageIdentifier(
        full.nb_ptc[:, kept].copy(),
        full.nb_pc[kept],
        [full.nb_classes[i] for i in kept],
        full.tk_nextmove,
        full.tk_output,
        norm_probs=True,
        tk_row=full.tk_row,
    )
