"""The tools of the generator: each family with its requests, arguments, results and answers, and tools made up at random.

A request is (text, arguments); slots in texts are arguments by name. It knows nothing of conversations.
"""

# fmt: off
# ruff: noqa: SIM905
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import words as w
from .source import Source

Made = tuple[Any, str]
Maker = Callable[[Source], Made]


@dataclass(frozen=True)
class Param:
    """A parameter: JSON type, descriptions, and how a value is made (what the JSON holds, how it is said)."""

    name: str
    schema: dict[str, Any]
    descriptions: tuple[str, ...]
    make: Maker
    optional: bool = False


@dataclass(frozen=True)
class Tool:
    """A family of tools: one of its names and descriptions is used at a time."""

    names: tuple[str, ...]
    descriptions: tuple[str, ...]
    params: tuple[Param, ...]
    train: tuple[str, ...]  # requests; every slot is a parameter; a parameter not named must be optional
    held_out: tuple[str, ...]
    result: Callable[[Source, dict[str, Any]], dict[str, Any]]
    answers: tuple[str, ...]  # slots: arguments and result keys


def _same(make: Callable[[Source], Any]) -> Maker:
    def made(s: Source) -> Made:
        value = make(s)
        return value, str(value)

    return made


def _p(name: str, kind: str, descriptions: str, make: Maker, *, optional: bool = False, enum: tuple[str, ...] = ()) -> Param:
    schema: dict[str, Any] = {"type": kind}
    if enum:
        schema["enum"] = list(enum)
    return Param(name, schema, tuple(descriptions.split("|")), make, optional)


def _number(low: int, high: int) -> Maker:
    return _same(lambda s: s.between(low, high))


def _choice(options: tuple[str, ...] | list[str]) -> Maker:
    return _same(lambda s: s.pick(options))


def _amount(s: Source) -> Made:
    value, said = s.money()
    return value, said


def _note(s: Source) -> Made:
    """A short free text, copied as it is."""
    kind = s.below(5)
    if kind == 0:
        text = f"buy {s.item()}"
    elif kind == 1:
        text = f"call {s.person()}"
    elif kind == 2:
        text = f"the {s.pick(w.ATTRIBUTES)} is {s.code()}"
    elif kind == 3:
        text = f"{s.pick(('meet', 'email', 'visit', 'pay', 'ask'))} {s.person()} {s.pick(('about the', 'for the', 'with the'))} {s.pick(w.NOUNS)}"
    else:
        text = f"{s.pick(('clean', 'check', 'bring', 'water', 'sell', 'fix'))} the {s.item()}"
    return (text.lower() if s.lower else text,) * 2


def _expression(s: Source) -> Made:
    a, b = s.between(2, 999), s.between(2, 99)
    op = s.pick("+-*/")
    text = f"{a} {op} {b}"
    said = s.pick((text, text, {"+": f"{a} plus {b}", "-": f"{a} minus {b}", "*": f"{a} times {b}", "/": f"{a} divided by {b}"}[op]))
    return text, said


CURRENCY = ("EUR", "USD", "GBP", "CHF", "JPY", "SEK", "PLN", "INR", "CAD")
SKY = ("sunny", "cloudy", "rainy", "foggy", "windy", "snowy", "stormy", "clear")
city = _same(Source.city)
person = _same(Source.person)
code = _same(Source.code)
date = Source.date
clock = Source.clock

TOOLS = (
    Tool(
        ("get_weather", "weather", "current_weather", "get_current_weather", "weather_lookup"),
        ("Get the current weather of a city", "The weather in a place right now", "Look up the weather for a location", "Current temperature and sky for a city"),
        (_p("city", "string", "The city|Name of the city|Where", city),),
        (
            "[What is|What's|How is|How's|Tell me|Check|Show me] the weather [in|for|at] {city}[?|| now?| today?| right now?| please]",
            "[Is it|Will it be] [cold|warm|raining|sunny|nice|windy] in {city}[?| today?| now?]",
            "[Do I|Will I|Should I] [need|take] [an umbrella|a coat|a jacket] in {city}[?| today?]", "weather {city}", "{city} weather[|?| please]",
            "How [warm|cold|hot] is it in {city}?", "[Temperature|Forecast] [in|for] {city}[?|]", "I [am going|travel|am off] to {city}, [how is|what is|what's] the weather[ there|]?",
        ),
        ("Could you look up what the sky is doing over {city}?", "What are the weather conditions over in {city}?", "Any rain in {city}? Check the weather please."),
        lambda s, a: {"city": a["city"], "temperature": s.between(-15, 38), "sky": s.pick(SKY)},
        ("It is {temperature} degrees and {sky} in {city}.",),
    ),
    Tool(
        ("calculate", "calculator", "evaluate", "calc"),
        ("Evaluate an arithmetic expression", "A calculator for sums, differences, products and quotients", "Compute the value of an expression"),
        (_p("expression", "string", "The expression|Expression such as 3 * 4", _expression),),
        (
            "[Calculate|Compute|Work out|Evaluate|What is|What's|How much is] {expression}[?|| please]", "{expression}[ =| = ?|?]", "[Use the calculator for|Please calculate|Can you compute] {expression}[?|]",
            "I need the [result|value] of {expression}",
        ),
        ("Figure out {expression} for me.", "Tell me the outcome of {expression}."),
        lambda s, a: {"result": s.between(2, 99999)},
        ("The result is {result}.",),
    ),
    Tool(
        ("set_timer", "start_timer", "timer", "countdown"),
        ("Start a timer", "Set a countdown timer for some minutes", "Start a countdown"),
        (_p("minutes", "integer", "Minutes|Number of minutes|How long, in minutes", lambda s: s.count(1, 59) if s.chance(0.5) else (lambda n: (n, str(n)))(s.between(1, 90))),),
        (
            "[Set|Start|Make|I need] a timer [for|of] {minutes} minutes[| please]", "[Timer|Countdown][:| for| of|,] {minutes} [minutes|min]", "{minutes} minute timer[| please]",
            "[Wake me|Alert me|Ring] in {minutes} minutes", "[Tell me|Let me know] when {minutes} minutes are [over|up|gone]", "Count down {minutes} minutes[| please]",
        ),
        ("Give me a signal once {minutes} minutes have passed.", "I want the timer to run {minutes} minutes."),
        lambda s, a: {"status": "started", "minutes": a["minutes"]},
        ("The timer is set for {minutes} minutes.",),
    ),
    Tool(
        ("send_email", "email", "send_mail", "write_email"),
        ("Send an e-mail", "Write a mail to someone", "Send an email message to an address"),
        (_p("to", "string", "Address|E-mail address of the recipient|Recipient", _same(Source.email)), _p("subject", "string", "Subject|Subject line", _same(Source.title)),
         _p("body", "string", "Text|Body of the mail|What to write", _note, optional=True)),
        (
            "[Send|Write] [an e-mail|an email|a mail] to {to} [with the subject|with subject|titled|about] {subject}", "[Email|Mail] {to}[:| about| with subject] {subject}",
            "[Send|Write] a mail to {to}, subject {subject}, [text|body|saying|and write]: {body}", "Email {to} [with|,] subject {subject} [and the text|and text|saying] {body}",
            "[Please|Can you] [mail|email] {to}. Subject: {subject}. [Text|Body]: {body}",
        ),
        ("I want a mail to go out to {to}, its subject shall be {subject}.", "Drop {to} a mail under the subject {subject} that reads {body}"),
        lambda s, a: {"status": "sent", "id": s.code()},
        ("The mail to {to} was sent.",),
    ),
    Tool(
        ("send_message", "text_message", "send_sms", "message"),
        ("Send a short message to a person", "Text someone", "Send a chat message to a contact"),
        (_p("to", "string", "Who gets it|Name of the contact|Recipient", person), _p("text", "string", "The message|Text to send|What to say", _note)),
        (
            "[Send|Write] {to} [a message|a text]: {text}", "[Text|Message] {to}: {text}", "[Tell|Text] {to} [to|that they should] {text}", "[Send|Text] {to} the message {text}",
            "[Send a message|Write a text|Send a text] to {to} [saying|that says|:] {text}",
        ),
        ("Let {to} know this: {text}", "My message for {to} is: {text}"),
        lambda s, a: {"status": s.pick(("sent", "delivered"))},
        ("The message to {to} was {status}.",),
    ),
    Tool(
        ("create_event", "add_event", "calendar_add", "schedule_meeting"),
        ("Put an event into the calendar", "Add a calendar entry", "Schedule a meeting or event"),
        (_p("title", "string", "Title of the event|What it is", _same(Source.title)), Param("date", {"type": "string", "format": "date"}, ("Day, YYYY-MM-DD", "The date in ISO form", "Date"), date),
         Param("time", {"type": "string"}, ("Time, HH:MM", "Start time"), clock, True)),
        (
            "[Put|Add|Enter] {title} [in|into|to] [my|the] calendar [for|on] {date}[| please]", "[Schedule|Plan|Add] {title} on {date} at {time}", "[Create|Make|Add] [an event|a calendar entry] [called|named] {title} on {date}",
            "[I have|There is] {title} on {date} at {time}, [put|add] it [in|to] my calendar", "calendar: {title}, {date}, {time}", "[Book|Schedule] {title} for {date}",
        ),
        ("Let my calendar show {title} on {date}.", "On {date} at {time} I attend {title}, so note it in the calendar."),
        lambda s, a: {"status": "created", "id": s.code()},
        ("{title} is in the calendar on {date}.",),
    ),
    Tool(
        ("list_events", "get_calendar", "show_calendar", "agenda"),
        ("List the events of a day", "What the calendar says for a date", "Show the agenda of a day"),
        (Param("date", {"type": "string", "format": "date"}, ("Day, YYYY-MM-DD", "The date in ISO form", "Date"), date),),
        (
            "[What is|What's] [on|in] my [calendar|agenda] [on|for] {date}?", "[Show|List|Read] [me |]my [events|appointments|calendar|agenda] [on|for] {date}", "[Do I have|Am I busy|Have I got] [anything|something|plans] on {date}?",
            "[Events|Appointments|Agenda] on {date}[?|]",
        ),
        ("Am I free on {date}? Look at the calendar.", "Read out what {date} has in store in my calendar."),
        lambda s, a: {"events": [s.title() for _ in range(s.between(1, 3))]},
        ("On {date} you have: {events}.",),
    ),
    Tool(
        ("convert_currency", "currency", "exchange", "currency_converter"),
        ("Convert an amount of money to another currency", "Exchange money from one currency to another", "Currency conversion"),
        (_p("amount", "number", "The amount|How much", _amount), _p("from", "string", "Currency of the amount|Three letter code", _choice(CURRENCY)), _p("to", "string", "Target currency|Three letter code", _choice(CURRENCY))),
        (
            "[Convert|Change|Exchange] {amount} {from} [to|into|in] {to}[| please]", "[How much is|How many|What is|What's] {amount} {from} in {to}?", "{amount} {from} [in|to|into] {to}[?|]", "I have {amount} {from}, [how much|what] is that in {to}?",
        ),
        ("If I swap {amount} {from} for {to}, what do I get?", "Express {amount} {from} as {to}."),
        lambda s, a: {"amount_to": s.between(100, 99999) / 100, "to": a["to"]},
        ("{amount} {from} is {amount_to} {to}.",),
    ),
    Tool(
        ("translate", "translate_text", "translation"),
        ("Translate a text into another language", "Translation to a language", "Say a text in another language"),
        (_p("text", "string", "The text|What to translate", _note), _p("language", "string", "Target language|The language", _choice(w.LANGUAGES))),
        (
            "[Translate|Put] {text} [into|to|in] {language}", "[How do you say|How do I say|Say|What is] {text} in {language}[?|]", "[Translate|Translation] [to|into] {language}: {text}", "{text} in {language}[?| please]",
        ),
        ("I need {text} rendered in {language}.", "What would {text} be when written in {language}?"),
        lambda s, a: {"translation": f"{s.pseudo(2)} {s.pseudo(2)}"},
        ("In {language} that is: {translation}.",),
    ),
    Tool(
        ("web_search", "search", "search_web", "find_online"),
        ("Search the web", "Look something up on the internet", "Find pages about a topic"),
        (_p("query", "string", "What to look for|The query|Search words", lambda s: (lambda t: (t, t))(s.pick((s.pick(w.TOPICS), f"{s.pick(w.TOPICS)} in {s.city()}", s.full_name(), f"{s.item()}", s.company())))),),
        (
            "[Search|Google|Look] [the web |online |the internet |]for {query}", "[Find|Get] [pages|articles|something|news] [online |]about {query}", "[Look up|Search] {query} [online|on the web|on the internet]", "[Web search|search][:| for] {query}",
            "What does the [internet|web] say about {query}?",
        ),
        ("Go online and see what there is on {query}.", "Browse for {query} please."),
        lambda s, a: {"results": [s.title(), s.title()]},
        ("I found: {results}.",),
    ),
    Tool(
        ("get_stock_price", "stock_price", "share_price", "quote"),
        ("Price of a share", "Get the stock price of a company", "Latest quote of a stock"),
        (_p("company", "string", "The company|Name of the company", _same(Source.company)),),
        (
            "[What is|What's|Get|Show me|Tell me] the [stock price|share price|price of the stock] of {company}[?|]", "How [much is|much are|are] {company} [shares|stock][ worth|] [today|now|]?", "[Stock|Shares|Quote][:| of| for] {company}", "{company} [stock|share] price[?|]",
        ),
        ("At what price does {company} stock trade?", "Check how {company} shares are doing."),
        lambda s, a: {"price": s.between(100, 90000) / 100, "currency": s.pick(CURRENCY)},
        ("A share of {company} costs {price} {currency}.",),
    ),
    Tool(
        ("play_music", "play_song", "music", "play"),
        ("Play music by an artist", "Start playing songs of an artist", "Music player"),
        (_p("artist", "string", "The artist|Who to play", person), _p("shuffle", "boolean", "Random order|Whether to shuffle", lambda s: (True, "shuffled"), optional=True)),
        (
            "[Play|Put on|Start] [some |]music [by|of|from] {artist}", "[Play|Put on|I want to hear|Let me hear] [something by |songs of |]{artist}", "[Play|Put on] {artist}, {shuffle}[| please]", "music by {artist}[| please]",
        ),
        ("I'm in the mood for {artist} songs.", "Turn on the music of {artist}."),
        lambda s, a: {"playing": s.title()},
        ("Now playing {playing} by {artist}.",),
    ),
    Tool(
        ("set_light", "light", "switch_light", "control_light"),
        ("Switch a light on or off", "Control the light in a room", "Turn lights on or off"),
        (_p("room", "string", "The room|Which room", _choice("kitchen,bedroom,bathroom,hall,office,garage,garden,attic,cellar,living room".split(","))),
         _p("state", "string", "on or off|The new state", _choice(("on", "off")), enum=("on", "off"))),
        (
            "[Turn|Switch] {state} the [light|lights] in the {room}[| please]", "[Turn|Switch] the {room} [light|lights] {state}[| please]", "[Light|Lights] {state} in the {room}", "{room} [light|lights] {state}",
            "[I want|Please have] the {room} [light|lights] {state}",
        ),
        ("The lamps in the {room} should be {state}.", "Make it so that the {room} light is {state}."),
        lambda s, a: {"status": "ok", "room": a["room"], "state": a["state"]},
        ("The light in the {room} is {state}.",),
    ),
    Tool(
        ("add_reminder", "remind", "create_reminder", "reminder"),
        ("Remember something for a day", "Create a reminder", "Remind the user of something on a date"),
        (_p("text", "string", "What to remember|Text of the reminder", _note), Param("date", {"type": "string", "format": "date"}, ("Day, YYYY-MM-DD", "The date in ISO form", "Date"), date)),
        (
            "[Remind me|I need a reminder|Give me a reminder] [to|that I should] {text} on {date}", "[On|For] {date}[,|] remind me: {text}", "[Reminder|remind][:| for] {date}: {text}", "[Set|Create|Add] a reminder [for|on] {date}: {text}",
        ),
        ("Don't let me forget on {date}: {text}", "Make sure I remember on {date} to {text}"),
        lambda s, a: {"status": "saved"},
        ("I will remind you on {date}.",),
    ),
    Tool(
        ("order_status", "get_order", "track_order", "check_order"),
        ("Where an order is", "Get the status of an order", "Track an order by its number"),
        (_p("order_id", "string", "The order number|Number of the order", code),),
        (
            "[Where is|Where's|Track|Check|What about] [my |the |]order {order_id}[?|]", "[What is|What's|Tell me|Show] the status of order {order_id}[?|]", "[Has|Did] [my |]order {order_id} [shipped|arrived|arrive|been sent]?", "order {order_id} status",
            "[Status of|Any news on|Any news about] order {order_id}[?|]",
        ),
        ("How far along is order {order_id}?", "I am waiting for order {order_id}, where has it got to?"),
        lambda s, a: {"order_id": a["order_id"], "status": s.pick(("packed", "shipped", "delayed", "delivered", "in transit")), "arrives": s.date()[0]},
        ("Order {order_id} is {status} and arrives on {arrives}.",),
    ),
    Tool(
        ("get_distance", "distance", "route", "directions"),
        ("Distance between two places", "How far it is from one city to another", "Length of the way between two cities"),
        (_p("start", "string", "Where the way starts|First city", city), _p("end", "string", "Where it ends|Second city", city)),
        (
            "[How far is it|What is the distance|What's the distance|How many kilometres is it] from {start} to {end}?", "[Distance|Route|Way] [from|between] {start} [to|and] {end}[?|]", "How far [is|apart are] {start} [from|and] {end}?",
            "{start} to {end}, how far?",
        ),
        ("How long is the way that leads from {start} to {end}?", "What separates {start} and {end} in kilometres?"),
        lambda s, a: {"km": s.between(5, 9000)},
        ("It is {km} km from {start} to {end}.",),
    ),
    Tool(
        ("save_note", "add_note", "write_note", "note"),
        ("Save a note", "Write something down", "Keep a text for later"),
        (_p("text", "string", "The note|Text of the note", _note),),
        (
            "[Note|Write down|Save|Jot down][:| that|] {text}", "[Make|Take|Save|Add|Write] a note[:| that says| saying] {text}", "note to self: {text}", "[Please |]write this down: {text}", "[Keep|Save] this as a note: {text}",
        ),
        ("Put this on record: {text}", "I'd like the following noted: {text}"),
        lambda s, a: {"status": "saved", "id": s.between(1, 999)},
        ("I saved the note.",),
    ),
    Tool(
        ("define", "dictionary", "define_word", "get_definition"),
        ("The meaning of a word", "Look a word up in the dictionary", "Definition of a word"),
        (_p("word", "string", "The word|Word to look up", lambda s: (lambda t: (t, t))(s.pseudo() if s.chance(0.5) else s.pick(w.TOPICS + w.NOUNS))),),
        (
            "[What does|What's the meaning of|What is the meaning of|Define|Look up] [the word |]{word}[| mean]?", "[Define|Definition of|Meaning of][:|] {word}", "[Look up|Find] the word {word} in the dictionary", "What does {word} mean?",
        ),
        ("How would a dictionary explain {word}?", "I don't know the word {word}, please look up what it means."),
        lambda s, a: {"definition": f"a {s.pick(w.ADJECTIVES)} {s.pick(w.NOUNS + w.ITEMS)}"},
        ("{word} means: {definition}.",),
    ),
    Tool(
        ("search_flights", "find_flight", "flights", "flight_search"),
        ("Find flights between two cities on a day", "Search flights", "Look for a plane connection"),
        (_p("origin", "string", "City of departure|From", city), _p("destination", "string", "City of arrival|To", city), Param("date", {"type": "string", "format": "date"}, ("Day, YYYY-MM-DD", "Date of the flight"), date)),
        (
            "[Find|Search|Show me|I need|Get me|Look for] [flights|a flight] from {origin} to {destination} on {date}[| please]", "[Fly|Flying|Flight|Flights] [from |]{origin} to {destination}[,| on] {date}", "[I want|I need|I'd like] to fly from {origin} to {destination} on {date}",
            "[Is there|Are there] [a flight|flights] to {destination} from {origin} on {date}?",
        ),
        ("On {date} I must get by plane from {origin} to {destination}.", "Which planes go {origin} to {destination} on {date}?"),
        lambda s, a: {"flight": s.code(), "departs": s.clock()[0], "price": s.between(40, 900)},
        ("Flight {flight} leaves at {departs} and costs {price}.",),
    ),
    Tool(
        ("book_table", "reserve_table", "restaurant_booking", "book_restaurant"),
        ("Book a table in a restaurant", "Reserve a table", "Make a restaurant reservation"),
        (_p("restaurant", "string", "Name of the restaurant|Where", _same(lambda s: f"{'cafe' if s.lower else 'Cafe'} {s.surname()}" if s.chance(0.5) else s.surname())), _p("people", "integer", "Number of guests|How many people", lambda s: s.count(2, 12)),
         Param("time", {"type": "string"}, ("Time, HH:MM", "When"), clock)),
        (
            "[Book|Reserve|Get me|I need] a table [at|in] {restaurant} for {people} [people |guests ||]at {time}", "[A table|Table] for {people} at {restaurant}, {time}", "[Book|Reserve] {restaurant} for {people} [people|guests] at {time}[| please]",
            "We are {people}, [book|reserve|get] a table at {restaurant} [for|at] {time}",
        ),
        ("{people} of us want to eat at {restaurant} at {time}, please reserve.", "Arrange for {people} seats at {restaurant}, we come at {time}."),
        lambda s, a: {"status": "confirmed", "code": s.code()},
        ("Your table at {restaurant} is confirmed, the code is {code}.",),
    ),
    Tool(
        ("find_contact", "get_contact", "lookup_person", "phone_book"),
        ("Find the phone number of a person", "Look a person up in the contacts", "Get the contact details of someone"),
        (_p("name", "string", "The person|Name of the contact", person),),
        (
            "[What is|What's|Find|Get|Look up|Give me] [the phone number|the number|the contact|the contact details] of {name}[?|]", "[How can I|How do I|Where can I] [reach|call] {name}?", "[Find|Look up] {name} in [my|the] [contacts|phone book]",
            "[phone number|contact] {name}", "I need {name}'s [number|phone number]",
        ),
        ("Under which number can {name} be called?", "Is {name} among my contacts? I need the number."),
        lambda s, a: {"name": a["name"], "phone": s.phone()},
        ("The number of {name} is {phone}.",),
    ),
    Tool(
        ("read_file", "open_file", "show_file", "get_file"),
        ("Read a file", "Get the content of a file", "Open a file and return its text"),
        (_p("path", "string", "The path|Path of the file", _same(lambda s: s.pick(("", "docs/", "notes/", "/tmp/", "src/", f"{s.pseudo(2)}/")) + s.pseudo(2) + s.pick((".txt", ".md", ".py", ".csv", ".json")))),),
        (
            "[Read|Open|Show me|Show|Print|Load] [the file |]{path}[| please]", "[What is|What's] in [the file |]{path}?", "[Can you|Please] [open|read|show] {path}[?|]", "cat {path}", "[Give me|I need] the [content|contents|text] of {path}",
        ),
        ("Let me see what {path} contains.", "Take a look into {path}."),
        lambda s, a: {"content": s.sentence()},
        ("The file says: {content}",),
    ),
    Tool(
        ("roll_dice", "dice", "throw_dice"),
        ("Throw dice", "Roll a number of dice", "Random numbers from dice"),
        (_p("count", "integer", "How many dice|Number of dice", lambda s: s.count(1, 10)), _p("sides", "integer", "Sides of each|Number of sides", _choice((4, 6, 8, 10, 12, 20)), optional=True)),  # type: ignore[arg-type]
        (
            "[Roll|Throw] {count} dice[| please]", "[Roll|Throw] {count} dice with {sides} sides", "{count} [dice|dice please]", "[Can you|Please] [roll|throw] {count} dice", "[Roll|Throw] {count} {sides}-sided dice",
        ),
        ("Let {count} dice fall.", "I want to see {count} dice with {sides} sides thrown."),
        lambda s, a: {"rolls": [s.between(1, 6) for _ in range(min(a["count"], 10))]},
        ("The dice show {rolls}.",),
    ),
    Tool(
        ("get_time", "current_time", "clock", "time_in"),
        ("The time in a city", "What time it is somewhere", "Current local time of a place"),
        (_p("city", "string", "The city|Where", city),),
        (
            "[What time is it|What's the time|What is the time|How late is it] in {city}[?| now?| right now?]", "[Time|Local time|current time] in {city}[?|]", "[Tell me|Give me|I need] the [time|local time] in {city}", "{city} time",
        ),
        ("What do the clocks in {city} say?", "How late is it just now over in {city}?"),
        lambda s, a: {"time": s.clock()[0]},
        ("It is {time} in {city}.",),
    ),
    Tool(
        ("set_alarm", "alarm", "wake_up", "create_alarm"),
        ("Set an alarm for a time of day", "Ring at a time", "Wake the user at a time"),
        (Param("time", {"type": "string"}, ("Time, HH:MM", "When it rings"), clock),),
        ("[Set|Make|Create|I need|Give me] an alarm [for|at] {time}[| please]", "[Wake me|Wake me up|Ring|Get me up] at {time}[| please| tomorrow]", "[alarm|Alarm][:| at| for] {time}[| please]"),
        ("I have to be out of bed at {time}.", "Let it ring when it is {time}."),
        lambda s, a: {"status": "set"},
        ("The alarm is set for {time}.",),
    ),
    Tool(
        ("add_to_list", "shopping_list_add", "add_item", "put_on_list"),
        ("Put a thing on the shopping list", "Add an item to the shopping list", "Extend the list of things to buy"),
        (_p("item", "string", "The thing|What to add|Item to buy", _same(Source.item)),),
        ("[Add|Put] {item} [to|on] [the|my|our] [shopping list|list][| please]", "[We need|I need|We are out of|We have run out of] {item}, [add it|put it on the list|note it on the shopping list]", "shopping list: {item}"),
        ("The list of things to buy lacks {item}.", "Next time in the shop I want {item}, put it down."),
        lambda s, a: {"status": "added", "length": s.between(1, 20)},
        ("I added {item} to the list.",),
    ),
    Tool(
        ("get_recipe", "find_recipe", "recipe", "cook"),
        ("Find a recipe for a dish", "How to cook something", "Get the recipe of a dish"),
        (_p("dish", "string", "The dish|What to cook|Name of the food", _same(Source.food)),),
        ("[Find|Get|Show|Give] [me |]a recipe for {dish}[| please]", "[How do I|How can I|How to] [cook|make|prepare] {dish}[?|]", "{dish} recipe[?|| please]", "[I want|I'd like|We want] to [cook|make|eat] {dish}, [find|show me|get me] a recipe"),
        ("What goes into {dish}? Look up how it is cooked.", "Tonight there shall be {dish}, get me the steps."),
        lambda s, a: {"minutes": s.between(5, 120), "serves": s.between(1, 8)},
        ("{dish} takes {minutes} minutes and serves {serves}.",),
    ),
    Tool(
        ("track_parcel", "parcel_status", "where_is_parcel", "shipment_info"),
        ("Where a parcel is", "Follow a parcel by its tracking code", "Get the place of a shipment"),
        (_p("tracking_code", "string", "The tracking code|Code of the parcel", code),),
        ("[Where is|Where's|Track|Follow|Find|Locate] [my |the |]parcel {tracking_code}[?|| please]", "[Has|Did] [my |the |]parcel {tracking_code} [arrived|arrive|come]?", "parcel {tracking_code}[?|| please]"),
        ("Which spot has parcel {tracking_code} reached?", "I await the parcel with the code {tracking_code}, where may it be?"),
        lambda s, a: {"place": s.city()},
        ("The parcel {tracking_code} is in {place}.",),
    ),
    Tool(
        ("assign_task", "create_task", "give_task", "delegate"),
        ("Give a task to a person", "Create a task for someone", "Assign work to a member of the team"),
        (_p("assignee", "string", "Who does it|Name of the person", person), _p("task", "string", "What to do|The task", _note)),
        ("[Assign|Give|Hand] {assignee} [the|this] task: {task}", "[Create|Make|Add] a task for {assignee}: {task}", "[New task|Task] for {assignee}: {task}", "[Have|Let] {assignee} do this: {task}"),
        ("It falls to {assignee} to do the following: {task}", "Put this on the desk of {assignee}: {task}"),
        lambda s, a: {"status": "created", "id": s.between(1, 999)},
        ("{assignee} has the task.",),
    ),
    Tool(
        ("book_hotel", "reserve_room", "hotel_booking", "book_room"),
        ("Book a hotel room in a city", "Reserve a room for some nights", "Make a hotel reservation"),
        (_p("city", "string", "The city|Where", city), _p("nights", "integer", "Number of nights|How long", lambda s: s.count(1, 12)), Param("date", {"type": "string", "format": "date"}, ("Day of arrival, YYYY-MM-DD", "First night"), date)),
        ("[Book|Reserve|Find|Get me|I need] a [room|hotel|hotel room] in {city} for {nights} nights from {date}[| please]", "{nights} nights in {city} from {date}[, please|, book it|]", "[Hotel|Room] in {city}, {date}, {nights} nights[| please]"),
        ("From {date} I sleep {nights} nights in {city}, arrange a hotel.", "Find me a bed in {city}: {nights} nights, first one {date}."),
        lambda s, a: {"status": "confirmed", "code": s.code()},
        ("Your room in {city} is booked, the code is {code}.",),
    ),
)

VERBS = ("get", "find", "lookup", "fetch", "show", "read", "check", "query", "load", "list", "view", "request", "retrieve", "report", "search", "see")
SET_VERBS = ("set", "update", "change", "store", "write", "put", "edit", "save", "modify", "assign", "replace", "define")


def random_tool(source: Source) -> tuple[Tool, str]:
    """A made-up tool about a free noun, and that noun. Its words are the only way to know what it is for."""
    s = source
    noun = s.pick(w.ATTRIBUTES + w.NOUNS) if s.chance(0.6) else s.pseudo(2)
    if s.chance(0.4):
        noun = f"{s.pick(w.NOUNS + w.ADJECTIVES)} {noun}"
    snake = noun.replace(" ", "_")
    owner = s.pick(("name", "id", "city", "person", "item", "company", "key", "code", "place"))
    make: Maker = {"city": city, "person": person, "item": _same(Source.item), "company": _same(Source.company), "name": person, "place": _same(Source.place)}.get(owner, code)
    subject = _p(owner, "string", f"The {owner}|Which {owner}|{owner.capitalize()} to use", make)
    o = "{" + owner + "}"
    if s.chance(0.55):
        value = ("value", "value") if s.chance(0.5) else (snake, noun)
        return Tool(
            (f"{s.pick(VERBS)}_{snake}", snake, f"{snake}_of", f"{owner}_{snake}"),
            (f"Get the {noun} of a {owner}", f"The {noun} of a {owner}", f"Look up the {noun}", f"Find out the {noun} for a {owner}"),
            (subject,),
            (f"[What is|What's|Tell me|Get|Show me|Find|Check|I need] the {noun} [of|for] {o}[?|]", f"{o} {noun}[?|]", f"{noun} of {o}[?|| please]", f"[Do you know|Can you tell me|Can you find|Please look up] the {noun} of {o}[?|]", f"Which {noun} does {o} have?"),
            (f"I wonder about the {noun} that belongs to {o}.", f"For {o}, look up the {noun}.", f"Say, what {noun} has {o}?"),
            lambda s2, a: {value[0]: s2.code() if s2.chance(0.5) else s2.item()},
            (f"The {noun} of {o} is {{{value[0]}}}.",),
        ), noun
    if s.chance(0.35):
        return _counting_tool(s, noun, snake, subject, o), noun
    kind = s.pick(("string", "integer"))
    amount = _p(s.pick(("value", "to", "new_value")) if " " in noun or owner == snake else snake, kind, f"The new {noun}|New value", code if kind == "string" else _number(0, 999))
    v = "{" + amount.name + "}"
    return Tool(
        (f"{s.pick(SET_VERBS)}_{snake}", f"{snake}_{s.pick(SET_VERBS)}"),
        (f"Set the {noun} of a {owner}", f"Change the {noun} of a {owner}", f"Store a new {noun}"),
        (subject, amount),
        (f"[Set|Change|Update] the {noun} of {o} to {v}[| please]", f"[Make|Let] {v} the {noun} of {o}", f"[For|of] {o}[,|] set the {noun} to {v}", f"The {noun} of {o} [should be|must be|is now] {v}[, change it|, update it|, please set it]"),
        (f"Give {o} the new {noun} {v}.", f"I want {v} as the {noun} of {o}, please store it.", f"From now on {o} has {v} as {noun}, so change that."),
        lambda s2, a: {"status": s2.pick(("ok", "done", "saved", "updated"))},
        (f"The {noun} of {o} is now {v}.",),
    ), noun


def _counting_tool(s: Source, noun: str, snake: str, subject: Param, o: str) -> Tool:
    """A made-up tool that counts, checks or finds: asked for in many ways, with one value to copy."""
    what = s.pick(("in stock", "left", "on the list", "available", "open", "in store", "sold", f"in the {s.pick(w.NOUNS)}", f"on the {s.pick(w.NOUNS)}"))
    key = what.replace(" ", "_")
    return Tool(
        (f"{s.pick(VERBS)}_{key}", f"count_{key}", f"check_{snake}", f"is_{key}", f"{snake}_{key}"),
        (f"How many of a {subject.name} are {what}", f"Look up how many pieces of a {subject.name} are {what}", f"Count what is {what}", f"Tell whether a {subject.name} is {what}"),
        (subject,),
        (
            f"How many {o} [do we have|are there|are|have we got|do you see|can I get] {what}?", f"[Is|Are] [there any|there|any] {o} {what}?", f"[Check|Count|See|Look up|Tell me|Show|Find out] how many {o} are {what}[.||, please]",
            f"[Do we have|Have we got|Can you find|Do you see] {o} {what}?", f"{o} {what}[?|]", f"What about {o}, [is it|are they|how many are] {what}?",
        ),
        (f"Let me know whether {o} can be found {what}.", f"I wonder how many {o} remain {what}."),
        lambda s2, a: {key: s2.between(0, 99)},
        (f"There are {{{key}}} of {o} {what}.",),
    )
