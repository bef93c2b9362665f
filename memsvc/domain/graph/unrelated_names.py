"""Names that have nothing to do with each other: what the threshold of synonyms is measured on.

People, places, works, organisations, species and years, in several scripts, as normal forms. Each
is embedded as the names of a bank are; a list that is always the same gives a model always the
same threshold, whatever a bank holds and in whatever order it came.
"""

from memsvc.domain.graph.entity_forms import EntityForm

_NAMES = """
ada lovelace|kyoto|moby dick|red cross|oak|1848|lake victoria|the seventh seal|toyota|mozart
patagonia|honeybee|hamlet|unesco|joan of arc|silk road|jupiter|bauhaus|chess|vaccine
lisbon|frida kahlo|nile|carmen|nokia|giraffe|the great gatsby|world bank|isaac newton|manila
tuesday|saxophone|amazon rainforest|jane austen|helsinki|penguin|guernica|fifa|copper|1969
buddhism|mount kenya|citizen kane|siemens|nelson mandela|montreal|olive|don quixote|interpol|sahara
harvard university|tango|alan turing|dublin|coral reef|swan lake|lufthansa|napoleon|havana|maize
beethoven|everest|pride and prejudice|airbus|marie curie|marrakesh|octopus|the scream|greenpeace
supreme court|karate|charles darwin|chicago|bamboo|vertigo|philips|cleopatra|reykjavik|salmon
renaissance|galapagos|king lear|volvo|simón bolívar|nairobi|eagle|starry night|opec|rhine
general assembly|violin|galileo|bangkok|lavender|metropolis|ikea|gandhi|warsaw|walrus
magna carta|himalaya|odyssey|nestlé|rosa parks|santiago|tulip|water lilies|nato|mekong
olympic games|jazz|kepler|athens|cactus|rashomon|danube|samsung|akira kurosawa|tbilisi|tortoise
北京|紅樓夢|孔子|京都大学|源氏物語|москва|война и мир|гагарин|القاهرة|서울
"""

UNRELATED_NAMES: tuple[EntityForm, ...] = tuple(
    EntityForm(name) for line in _NAMES.strip().splitlines() for name in line.split("|")
)
