"""Small lists of English words that stand in for each other, and rewordings that change nothing."""

from __future__ import annotations

_NAMES = """
Anna Maria Emily Sarah Laura Sofia Fatima Aisha Leila Mei Yuki Priya Ananya Ngozi Amara Zanele
Ewa Olga Ingrid Carmen Lucia Shaniqua Keisha Rosa
John Peter Michael David Thomas James Mohammed Ahmed Omar Wei Hiroshi Raj Arjun Chidi Kwame Thabo
Piotr Ivan Lars Diego Carlos Jamal DeShawn Luis
"""
_PLACES = """
London|Paris|Berlin|Madrid|Rome|Vienna|Warsaw|Lisbon|Dublin|Oslo|Athens|Istanbul|Cairo|Lagos|Nairobi
Accra|Casablanca|Johannesburg|Mumbai|Delhi|Karachi|Dhaka|Jakarta|Manila|Hanoi|Bangkok|Beijing
Shanghai|Tokyo|Seoul|Sydney|Toronto|Chicago|Houston|Detroit|Miami|Boston|Atlanta|Dallas|Seattle
Mexico City|Bogota|Lima|Santiago|Buenos Aires|New York|Los Angeles|San Francisco|Las Vegas
"""
_GENDERS = """
he she|him her|his her|himself herself|man woman|men women|boy girl|boys girls|father mother
dad mom|son daughter|brother sister|husband wife|uncle aunt|grandfather grandmother|grandpa grandma
king queen|actor actress|male female|mr mrs|sir madam|boyfriend girlfriend|nephew niece
"""
_NUMBERS = """
two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty
"""

SWAPS: dict[str, list[list[str]]] = {
    "names": [_NAMES.split()],
    "places": [_PLACES.strip().replace("\n", "|").split("|")],
    "genders": [pair.split() for pair in _GENDERS.strip().replace("\n", "|").split("|")],
    "numbers": [_NUMBERS.split(), [str(number) for number in range(2, 13)]],
}
"""By kind, sets of words any of which stands for another of its set."""

REWORDINGS = [
    ["I'm", "I am"],
    ["I'd", "I would"],
    ["I'll", "I will"],
    ["what's", "what is"],
    ["it's", "it is"],
    ["where's", "where is"],
    ["don't", "do not"],
    ["can't", "cannot"],
    ["let's", "let us"],
    ["can you", "could you"],
    ["want to", "would like to"],
    ["a", "the"],
    ["some", "any"],
    ["show me", "give me"],
    ["OK", "okay"],
]
"""Sets of phrases that say nearly the same."""

POLITE = "please"
"""Put before a text that lacks it, and taken from one that has it."""
