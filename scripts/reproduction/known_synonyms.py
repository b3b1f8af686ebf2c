"""Synonyms that SNIPS and ATIS have themselves, in slots of few values, told apart by hand.

All values of these slots were read. A row of a slot has values that mean the same; values in no row
have no synonym. The airline codes of ATIS are read as names of airlines, the letters of states of
SNIPS stand in the same slot as their names.
"""

from __future__ import annotations

from itertools import combinations

from common import Record
from hidden_synonyms import Pair

_STATES = """
ak alaska, al alabama, ar arkansas, as american samoa, az arizona, ca california, co colorado,
ct connecticut, dc district of columbia, de delaware, fl florida, fm federated states of micronesia,
ga georgia, gu guam, hi hawaii, ia iowa, id idaho, il illinois, in indiana, ks kansas, ky kentucky,
la louisiana, ma massachusetts, md maryland, me maine, mh marshall islands, mi michigan,
mn minnesota, mo missouri, mp northern mariana islands, ms mississippi, mt montana,
nc north carolina, nd north dakota, ne nebraska, nh new hampshire, nj new jersey, nm new mexico,
nv nevada, ny new york, oh ohio, ok oklahoma, or oregon, pa pennsylvania, pr puerto rico, pw palau,
ri rhode island, sc south carolina, sd south dakota, tn tennessee, tx texas, ut utah, va virginia,
vi virgin islands, vt vermont, wa washington, wi wisconsin, wv west virginia, wy wyoming
"""
BY_HAND = {
    "SNIPS": """
condition_description: rain, rainy, rainfall; snow, snowy, snowfall; storm, stormy; wind, windy
condition_description: cloud, cloudy, overcast; fog, foggy; sun, sunny; humid, humidity
condition_description: blizzard, snowstorm
condition_temperature: cold, chilly; colder, chillier
movie_type: film, films, movie, movies; animated movie, animated movies
music_item: song, track, tune; soundtrack, sound track; theme song, theme tune
object_location_type: cinema, movie house, movie theatre, theatre
object_type: show, tv show, television show, tv series, program; game, video game
object_type: picture, photograph; movie schedule, movie schedules, movie times
object_type: schedule, schedules, times
service: lastfm, last fm
sort: best, top, greatest; new, newest, latest; highly rated, top-rated, best rated
sort: popular, most popular; top-5, top 5, top-five, top five; top-10, top 10, top-ten, top ten
sort: top-20, top 20, top-twenty, top twenty; top-50, top 50, top-fifty, top fifty
spatial_relation: near, nearby, close, close by, close-by, not far, not distant; nearest, closest
spatial_relation: far, faraway, distant; in the neighborhood, in the neighbourhood
spatial_relation: in the same area, within the same area
""",
    "ATIS": """
airline_name: twa, trans world airline; as, alaska airlines; hp, america west; ac, air canada
airline_name: cp, canadian airlines, canadian airlines international
airline_name: us, us air, us airlines, usa air
airline_name: aa, american, american's, american airline, american airlines
airline_name: dl, delta, delta's, delta airline, delta airlines
airline_name: ua, united, united airline, united airlines
airline_name: ea, eastern, eastern airline, eastern airlines
airline_name: co, continental, continental airline, continental airlines
airline_name: nw, northwest, northwest airline, northwest airlines
airline_name: southwest, southwest airlines; lufthansa, lufthansa airlines
class_type: coach, coach class; first, first class
connect: connect, connects, connecting, connections
cost_relative: cheapest, lowest, lowest cost, lowest price, least expensive
depart_date.day_name: monday, mondays; tuesday, tuesdays; wednesday, wednesdays, wednesday's
depart_date.day_name: thursday, thursdays; friday, friday's; saturday, saturdays
depart_date.day_name: sunday, sundays, sunday's
depart_time.period_of_day: morning, mornings, am; afternoon, afternoons; night, nighttime
depart_time.time_relative: around, about, approximately
arrive_time.time_relative: around, about
flight_mod: cheap, inexpensive; earliest, earliest possible time; latest, lastest
flight_mod: weekday, weekdays, only weekdays, during week days, during the week
flight_stop: nonstop, nonstops, no stops, without stopping; stop, stops
flight_time: flight times, times of flight, times of your flights; arrival time, time of arrival
flight_time: departure time, departure times
flight_time: schedule, flight schedule, flight schedules, schedule for flights
meal_description: dinner, dinner meal, supper
round_trip: round trip, round trips, return
transport_type: limo, limousine, limousines; rental car, rental cars, car rental, car rentals
economy: economy, economy class
meal: meal, meals
restriction_code: ap 57, ap57; ap 80, ap80
""",
}


def known_synonyms(name: str, records: list[Record]) -> tuple[list[Record], set[Pair]]:
    """The records of a corpus with those slots only that were read, and the pairs."""
    classes: list[tuple[str, list[str]]] = []
    for line in BY_HAND[name].strip().splitlines():
        slot, _, rows = line.partition(": ")
        classes += [(slot, [value.strip() for value in row.split(",")]) for row in rows.split(";")]
    if name == "SNIPS":
        states = [each.split(maxsplit=1) for each in " ".join(_STATES.split()).split(", ")]
        classes += [("state", state) for state in states]
    pairs = {
        (slot, frozenset(pair)) for slot, values in classes for pair in combinations(values, 2)
    }
    renamed = {slot: slot for slot, _ in classes} | {"airline_code": "airline_name"}
    read = []
    for record in records:
        own = [each for each in record["slots"] if each["slot"] in renamed]
        slots = [{**each, "slot": renamed[each["slot"]]} for each in own]
        read.append({**record, "slots": slots})
    return read, pairs
