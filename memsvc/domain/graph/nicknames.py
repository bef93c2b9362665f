"""Short names that people with a given name are called by: reasons to ask, never to merge."""

_GROUPS = """
robert bob bobby rob robbie
william bill billy will willie liam
elizabeth liz lizzie beth betty eliza
katherine catherine kathryn kate katie kathy cathy
thomas tom tommy
michael mike mick mikey
james jim jimmy jamie
john jack johnny
richard rick dick ricky rich
margaret maggie meg peggy
edward ed eddie ted ned
charles charlie chuck
joseph joe joey
daniel dan danny
matthew matt
anthony tony
andrew andy drew
steven stephen steve
christopher chris
christine christina chris tina
patricia pat patty trish
patrick pat paddy
alexander alex sasha sandy
alexandra alex sasha sandra
susan sue susie
jennifer jen jenny
rebecca becky
samuel sam sammy
samantha sam
benjamin ben benny
nicholas nick nicky
jose pepe
francisco paco pancho
ignacio nacho
maria mia
johannes hans
franziska franzi
alessandro sandro
александр саша шура
александра саша шура
дмитрий дима
мария маша
екатерина катя
иван ваня
"""
_NAMES_OF: dict[str, set[int]] = {}
for _number, _line in enumerate(_GROUPS.split("\n")):
    for _name in _line.split():
        _NAMES_OF.setdefault(_name, set()).add(_number)


def may_be_one(one: str, other: str) -> bool:
    """Tell whether two given names, folded, are a name and its short form, or two short forms."""
    return not _NAMES_OF.get(one, set()).isdisjoint(_NAMES_OF.get(other, set()))
