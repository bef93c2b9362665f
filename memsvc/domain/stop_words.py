"""Function words by language: they say how a question is put, not what it is about.

Inverse document frequency alone does not do this in short texts: in a chat "when" and "did" are
rarer than most names. Written by hand from the closed word classes (articles, pronouns,
prepositions, conjunctions, auxiliaries, question words and the pieces that apostrophes leave).
"""
# ruff: noqa: RUF001 - Cyrillic and dotless letters look like others, as they should.

from collections.abc import Collection, Iterable
from functools import cache

from memsvc.domain.tokens import fold, is_hiragana

_WORDS = {
    "ca": """a al als amb aquell aquella aquest aquesta així com d de del dels des el ella ells
        els en entre era és està ha han he hi i jo l la les li lo m més meu na no o on per
        perquè però qual quan què qui s sa se sense seu sobre són t tu un una us va van vas""",
    "cs": """a aby ale ani asi až bez by byl byla bylo byli být co či do ho i já jak jako je
        jeho jejich její jen ještě jsem jsi jsme jsou jste k kam kde kdo kdy který která které
        když ke má mi mě my na nad ne nebo není o od on ona oni po pod podle pro proč protože
        před při s se si své ta tak také te tě ten to tom tu ty u už v ve však z za ze že""",
    "da": """af alle at da de deres det den der dig din dine dit du efter eller en er et for fra
        få gør ham han hans har havde have hende hendes her hos hun hvad hvem hver hvilken
        hvilke hvis hvor hvordan hvorfor hvornår i ikke ind jeg jer kan kunne man med men mig
        min mine mit mod ned nok nu når og også om op os over på sig sin sine skal skulle som
        til ud under var vi vil ville være været""",
    "de": """aber als also am an auch auf aus bei beim bin bis bist da damit dann das dass dein
        deine deinem deinen deiner dem den denn der des dich die dies diese diesem diesen
        dieser dieses dir doch du durch ein eine einem einen einer eines er es euch euer für
        gegen hab habe haben habt hast hat hatte hatten hattest ich ihm ihn ihnen ihr ihre
        ihrem ihren ihrer im in ins ist ja kann kannst können könnte man mein meine meinem
        meinen meiner mich mir mit nach nicht noch nun nur ob oder ohne sehr sein seine seinem
        seinen seiner sich sie sind so soll sollte über um und uns unser unsere unter vom von
        vor wann war waren warst warum was weil welche welchem welchen welcher welches wem wen
        wenn wer werde werden wie wieder will wir wird wirst wo woher wohin worden wurde wurden
        zu zum zur zwischen""",
    "en": """a about after again all also am an and any are as at be because been before being
        between both but by can could d did do does doing done don down during each few for
        from further had has have having he her here hers herself him himself his how i if in
        into is it its itself just ll m me more most my myself no nor not now of off on once
        only or other our ours ourselves out over own re s same she should so some such t than
        that the their theirs them themselves then there these they this those through to too
        under until up ve very was we were what when where which while who whom whose why will
        with would you your yours yourself yourselves""",
    "es": """a al algo ante aquel aquella aquellos así aun aunque como cómo con contra cual cuál
        cuáles cuando cuándo cuánto de del desde donde dónde dos e el él ella ellas ellos en
        entre era eran eres es esa ese eso esta está están estar estas este esto estos estoy
        fue fueron ha había habían han has hasta hay he la las le les lo los más me mi mí mis
        muy ni no nos nosotros nuestra nuestro o os otra otro para pero por porque qué que
        quien quién quiénes se sea ser si sí sido sin sobre son soy su sus también te tenía ti
        tiene tienen todo tu tú tus un una unas uno unos y ya yo""",
    "fi": """ei eivät en et emme ette että he heidän hän hänen hänet häntä ja jo joka jos jossa
        jotka kanssa ketkä kuin kuka ketä kenen kun koska kuinka me meidän mikä mitä missä
        mistä mihin millainen miksi milloin minkä minua minulla minun minä mutta myös ne niiden
        nyt oli olin olisi olivat olla olen olet on ovat se sen siellä sinä sinun sitä sitten
        tai te teidän tuo tämä tämän vai vain""",
    "fr": """a ai aie as au aux avaient avais avait avec avez avoir avons c ce ceci cela ces cet
        cette chez comme comment d dans de depuis des donc dont du elle elles en entre es est
        et étaient étais était été êtes être eu eux fut il ils j je l la laquelle le lequel les
        lesquels leur leurs lui m ma mais me même mes moi mon n ne ni nos notre nous on ont ou
        où par parce pas pendant plus pour pourquoi puis qu quand que quel quelle quelles quels
        qui quoi s sa sans se sera ses si son sont sous suis sur t ta te tes toi ton tous tout
        toute très tu un une vos votre vous y""",
    "hu": """a az és abban ahol ahogy aki akkor ami amikor amit arra azok azt azért be csak de e
        ebben egy egyik el elő én ennek ez ezek ezt fel ha hanem hiszen hogy hogyan hol hová
        honnan ill ilyen így is itt ki kik kinek kit le lesz lett lehet lehetett maga még meg
        melyik mert mi miért mikor milyen minden mit mint most nagyon ne nem neki nincs ő ők
        ott pedig s sem te től ti tud úgy után vagy vagyok van vannak volt voltak voltam voltál""",
    "id": """ada adalah agar akan aku anda antara apa apakah atau bagaimana bagi bahwa banyak
        berapa bisa dalam dan dari dengan di dia dimana hanya harus ia ini itu juga kalau kami
        kamu kapan karena ke kepada kita lagi lebih mana mereka mengapa nya oleh pada para saat
        saja saya sebagai sebuah sedang sejak seperti siapa sudah tapi telah tentang tetapi
        tidak untuk yang""",
    "it": """a ad agli ai al alla alle allo anche avere aveva avevano c che chi ci cioè come con
        cosa cui d da dagli dai dal dalla dalle dei del dell della delle dello di dopo dove e è
        ed era erano essere fra fu gli ha hai hanno ho i il in io l la le lei li lo loro lui ma
        me mi mia mie miei mio ne negli nei nel nella nelle no noi non nostra nostro o ogni per
        perché però più poi qual quale quali quando quanto quella quelle quelli quello questa
        queste questi questo qui s sarà se sei si sia siamo sono sta stata stato su sua sue
        sugli sul sulla suo suoi te ti tra tu tua tuo un una uno vi voi""",
    "nl": """aan af al alle als altijd ben bent bij daar dan dat de deze die dit doe doen door
        dus een en er ge geen haar had hadden heb hebben hebt heeft hem het hier hij hoe hun ik
        in is je jij jou jouw jullie kan kon kunnen maar me mee met mij mijn moet na naar niet
        nog nu of om omdat onder ons onze ook op over s t te toen tot u uit uw van veel voor
        waar waarom wanneer waren was wat we wel welk welke werd wie wij wil word worden wordt
        zal ze zei zelf zich zij zijn zo zou""",
    "no": """alle at av bare ble bli da de dem den denne der deres det dette din dine ditt du
        eller en er et etter for fra før ha hadde han hans har hennes her hos hun hva hvem hver
        hvilken hvilke hvilket hvis hvor hvordan hvorfor i ikke inn jeg kan kunne man med men
        meg mellom min mine mitt mot må ned noe noen nå når og også om opp oss over på seg selv
        sin sine sitt skal skulle slik som så til ut vår være vært vi vil ville""",
    "pl": """a aby ale ani bo bowiem by był była było były być ci cię co czy dla do go gdy gdzie
        i ich ile im ja jak jako je jego jej jest jestem jesteś już jeśli kiedy kim kto kogo
        komu która które którego której który których lub ma mam masz mi mnie mną może mój moja
        moje my na nad nam nas nie nich niej nim niż o od ona one oni ono oraz po pod ponieważ
        przed przez przy są się skąd swoje ta tak także tam te tego tej ten też to tobie tu
        twój twoja ty tych tym u w was we więc wszystko z za ze że""",
    "pt": """a à ao aos aquela aquele aquilo as às até com como contra da das de dela dele deles
        depois do dos e é ela elas ele eles em entre era eram essa esse esta está estão estava
        este eu foi foram fui há isso isto já lhe lhes lo mais mas me mesmo meu meus minha
        minhas muito na não nas nem no nos nós nossa nosso num numa o onde os ou para pela
        pelas pelo pelos por porque quais qual quando quanto que quê quem sao são se seja sem
        ser seu seus sido sob sobre somos sou sua suas só também te tem tém tinha tu tua um uma
        você vocês""",
    "ro": """a acest această aceste aceasta ai al ale am ar are as asta așa au avea c ca care
        când cât ce cea cei cel cele cine cu cum da dar de deci despre din dintre după e ea ei
        el ele era erau este eu fi fiind fie fost i iar îi în îl îmi își între îți l la le lor
        lui m mă mai mea mei mele meu mi n ne nici noi nostru nu o or ori pe pentru peste prin
        sa să sale sau se și sunt s te tu un una unde unei unui va voi vor vă""",
    "ru": """а без более бы был была были было быть в вам вас весь во вот все всё всего вы где
        да даже для до его ее её ему если есть еще ещё же за и из или им их к как какая какие
        какой какое когда кого кому который кто куда ли мне меня мной мой моя мое мои мы на над
        нас наш не него нее ней нет ни них но ну о об он она они оно от откуда по под почему
        при про с сам себе себя сколько со так также там тебе тебя то тобой того тоже той
        только том ты твой твоя у уже чего чей чем что чтобы чья эта эти это этого этой этом
        этот я""",
    "sv": """alla att av bara blev bli då de dem den denna deras dess det detta dig din dina
        ditt du där efter ej eller en er ett för från ha hade han hans har henne hennes hon
        honom hos hur här i icke in inte jag kan kunde man med mellan men mig min mina mitt mot
        mycket ni nu när någon något några och också om oss på sedan sig sin sina sitt ska
        skulle som så till under upp ut vad var varför vart vara varit vem vems vi vid vilka
        vilken vilket vill är över""",
    "tr": """acaba ama ancak bana bazı ben benim beni bir biz bizim bu bunu çok çünkü da daha de
        değil diye en gibi hangi hem hep her için ile ise ki kim kimi kime kimin mı mi mu mü
        nasıl ne neden nerede nereye nereden niçin niye o olan olarak oldu olduğu olup onlar
        onu onun sana sen senin siz sizin şey şu ve veya ya yani""",
    # Written without spaces, so these are characters and pairs of characters.
    "zh": """的 了 是 在 有 和 与 也 都 就 不 我 你 您 他 她 它 们 这 那
        哪 吗 呢 吧 啊 呀 么 什 怎 谁 几 会 能 要 把 被 对 从 到 给 跟 让
        很 还 又 再 着 过 得 地 之 一 个 上 下 为 什么 怎么 么样 哪里 哪个
        哪些 哪儿 那里 这里 那个 这个 为什 时候 么时 多少 几个 我的 你的 他的 她的
        的是 是什 是谁 是在 我们 你们 他们 她们 有没 没有 是不 不是 叫什 了什 的什
        在哪""",
    "ja": """何 誰 私 彼 何時 何処 何故 何を 何が 何で 誰が 誰と 誰に 私の 私は
        私が 彼の 彼は 彼女""",
    "ko": """은 는 이 가 을 를 에 의 와 과 도 로 나 너 저 내 네 것 수 요
        다 니 까 습 했 있 어디 언제 누구 무엇 뭐를 어떤 어떻 떻게 얼마 누가 디에
        제나 나는 저는 내가 제가 너는 니까 습니 니다 했어 었어 있어 어요 에서 까지
        부터 으로 에게 한테 그리 리고""",
}


def function_words(tokens: Collection[str], languages: Iterable[str]) -> set[str]:
    """Return those of a question's ``tokens`` that are function words in its language.

    Which of ``languages`` it is written in is decided by the function words themselves: the one
    that knows most of them, several if they tie. So "die" is a verb beside English words and an
    article beside German ones. Hiragana is grammar in most cases, and counts as such.
    """
    found = [{t for t in tokens if fold(t) in _folded(language)} for language in languages]
    most = max(map(len, found), default=0)
    by_list = set[str]().union(*(words for words in found if len(words) == most))
    return by_list | {token for token in tokens if is_hiragana(token)}


@cache
def _folded(language: str) -> frozenset[str]:
    return frozenset(map(fold, _WORDS.get(language, "").split()))
