"""Facts told in earlier turns and asked for later, over filler of any length. It knows no token ids, only characters."""

# fmt: off
from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from . import reasoning, talk
from . import words as w
from .chat import Conversation
from .extraction import free_extraction
from .frames import ask_for, bind, dress
from .source import Source
from .values import MAKERS

# attribute of a person or thing: kinds of value
PERSONAL = {
    "name": "person", "nickname": "first", "favourite colour": "colour", "favourite food": "food", "favourite city": "city", "password": "code", "wifi password": "code", "locker code": "code", "door code": "code",
    "phone number": "phone", "email": "email", "email address": "email", "address": "address", "home town": "city", "city": "city", "job": "job", "employer": "company", "hobby": "hobby", "birthday": "said_date", "lucky number": "pages",
    "seat": "code", "room": "room", "flight number": "code", "booking code": "code", "licence plate": "code", "badge number": "code", "project": "title", "favourite book": "title", "favourite animal": "animal", "shoe size": "small",
    "age": "age", "bank": "company", "account number": "code", "desk": "room", "meeting time": "said_time", "deadline": "said_date", "doctor": "person", "best friend": "person", "street": "address", "bus line": "age",
    "team": "word", "boat": "word", "dog": "first", "cat": "first", "budget": "pages", "next trip": "city", "car": "word", "order number": "code", "serial number": "code", "middle name": "first", "instrument": "item", "gift": "item",
}
# Frames around a question in full ({q}), a clause ("where I live") and a noun ("my home"); and around a statement.
DIRECT = (
    "{q}[?||?|?]",
    "[So|And|Now|But|Well|Okay|Ok|Oh|Hey|Then|So now|And now|Okay so|Well then][ |, ]{q}[?||?]",
    "[Quick question|One question|A question|Question|Tell me|Please tell me|Say|By the way|Also|Next|Next question|Help me out|I forgot|Sorry|Remind me|Please remind me|Let me ask|Let me see|Right|Again|Just checking|One more thing|Back to what I said|From what I told you|Going by what I said|Earlier I told you|I told you before][:|,| -] {q}[?||?]",
    "[|||So |And |Now |Okay, |Well, ]{q}[ again|, again| by the way|, please|, do you know|, do you remember|, can you tell me|, can you say|, if you remember|, as I told you|, did I say| then| exactly|, you know| now| once more|, please remind me|, going by what I told you|, according to me][?||?]",
)
CLAUSE = (
    "[|||So |And |Now |Okay, |Please, |Well, |Hey, |By the way, |Sorry, ]{c}[?||.|?]".replace("{c}", "[[Do|Would] you [know|remember|recall|still know|still remember|happen to know|by any chance know]|[Can|Could|Will|Would] you [tell me|please tell me|say|remember|recall|remind me|please remind me|repeat|look up|find out|check]|Did I [tell you|say|mention|ever tell you]|Have I [told you|mentioned|said]|Have you noted|Do you have any idea|Any idea] {q}[||| again| for me| please|, please| now| once more| by now]"),
    "[|||So |And |Now |Okay, |Please |Well, |Hey, |Sorry, ][tell me|tell me again|remind me|say|say again|repeat|let me know|look up|check|find out|state|answer|write|write down|show me|read back|recall|think about|remember] {q}[||| again| for me| please|, please| now| once more| if you can| if you know it][.|||?]",
    "[I forgot|I have forgotten|I want to know|I'd like to know|I would like to know|I need to know|I have to know|I wonder|I don't remember|I can't remember|I cannot recall|I no longer know|I am not sure|I would like to hear|I want to hear|I told you|I said|I mentioned|You know|You should know|You noted|You must know|My question is|The question is|Somebody asks|They want to know|Help me remember|Help me recall|Not sure] {q}[.||?|. Do you know?|. Can you help?|, can you tell me?|, please tell me.|, remind me please|, what did I say?]",
)
NOUN = (
    "[|||So |And |Now |Okay, |Well, |Hey, |Again, |By the way, |Sorry, |Quick: |Question: |Tell me, |Then ][what is|what's|what was|what is|what's|which is|what would be|what did I say is|what did I say was] {q}[||| again| please|, please| now| then| once more| exactly| by the way|, do you know|, do you remember][?||?|?]",
    "[|||So |And |Now |Okay, |Please |Well, |Hey, |Sorry, ][tell me|give me|say|name|state|show me|repeat|recall|remind me of|tell me again|look up|find|get|get me|read me|write|write down|print|mention|bring up|fetch|return|check|remember|let me have|let me hear|quote|report] {q}[||| again| for me| please|, please| now| once more| that I told you| from before| if you know it][.|||?]",
    "[|||So |And |Now |Okay, |Please, |Well, |Hey, ][[do|can] you [know|remember|recall|name|still know|still have|say|repeat]|do you have|have you got|did you note|have you noted|[can|could|would|will] you [tell me|give me|say|repeat|show me|remind me of|name|look up|find]|[can|could|may] I [have|get|hear|see|know]|what about|how about|and|any idea about|what do you know about|what do you have for|what did I say about|what did I tell you about|did I tell you|did I mention|have I told you] {q}[||| again| for me| please|, please| now| once more][?||?]",
    "[I forgot|I have forgotten|I want to know|I'd like to know|I need|I want|I need to know|I lost|I don't remember|I can't remember|I don't know|I cannot recall|I no longer know|I am looking for|I was looking for|I am asking for|I would like to hear|I would like to have|I'd like to see|My question is about|This is about|It is about|They ask for|The form asks for|Somebody wants to know] {q}[.||?|. Do you know it?|. Can you help?|, can you tell me?|, what is it?|, what was it?|, please|, remind me please]",
    "{q}[?||, please|, please?| please|: what was it?| again?| was what?| is what?|, what is it?|, do you know it?|, again?|: what did I say?]",
)
STATEMENT = (
    "{q}", "{q}[|, by the way|, you know|, I think|, as you may know|, just so you know|, for your notes|, please remember|, please note that|, keep that in mind|, I am told|, as I said|, of course|, in case you ask|, if that matters]",
    "[So|Well|Also|And|Oh|Okay|Now|Next|Then|First|Besides|By the way|Just so you know|For your information|FYI|For the record|For later|Before I forget|In case it matters|In case I ask later|A detail|One more thing|Good to know|A fact|Note|Please note|Remember|Please remember|Keep in mind|Info|To start with|Listen|Look|As you may know|You should know][,|:|,] {q}",
    "[Note|Remember|Please note|Please remember|Keep in mind|Please keep in mind|Don't forget|Do not forget|You should know|I want you to know|I tell you|Let me tell you|I can tell you|I should say|You may note|Write down|Please write down|It is good to know|Know|Bear in mind|Make a note|Let it be noted|I would like you to remember|I want to mention|I may say|I have to say|I forgot to say|I have not said yet] that {q}",
)


def _around(frames: tuple[str, ...], inner: str) -> tuple[str, ...]:
    """The frames with the alternatives of `inner` in their middle."""
    return tuple(x.replace("{q}", f"[{inner}]") for x in frames)


STATE_TRAIN = (*_around(STATEMENT, "{s} [is|is|is|was set to|is now|is called|will be] {v}|{v} is {s}|I [set|put|noted|chose] {v} as {s}|for {s} [I have|you can note|put down|take|we have] {v}|it is {v} for {s}"), "{S}[: | = | - | -> |, it is |, that is |: it is |: that's ]{v}", "[Here is|This is|Here comes|Now comes|That is] {s}[: | - |, ]{v}", "[As for|About|Regarding|Concerning|On|With regard to|Now to|Coming to] {s}[:|,] [it is|that is|we have|I have|note|take|put down|the answer is|I say|] {v}")
STATE_HELD_OUT = ("In case you need it later, {s} is {v}.", "Store this in your memory: {s} is {v}.", "I should mention that {v} is {s}.", "One more thing: {s} happens to be {v}.")
ASK_TRAIN = (*_around(NOUN, "{s}"), *_around(NOUN, "{s}"), *_around(CLAUSE, "what {s} [is|was]|what {s} [is|was]|what I [said|told you|wrote|noted] about {s}|what I gave as {s}"), *_around(DIRECT, "[what|which] [value|thing|word|one] [is|was] {s}|what did I [say|tell you|write|note|put down] about {s}|do you [know|remember|have] {s}|[which|what] did I [name|give|mention] as {s}|what do you have for {s}"))
ASK_HELD_OUT = ("Could you look back and name {s}?", "What did I tell you {s} is?", "Earlier I gave you {s}, please state it.", "I would like to hear {s} once more.")
# Words before a statement that make it a correction beyond doubt
CORRECTION = (
    "[|Oh, |Ah, |Hm, |Oh no, |Sorry, |Wait, |Please note: ][actually|correction|I was wrong|I made a mistake|I have to correct myself|let me correct that|that was wrong|that has changed|this has changed|something changed|a change|a change of plan|an update|update|new information|I got that wrong|what I said before is no longer right|what I said is out of date|forget what I said|I mixed that up][:|,] ",
)
CHANGE_TRAIN = (
    f"{CORRECTION[0]}{{s}} is [now |]{{v}}[||| now| instead|, not what I said before].", f"{CORRECTION[0]}{{s}} [should be|must be|has to be|has become|changed to|was changed to] {{v}}[||| now].", "{S} [has changed|changed|was changed|is different now|is new|is not the same any more][:|,|;] [it is|it's|that is|the new one is|now it is] {v}[| now].", "[I was wrong about|I have to correct|I must correct|Please change|Please correct|Please update|Update|Correct|Change|Replace] {s}[: it is|: it is now| to| to|; the new value is|: the right one is] {v}.",
    "{S} is now {v}.", "[From now on|As of today|Since today|Starting today|From today on|Now], {s} is {v}[| instead].", "[The new value of|The right value of] {s} is {v}.",
)
CHANGE_HELD_OUT = ("Scratch that, {s} is {v} from now on.", "An update: {s} became {v}.")


class Kind(NamedTuple):
    """A kind of fact, with slots n (a name) and v (the value); strings of alternatives in the middle of the frames."""

    key: str
    value: str  # kind of the value
    states: str
    questions: str
    clauses: str
    nouns: str
    reply: str
    not_told: str
    held_states: tuple[str, ...] = ()
    held_asks: tuple[str, ...] = ()


# About somebody
RELATIONS = (
    Kind("home", "city",
        "{n} [lives|is living|now lives|stays|is at home|has a house|has a flat|has a place|resides|has settled down|found a home|rents a room] in {v}|{n} [has moved|moved|went to live] to {v}|[the home of {n}|{n}'s home|{n}'s city|the city of {n}|home for {n}] is {v}|{n} calls {v} home|in {v} [lives|there lives|you find the home of] {n}|{v} is [where {n} lives|home to {n}|the home of {n}|{n}'s home|the city of {n}]|{n}, who lives in {v}, is well|the house of {n} is in {v}",
        "where [does {n} live|is {n} living|does {n} stay|is {n} at home|is {n}'s home|is the house of {n}|did {n} move to]|[in which|in what|which|what] [city|town|place] does {n} live[| in]|[which|what] [city|town|place] is [home to {n}|{n}'s home|{n}'s city]|what [city|place] does {n} call home", "where {n} [lives|is living|stays|is at home|has a home]|[in which|what|which] city {n} lives[| in]|where {n}'s home is|what city {n} calls home", "[the city|the home city|the place] of {n}|{n}'s [home|city|place to live]|the [city|place|town] where {n} lives|the city that {n} lives in",
        "{n} lives in {v}.", "where {n} lives", ("{n} has settled in {v}.",), ("What is the home of {n}?",)),
    Kind("origin", "city",
        "{n} [is from|comes from|is originally from|came from|grew up in|was born in|was raised in|spent childhood in|has roots in] {v}|{n} was born and raised in {v}|{v} is [where {n} was born|where {n} grew up|where {n} comes from|the birthplace of {n}|{n}'s birthplace]|[the birthplace of {n}|{n}'s birthplace] is {v}",
        "where [is {n} from|does {n} come from|was {n} born|did {n} grow up|was {n} raised|is {n} originally from|are the roots of {n}]|[which|what] [city|place|town] [is {n} from|does {n} come from|was {n} born in|did {n} grow up in]|[in which|in what] [city|place|town] [was {n} born|did {n} grow up|was {n} raised]|from where [is|does come] {n}", "where {n} [is from|comes from|was born|grew up|was raised]|[which|what] city {n} [is from|comes from|was born in|grew up in]", "[the birthplace|the origin] of {n}|{n}'s [birthplace|origin]|the [city|place|town] where {n} [was born|grew up]|the [city|place] {n} comes from",
        "{n} is from {v}.", "where {n} is from"),
    Kind("job", "job",
        "{n} [is|works as|is employed as|became|was trained as|has always been|earns a living as|makes money as|serves as|has a job as|got a job as] a {v}|[the job|the trade|the profession|the work] of {n} is [|that of a ]{v}|{n}'s [job|trade|profession] is {v}|{n}, you know, is a {v}|{n} is a {v} by [trade|profession]|as for work, {n} is a {v}",
        "what does {n} [do|do for a living|work as|do for work|do all day|earn money as]|what is [{n}'s job|the job of {n}|the trade of {n}|the profession of {n}|{n}'s profession|{n} by trade|the work of {n}]|[in which job|as what|in what job] does {n} [work|earn money]|[which|what] [job|trade|profession|work] does {n} have|how does {n} [earn money|earn a living|make a living]", "what {n} [does|does for a living|works as|is by trade]|[what|which] job {n} has|what [{n}'s job|the job of {n}] is|how {n} earns money", "[the job|the trade|the profession|the work] of {n}|{n}'s [job|trade|profession|work]|the job that {n} has",
        "{n} works as a {v}.", "what {n} works as", ("By trade {n} is a {v}.",), ("Which job has {n}?",)),
    Kind("food", "food",
        "{n} [likes|loves|eats only|is fond of|prefers|enjoys|always eats|always orders|dreams of|adores|likes to eat|is happy with|often eats] {v}|{n}'s favourite [food|dish|meal] is {v}|[the favourite food|the favourite dish|the dish] of {n} is {v}|[nothing makes {n} as happy as|you can please {n} with|cook for {n}] {v}|{v} is [the favourite food of {n}|what {n} likes to eat|{n}'s favourite dish|what {n} always eats]",
        "what does {n} [like|love|prefer|eat|enjoy] to eat|what does {n} [like|love|eat|enjoy|prefer|always eat|like best]|[what|which] [food|dish|meal] does {n} [like|love|prefer|eat|enjoy|like best|always eat]|what [should|can|do] I cook for {n}|what [food|dish|meal] [is right|is good|is best] for {n}|what is [{n}'s favourite food|the favourite food of {n}|the favourite dish of {n}]|[which|what] food makes {n} happy", "[what|which food|what food|which dish] {n} [likes|loves|eats|prefers|enjoys|likes to eat]|what [food to cook|to cook] for {n}|what {n}'s favourite food is", "[the favourite food|the favourite dish|the food|the dish] of {n}|{n}'s [favourite food|favourite dish|favourite meal|food]|the [food|dish] that {n} likes",
        "{n} likes {v}.", "what {n} likes to eat", ("{n} cannot resist {v}.",), ("Which food pleases {n}?",)),
    Kind("thing", "item",
        "{n} [bought|got|owns|has|carries|holds|picked up|has got|now has|now owns|keeps|possesses|brought along|came with|received|walks around with] a {v}|[we gave|they gave|somebody gave|they sold|we sold] {n} a {v}|[the thing|the object|the property] of {n} is a {v}|a {v} [belongs to|is owned by|is the property of|was given to] {n}|there is a {v} that belongs to {n}",
        "[what|which] [thing|object|item] [does {n} have|does {n} own|belongs to {n}|does {n} hold|did {n} get|is {n}'s|is owned by {n}|does {n} keep]|what [does {n} have|does {n} own|did {n} get|has {n} got|belongs to {n}|is owned by {n}|does {n} possess|does {n} hold]|what is [{n}'s thing|{n}'s object|{n}'s item|the thing of {n}|the property of {n}|{n}'s property]|what is it that {n} [has|owns|got]", "what {n} [has|owns|got|holds|possesses]|[what|which] [thing|object|item] [belongs to {n}|{n} has|{n} owns|is {n}'s]|what belongs to {n}", "[the thing|the object|the item|the property] of {n}|{n}'s [thing|object|item|property]|the [thing|object|item] that [belongs to {n}|{n} has|{n} owns]",
        "It is a {v}.", "what {n} has", ("{n} came home with a {v}.",), ("What thing goes with {n}?",)),
    Kind("spot", "place",
        "{n} [is waiting|waits|is|sits|stands|was seen|can be found|is sitting|is standing|is right now|was last seen|will be] [at|in|near] {v}|you [find|can find|can meet|will find] {n} [at|in] {v}|[go to {v} to see|at {v} you find|in {v} sits] {n}|right now {n} is at {v}",
        "where [is|can I find|do I find|do I meet|can I meet|is waiting|sits|was last seen|will I find] {n}|[in which place|at what place|at which spot|in what place] [is|can I find|do I find|can I meet] {n}|where is {n} [right now|at the moment|waiting|now|to be found|sitting]|where [should|do|must] I go to [see|meet|find] {n}", "where {n} [is|is waiting|can be found|is right now|sits|was seen]|where [to find|I can find|I find|to look for|I can meet] {n}|at what place {n} is", "[the place|the spot] [of {n}|where {n} is|where I find {n}|where {n} waits]|{n}'s [whereabouts|spot]",
        "{n} is at {v}.", "where {n} is", ("{n} stays around {v}.",), ("At which place is {n}?",)),
    Kind("pet", "first",
        "{n} has a [dog|cat|horse|parrot|rabbit|goat|hamster|pet] [called|named|by the name of|whose name is] {v}|{v} is the [pet|dog|cat|animal|parrot] of {n}|{n} [lives with|walks with|plays with|cares for|feeds|owns] a pet [called|named] {v}|the [dog|cat|pet|horse] of {n} is [called|named] {v}|{n}'s [pet|dog|cat|rabbit] is [called|named] {v}|{n} [called|named] the [pet|dog|cat] {v}|the name of {n}'s [pet|dog|cat] is {v}",
        "what is [{n}'s pet called|the pet of {n} called|the name of {n}'s pet|the name of the pet of {n}|{n}'s animal called|the animal of {n} called|the name of {n}'s animal]|[which|what] [pet|animal] [does {n} have|belongs to {n}|lives with {n}]|what name [does the pet of {n} have|does {n}'s pet have|did {n} give the pet]|what do they call {n}'s pet|who is {n}'s pet|how is the pet of {n} called|what did {n} call the pet", "what [{n}'s pet|the pet of {n}|{n}'s animal] is called|how {n} calls the pet|what name [{n}'s pet has|the pet of {n} has]|what the name of {n}'s pet is", "the name of [{n}'s pet|the pet of {n}|{n}'s animal]|{n}'s pet|the pet of {n}|the name {n} gave the pet",
        "The pet of {n} is called {v}.", "the pet of {n}", ("{n} shares a home with a pet called {v}.",), ("Which name has the pet of {n}?",)),
    Kind("code", "code",
        "{n} has [the number|number|the code|code|the id|id] {v}|{v} is [the number of|the code of|the id of|the code for|the number for] {n}|[they gave {n}|we gave {n}|{n} received|{n} got|{n} was given] [the number|the code|the id] {v}|[the code of|the number of|the id of] {n} is {v}|{n}'s [code|number|id] is {v}|{n}: {v}|[the code|the number] {v} [belongs to|was given to|goes with|is for] {n}|{n} is [listed|registered|known] under [|the code |the number ]{v}",
        "what is [the code of {n}|the number of {n}|{n}'s number|{n}'s code|{n}'s id|the id of {n}|the code for {n}]|[which|what] [code|number|id] [does {n} have|was {n} given|belongs to {n}|did {n} get|goes with {n}|is for {n}|is {n}'s]|[under|by|with] [which|what] [number|code] [is {n} listed|do we know {n}|is {n} known|is {n} registered]", "[which|what] [code|number|id] {n} [has|got|was given]|what [{n}'s code|{n}'s number|the code of {n}|the number of {n}] is|under which code {n} is listed", "[the code|the number|the id] [of|for] {n}|{n}'s [code|number|id]|the [code|number] that {n} has",
        "{n} has {v}.", "the code of {n}", ("{v} was given to {n} as a number.",), ("Under which code does {n} run?",)),
    Kind("age", "age",
        "{n} is {v} years old|{n} [is now|just turned|turned|has turned|is] {v}[| years of age| years old]|[the age of {n}|{n}'s age] is {v}|{n} is a person of {v} years|{v} is [the age of {n}|{n}'s age|how old {n} is]",
        "how old is {n}[| now]|what is [the age of {n}|{n}'s age]|[what|which] age [does {n} have|is {n}|has {n}]|how many years old is {n}", "how old {n} is[| now]|what age {n} is|what [{n}'s age|the age of {n}] is", "[the age|the years] of {n}|{n}'s age", "{n} is {v} years old.", "how old {n} is"),
    Kind("employer", "company",
        "{n} [works for|works at|is employed by|is employed at|has a job at|is with|got hired by|was hired by|earns money at] {v}|[the employer|the company] of {n} is {v}|{n}'s [employer|company] is {v}|{v} [employs|hired|is the employer of] {n}",
        "who [does {n} work for|employs {n}|is {n}'s employer|hired {n}|is the employer of {n}]|[which|what] [company|firm] [does {n} work for|employs {n}|hired {n}|is {n} with|is {n} employed by]|for [whom|which company|what company] does {n} work|what is [{n}'s company|{n}'s employer|the employer of {n}]", "who {n} works for|[which|what] company {n} works for|who [employs|hired] {n}|for whom {n} works", "[the employer|the company] of {n}|{n}'s [employer|company]|the [firm|company] that {n} works for", "{n} works for {v}.", "who {n} works for"),
    Kind("birthday", "said_date",
        "{n} was born on {v}|[{n}'s birthday|{n}'s date of birth|the birthday of {n}|the date of birth of {n}] is {v}|{v} is [the birthday of {n}|{n}'s birthday|when {n} was born]",
        "when [was {n} born|is {n}'s birthday|is the birthday of {n}]|on [which|what] [day|date] was {n} born|what is [{n}'s birthday|{n}'s date of birth|the birthday of {n}|the birth date of {n}]|[which|what] [day|date] is {n}'s birthday", "when {n} was born|when {n}'s birthday is|on which [day|date] {n} was born", "[the birthday|the birth date|the date of birth] of {n}|{n}'s [birthday|date of birth|birth date]", "{n} was born on {v}.", "when {n} was born"),
    Kind("contact", "phone",
        "{n} [can be reached|can be called|is reachable|answers the phone] [at|on|under] {v}|[the phone number|the telephone number] of {n} is {v}|{n}'s [phone|phone number|telephone number] is {v}|[call|phone|ring] {n} [at|on|under] {v}|{v} is [the phone number of {n}|{n}'s phone number]",
        "what is [{n}'s phone number|the phone number of {n}|{n}'s telephone number]|[which|what] phone number [does {n} have|is {n}'s]|[which|what] number do I [call|dial] to reach {n}|how can I [call|reach|phone] {n}|under which phone number can I reach {n}", "how I can [reach|call|phone] {n}|which number to call for {n}|what {n}'s phone number is|which phone number {n} has", "[the phone number|the telephone number] of {n}|{n}'s [phone number|telephone number|phone]|the phone number I call for {n}", "The phone number of {n} is {v}.", "the phone number of {n}"),
)

# About the user, in the first person
MYSELF = (
    Kind("live", "city",
        "I [live|am living|now live|have a house|have a flat|stay|reside|am at home|have settled down|have my home|rent a room|have an apartment] in {v}|I [moved|have moved] to {v}|my home is [in |]{v}|my house is in {v}|my city is {v}|{v} is [where I live|my home|my city|the city I live in]|I call {v} home|the city I live in is {v}",
        "where [do I live|am I living|do I stay|am I at home|is my home|is my house|do I reside|did I move to|is it that I live]|[in which|in what|which|what] [city|town|place] do I live[| in]|[which|what] [city|town|place] [is my home|is home to me|is mine|did I say I live in|do I call home]|what is my [home|city|place]", "where I [live|stay|am at home|have my home|am living|reside]|[in which|which|what] [city|town] I live[| in]|where my [home|house] is|what my city is", "my [home|city|place to live|place of living]|the [city|town|place] [where I live|I live in|I call home]", "You live in {v}.", "where you live"),
    Kind("from", "city",
        "I [am from|come from|am originally from|came from|grew up in|was born in|was raised in|spent my childhood in|have my roots in] {v}|I was born and raised in {v}|{v} is [where I was born|where I grew up|where I come from|where I am from|my birthplace|the city of my childhood]|my birthplace is {v}|as a child I lived in {v}|my [family|people] [is|come] from {v} and so am I",
        "where [am I from|do I come from|was I born|did I grow up|was I raised|am I originally from|are my roots|is my birthplace|did I spend my childhood]|[which|what] [city|place|town] [am I from|do I come from|was I born in|did I grow up in|was I raised in]|[in which|in what] [city|place|town] [was I born|did I grow up|was I raised|did I spend my childhood]|from where [am I|do I come]|what is my birthplace", "where I [am from|come from|was born|grew up|was raised|spent my childhood]|[which|what|in which] city I [am from|come from|was born in|grew up in]", "my [birthplace|place of birth|origin]|the [city|place|town] [where I was born|where I grew up|I come from|I am from|I grew up in|of my childhood]", "You are from {v}.", "where you are from"),
    Kind("job", "job",
        "I [work as|am|am employed as|earn my money as|earn my living as|was trained as|make a living as|became|have a job as|have always been] a {v}|I am a {v} by [trade|profession]|my [job|work|trade|profession] is [|that of a |being a ]{v}|for a living I work as a {v}|as a {v} I [work|earn my money]",
        "what [do I do|do I do for a living|do I work as|is my job|is my work|is my trade|is my profession|do I do for work|am I by trade|do I earn my money as]|[which|what] [job|work|trade|profession] [do I have|is mine|did I name|have I got|did I say I have]|[how do I|with what do I|with what job do I] [earn my money|earn my living|earn money|make a living]|as what do I work", "what I [do|do for a living|work as|do for work|am by trade]|what my [job|work|trade|profession] is|[which|what] job I have|how I earn my [money|living]", "my [job|work|trade|profession]|the job [I have|that I do|I told you]", "You are a {v}.", "what your job is"),
    Kind("eat", "food",
        "I [like|love|adore|enjoy|always eat|like to eat|love to eat|prefer|am fond of|often eat|always order|could eat every day] {v}|my favourite [food|dish|meal] is {v}|{v} is [my favourite food|my favourite dish|what I like to eat|what I love to eat]|nothing tastes as good to me as {v}",
        "what do I [like|love|enjoy|prefer] to eat|what do I [always eat|like best to eat|often eat]|[which|what] [food|dish|meal] [do I like|do I love|do I enjoy|is my favourite|makes me happy|did I name|do I like best|do I prefer|did I say I like|do I always eat]|what is my favourite [food|dish|meal]|what should you cook for me", "[what|which food|what food|which dish] I [like|love|enjoy|eat|like to eat|love to eat|prefer]|what my favourite [food|dish] is", "my favourite [food|dish|meal]|the [food|dish|meal] [I like|I love|that I like best]", "You like {v}.", "what you like to eat"),
    Kind("age", "age",
        "I [am|just turned|turned|have turned|am now|am already|am only] {v}[ years old| years of age| years old]|my age is {v}|I am a person of {v} years|{v} is my age|I am {v} years old[| now| this year]",
        "how old [am I|am I now|did I say I am|do you think I am|am I exactly|am I this year]|[what|which] [is my age|age am I|age do I have|age did I say|is my number of years]|[how many|what number of] years [am I|do I have|old am I]|what age did I [tell you|give|mention]", "how old I am[| now]|[what|which] age I am|what my age is|how many years [old I am|I have]", "my age|my [number of years|years]|the age [I have|I told you|I am]", "You are {v} years old.", "how old you are"),
    Kind("own", "item",
        "I [have|own|bought|got|possess|picked up|have got|now have|now own|received|bought myself] a {v}|a {v} [belongs to me|is mine]|[they gave|somebody gave|my friends gave] me a {v}|the thing I [own|have] is a {v}",
        "what do I [have|own|possess]|what did I [buy|get|say I have|say I own]|[which|what] [thing|object|item] [do I have|do I own|is mine|belongs to me|did I buy|did I get|do I possess|did I say I have]|what [belongs to me|is mine]|what is it that I [have|own]", "what I [have|own|bought|got|possess]|[which|what] [thing|object|item] [I have|I own|is mine|belongs to me]|what [belongs to me|is mine]", "the [thing|object|item] [I have|I own|that is mine|that belongs to me|I bought|I got]", "You have a {v}.", "what you have"),
    Kind("park", "place",
        "I [parked|left the car|left my car|parked the car|parked my car|put the car|put my car] [at|in|near] {v}|my car [is|stands|is parked|is waiting] [at|in|near] {v}|the car [is parked|stands] at {v}",
        "where [did I park|is my car|did I leave the car|did I leave my car|does my car stand|is the car|is my car parked|do I find my car|did I put the car|did I park the car]|[at|in|near] [which|what] [place|spot] [did I park|is my car|does my car stand|did I leave the car]", "where I [parked|parked my car|left the car|left my car|put the car]|where [my|the] car [is|stands|is parked]|where to find my car", "the [place|spot] [where I parked|where my car is|of my car]|my parking [place|spot]", "You parked at {v}.", "where you parked"),
    Kind("meeting", "said_time",
        "[my|the] meeting [is at|starts at|begins at|was set for|is planned for|takes place at] {v}|I have [a|the] meeting at {v}|at {v} I have a meeting|[my|the] meeting time is {v}",
        "[when|at what time|at which hour|what time] [is|starts|begins] [my|the] meeting|[when|at what time|what time] [does|will] [my|the] meeting [start|begin|take place]|[when|at what time] do I have [my|the] meeting", "[when|at what time] [my|the] meeting [is|starts|begins|takes place]|when I have [my|the] meeting", "the time of [my|the] meeting|my meeting time|the start of [my|the] meeting", "It is at {v}.", "when your meeting is"),
    Kind("travel", "city",
        "I [travel|fly|go|drive|am going|am flying|am travelling|will go|will fly|will travel] to {v} [soon|tomorrow|next week|on Monday|next month|on Friday|this summer|in spring]|my next trip [is|goes] to {v}|I [plan|booked|have booked] a trip to {v}|[next week|tomorrow|soon|next month] I [travel|fly|go|am going] to {v}",
        "where [do I|will I|am I going to] [travel|fly|go|drive][| to][|| soon| next]|where [does my trip go|is my trip going|does my next trip go|is my next trip]|[which|what] city [do I travel to|am I going to visit|will I visit|do I fly to]|to [which|what] city [do I|will I] [travel|fly|go]|what is the goal of my trip", "where I [travel|fly|go|drive|am going|am flying|will travel][| to]|where my [trip|next trip] goes|[which|what] city I [travel to|fly to|will visit]", "[the goal|the destination] of my [trip|next trip|travels]|my [travel destination|next trip]|the city I [travel to|fly to]", "You go to {v}.", "where you travel"),
    Kind("dog", "first",
        "I have a dog [called|named|by the name of|whose name is] {v}|my dog is [called|named] {v}|my dog's name is {v}|the name of my dog is {v}|I [called|named] my dog {v}|{v} is [my dog|the name of my dog|my dog's name]|my dog {v} [is asleep|likes walks|says hello|barks a lot]",
        "what is my dog [called|named]|what is [my dog's name|the name of my dog]|how is my dog called|what [did I call|do I call|did I name] my dog|[which|what] name [does my dog have|did I give my dog]|who is my dog|what do we call my dog", "what my dog is [called|named]|what [my dog's name|the name of my dog] is|how I [call|called] my dog|[which|what] name my dog has", "[my dog's name|the name of my dog|my dog's name]|the name [I gave my dog|my dog has]", "Your dog is called {v}.", "the name of your dog"),
    Kind("employer", "company",
        "I [work for|work at|am employed by|am employed at|have a job at|got hired by|was hired by|am with|earn my money at] {v}|my [employer|company|firm] is {v}|{v} [employs me|hired me|is my employer|is where I work]|the company I work for is {v}",
        "who [do I work for|employs me|is my employer|hired me]|[which|what] [company|firm] [do I work for|employs me|hired me|do I work at|am I with]|for [whom|which company|what company] do I work|where do I work|what is my [employer|company]", "who I work for|where I work|[which|what] company I work [for|at]|who [employs|hired] me|for whom I work", "my [employer|company|firm]|the [company|firm] [I work for|that employs me]", "You work for {v}.", "who you work for"),
    Kind("birthday", "said_date",
        "I was born on {v}|my [birthday|date of birth|birth date] is {v}|{v} is [my birthday|when I was born|my date of birth]|I came into the world on {v}",
        "when [was I born|is my birthday|did I say I was born]|on [which|what] [day|date] was I born|what is my [birthday|date of birth|birth date]|[which|what] [day|date] [is my birthday|was I born]", "when [I was born|my birthday is]|on [which|what] [day|date] I was born|what my [birthday|date of birth] is", "my [birthday|date of birth|birth date]|the [day|date] [of my birth|I was born|when I was born]", "You were born on {v}.", "when you were born"),
    Kind("partner", "person",
        "I am married to {v}|my [wife|husband|spouse] is [|called |named ]{v}|I [married|wed] {v}|{v} is [my wife|my husband|my spouse|the person I married]|the person I married is {v}",
        "who [am I married to|is my spouse|did I marry|is the person I married]|to whom am I married|[what is|what's] the name of my spouse|what is my spouse called|whom did I marry", "who [I am married to|my spouse is|I married]|what my spouse is called|to whom I am married", "my spouse|the name of my spouse|the person I [married|am married to]", "You are married to {v}.", "who you are married to"),
    Kind("language", "language",
        "I [speak|learn|am learning|study|am studying|understand] {v}|the language I [speak|learn|study] is {v}|{v} is the language I [speak|learn|study]|at home I speak {v}",
        "[which|what] language [do I speak|do I learn|am I learning|do I study|did I say I speak|do I know]|what do I speak", "[which|what] language I [speak|learn|am learning|study|know]", "[my language|the language I speak|the language I learn|the language I know]", "The language is {v}.", "which language you speak"),
)
# attribute of the user -> the kind in MYSELF that states the same thing
TWINS = {"age": "age", "job": "job", "city": "live", "dog": "dog", "employer": "employer", "birthday": "birthday", "favourite food": "eat", "meeting time": "meeting", "next trip": "travel"}
# attribute of the user -> kinds in MYSELF that could be meant by the same question
NEAR = {"home town": ("live", "from"), "favourite city": ("live",), "address": ("live",), "street": ("live",), "licence plate": ("park",), "car": ("park",), "instrument": ("own",), "gift": ("own",), "boat": ("own",)}
NAME_STATE = (*_around(STATEMENT[:3], "I am {v}|I'm {v}|my name is {v}|my name's {v}|you can call me {v}|call me {v}|please call me {v}|people call me {v}|I am called {v}|the name is {v}|{v} is my name|I go by {v}|they call me {v}|everybody calls me {v}|{v} here"), "[Hi|Hello|Hey|Good morning|Good evening|Good day|Hello there|Hi there|Greetings][,|!|.] [I am|I'm|my name is|this is|it's|call me|you can call me|here is] {v}")
NAME_ASK = (*_around(DIRECT, "who am I|what is my name|what's my name|what am I called|what do you call me|how do you call me|what was my name|which name is mine|[which|what] name do I have|what name did I [give|tell you|say]|what do people call me"), *_around(CLAUSE, "who I am|what my name is|what I am called|[which|what] name I have|what to call me|how to call me"), *_around(NOUN, "my name|my name|the name I gave you|the name I have"))


def _asks(kind: Kind) -> tuple[str, ...]:
    """All frames of questions for a kind of fact."""
    return (*_around(DIRECT, kind.questions), *_around(DIRECT, kind.questions), *_around(CLAUSE, kind.clauses), *_around(NOUN, kind.nouns))


STATES = {kind: _around(STATEMENT, kind.states) for kind in RELATIONS + MYSELF}
ASKS = {kind: _asks(kind) for kind in RELATIONS + MYSELF}
SELF_KINDS = {kind.key: kind for kind in MYSELF}


@dataclass
class Fact:
    state: str
    questions: tuple[str, str]  # (asked about the subject, the answer with its value)
    value: str
    key: str
    tags: tuple[str, ...]  # no other fact with one of these can be told beside it
    kind: str  # kind of the value
    who: str = ""  # somebody's name
    relation: Kind | None = None


def _value(source: Source, kind: str) -> str:
    if kind == "colour":
        return source.pick(w.COLOURS) if source.chance(0.5) else f"{source.pick(w.ADJECTIVES)} {source.pick(w.COLOURS)}"
    if kind == "food":
        return source.pick(w.FOODS) if source.chance(0.4) else f"{source.pick(w.FOODS)} {source.pick(('with', 'and', 'in'))} {source.pick(w.FOODS)}"
    if kind == "language":
        return source.cased(source.pick(w.LANGUAGES)) if not source.lower else source.pick(w.LANGUAGES).lower()
    if kind == "hobby":
        return source.pick(w.HOBBIES)
    if kind == "word":
        return source.cased(source.pseudo())
    if kind == "room":
        return source.room()
    if kind == "said_date":
        return source.date()[1]
    if kind == "said_time":
        return source.clock()[1]
    return str(MAKERS[kind](source)[1])


def _capital(source: Source, text: str, value: str = "") -> str:
    """The text with a capital at its start, unless it starts with the value, which stays as it is written."""
    return text if source.lower or (value and text.startswith(value)) else text[:1].upper() + text[1:]


def _somebody(source: Source, facts: dict[str, Fact]) -> str:
    """A name: one that was told about, or one whose first name nobody else has."""
    known = [f.who for f in facts.values() if f.who]
    if known and source.chance(0.35):
        return source.pick(known)
    taken = {name.split()[0].lower() for name in known}
    while (name := source.person()).split()[0].lower() in taken:
        pass
    return name


def _subject(source: Source, facts: dict[str, Fact]) -> tuple[str, str, str]:
    """(as the user says it, as the reply says it, kind of the value)."""
    attribute = source.pick(tuple(PERSONAL))
    kind = PERSONAL[attribute]
    form = source.below(6)
    if form < 2:
        return f"my {attribute}", f"your {attribute}", kind
    if form == 2:
        relation = source.pick(w.RELATIONS)
        return f"my {relation}'s {attribute}", f"your {relation}'s {attribute}", kind
    if form == 3:
        who = _somebody(source, facts)
        return f"{who}'s {attribute}", f"{who}'s {attribute}", kind
    attribute = source.pick(w.ATTRIBUTES) if source.chance(0.6) else source.pseudo()
    kind = source.pick(("code", "item", "person", "city", "pages", "word", "title", "code"))
    if form == 4:
        thing = f"the {source.pick(w.NOUNS)}" if source.chance(0.5) else source.cased(source.pseudo(2))
        return (f"the {attribute} of {thing}",) * 2 + (kind,)
    if source.chance(0.5):
        attribute = f"{source.pick(w.NOUNS + w.ADJECTIVES)} {attribute}"
    return (f"the {attribute}",) * 2 + (kind,)


def _relation_tags(kind: Kind, n: str) -> tuple[str, ...]:
    near = {"thing": ("pet", "code"), "pet": ("thing",), "code": ("thing", "contact"), "contact": ("code",), "spot": ("home", "employer"), "home": ("spot",), "employer": ("spot",)}.get(kind.key, ())
    return tuple(f"{n} {x}" for x in (kind.key, *near))


def _mine_tags(attribute: str) -> tuple[str, ...]:
    """The tags of an attribute of the user: its own, and those of first-person facts that say the same."""
    twin = (TWINS[attribute],) if attribute in TWINS else ()
    return (f"my {attribute}", *(f"I {x}" for x in (*twin, *NEAR.get(attribute, ()))))


def _state(source: Source, kind: Kind, n: str, v: str) -> str:
    return _capital(source, dress(source, source.frame(STATES[kind], kind.held_states)).format(n=n, v=v), v)


def _question_about(source: Source, kind: Kind, n: str) -> str:
    text = dress(source, source.frame(ASKS[kind], kind.held_asks)).format(n=n)
    return text if source.chance(0.2) else _capital(source, text)


def _relation_fact(source: Source, kind: Kind, n: str, v: str, tags: tuple[str, ...]) -> Fact:
    return Fact(_state(source, kind, n, v), (_question_about(source, kind, n), kind.reply.format(n=n, v=v)), v, tags[0], tags, kind.value, n, kind)


def make_fact(source: Source, facts: dict[str, Fact]) -> Fact:
    """A fact about somebody, about the user, or about a thing, beside those told already."""
    if source.chance(0.3):
        told = [f.relation for f in facts.values() if f.relation and f.who]
        kind = source.pick(told) if told and source.chance(0.35) else source.pick(RELATIONS)
        n, v = _somebody(source, facts), _value(source, kind.value)
        if n == v:
            return make_fact(source, facts)
        return _relation_fact(source, kind, n, v, _relation_tags(kind, n))
    if source.chance(0.32):
        kind = source.pick(MYSELF)
        return _relation_fact(source, kind, "", _value(source, kind.value), (f"I {kind.key}",))
    mine, yours, value_kind = _subject(source, facts)
    v = _value(source, value_kind)
    attribute = mine.removeprefix("my ")
    tags = _mine_tags(attribute) if mine.startswith("my ") else (mine,)
    who = mine.split("'s ")[0] if "'s " in mine and not mine.startswith("my ") else ""
    if who and attribute.split("'s ")[1] in ("age", "job", "employer", "birthday", "phone number", "dog", "cat", "address", "street", "home town", "favourite food"):
        key = {"dog": "pet", "cat": "pet", "home town": "origin", "favourite food": "food", "phone number": "contact", "address": "home", "street": "home"}
        attribute = attribute.split("'s ")[1]
        tags = (mine, f"{who} {key.get(attribute, attribute)}", *((f"{who} home",) if attribute == "home town" else ()))
    reply = f"{yours[:1].upper() + yours[1:]} is {v}."
    if mine == "my name" and source.chance(0.5):
        state = source.phrase(NAME_STATE, ("People know me as {v}.",), v=v)
    else:
        state = bind(source, mine, v) if not source.unusual and source.chance(0.4) else source.phrase(STATE_TRAIN, STATE_HELD_OUT, s=mine, S=_capital(source, mine), v=v)
    if mine == "my name" and source.chance(0.5):
        ask = source.phrase(NAME_ASK, ("By which name do I go?",))
    elif attribute in TWINS and mine.startswith("my ") and "'s " not in mine and source.chance(0.5):
        kind = SELF_KINDS[TWINS[attribute]]
        ask, reply = _question_about(source, kind, ""), kind.reply.format(v=v)
    else:
        ask = _ask(source, mine)
    return Fact(_capital(source, state, v), (ask if source.chance(0.2) else _capital(source, ask), reply), v, mine, tags, value_kind, who)


def _ask(source: Source, mine: str) -> str:
    if not source.unusual and source.chance(0.35):
        return ask_for(source, mine)
    return dress(source, source.frame(ASK_TRAIN, ASK_HELD_OUT)).format(s=mine)


def _filler(source: Source, c: Conversation) -> None:
    kind = source.random()
    if kind < 0.3:
        talk.small_exchange(source, c)
    elif kind < 0.45:
        reasoning.exchange(source, c)
    elif kind < 0.55:
        c.messages += free_extraction(source).messages if c.system is None else []
    elif kind < 0.6:
        _listed(source, c, source.pick((2, 3, 5, 8)), source.pick((1, 1, 2)))
    else:
        sentences = [source.sentence() for _ in range(source.between(2, 9))]
        lead = source.phrase(("Here is a text: ", "[Keep|Read|Note] this[:|] ", "", "", "[For your files|For later|This is for your notes|Only for your information|Keep what follows|File this|Read what follows]: ", "[A story|Some text|From my diary|The news|Another note]: "), ("What follows is only for your files: ",))
        c.user(lead + " ".join(sentences))
        c.assistant("Noted.")


def size(c: Conversation) -> int:
    return sum(len(m["content"]) + 30 for m in c.messages)


def recall(source: Source, characters: int | None = None) -> Conversation:
    """A conversation of about `characters` (random where None) that tells facts and asks for some of them.

    The last question is graded; in the evaluation it asks for a fact of the first quarter of the conversation.
    """
    c = Conversation(task="recall")
    if source.chance(0.35):
        c.system = talk.system_prompt(source)
        if c.system.startswith(("The user is", "Your name", "You assist")):
            c.system = None
    target = characters or source.pick((300, 700, 1200, 2000, 3300, 4000, 4800, 5300, 5800, 6500, 8000, 10000))
    facts: dict[str, Fact] = {}
    num_facts = source.between(1, 3) if target < 1000 else source.between(2, 12)
    places = sorted(source.random() * 0.9 for _ in range(num_facts))
    early = source.graded or source.chance(0.35)
    places[0] = 0.0 if early else places[0] * source.random()
    while size(c) < target or places:
        if places and size(c) >= places[0] * target:
            places.pop(0)
            _tell(source, c, facts)
        elif facts and not source.graded and source.chance(0.06):
            _question(source, c, source.pick(list(facts.values())))
        else:
            _filler(source, c)
    asked = source.shuffled(list(facts.values()))
    last = next(iter(facts.values())) if early else asked[-1]
    asked.remove(last)
    for fact in asked[: 0 if source.graded else source.between(0, 5)]:
        _question(source, c, fact)
    if source.chance(0.08):
        _not_told(source, c, facts)
        return c
    _question(source, c, last)
    return c


def _changed(source: Source, fact: Fact) -> Fact | None:
    """A told fact with another value, in words that make the change plain; None where such words are not at hand."""
    v = _value(source, fact.kind)
    if v in fact.value or fact.value in v or fact.questions[1].count(fact.value) != 1:
        return None
    reply = fact.questions[1].replace(fact.value, v)
    if fact.relation:
        lead = source.frame(CORRECTION)
        text = lead + source.frame((f"[{fact.relation.states}]",), fact.relation.held_states).format(n=fact.who, v=v)
    elif not source.unusual and source.chance(0.3):
        text = f"{source.frame(CORRECTION)}{source.frame(('{s} is {v}', '{v} is {s}', 'it is {v} for {s}')).format(s=fact.key, v=v)}"
    else:
        text = source.phrase(CHANGE_TRAIN, CHANGE_HELD_OUT, s=fact.key, S=_capital(source, fact.key), v=v)
    text = _capital(source, text, v)
    return Fact(text, (fact.questions[0], reply), v, fact.key, fact.tags, fact.kind, fact.who, fact.relation)


def _tell(source: Source, c: Conversation, facts: dict[str, Fact]) -> None:
    """Tell one to three facts in a turn, alone or inside a text, or change one that was told."""
    if facts and source.chance(0.12):
        fact = source.pick(list(facts.values()))
        changed = _changed(source, fact) if fact.key != "my name" else None
        if changed:
            c.user(changed.state)
            c.assistant("Noted.")
            facts[fact.key] = changed
            return
    told = []
    for _ in range(source.pick((1, 1, 1, 2, 3))):
        fact = make_fact(source, facts)
        if not any(tag in f.tags for f in facts.values() for tag in fact.tags):
            facts[fact.key] = fact
            told.append(fact.state if fact.state.endswith((".", "?")) else fact.state + source.pick((".", "")))
    if source.chance(0.35):
        for _ in range(source.between(1, 5)):
            told.insert(source.below(len(told) + 1), source.sentence())
    if told:
        if len(told) == 2 and source.chance(0.4):
            told[0] = told[0].rstrip(".") + source.pick((" and ", ", and ", "; ", " but "))
            text = told[0] + told[1]
        else:
            text = " ".join(x if x.endswith(".") or x is told[-1] else x + "." for x in told)
        c.user(text)
        only_name = facts["my name"].value if len(told) == 1 and told[0] is text and "my name" in facts else ""
        c.assistant(f"Nice to meet you, {only_name}." if only_name and only_name in text else "Noted.")


def _question(source: Source, c: Conversation, fact: Fact) -> None:
    ask, reply = fact.questions
    c.user(ask)
    c.assistant(reply)
    c.grade = {"kind": "contains", "value": fact.value, "reply": reply}


def _not_told(source: Source, c: Conversation, facts: dict[str, Fact]) -> None:
    """A question about something that was never told, often about somebody or something that other facts are about."""
    used = {tag for f in facts.values() for tag in f.tags}
    for _ in range(40):
        form = source.random()
        if form < 0.3:
            kind, n = source.pick(RELATIONS), _somebody(source, facts)
            ask, what, tags = _question_about(source, kind, n), kind.not_told.format(n=n), _relation_tags(kind, n)
            if any(f.who == n and "'s " in f.key for f in facts.values()):
                continue
        elif form < 0.55:
            kind = source.pick(MYSELF)
            ask, what = _question_about(source, kind, ""), kind.not_told
            tags = (f"I {kind.key}",)
        else:
            mine, what, _ = _subject(source, facts)
            ask = _capital(source, _ask(source, mine))
            tags = _mine_tags(mine.removeprefix("my ")) if mine.startswith("my ") else (mine,)
            if mine in ("my name", "my job", "my age") or any(f.who and mine.startswith(f"{f.who}'s ") for f in facts.values()):
                continue
        if not used & set(tags):
            break
    else:
        return _question(source, c, source.pick(list(facts.values())))
    reply = f"You have not told me {what}."
    c.user(ask)
    c.assistant(reply)
    c.grade = {"kind": "text", "value": reply}
    return None


# Look-ups in a table by the key {k}
LOOK_UP = (
    "[|||And |So |Now |Next, |Then |Next: |Okay, |Ok, |Please |And now |Also |Again: |Well, |First, |Last, ][look up|find|give me|show|show me|read|read me|read out|get|get me|tell me|tell me about|fetch|print|return|name|say|state|check|search for|search|report|bring up|pull up|go to|take|pick|write|output|list|quote|repeat|look at|look for|recall|what about|how about|what is|what's|which is|do|next|and|try] {k}[||| please|, please| now| again| for me| in the list| in the table| from the list| from the table| next][?|.||]",
    "[|||And |So |Now |Next, |Then |Okay, |And now |Also |Well, |Please: |Tell me, |Say, |First, ][which|what] [value|word|thing|entry|item|name|line|data|content|text|result|one|] [belongs to|goes with|stands beside|stands next to|stands at|is next to|is listed for|is listed under|is given for|is there for|is at|is with|is written beside|is beside|comes with|comes after|follows|is stored for|is stored under|is under|matches|is paired with|is tied to|is noted for|was given for|was listed for|is right for|has|is behind|is shown for|is the one for] {k}[|||, please| please| in the list| in the table| there| again| now][?||?|.]",
    "[|||And |So |Now |Next, |Then |Okay, |And now |Also |Well, |Please: |Tell me, |Say, |First, ][which|what] [value|word|thing|entry|item|name|line|data|content|text|result|] [did I list for|did I give for|did I write for|do you have for|do you see for|do you find for|do you find under|do you read for|do you see at|do you see beside|do you get for|did you note for|did you store for|have you got for|does the list say for|does the list give for|does the table have for|does the table show for|can you find for|can you see for|should I see for|do I get for|does one find for] {k}[|||, please| please| in the list| in the table| there| again| now][?||?|.]",
    "[|||And |So |Now |Next, |Then |Okay, |Also |Well, ][the|give me the|I need the|I want the|show me the|tell me the|find the|read the|what is the|what's the|get the|say the|look up the|name the|can I have the|do you have the|print the|fetch the] [value|entry|thing|word|line|data|content|partner|match|right side|other half|pair] [of|for|to|beside|next to|at|with|under|that belongs to|that goes with|listed for|given for] {k}[|||, please| please| in the list| in the table| again| now][?||.|]",
    "[|||And |So |Now |Next, |Then |Okay, |Also |Well, ][what|which] [value|thing|word|line|name] [does|did|has] {k} [have|get|come with|go with|stand for|belong to|hold|carry|give|show|lead to|point to][|| please| in the list| in the table][?||]",
    "[|||And |So |Now |Next, |Then |Okay, |Also |Well, ][what does {k} [have|stand for|go with|give|say|get|hold|point to|lead to|come with]|what [belongs|goes] with {k}|what comes [with|after] {k}|what do I get for {k}|what stands [by|at|next to|beside|with] {k}|where it says {k}, what comes next|I need {k}|I want {k}|I am looking for {k}|I would like {k}|now I need {k}|can you [find|look up|get|read|show me|give me|tell me] {k}|could you [find|look up|get|read|show me|give me|tell me] {k}|do you [have|see|know|find] {k}|for {k}[,| ]what [is|was] [it|there|listed|the value]|with {k}[,| ]what goes|under {k}[,| ]what is there][|||, please| please| again| now][?||.|]",
    "{k}[?||:| =| ->| please|, please|, what is it?|: what is it?|, what is there?|, and?| is?| is what?|...|: which value?| goes with what?|, what belongs to it?|, look it up|, what does the list say?| has which value?| next| now|, now?]",
    "[and|now|next|then|also|so|again|the next:|the next one:|what about|how about|key|entry|line|row|look-up|query|find|get|show|for|under|at|with|on|of][ |: |, | - ]{k}[?||:| =| please|, please]",
)
TABLE_LEAD = (
    "", "", "[|||Please |Now |Okay, |Hello, |First ][note|store|keep|read|remember|save|learn|take|look at|have a look at|see|use|go through|keep in mind] [these|the following|my|this list of|a list of|some|all these|the next] [pairs|entries|lines|values|words|things|records|rows|data][:|.|:| below:]",
    "[|||Okay, |So |Now |Hello, ][here is|here's|this is|I have|I send you|take|that is|below is|you get|here comes] [a|my|the|our|one] [list|table|small table|long list|sheet|data set|look-up table|overview|register|index|dictionary|file][:|.|:| for you:| to keep:| of pairs:| of values:| to search:]",
    "[data|a table|a list|the table|the list|table|list|entries|pairs|records|values|my data|look-up|keys and values|index|register|rows][:|.|:| follows:]",
)


def _listed(source: Source, c: Conversation, n: int, num_asked: int) -> dict[str, str]:
    """A bare list of keys and values, then look-ups in it, whose replies are the values alone."""
    table: dict[str, str] = {}
    key_kind = source.pick(("person", "code", "word", "title", "item", "city", "first", "company"))
    value_kind = source.pick(("code", "word", "phone", "email", "person", "pages", "address", "item", "title", "city", "company"))
    for _ in range(n):
        table.setdefault(_value(source, key_kind), _value(source, value_kind))
    sep, gap = source.pick((": ", ": ", " = ", "=", " - ", " -> ", " => ", " is ", " is ", ", ", "\t", " | ", " | ", "; ", " / ", ":", " : ", " ... ", " has ", " gets ", " goes with ")), source.pick(("\n", "\n", "\n", "; ", ". ", ", ", " / ", "\n- "))
    gap = "\n" if gap.strip() and gap.strip() == sep.strip() else gap
    start = "- " if gap == "\n- " else ""
    lead = source.phrase(TABLE_LEAD)
    c.user((_capital(source, lead) + source.pick(("\n", "\n", "\n\n", " "))).lstrip() + start + gap.join(f"{k}{sep}{v}" for k, v in table.items()))
    c.assistant("Noted.")
    for k in source.some(list(table), num_asked):
        form = source.below(8)
        if form < 2:
            text = f"{k}{sep}".rstrip()
        elif form == 2 and not source.unusual:
            text = ask_for(source, k)
        else:
            text = source.phrase(LOOK_UP, ("Which entry does {k} have?",), k=k)
            text = _capital(source, text) if not text.startswith(k) and source.chance(0.7) else text
        c.user(" ".join(text.split()))
        c.assistant(table[k])
    return table


def copying(source: Source) -> Conversation:
    """Bare lists of keys and values, then many look-ups: the purest exercise in finding and copying."""
    c = Conversation(task="copying")
    if source.chance(0.25):
        c.system = source.pick(("You are a helpful assistant.", "Be brief.", "Help the user.", "You are an assistant.", "Use only what is said in this conversation."))
    _listed(source, c, source.pick((3, 6, 10, 20, 40, 60)), source.pick((2, 4, 8, 12)))
    c.grade = {"kind": "text", "value": c.messages[-1]["content"]}
    return c
