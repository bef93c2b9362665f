"""The classes that rules tag memories with, and the words that stand for them, by language.

Class names are English whatever the text's language, so that memories in two languages can share
them. Words are compared by stem; those of Chinese and Japanese as they stand in the text.
"""

from collections.abc import Mapping

LEXICON: Mapping[str, Mapping[str, str]] = {
    "animals": {
        "en": "animal bird cat dog fish horse kitten pet puppy rabbit turtle vet wildlife zoo",
        "de": "haustier hund katze pferd tier tierarzt vogel welpe",
        "fr": "animal chat chien cheval oiseau vétérinaire",
        "es": "animal caballo gato mascota pájaro perro veterinario",
        "it": "animale cane cavallo gatto uccello veterinario",
        "pt": "animal cachorro cão cavalo gato pássaro",
        "zh": "动物 宠物 小狗 小猫 兽医",
        "ja": "動物 ペット 子犬 猫",
    },
    "art": {
        "en": (
            "art artist canvas craft draw drawing exhibition gallery museum paint painting photo "
            "photography picture pottery sculpture sketch"
        ),
        "de": "ausstellung bild foto galerie kunst künstler malen museum zeichnen",
        "fr": "art artiste dessin exposition galerie musée peinture photo",
        "es": "arte artista cuadro dibujo exposición foto museo pintar pintura",
        "it": "arte artista dipinto disegno foto mostra museo pittura",
        "pt": "arte artista desenho exposição foto museu pintura",
        "zh": "艺术 画画 绘画 博物馆 摄影 展览",
        "ja": "芸術 絵画 美術館 写真 展覧会",
    },
    "celebration": {
        "en": (
            "anniversary birthday celebrate celebration christmas easter festival halloween party "
            "thanksgiving wedding"
        ),
        "de": "feier feiern geburtstag hochzeit jubiläum ostern party silvester weihnachten",
        "fr": "anniversaire fête mariage noël pâques",
        "es": "aniversario boda cumpleaños fiesta navidad",
        "it": "anniversario compleanno festa matrimonio natale",
        "pt": "aniversário casamento festa natal",
        "zh": "生日 婚礼 庆祝 春节 圣诞",
        "ja": "誕生日 結婚式 お祝い 祭り",
    },
    "education": {
        "en": (
            "class college course degree exam graduate graduation homework learn lesson school "
            "semester student study teach teacher thesis university"
        ),
        "de": (
            "ausbildung hochschule kurs lehrer lernen prüfung schule student studieren studium "
            "universität unterricht"
        ),
        "fr": "cours diplôme école élève étudiant étudier examen université professeur",
        "es": "alumno carrera clase colegio curso escuela estudiar examen profesor universidad",
        "it": "corso esame lezione professore scuola studente studiare università",
        "pt": "aula curso escola estudar exame faculdade professor universidade",
        "zh": "学校 大学 学习 考试 老师 课程 毕业",
        "ja": "学校 大学 勉強 試験 先生 授業 卒業",
    },
    "family": {
        "en": (
            "aunt baby brother child children cousin dad daughter family father grandma "
            "grandmother grandfather grandpa husband kid mom mother mum nephew niece parent "
            "sibling sister son uncle wife adoption adopt"
        ),
        "de": (
            "bruder cousin eltern familie frau großmutter großvater kind mann mutter oma onkel "
            "opa schwester sohn tante tochter vater"
        ),
        "fr": (
            "bébé enfant famille femme fille fils frère grand-mère maman mari mère papa parent "
            "père sœur"
        ),
        "es": (
            "abuela abuelo esposa esposo familia hermana hermano hija hijo madre mamá marido niño "
            "padre padres papá"
        ),
        "it": (
            "bambino famiglia figlia figlio fratello madre mamma marito moglie nonna nonno padre "
            "sorella"
        ),
        "pt": "avó avô esposa família filha filho irmã irmão mãe marido pai",
        "zh": "妈妈 爸爸 父母 家人 孩子 儿子 女儿 哥哥 姐姐 弟弟 妹妹 丈夫 妻子",
        "ja": "家族 母親 父親 子供 息子 娘 兄弟 姉妹 妻 夫",
    },
    "feelings": {
        "en": (
            "afraid angry anxious anxiety cry emotion emotional fear grateful grief lonely "
            "nervous sad scared stress stressed upset worry worried"
        ),
        "de": "angst einsam gefühl glücklich nervös sorgen stress traurig weinen wütend",
        "fr": "anxieux colère émotion heureux inquiet peur stress triste",
        "es": "ansiedad enojado estrés miedo nervioso preocupado sentimiento triste",
        "it": "ansia arrabbiato emozione paura preoccupato stress triste",
        "pt": "ansiedade medo nervoso preocupado estresse triste",
        "zh": "难过 伤心 开心 害怕 焦虑 压力 生气",
        "ja": "悲し 嬉し 不安 怖 心配 怒",
    },
    "film and television": {
        "en": "actor cinema director episode film movie netflix series sitcom television tv",
        "de": "fernsehen film kino regisseur schauspieler serie",
        "fr": "acteur cinéma épisode film réalisateur série télé",
        "es": "actor cine director película serie televisión",
        "it": "attore cinema film regista serie televisione",
        "pt": "ator cinema diretor filme série televisão",
        "zh": "电影 电视 电视剧 演员 导演",
        "ja": "映画 テレビ ドラマ 俳優 監督",
    },
    "food": {
        "en": (
            "bake bakery breakfast cake chef chocolate coffee cook cooking cuisine dessert dinner "
            "dish drink eat food fruit ingredient kitchen lunch meal pasta pizza recipe "
            "restaurant soup taste tea vegan vegetable vegetarian wine"
        ),
        "de": (
            "abendessen backen essen frühstück gericht kaffee kochen kuchen küche mittagessen "
            "nudeln restaurant rezept suppe tee trinken vegetarisch wein"
        ),
        "fr": (
            "boire café cuisine cuisiner déjeuner dessert dîner gâteau manger plat recette repas "
            "restaurant thé vin"
        ),
        "es": (
            "almuerzo beber café cena cocina cocinar comer comida desayuno postre receta "
            "restaurante vino"
        ),
        "it": (
            "bere caffè cena cibo cucina cucinare dolce mangiare pasta pizza pranzo ricetta "
            "ristorante vino"
        ),
        "pt": "almoço beber café comer comida cozinha cozinhar jantar receita restaurante vinho",
        "zh": "吃饭 餐厅 做饭 咖啡 早餐 晚餐 午餐 菜谱 火锅 好吃 食物",
        "ja": "料理 食べ レストラン コーヒー 朝食 夕食 昼食 レシピ",
    },
    "friends": {
        "en": "buddy friend friendship mate neighbour neighbor roommate",
        "de": "freund freundin freundschaft kumpel nachbar mitbewohner",
        "fr": "ami amie amitié copain copine voisin",
        "es": "amiga amigo amistad compañero vecino",
        "it": "amica amico amicizia coinquilino vicino",
        "pt": "amiga amigo amizade vizinho",
        "zh": "朋友 邻居 室友",
        "ja": "友達 友人 近所",
    },
    "games": {
        "en": (
            "chess console game gamer gaming lego nintendo playstation puzzle tournament "
            "videogame xbox"
        ),
        "de": "brettspiel schach spiel spielen turnier videospiel",
        "fr": "échecs jeu jouer tournoi",
        "es": "ajedrez juego jugar torneo videojuego",
        "it": "gioco giocare scacchi torneo videogioco",
        "pt": "jogar jogo torneio xadrez",
        "zh": "游戏 比赛 象棋",
        "ja": "ゲーム 将棋",
    },
    "health": {
        "en": (
            "allergy clinic cold cure diet disease doctor exercise fever headache health healthy "
            "hospital hurt ill illness injury medicine mental nurse pain pregnant sick sleep "
            "surgery symptom therapist therapy treatment yoga"
        ),
        "de": (
            "allergie arzt gesund gesundheit krank krankenhaus krankheit medikament operation "
            "schlaf schmerz therapie verletzung"
        ),
        "fr": "allergie douleur hôpital malade maladie médecin médicament santé sommeil thérapie",
        "es": "alergia dolor enfermedad enfermo hospital médico medicina salud terapia",
        "it": "allergia dolore malato malattia medicina medico ospedale salute terapia",
        "pt": "alergia dor doença doente hospital médico remédio saúde terapia",
        "zh": "医院 医生 生病 健康 感冒 手术 过敏 治疗 药",
        "ja": "病院 医者 病気 健康 風邪 手術 治療 薬",
    },
    "home": {
        "en": (
            "apartment bathroom bedroom clean cleaning flat furniture garden house kitchen "
            "landlord lease mortgage move rent renovate renovation roof room sofa"
        ),
        "de": "garten haus miete möbel putzen renovieren umzug umziehen wohnen wohnung zimmer",
        "fr": "appartement chambre déménager jardin loyer maison meuble",
        "es": "alquiler apartamento casa habitación jardín mudanza mudarse piso",
        "it": "affitto appartamento camera casa giardino mobili trasloco",
        "pt": "aluguel apartamento casa jardim mudança quarto",
        "zh": "房子 公寓 搬家 租房 花园 家具 装修",
        "ja": "家 アパート 引っ越し 庭 家具 部屋",
    },
    "law and politics": {
        "en": (
            "court democracy election government judge law lawyer legal parliament police policy "
            "politics president protest rights vote"
        ),
        "de": "anwalt gericht gesetz partei politik polizei regierung wahl wählen",
        "fr": "avocat élection gouvernement loi police politique président",
        "es": "abogado elección gobierno ley policía política presidente",
        "it": "avvocato elezione governo legge polizia politica",
        "pt": "advogado eleição governo lei polícia política",
        "zh": "法律 律师 政府 选举 警察 政治",
        "ja": "法律 弁護士 政府 選挙 警察 政治",
    },
    "money": {
        "en": (
            "account bank bill budget buy cash cost credit debt dollar euro expensive finance "
            "fund insurance invest investment loan money pay price salary save sell shop shopping "
            "tax"
        ),
        "de": (
            "bezahlen budget einkaufen gehalt geld kaufen konto kosten kredit preis rechnung "
            "sparen steuer teuer versicherung"
        ),
        "fr": "acheter argent banque budget cher coûter facture payer prix salaire",
        "es": "banco caro comprar costar dinero factura pagar precio presupuesto sueldo",
        "it": "banca comprare costare denaro pagare prezzo soldi stipendio",
        "pt": "banco caro comprar custar dinheiro pagar preço salário",
        "zh": "钱 工资 银行 价格 买 预算 贷款 保险",
        "ja": "お金 給料 銀行 価格 買 予算 保険",
    },
    "music": {
        "en": (
            "album band choir concert drum guitar instrument melody music musician orchestra "
            "piano playlist sing singer song violin"
        ),
        "de": "album band chor gitarre instrument klavier konzert lied musik musiker sänger singen",
        "fr": "chanson chanter chanteur concert groupe guitare instrument musique piano",
        "es": "banda canción cantante cantar concierto guitarra instrumento música piano",
        "it": "canzone cantante cantare chitarra concerto musica pianoforte",
        "pt": "banda cantar cantor canção guitarra música piano violão",
        "zh": "音乐 唱歌 钢琴 吉他 歌手 演唱会",
        "ja": "音楽 ピアノ ギター 歌手 コンサート 歌",
    },
    "nature": {
        "en": (
            "beach camp camping climate flower forest hike hiking hill island lake mountain "
            "nature ocean park plant rain river sea snow sunset sunrise tree waterfall weather"
        ),
        "de": (
            "berg blume fluss insel meer natur pflanze regen schnee see strand wald wandern wetter"
        ),
        "fr": "fleur forêt lac mer montagne nature neige plage pluie rivière randonnée",
        "es": "bosque flor lago lluvia mar montaña naturaleza nieve playa río senderismo",
        "it": "bosco fiore fiume lago mare montagna natura neve pioggia spiaggia",
        "pt": "flor floresta lago mar montanha natureza neve praia rio chuva",
        "zh": "爬山 大海 海边 森林 天气 下雨 公园 花",
        "ja": "山 海 森 天気 雨 公園 花 自然",
    },
    "reading and writing": {
        "en": (
            "article author blog book chapter essay journal library literature magazine novel "
            "poem poetry publish read reading write writer writing"
        ),
        "de": "artikel autor bibliothek buch gedicht lesen roman schreiben zeitung",
        "fr": "article auteur bibliothèque écrire livre lire poème roman",
        "es": "artículo autor biblioteca escribir leer libro novela poema",
        "it": "articolo autore biblioteca leggere libro poesia romanzo scrivere",
        "pt": "artigo autor biblioteca escrever ler livro poema romance",
        "zh": "看书 小说 写作 图书馆 作家 阅读",
        "ja": "読書 小説 図書館 作家 本",
    },
    "relationships": {
        "en": (
            "boyfriend breakup couple date dating divorce engaged engagement fiancé fiancee "
            "girlfriend marriage married marry partner relationship romantic"
        ),
        "de": "beziehung ehe heiraten partner scheidung trennung verheiratet verliebt verlobt",
        "fr": "couple divorce marié relation rupture",
        "es": "casado divorcio novia novio pareja relación",
        "it": "coppia divorzio fidanzata fidanzato relazione sposato",
        "pt": "casado divórcio namorada namorado relacionamento",
        "zh": "男朋友 女朋友 结婚 离婚 恋爱",
        "ja": "彼氏 結婚 離婚 恋愛",
    },
    "religion": {
        "en": (
            "bible buddhist church faith god islam meditation mosque muslim pray prayer priest "
            "religion religious spiritual temple"
        ),
        "de": "beten gebet glaube gott kirche religion",
        "fr": "dieu église foi prière religion",
        "es": "dios fe iglesia oración religión",
        "it": "chiesa dio fede preghiera religione",
        "pt": "deus fé igreja oração religião",
        "zh": "教堂 寺庙 宗教 上帝",
        "ja": "教会 寺 宗教 神社",
    },
    "science and technology": {
        "en": (
            "algorithm app code coding computer data developer device engineer engineering "
            "internet laptop machine phone physics program programming research robot science "
            "scientist server software technology website"
        ),
        "de": (
            "computer daten entwickler forschung handy internet programm programmieren software "
            "technik technologie wissenschaft"
        ),
        "fr": (
            "application informatique internet logiciel ordinateur recherche science technologie "
            "téléphone"
        ),
        "es": "aplicación ciencia internet investigación ordenador programa teléfono tecnología",
        "it": "applicazione computer internet programma ricerca scienza telefono tecnologia",
        "pt": "aplicativo ciência computador internet pesquisa programa tecnologia",
        "zh": "电脑 手机 软件 程序 科技 科学 研究 网络",
        "ja": "パソコン 携帯 ソフト 技術 科学 研究 インターネット",
    },
    "sport": {
        "en": (
            "athlete ball baseball basketball bike climb climbing coach cycling dance dancing "
            "fitness football golf gym hockey marathon match race run runner running score ski "
            "skiing soccer sport surf swim swimming team tennis training workout"
        ),
        "de": (
            "fahrrad fitness fußball klettern laufen mannschaft marathon rennen schwimmen sport "
            "tanzen tennis training turnen"
        ),
        "fr": (
            "courir course danse entraînement équipe escalade football natation sport tennis vélo"
        ),
        "es": "bicicleta carrera correr deporte entrenamiento equipo escalada fútbol nadar tenis",
        "it": "allenamento bicicletta calcio correre corsa nuotare palestra sport squadra",
        "pt": "academia bicicleta correr corrida equipe esporte futebol nadar treino",
        "zh": "跑步 足球 篮球 游泳 健身 运动 比赛",
        "ja": "サッカー 野球 水泳 運動 マラソン スポーツ 試合",
    },
    "travel": {
        "en": (
            "abroad airport backpacking cruise destination flight hotel itinerary journey luggage "
            "passport roadtrip sightseeing suitcase ticket tour tourist train travel trip "
            "vacation visa visit"
        ),
        "de": (
            "ausland fliegen flug flughafen gepäck hotel koffer reise reisen ticket urlaub visum "
            "zug"
        ),
        "fr": "aéroport avion bagage hôtel train vacances visa vol voyage voyager",
        "es": "aeropuerto avión hotel maleta tren vacaciones viajar viaje visado vuelo",
        "it": "aereo aeroporto albergo hotel treno vacanza valigia viaggiare viaggio volo",
        "pt": "aeroporto avião férias hotel mala trem viagem viajar voo",
        "zh": "旅行 旅游 机场 酒店 飞机 火车 度假 签证",
        "ja": "旅行 空港 ホテル 飛行機 電車 観光 休暇",
    },
    "vehicles": {
        "en": (
            "auto bicycle boat bus car drive driver driving engine garage license motorcycle "
            "truck vehicle"
        ),
        "de": "auto bus fahren führerschein motor motorrad werkstatt",
        "fr": "auto bus conduire moteur moto permis voiture",
        "es": "autobús coche carro conducir moto motor",
        "it": "auto autobus guidare macchina moto motore patente",
        "pt": "carro dirigir moto motor ônibus",
        "zh": "汽车 开车 驾照 自行车",
        "ja": "自動車 運転 免許 自転車",
    },
    "volunteering": {
        "en": (
            "activism activist charity community donate donation fundraiser fundraising nonprofit "
            "pride shelter volunteer volunteering"
        ),
        "de": "ehrenamt gemeinschaft spende spenden verein",
        "fr": "association bénévole communauté don",
        "es": "caridad comunidad donación voluntario",
        "it": "beneficenza comunità donazione volontariato volontario",
        "pt": "caridade comunidade doação voluntário",
        "zh": "志愿者 慈善 捐款 社区",
        "ja": "ボランティア 慈善 寄付",
    },
    "work": {
        "en": (
            "boss business career client colleague company contract coworker customer deadline "
            "employee employer freelance hire interview job manager meeting office profession "
            "project promotion resign resume startup"
        ),
        "de": (
            "arbeit arbeiten beruf besprechung bewerbung büro chef firma gehalt job karriere "
            "kollege kunde projekt unternehmen vertrag"
        ),
        "fr": (
            "bureau carrière chef client collègue emploi entreprise entretien métier projet "
            "réunion travail travailler"
        ),
        "es": (
            "carrera cliente colega empleo empresa entrevista jefe oficina proyecto reunión "
            "trabajar trabajo"
        ),
        "it": "azienda capo cliente collega colloquio lavorare lavoro progetto riunione ufficio",
        "pt": (
            "carreira chefe cliente colega emprego empresa entrevista escritório projeto reunião "
            "trabalhar trabalho"
        ),
        "zh": "工作 公司 老板 同事 面试 会议 项目 上班",
        "ja": "仕事 会社 上司 同僚 面接 会議 就職",
    },
}
