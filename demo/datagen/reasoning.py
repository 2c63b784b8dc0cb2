"""Counting, sorting, comparing and small sums, with or without thinking first. It knows no token ids."""

# fmt: off
from __future__ import annotations

from . import words as w
from .chat import Conversation
from .frames import say
from .source import Source
from .values import join

OPEN = "[|||||So, |And |Now |Okay, |Ok, |Hey, |Hello, |Well, |Next: |Then |A question: |Quick question: |One more: |By the way, |Let me ask: |Just checking: |First, |Please: |Tell me, |Question: ]"
TASK = "[|||||Please |Now |Now please |Can you |Could you |Would you |Can you please |Will you |Next, |And now |Okay, |I want you to |I'd like you to |I need you to |Help me |So, |Then ]"


def _ask(source: Source, c: Conversation, text: str, reply: str, reasoning: str = "") -> None:
    c.user(text.rstrip("?.") if source.chance(0.15) else text)
    c.assistant(reply, reasoning=reasoning if c.think else "")


def _number(source: Source) -> int:
    return source.between(0, source.pick((10, 20, 100, 100, 999)))


def addition(source: Source, c: Conversation) -> None:
    a, b = _number(source), _number(source)
    subtract = source.chance(0.5)
    if subtract and b > a and source.chance(0.8):
        a, b = b, a
    value = a - b if subtract else a + b
    op = "-" if subtract else "+"
    if source.chance(0.3):
        thing = source.pick(w.ITEMS + w.FOODS)
        a, b = max(a, b), min(a, b)
        who = source.first_name()
        value = a - b if subtract else a + b
        text = say(source,
            ("{who} [has|had] {a} {t}s and [gives away|loses|sells|eats|uses] {b}. How many are left?", "There [were|are] {a} {t}s, {b} [were taken|are gone|were sold]. How many [remain|are left|are there now]?", "I [had|have] {a} {t}s and [lost|sold|gave away] {b}. How many do I have[ now| left|]?", "[From|Of] {a} {t}s[,| in the box,| on the shelf,] {who} [takes|takes away|eats|steals|sells|uses|breaks] {b}. [How many stay|How many are left|What is left|How many remain][?|]", "{who} [takes|takes away|buys|removes|sells] {b} of [the|my|our] {a} {t}s. [How many do we have now|What stays|How many are there still|What number is left]?", f"{OPEN}{{who}} [has|had|owns|owned|keeps|kept|brings] {{a}} {{t}}s[ and|, then|, but|. Then {{who}}] [gives away|loses|sells|uses|drops|breaks|throws away|lends out] {{b}}[| of them]. [How many|How many {{t}}s|What number] [are left|remain|stay|does {{who}} have now|does {{who}} still have|are there now][?||]", f"{OPEN}[there are|there were|we have|we had|the box has|the shop has|the bag had|I see|I had|you have] {{a}} {{t}}s[, | and |. ]{{b}} [are taken away|are sold|get lost|break|are gone|are given away|were removed|fell down|were stolen]. [How many|How many {{t}}s|What number] [are left|remain|stay|are there now|are still there][?||]")
            if subtract else
            ("{who} [has|had] {a} {t}s and [gets|buys|finds|wins] {b} more. How many [are there|is that|does {who} have][ now|]?", "There are {a} {t}s [here|in the box|on the table] and {b} [there|in the bag|on the shelf]. How many [in all|together|in total]?", "I [had|have] {a} {t}s and [got|bought|found] {b} more. How many do I have[ now|]?", "[There were|We had|The box had] {a} {t}s, [and|then] {who} [put in|brought|added|made|gave us] {b}[ more|]. [How many are there|What is the number|How many is that|What do we have][ now| in all|]?", "{who} [puts|brings|adds|gives] {b} {t}s [to|on top of] [the|my|our] {a}. [How many now|What number is that|How many does that make]?", f"{OPEN}{{who}} [has|had|owns|owned|keeps|kept|brings] {{a}} {{t}}s[ and|, then|. Then {{who}}] [gets|buys|finds|wins|receives|makes|picks up|adds] {{b}} more. [How many|How many {{t}}s|What number] [are there now|does {{who}} have now|is that|are there in all|are that together|is it in total][?||]", f"{OPEN}[there are|there were|we have|we had|the box has|the shop has|the bag had|I see|I had|you have] {{a}} {{t}}s[, | and |. ]{{b}} more [are added|come in|are bought|are found|arrive|were put in|are made|were brought]. [How many|How many {{t}}s|What number] [are there now|is that|are there in all|are that together|is it in total][?||]"),
            ("Out of {a} {t}s, {who} removes {b}. What number remains?",) if subtract else ("To {a} {t}s {who} adds {b}. What number results?",), who=who, a=a, b=b, t=thing,
        )
        _ask(source, c, text, f"{value}.", f"{a} {op} {b} = {value}")
        return
    said = say(source,
        ("{a} - {b}", "{a} minus {b}", "{a} take away {b}", "{a}-{b}") if subtract else ("{a} + {b}", "{a} plus {b}", "{a} and {b} together", "{a}+{b}", "the sum of {a} and {b}"), a=a, b=b)
    text = say(source, ("[What is|What's|How much is|Calculate|Compute|Work out|] {s}[?|]", "{s} =[| ?]", "[Can you|Please] [calculate|compute] {s}[?|]", f"{OPEN}[what is|what's|how much is|what makes|what do you get for|what comes out of|what do I get for|what would be|what does one get for|how much makes|what number is|what results from|what is the result of|what is the answer to|what is the value of] {{s}}[?||, please?| please| then?| exactly?| in total?]", f"{TASK}[calculate|compute|work out|solve|do|find|tell me|give me|figure out|evaluate|say|write|show me|reckon] {{s}}[|.|?| for me| please| now| quickly]", "[Which number is|What makes|Give me|Say|Find|I need|Show me|What do you get for|What comes out of|How many are|Do the sum:|Sum:|I want to know|Solve|Answer:|Do you know|And|Next:|Now] {s}[?|.|]", "{s}[, what is that|, how much is it|, what comes out|, please|: how much][?|]", "[The result|The value|The answer] of {s}[?|.| please]"), ("Tell me what {s} makes.", "Give the result of {s}."), s=said)
    _ask(source, c, text.strip(), f"{a} {op} {b} = {value}.", _columns(a, b, subtract, value))


def _columns(a: int, b: int, subtract: bool, value: int) -> str:
    return f"{a} {'-' if subtract else '+'} {b} = {value}"


def times(source: Source, c: Conversation) -> None:
    a, b = source.between(1, 12), source.between(1, 12)
    said = say(source, ("{a} * {b}", "{a} times {b}", "{a} x {b}", "{a} multiplied by {b}"), a=a, b=b)
    _ask(source, c, say(source, ("[What is|What's|How much is|Calculate|] {s}[?|]", f"{OPEN}[what is|what's|how much is|what makes|what do you get for|what would be|what is the result of] {{s}}[?||, please?| then?]", f"{TASK}[calculate|compute|work out|solve|do|find|tell me|give me] {{s}}[|.|?| for me| please| now]"), ("Tell me what {s} makes.",), s=said).strip(), f"{a} * {b} = {a * b}.", f"{a} * {b} = {a * b}")


def _things(source: Source) -> list[str]:
    n = source.between(2, 10)
    kind = source.below(5)
    if kind == 0:
        return list(dict.fromkeys(source.first_name() for _ in range(n)))
    if kind == 1:
        return list(dict.fromkeys(source.item() for _ in range(n)))
    if kind == 2:
        return list(dict.fromkeys(source.city() for _ in range(n)))
    if kind == 3:
        return list(dict.fromkeys(source.code() for _ in range(n)))
    return source.some(w.FOODS + w.ANIMALS + w.COLOURS, n)


def counting(source: Source, c: Conversation) -> None:
    things = _things(source)
    text = say(source,
        ("[How many things|How many items|How many entries|How many names|How many words] are in this list[:|?] {t}", "[Count|Please count] [these|the items|the things|the entries][:|] {t}", "How many are [these|there|listed][:|?] {t}", f"{OPEN}how many [things|items|entries|names|words|elements|of them|pieces|objects|] [are there|are these|do you see|do you count|are listed|do I have|are named|stand here|are here|are in the list|does this list have|does the list hold|are on my list][:|?| here:| below:] {{t}}", f"{TASK}[count|count up|tell me how many are in|give me the number of|find the number of|say how many are in|work out the number of|number] [these|the items|the things|the entries|this list|the list|all of these|the following|what is here|these words][:|.|: |, please:] {{t}}", "{t}[.|:| -|;] [how many|how many are there|how many do you count|how many things are that|how many is this|count|count these|count them please|please count|how many entries|what is the count|what is the number][?|.|]", "{t}. How many [are that|is that|are these|did I name]?", "[The number of|How long is|Size of|Give me the number of|What is the number of|I need the number of|Tell me how many are in] [this list|these|the list|the things|the entries|all these][:|?] {t}", "[I have|We have|There are|Here are|My list:] {t}. [How many|How many in all|How many are there|Count them|What number is that][?|.]"),
        ("Tell me the number of entries: {t}", "What is the length of this list: {t}"), t=", ".join(things) if source.chance(0.7) else join(source, things))
    numbered = ", ".join(f"{i} {x}" for i, x in enumerate(things, 1))
    c.user(text)
    c.assistant(f"{len(things)}." if c.think else f"{numbered}. That makes {len(things)}.", reasoning=numbered if c.think else "")


def sorting(source: Source, c: Conversation) -> None:
    down = source.chance(0.35)
    if source.chance(0.6):
        high = source.pick((20, 99, 99, 999))
        numbers = list(dict.fromkeys(source.between(0, high) for _ in range(source.between(2, 7))))
        shown, out = [str(x) for x in numbers], [str(x) for x in sorted(numbers, reverse=down)]
        order = source.pick(("from large to small", "descending", "largest first", "from high to low", "in descending order") if down else ("from small to large", "ascending", "smallest first", "from low to high", "in ascending order", ""))
    else:
        initials = source.some("abcdefghijklmnoprstuvwyz", source.between(2, 6))
        pool = [[x for x in w.FOODS + w.ANIMALS + w.ITEMS + w.NOUNS if x[0] == i] or [i + source.pseudo(1)] for i in initials]
        shown = [source.pick(p) if source.chance(0.7) else i + source.pseudo(2)[1:] for i, p in zip(initials, pool, strict=True)]
        out = sorted(shown, reverse=down)
        order = source.pick(("from z to a", "in reverse alphabetical order", "backwards by alphabet") if down else ("alphabetically", "by alphabet", "in alphabetical order", "from a to z", "by their first letter"))
    text = say(source, ("[Sort|Order|Please sort|Arrange|Put in order] [these |this list |the list |]{o}: {t}", "[Sort|Order] {t} {o}", f"{TASK}[sort|order|arrange|rank|put in order|bring into order|list|write|line up|give me] [these|this list|the list|the following|them|these for me|my list|all of these|the things] {{o}}[:|.|, please:| please:] {{t}}", "[Here is|Here's|This is|I have|Take|My list is|Here comes|The list:|Look at] [this|a list|my list|the list|what I have][:|] {t}[.|;] [please |now |can you |could you |][sort|order|arrange|rank|list|put] [it|this|these|them] {o}[.|?| please|]", "{t} - [sort|order] [them|these] {o}[| please]", "[I need|Give me|Show me|Write|List|Put|Can you put|Please bring] [these|the list|them|this] [sorted |in order |ordered |]{o}: {t}", "[Here is a list|A list|My list|Unsorted]: {t}. [Sort it|Order it|Put it in order|Sort] {o}[.|]"), ("Bring these into order {o}: {t}", "I want {t} sorted {o}."), o=order, t=", ".join(shown))
    _ask(source, c, " ".join(text.replace(" :", ":").split()), ", ".join(out), ", ".join(out))


def comparing(source: Source, c: Conversation) -> None:
    kind = source.below(4)
    if kind == 0:
        high = source.pick((20, 99, 999, 9999))
        numbers = list(dict.fromkeys(source.between(0, high) for _ in range(source.between(2, 6))))
        if len(numbers) < 2:
            numbers = [numbers[0], numbers[0] + 1]
        big = source.chance(0.5)
        word = source.pick(("largest", "biggest", "highest", "greatest", "maximum") if big else ("smallest", "lowest", "least", "minimum"))
        text = say(source, ("[Which|What] is the {k}[ number|][:|] {t}?", "[Find|Give me|Tell me|Which of these is|What is] the {k}[ number|| of these][:|] {t}", "{t}: which is the {k}?", f"{OPEN}[which|what|which one|which number|what number] is the {{k}}[| one| number| value| of these| of them| here| in this list| among these][:|?| -] {{t}}", f"{TASK}[find|give me|tell me|name|pick|choose|point out|say|show me|take|look for|mark|write] the {{k}}[| one| number| value] [of|among|in|from|out of] [|these: |this list: |the list: |the numbers: |the following: ]{{t}}[.|?|]", "{t}[.|:| -|;] [which is|what is|find|give me|pick|name|tell me|I need|show me] the {k}[| one| number| of these| of them][.|?|]", "[I need|Show me|Point at|Pick|Take|Choose|Say|Name] the {k} [of|among|in|from] [these:|] {t}[.|]", "[Of|From|In|Among] {t}[,| please] [which is|give me|name|pick|take|what is] the {k}[?|.| one?| number?]"), ("Among {t}, point out the {k}.",), k=word, t=", ".join(map(str, numbers)))
        _ask(source, c, text, f"{max(numbers) if big else min(numbers)}.", f"{', '.join(map(str, sorted(numbers)))}")
    elif kind == 1:
        a, b = _number(source), _number(source)
        if a == b:
            b += 1
        sign = source.chance(0.5)
        text = say(source, ("Is {a} [larger|bigger|more|greater] than {b}?", "Is {a} > {b}?", f"{OPEN}is {{a}} [|really ][larger|bigger|more|greater|higher] than {{b}}[?|| or not?]", "[do you think|is it true|is it right|can you say] that {a} is [larger|bigger|more|greater|higher] than {b}[?|]") if sign else ("Is {a} [smaller|less|lower] than {b}?", "Is {a} < {b}?", f"{OPEN}is {{a}} [|really ][smaller|less|lower] than {{b}}[?|| or not?]", "[do you think|is it true|is it right|can you say] that {a} is [smaller|less|lower] than {b}[?|]"), ("Would you say that {a} is more than {b}?",) if sign else ("Would you say that {a} is less than {b}?",), a=a, b=b)
        yes = (a > b) == sign
        _ask(source, c, text, f"{'Yes' if yes else 'No'}, {a} is {'larger' if a > b else 'smaller'} than {b}.")
    elif kind == 2:
        n = source.between(2, 4)
        names = list(dict.fromkeys(source.first_name() for _ in range(n)))
        values = source.some(range(3, 100), len(names))
        what, most, least = source.pick((("years old", "oldest", "youngest"), ("kg", "heaviest", "lightest"), ("cm tall", "tallest", "shortest"), ("points", "best", "last")))
        big = source.chance(0.5)
        facts = ". ".join(f"{name} {'has' if what == 'points' else 'is'} {v} {what}" for name, v in zip(names, values, strict=True))
        best = (max if big else min)(zip(values, names, strict=True))[1]
        text = say(source, ("{f}. Who is the {k}?", "Who is the {k}? {f}.", "{f}. [Which of them|Tell me who] is the {k}[?|]", "{f}. [So |Now |And |Then |So now |][who|which one|which of them|who of them|which person|who of these|who then] [is|would be] the {k}[?|| one?| of them?| of all?| here?]", f"{OPEN}[who|which person|which one] is the {{k}}[?|:| here:| of them:| if this is true:] {{f}}.", f"{TASK}[tell me|say|name|find|find out|work out|give me|write] [who is|who was] the {{k}}[:|.] {{f}}.", "{f}. [Please |Now |Can you |][tell me|say|name|find|point out|pick|give me] the {k}[| one| of them| of all| here][.|?|]"), ("Read: {f}. Name the {k} of them.",), f=facts, k=most if big else least)
        _ask(source, c, text, f"{best}.", ", ".join(f"{v} {x}" for v, x in sorted(zip(values, names, strict=True))))
    else:
        (d1, s1), (d2, s2) = source.date(), source.date()
        if d1 == d2:
            return comparing(source, c)
        first = source.chance(0.5)
        text = say(source, ("Which [date |day |]is {k}, {a} or {b}?", "{a} or {b}, which [date |]is {k}?", f"{OPEN}[which|what|which date|which day|which one|which of the two|which of these] [is|comes|would be|falls] {{k}}[, |: |? ]{{a}} or {{b}}[?|]", f"{TASK}[find|give me|tell me|name|pick|choose|say|take|show me|write] the {{k}} [date|day|one|of the two|of these|of both dates][: |, | - ]{{a}} [or|and] {{b}}[.|?|]", "{a} [and|or] {b}[: |. |; | - ][which is|which one is|which comes|give me the|tell me the|the|what is the|pick the|take the|name the] {k}[| one| date| day][?|.|]", "[Take|Pick|Give me|Name|Tell me] the {k} [date|day|one][:| of:] {a}[,| or| and] {b}[.|]", "[Of|Between] {a} and {b}[,|] [which is|what is|name] the {k}[ one| date|][?|.|]", "[What|Which] comes {k}, {a} or {b}?"), ("Of {a} and {b}, take the {k} one.",), k="earlier" if first else "later", a=s1, b=s2)
        _ask(source, c, text, f"{s1 if (d1 < d2) == first else s2}.", f"{min(d1, d2)}, {max(d1, d2)}")
    return None


def positions(source: Source, c: Conversation) -> None:
    """First, last, n-th, reversed, duplicates of lists: copying by place."""
    things = _things(source)
    listed = ", ".join(things)
    kind = source.below(4)
    ordinal = ("first", "second", "third", "fourth", "fifth")
    if kind == 0:
        i = source.below(min(5, len(things)))
        _ask(source, c, say(source, ("[What|Which] is the {o} [item|word|entry|thing|one] [of|in] this list: {t}?", "{o} of {t}?", "[Give me|Name] the {o} of these: {t}", f"{OPEN}[what|which|which one|which thing|what thing] [is|comes|stands] [the |]{{o}}[| one| item| word| entry| thing] [here|of these|of them|in this list|in the list|among these][:|?] {{t}}", f"{TASK}[give me|tell me|name|take|find|pick|write|say|show me|read out|print|return] the {{o}}[| one| item| word| entry| thing| element] [of|from|in|out of] [|these: |this list: |the list: |the following: |my list: ]{{t}}", "{t}[.|:| -|;] [the|give me the|what is the|which is the|name the|I need the|take the|show me the|only the] {o}[| one| item| word| entry| thing] please", "[I need|I want|Take|Pick|Show|Tell me] the {o} [one |thing |entry |]of {t}[.|]", "[Of|In|From] {t}[,|] [give me|take|name|what is|which is] the {o}[ one|][?|.|]"), ("From {t} I need the {o}.",), o=ordinal[i], t=listed), things[i])
    elif kind == 1:
        _ask(source, c, say(source, ("[What|Which] is the last [item|word|entry|thing|one] [of|in] this list: {t}?", "last of {t}?", "[Give me|Name] the last of these: {t}", f"{OPEN}[what|which|which one|which thing|what thing] [is|comes|stands] [the |]last[| one| item| word| entry| thing] [here|of these|of them|in this list|in the list|among these][:|?] {{t}}", f"{TASK}[give me|tell me|name|take|find|pick|write|say|show me|read out|print|return] the last[| one| item| word| entry| thing| element] [of|from|in|out of] [|these: |this list: |the list: |the following: |my list: ]{{t}}", "{t}[.|:| -|;] [the|give me the|what is the|which is the|name the|I need the|take the|show me the|only the] last[| one| item| word| entry| thing] please", "[I need|I want|Take|Pick|Show|Tell me] the last [one |thing |entry |]of {t}[.|]", "[Of|In|From] {t}[,|] [give me|take|name|what is|which is] the last[ one|][?|.|]"), ("From {t} I need the last.",), t=listed), things[-1])
    elif kind == 2:
        _ask(source, c, say(source, ("[Reverse|Turn around|Flip] [this list|the list|these|the order][:|] {t}", "{t} [in reverse|backwards|in reverse order]", f"{TASK}[reverse|turn around|flip|list in reverse|write backwards|give me backwards|say backwards|put in reverse order|read from the end] [these|this list|the list|the following|the order of these|my list|all of these][:|, please:| please:] {{t}}", "{t}[.|:| -|;] [now |please |and now |][reverse it|turn it around|flip it|the other way round|from last to first|backwards|in reverse|say it backwards|reverse the list|list it backwards|from the end][.|, please| please|]", "[List|Write|Say|Give me|Name|Put|Show] [these |] [backwards|in reverse|from last to first|the other way round|from the end][:|] {t}"), ("Starting from the end, list {t}.",), t=listed), ", ".join(reversed(things)))
    else:
        thing = source.pick(things) if source.chance(0.5) else source.item()
        yes = thing in things
        _ask(source, c, say(source, ("Is {x} in [this|the] list: {t}?", "Does [this|the] list [have|contain] {x}[:|?] {t}", f"{OPEN}is {{x}} [in|on|part of|among|inside] [this list|the list|my list|these|the following|these things|what follows][:|?] {{t}}", f"{OPEN}[do you see|can you find|can you see|is there|do you find|have I listed|did I list] {{x}} [in|on|among] [this list|the list|my list|these|these things|the following][:|?] {{t}}", "{t}[.|:|;] [does the list have|do you see|can you find|is there] {x}[ in it| there| in this list| among them]?", f"{TASK}[check|see|tell me|say|find out|look] [if|whether] {{x}} is [in|on|part of] [this list|the list|my list][:|.] {{t}}"), ("Look for {x} among {t}. Is it there?",), x=thing, t=listed), f"{'Yes' if yes else 'No'}, {thing} is {'' if yes else 'not '}in the list.")


def exchange(source: Source, c: Conversation) -> None:
    kind = source.random()
    if kind < 0.46:
        addition(source, c)
    elif kind < 0.5:
        times(source, c)
    elif kind < 0.62:
        counting(source, c)
    elif kind < 0.75:
        sorting(source, c)
    elif kind < 0.88:
        comparing(source, c)
    else:
        positions(source, c)


def reasoning(source: Source) -> Conversation:
    """One to four such questions; the last one is graded."""
    c = Conversation(task="reasoning", think=source.chance(0.15))
    if source.chance(0.25):
        c.system = source.pick(("You are a helpful assistant.", "Be brief.", "You are good with numbers.", "Answer in plain sentences."))
    for _ in range(source.pick((1, 1, 2, 3, 4))):
        exchange(source, c)
    c.grade = {"kind": "text", "value": c.messages[-1]["content"]}
    return c
