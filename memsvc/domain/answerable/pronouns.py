"""Whether somebody speaks of themselves or of whom they speak to, by pronouns."""

from memsvc.domain.tokens import split_tokens

_SELF = """
i me my mine myself we us our ours ourselves
ich mir mich mein meine meinen meinem meiner wir uns unser unsere
je moi mon ma mes nous notre nos
yo mí mi mis mío mía nosotros nosotras nuestro nuestra
io mio mia miei mie noi nostro nostra
eu meu minha meus minhas nós nosso nossa
ik mij mijn wij ons onze
я мне меня мой моя моё мои мы нас наш наша
我 俺 咱
"""
_OTHER = """
you your yours yourself yourselves u
du dir dich dein deine deinen deinem deiner ihr euch euer eure
tu toi ton ta tes vous votre vos
tú ti tus tuyo tuya usted ustedes vosotros vosotras
tuo tua tuoi tue voi vostro vostra
você vocês teu tua seu
jij jou jouw jullie
ты тебе тебя твой твоя твоё твои вы вас вам ваш ваша
你 您
"""
_SELF_WORDS = frozenset(_SELF.split())
_OTHER_WORDS = frozenset(_OTHER.split())


def speaks_of_self(text: str) -> bool:
    """Tell whether a text has a pronoun of the first person."""
    return not _SELF_WORDS.isdisjoint(_words(text))


def speaks_of_other(text: str) -> bool:
    """Tell whether a text has a pronoun of the second person."""
    return not _OTHER_WORDS.isdisjoint(_words(text))


def _words(text: str) -> set[str]:
    tokens, singles = split_tokens(text)
    return {*tokens, *singles}
