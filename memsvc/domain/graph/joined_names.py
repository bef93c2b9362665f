"""Names that are written without spaces: what is a title or a legal form in them.

Chinese, Japanese and Korean put titles after a name and forms of companies at either end.
"""

import re
from dataclasses import dataclass
from typing import Literal

from memsvc.domain.graph.entity_forms import EntityForm

_JOINED = re.compile("[\u3005\u3041-\u30fe\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7a3]+")
_TITLES = {
    title: said
    for titles, said in (
        ("さん さま 様 氏 殿 教授 博士 老师 医生 씨 님 선생님 교수님 박사님", ""),
        ("先生", ""),  # "Mr" in Chinese, "teacher" in Japanese
        ("女士 小姐", "her"),
    )
    for title in titles.split()
}
_LEGAL_FORMS = "股份有限公司 有限责任公司 有限公司 株式会社 有限会社 合同会社 주식회사 유한회사"
_LEAST_LETTERS = 2
_CHINESE_SURNAMES = frozenset(
    "王李张張刘劉陈陳杨楊赵趙黄黃周吴吳徐孙孫朱马馬胡郭何罗羅郑鄭梁谢謝宋唐许許邓鄧韩韓冯馮曹彭"
)
_KOREAN_SURNAMES = frozenset("김이박최정강조윤장임한오서신권황안송류홍전고문손양배백허남심노하")
_FULL_LETTERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedName:
    """A name without what stands at its ends."""

    bare: str
    title: str
    """Empty without one."""
    legal_form: str
    """Empty without one."""

    @property
    def said_of(self) -> Literal["him", "her", ""]:
        """Of whom the title is said, where it tells."""
        return "her" if _TITLES.get(self.title) == "her" else ""

    @property
    def is_full(self) -> bool:
        """Whether the name has a family name and a given name, as far as characters tell."""
        first, length = self.bare[0], len(self.bare)
        if first in _KOREAN_SURNAMES:
            return length == _FULL_LETTERS
        is_chinese = length == _FULL_LETTERS and first in _CHINESE_SURNAMES
        return is_chinese or (length > _FULL_LETTERS and all(e >= "\u4e00" for e in self.bare))


def joined_name(form: EntityForm) -> JoinedName | None:
    """Return the parts of a name in these scripts; ``None`` for one that has other letters."""
    text = form.replace(" ", "")
    if not _JOINED.fullmatch(text):
        return None
    bare, legal_form = text, ""
    for each in _LEGAL_FORMS.split():
        is_long_enough = not legal_form and len(bare) >= len(each) + _LEAST_LETTERS
        if is_long_enough and (bare.startswith(each) or bare.endswith(each)):
            bare, legal_form = bare.removeprefix(each).removesuffix(each), each
    title = next((e for e in _BY_LENGTH if bare.endswith(e)), "")
    if not title or len(bare) < len(title) + _LEAST_LETTERS:
        return JoinedName(bare=bare, title="", legal_form=legal_form)
    return JoinedName(bare=bare.removesuffix(title), title=title, legal_form=legal_form)


_BY_LENGTH = sorted(_TITLES, key=len, reverse=True)
