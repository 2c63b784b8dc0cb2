"""Free frames: sentences that bind a subject to a value, ask for a subject, or dress up a phrasing, by the thousand.

They are put together from parts, now and then with words that do not exist, so that the model has to look for the
subject and the value themselves and not for the words around them. It knows no tasks.
"""

# fmt: off
# ruff: noqa: SIM905
from __future__ import annotations

from collections.abc import Callable

from . import words as w
from .source import Source, is_held_out

LINKS = (
    "is|was|equals|will be|should be|must be|has to be|is now|is still|turned out to be|stays|remains|reads|is set to|was set to|has been set to|ended up as|stands at|goes by|is called|is known as|is named|counts as|would be|"
    "may be|might be|could be|seems to be|appears to be|shows|says|gives|means|lists|mentions|has the value|has the name|got the value|holds|contains|carries|points to|comes to|comes out as|works out to|amounts to|adds up to|makes|has been|"
    "proved to be|was found to be|was chosen to be|was given as|is given as|is written as|is noted as|is listed as|is recorded as|is stored as|is entered as|was changed to|was moved to|was fixed at|is fixed at|lies at|ranks as|is down as|"
    "is most likely|is probably|is certainly|is still called|is now called|is usually|is always|is now known as|has become|became|is currently|happens to be|is supposed to be|is meant to be|is said to be|is believed to be|is going to be|is registered as|is marked as|is filed as|is saved as|is kept as|is spelled|is fixed as|has been given as|has been changed to|has been fixed at|has turned into|was recorded as|was noted as|was written as|was entered as|was confirmed as|was agreed to be|is no other than|is simply|is of course|is really|is actually|is just|is exactly|is about|is, I think,|is, as always,|is, they say,|is this:|is the following:|is as follows:"
).split("|")
BACK_LINKS = (
    "is|was|will be|serves as|was chosen as|was picked as|is used as|is meant as|stands for|is known as|counts as|is listed as|is noted as|is given as|was given as|is what we call|is what I call|is what they gave as|goes in as|goes down as|"
    "is the value of|is the right value for|belongs to|fits|is right for|was entered for|was set for|is meant for|was written under|appears under|stands next to|stands beside|is found under|you find under|is my answer for|is what I have for|we have for|"
    "is what I wrote for|is what I noted for|is what we wrote for|is what we agreed on for|is what they told me for|was noted as|was recorded as|was written as|was entered as|is registered as|is marked as|is saved as|is now|has become|became|has been|works as|goes with|should be|must be|is probably|is certainly|they chose for|I picked for|I would put for|you may take for|somebody wrote for|was the choice for|will do for|is fine for|is all I know about|is all there is for"
).split("|")
LEADS = (
    "In short,|To be clear,|For the record,|Just so you know,|Before I forget,|Listen:|Look,|Honestly,|If anyone asks,|I was told that|We agreed that|They say that|It turns out that|I can tell you that|Today I learned that|As you may know,|It is a fact that|"
    "I believe that|I guess|I think|I am sure that|Everybody knows that|Somebody said that|The report says that|The letter says that|According to the list,|According to the book,|On the form,|In the file,|On page 3,|At the top it says that|At the bottom,|In this case,|"
    "For us,|With us,|Here,|There,|Today,|Now,|Since last week,|From tomorrow,|Last but not least,|Again,|First,|Second,|Finally,|Then,|And then,|Besides,|Also,|Moreover,|However,|Of course,|Perhaps,|Maybe,|Usually,|Always,|Sadly,|Luckily,|After all,|"
    "Good news:|Bad news:|A detail:|A fact:|A hint:|To add to that,|Apart from that,|If I am right,|If it helps,|When in doubt,|My note says that|The sign says that|The screen shows that|You can read that|You must know that|Let it be known that|Just for you:|By the way,|To start with,|In other words,|Put simply,|As I said,|As we agreed,|As mentioned,|As promised,|As requested,|As a reminder,|To repeat,|Note that|Please note that|Remember that|Keep in mind that|I should add that|I want to add that|I just heard that|We heard that|We know that|We found that|They told me that|She says that|He says that|The note says that|The form says that|The list says that|The file says that|My friend says that|Please understand that"
).split("|")
TAILS = (
    "for now|by the way|I think|I guess|as agreed|at the moment|in the end|as far as I know|if I am right|as usual|as always|since Monday|since last week|for the time being|again|of course|after all|in any case|so far|as we said|this time|once and for all|"
    "I believe|I suppose|I hear|I heard|we think|we agreed|we heard|as I said|as mentioned|as promised|as requested|as noted|as written|as before|just so you know|if it helps|for your information|for the record|to be clear|at least for now|until further notice|most likely|for certain|I am told|they say|it seems|you see|right now|from now|as it was|as planned|by all means|without doubt|indeed|for sure|in fact|to be exact|more or less|in my view"
).split("|")
ASKS = (
    "please give me|I need|I want to know|I'd like to know|I would like to know|I want|what did I say about|what have I said about|what did I write about|state|name|print|show|show me|look up|fetch|repeat|let me know|let me see|any idea about|what about|how about|help me with|return|"
    "report|find|find out|get|get me|bring up|bring back|remember|think of|read me|read out|write down|write|list|mention|say again|do you have|do you still have|have you got|have you kept|have you noted|did you note|did you keep|did you save|did I mention|did I tell you|"
    "what do you have for|what do you have as|what do you know about|what did we say about|what was it with|what have you got for|tell us|tell me about|tell me again|remind me of|remind us of|give us|give me again|can you tell me|could you tell me|can you give me|could you give me|please tell me|please show me|please repeat|please state|do you know|do you remember|do you recall|I forgot|I have forgotten|we forgot|we want to know|we would like to know|I wonder about|search for|check|quote|recite|which one was|which was|who or what is|what would be|what may be|what might be|and what about|can I have|could I have|may I have|may I know|may I ask for|I ask for|I am looking for|I am asking for|I was looking for|I cannot recall|"
    "I can't remember|I don't know|I no longer know|I have to know|we need|we must know|they ask for|somebody asks for|my boss wants|the form asks for|they want to know|it is about|this is about|answer this:|question:|one question:|last question:|so:|well:"
).split("|")
ASK_TAILS = (
    "again|now|if you can|for me|that I told you|from before|from earlier|as I said it|I mentioned|as I wrote it|I gave you|from my message|in one line|in short|quickly|right now|this time|today|here|as it was|as you know it|if you know|in full|"
    "that I mentioned|that I wrote|that I gave you|that we talked about|that you have|that you know|once more|one more time|as I told you|as I gave it|as we said|please|for us|in a word|in one word|just once|straight away|when you can|if possible|I talked about|we talked about|you noted|that you noted|you have|you know|as told|exactly|word for word|by heart|"
).split("|")
SOFT = (
    "really|just|also|now|well|indeed|of course|perhaps|maybe|simply|again|today|then|actually|surely|even|still|you know|I think|I guess|as always|by now|for once|so to say|in fact"
).split("|")
SYNONYMS = {
    "bought": ("purchased", "got", "picked up", "took", "acquired"), "sent": ("mailed", "passed", "forwarded", "handed"), "lives": ("is at home", "stays", "dwells", "has a flat"), "wants": ("wishes", "asks for", "hopes for", "desires"), "need": ("require", "want", "must have"),
    "starts": ("opens", "gets going", "sets out"), "costs": ("sells for", "goes for", "is worth"), "is": ("was", "is now", "will be"), "are": ("were", "are now"), "please": ("kindly", "if you please"), "Please": ("Kindly", "Do"), "called": ("named", "titled", "known as"),
    "show": ("display", "present"), "Show": ("Display", "Present"), "tell": ("inform", "let me know"), "Tell": ("Inform", "Say"), "find": ("locate", "seek"), "Find": ("Locate", "Seek"), "get": ("obtain", "bring"), "Get": ("Obtain", "Bring"), "give": ("hand", "offer"), "Give": ("Hand", "Offer"),
    "works": ("is employed", "has a post", "serves", "earns money"), "has": ("owns", "holds", "comes with"), "have": ("own", "hold"), "of": ("for", "from", "about"), "for": ("of", "about"), "at": ("near", "by", "around"), "in": ("inside", "within", "near", "around", "over in"), "the": ("this", "that", "our"), "a": ("some", "one", "another"),
    "What": ("Which", "Say, what"), "what": ("which",), "much": ("many",), "says": ("states", "tells us", "writes"), "Can": ("Could", "Would"), "can": ("could", "might"), "my": ("our", "this"), "I": ("we",), "it": ("this", "that"), "It": ("This", "That"), "order": ("order",),
}
KEEP = {"not", "no", "never", "unpaid", "without", "from", "to", "by", "nothing"}


def odd(source: Source) -> str:
    """A word out of place: invented, or any word of the lists."""
    return source.pseudo(2) if source.chance(0.5) else source.pick(source.pick((w.ADJECTIVES, w.NOUNS, w.ATTRIBUTES, w.HOBBIES, w.TOPICS)))


def _cut(source: Source, text: str) -> str:
    return text.lower() if source.lower else text


def _split(source: Source, make: Callable[[], str]) -> str:
    """A frame from this side of the held-out split."""
    while is_held_out(frame := make()) != source.held_out:
        pass
    return frame


def bind(source: Source, subject: str, value: str) -> str:
    """A sentence that states that the subject has the value."""

    def make() -> str:
        forward = source.chance(0.62)
        link = source.pick(LINKS if forward else BACK_LINKS)
        if source.chance(0.08):
            link = odd(source)
        elif forward and source.chance(0.08):
            link = f"{link} {odd(source)}:"
        frame = f"{{s}} {link} {{v}}" if forward else f"{{v}} {link} {{s}}"
        if source.chance(0.4):
            lead = source.pick(LEADS)
            if source.chance(0.15):
                lead = f"{odd(source)} {odd(source)}" + source.pick((",", ":", " that"))
            frame = f"{lead} {frame}"
        return f"{frame}, {source.pick(TAILS)}" if source.chance(0.25) else frame

    text = _cut(source, _split(source, make)).format(s=subject, v=value)
    return (text if source.lower or text.startswith(value) else text[:1].upper() + text[1:]) + "."


def ask_for(source: Source, subject: str) -> str:
    """A question or order that asks for the subject's value."""

    def make() -> str:
        lead = source.pick(ASKS)
        if source.chance(0.1):
            lead = f"{odd(source)} {source.pick(('me', 'us', 'of', 'about', 'on', '-'))}"
        elif source.chance(0.1):
            lead = f"{odd(source)}, {lead}"
        tail = f"{source.pick((' ', ' ', ', '))}{source.pick(ASK_TAILS)}" if source.chance(0.4) else ""
        return f"{lead} {{s}}{tail}".strip() + source.pick(("?", ".", "", "?"))

    text = _cut(source, _split(source, make)).format(s=subject)
    return text if source.lower else text[:1].upper() + text[1:]


def dress(source: Source, frame: str) -> str:
    """A frame with small changes in words that carry no value: added, exchanged or left out. The evaluation's stay as they are."""
    if source.held_out or source.chance(0.45):
        return frame
    out = []
    strength = source.pick((0.06, 0.12, 0.25))
    words = frame.split(" ")
    for i, word in enumerate(words):
        if "{" in word or word.strip(".,:?!").lower() in KEEP:
            out.append(word)
            continue
        if source.chance(strength) and word in SYNONYMS:
            word = source.pick(SYNONYMS[word])
        elif source.chance(strength * 0.5) and word in ("the", "a", "is", "are", "it", "me", "of", "please"):
            continue
        out.append(word)
        if source.chance(strength * 0.5) and word[-1:].isalpha() and i + 1 < len(words) and "{" not in words[i + 1]:
            out.append(source.pick(SOFT))
    text = " ".join(out)
    if source.chance(0.2):
        text = f"{source.pick(LEADS)} {text}"
    return _cut(source, text)


def say(source: Source, train: tuple[str, ...], unusual: tuple[str, ...] = (), /, **slots: object) -> str:
    """A phrasing, perhaps dressed up, with its slots filled in."""
    text = source.frame(train, unusual)
    if not source.unusual:
        text = dress(source, text)
    return text.format(**slots) if "{" in text else text
