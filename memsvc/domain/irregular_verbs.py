"""English verbs whose past forms no stemmer leads back: swam, bought, went.

For telling that two texts share a word: that "left" is a side as well does little harm there.
"""

_FORMS = """
    be was were been am is are; become became; begin began begun; bend bent; bite bit bitten;
    bleed bled; blow blew blown; break broke broken; breed bred; bring brought; build built;
    buy bought; catch caught; choose chose chosen; come came; creep crept; deal dealt; dig dug;
    do did done; draw drew drawn; dream dreamt; drink drank drunk; drive drove driven;
    eat ate eaten; fall fell fallen; feed fed; fight fought; fly flew flown;
    forbid forbade forbidden; forget forgot forgotten; forgive forgave forgiven;
    freeze froze frozen; get got gotten; give gave given; go went gone; grow grew grown;
    hang hung; have had has; hear heard; hide hid hidden; hold held; keep kept; kneel knelt;
    know knew known; lead led; learn learnt; lend lent; lose lost; make made; mean meant;
    meet met; pay paid; ride rode ridden; rise risen; run ran; say said; see saw seen;
    sell sold; send sent; shake shook shaken; shine shone; shoot shot; show shown;
    sing sang sung; sink sank sunk; sit sat; sleep slept; speak spoke spoken; spend spent;
    spin spun; stand stood; steal stole stolen; stick stuck; swear swore sworn; sweep swept;
    swim swam swum; swing swung; take took taken; teach taught; tear tore torn; tell told;
    think thought; throw threw thrown; understand understood; wake woke woken; wear wore worn;
    weep wept; win won; write wrote written; leave left; feel felt; find found
"""
_BASES = {
    form: base for base, *forms in (entry.split() for entry in _FORMS.split(";")) for form in forms
}


def base_form(word: str) -> str:
    """Return the verb that ``word`` (in small letters) is an irregular form of, else the word."""
    return _BASES.get(word, word)
