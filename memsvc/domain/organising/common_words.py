"""Words that are no function words and still say little: greetings, praise, everyday verbs.

Chat is full of them, and in a short text each occurs as often as the word that matters. Written by
hand, by language; compared by stem, so one form of a verb stands for all.
"""

from functools import cache

from memsvc.domain.languages import stem
from memsvc.domain.tokens import fold

_WORDS = {
    "de": """ach aha alles anders april august bald bestimmt bisschen bitte danke denke dezember
        dienstag donnerstag eben eigentlich einfach einmal etwas februar finde fragen freitag ganz
        geben gehen geht genau gerade gern gerne gestern gibt glaube großartig gut gute guten
        hallo heute hey immer irgendwie jahr jahre januar jeden jetzt juli juni klar klingt kommen
        lange letzte letzten leute liebe lieber machen macht mag mai mal manchmal mehr mittwoch
        montag morgen märz mögen nett neu neue neuen nichts nie november nächste nächsten ok okay
        oktober prima sagen samstag schon schön schöne sehen september sicher sonntag super tag
        tage toll total tun viel viele vielen vielleicht voll wahrscheinlich weiter weiß wenig
        wieso wirklich wissen woche wohl zeit ziemlich zuerst zurück""",
    "en": """able absolutely accept actually ago agree almost already alright always amazing
        anyone anything anyway appreciate april around ask august away awesome back bad beautiful
        become begin believe best better big bit bring bye came chat check come cool couple course
        cute day days deal december definitely different easy else end enjoy enough even ever
        every everyone everything exactly excited exciting fact fantastic far february feel
        feeling felt find fine first forward found friday fun funny gave get getting give given
        glad go goes going gone gonna good gosh got gotta gotten great guess guy guys haha happen
        happy hard hear heard hello help helpful hey hi hmm hope hour hug huge idea important
        incredible inspire interest january july june keen keep kind kinda know last late lately
        later least left let life like little lol long look lot lots love lovely luck made make
        many march matter may maybe mean mention met might mind minute miss moment monday month
        morning much must name need never new next nice night nope nothing november number october
        often oh ok okay old omg one others part people perfect person pick place plan please
        plenty point possible powerful pretty probably proud proudly put question quick quite
        rather reach ready real really reason recently remember right said saturday saw say second
        see seem seen send sense september set several share show similar since someone something
        sometimes soon sorry sort sound special start stay still stop stuff sunday super support
        sure take talk tell thank thankful thanks thing things think thought thousand three
        thursday time times today together told tomorrow took total totally tried true try tuesday
        turn two understand use used usually want way wednesday week well went whole wish wonder
        wonderful word work worth wow yeah year years yep yes yesterday yet yup""",
    "es": """ahora alguien alguna algunos algún allí aquí ayer bien buena bueno buenos cada casi
        claro cosa cosas creo dar decir después dice día días entonces esperar estupendo favor
        feliz fácil genial gente gracias gran gusta gustar hablar hace hacer hecho hola hoy igual
        increíble ir jaja llamar llegar luego lugar mal manera mañana mejor mismo mucha mucho
        muchos nada nueva nuevo nunca pasar pensar poco poder poner primero próximo pues querer
        quiero realmente saber seguro semana siempre simplemente tal tarde tiempo toda todos tomar
        tras vale vamos veces ver verdad vez vida voy último única""",
    "fr": """accord aimer aller allô alors aujourd autre autres avant beau beaucoup belle bien bon
        bonjour bonne chose choses clair croire demain dernier dernière dire encore enfin ensuite
        envie faire faut gens grand génial hier hui idée impression jamais jour jours juste loin
        maintenant mais mal matin meilleur merci mettre mieux moment nouveau nouvelle parfait
        parler passer penser petit peu peut place plein pouvoir premier prendre prochain près
        quelqu quelque rien salut savoir semaine simplement soir souvent super surtout sûr temps
        toujours trop trouver un vers vie vite voici voilà voir vouloir vrai vraiment""",
    "it": """adesso ancora andare anni bella bello bene bravo buona buono certo ciao cosa cose
        credere dire domani dopo facile fare fatto forse generale giorni giorno grande grazie ieri
        insieme invece mai male meglio mese mettere modo molta molto momento niente nulla nuova
        nuovo oggi ora parlare pensare persone piacere poco posto potere prego prendere presto
        prima prossimo qualche qualcosa sapere scorso sempre sentire settimana sicuro solo spesso
        tanto tempo trovare tutto ultimo vedere veramente vero via vita volere volta volte""",
    "pt": """agora ainda algo algum alguém amanhã antes aqui assim bem boa bom bonito cada claro
        coisa coisas dar deixar dia dias dizer então falar fazer feito feliz ficar fácil gente
        gostar grande hoje ideia incrível ir legal logo lugar mal melhor mesma momento muita nada
        nova novo nunca obrigada obrigado oi olá ontem outra outro pensar pessoas poder pouco
        primeiro próximo quase querer realmente saber semana sempre sentir tarde tempo ter toda
        todo tudo ver verdade vez vezes vida vou""",
}

CJK_COMMON = frozenset(
    [
        "今天",
        "昨天",
        "明天",
        "现在",
        "以后",
        "以前",
        "知道",
        "觉得",
        "喜欢",
        "谢谢",
        "你好",
        "可以",
        "没有",
        "真的",
        "非常",
        "一些",
        "一下",
        "时候",
        "事情",
        "东西",
        "大家",
        "自己",
        "已经",
        "还有",
        "因为",
        "所以",
        "但是",
        "如果",
        "就是",
        "不是",
        "这样",
        "那样",
        "一起",
        "很多",
        "开始",
        "希望",
        "今日",
        "昨日",
        "明日",
        "本当",
        "自分",
        "最近",
        "一緒",
        "大丈夫",
        "思い",
        "時間",
        "先週",
        "来週",
    ]
)
"""Common words of Chinese and Japanese, whole."""


@cache
def common_stems(language: str) -> frozenset[str]:
    """Return the stems of the common words of a language, folded; empty for others."""
    words = _WORDS.get(language, "").split()
    return frozenset(stem(fold(word), language) for word in words) | frozenset(map(fold, words))
