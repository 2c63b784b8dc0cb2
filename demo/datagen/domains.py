"""What messages can be about, for extraction: fields, their kinds, and the sentences that state them.

Each field line is "slot: kind: key, other key: description | other description"; each sentence names the slots that
it states, and "<part>" stands for one of `PARTS`. Sentences under `held_out` are for the evaluation
alone. It does not know schemas or JSON.
"""

# fmt: off
from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """One thing that a message may state."""

    slot: str
    kind: str
    keys: tuple[str, ...]
    descriptions: tuple[str, ...]


@dataclass(frozen=True)
class Domain:
    name: str
    fields: dict[str, Field]
    train: tuple[str, ...]
    held_out: tuple[str, ...]

# Parts of sentences, written "<part>" in the sentences below
PARTS = {
    "meet": "[Meet|Let me introduce|Have you met|Please welcome|We met|I met|I talked to|I spoke to|Yesterday I met|I know|You may know|I want to introduce]",
    "newbie": "[our new {job}|a {job}|our {job}|aged {age}|who is {age}|who is from {city}|a {job} from {city}|a {job} at {company}]",
    "colleague": "[friend|colleague|neighbour|good friend|friend of mine|new neighbour] [from {city}|who loves {hobbies}|who works for {company}|who is {age}]",
    "is": "[is|is now|has just become|will soon be|must be]",
    "lives": "[lives in|lives near|is from|comes from|is based in|is at home in|moved to|resides in|now lives in]",
    "live": "[live in|lives in|living in|from|based in|at home in|resident in|currently in]",
    "based": "[from|in|based in|living in|who lives in|working in|over in|who comes from]",
    "worksas": "[works as a|is a|has a job as a|is employed as a|earns a living as a|has a post as a|is working as a]",
    "Iam": "[I am|I'm|He is|She is|They are|He's|She's|The person is]",
    "Iwork": "[I work|He works|She works|They work|Works|Employed|I'm employed|He is employed|She is employed|I have a job|She has a job|He has a job]",
    "Ilive": "[I live in|He lives in|She lives in|They live in|Home is|Home is in|Home town:|City:|Lives in|I'm based in|Based in|She is based in|He comes from|I come from|She is from|I moved to|Now in|Location:]",
    "likes": "[I like|I love|Likes|Loves|Enjoys|He enjoys|She enjoys|He loves|She likes|They like|Hobbies are|Hobbies:|Interests:|I am into|She is into|He is keen on|Fond of|Interested in]",
    "mailto": "[<youcan> [reach|contact|write to|e-mail|email|get] [me|him|her|them|us] [at|under]|[My|His|Her|Their|The] [e-mail|email|mail|e-mail address|mail address|contact e-mail] is|[E-mail|Email|Mail|E-mail address|Contact|Contact e-mail|Write to|Reach me at|Reach him at|Reach her at]]",
    "youcan": "[You can|Please|You may|If needed,|To ask more,|Best to|For questions,|Just]",
    "joined": "[joined|has joined|started at|started work at|moved to|has been with|was hired by|is employed by|now works for|signed on with|found work at|is with|got a job at]",
    "come": "[Join us for|Come to|You are invited to|Don't miss|Please come to|We invite you to|I invite you to|Welcome to|Let's go to|I will be at|We are going to|Come along to]",
    "want": "[I would like|I'd like|I want|Please send me|Can I get|Can I have|We need|I need|Give me|I'll take|Could we have|Could you send|I order|Send us|Bring me|We want|We would like|I would like to order|Please put aside|I am looking for|Please get me|We'd like]",
    "buys": "[ordered|bought|wants|would like|asked for|needs|has ordered|orders|has bought|wants to buy|is ordering|takes|is looking for|picked|chose]",
    "pay": "[pay|send|transfer|wire|give|hand]",
    "go": "[I want to go|I need to travel|Book a trip|I'd like to travel|We are going|We travel|I'm going|I am travelling|We want to go|I have to go|We need to get|I would like to go|A trip|Please book me|One ticket|Get me|We fly|I fly|Take me]",
    "flies": "[flies|travels|goes|is going|takes a trip|is travelling|wants to go|needs to get|will travel|has to go|is flying|would like to go]",
    "must": "[has to|should|must|needs to|will|is going to|is to|ought to|promised to|agreed to|was asked to|wants to|is supposed to|has been told to|is meant to]",
    "sell": "[For sale:|I sell|Selling|We offer|Look at this:|I am selling|I want to sell|I have for sale|We sell|On offer:|I offer|Now for sale:|We are selling|Who wants]",
}
OPENING = (
    "[|||||||[Hi|Hello|Hey|Good morning|Hi there|Hi all|Hello again][.|!|,] |[FYI|Note|Update|Quick note|Just a note|For your information|One more thing|Also|For the record|Reminder|Info][:| -] |"
    "[Thanks for [the call|your help|your message|getting back to me]|Sorry for the [delay|late reply]|Hope [you are|all is] well|I hope this helps|Here [is|are] [what I have|the details|my notes]|Just a short note|Let me know if this helps][.|!] ]"
)
ENDING = "[.|.|.|.|.|.|.|.|.|!|. [Thanks|Thank you|Cheers|That is all|More soon|Talk soon|Let me know|Tell me if [something|anything] is missing|Hope that helps|Have a nice day|That's it [for now|from me]][.|!]]"
LABEL = "[In short|Briefly|Note|Info|Summary|Data|Details|Here it is|So|This one|Entry|Next|My note|The note says|Let me write it down|For you|Today][:| -] "
LOWER = {"code", "item", "todo", "job", "animal", "colour", "lines", "problem", "vehicle", "mode", "goods", "tags", "status", "brand"}
FIRST = re.compile(r"\{(\w+)\}")
PART = re.compile(r"<(\w+)>")


def _open_up(sentence: str, fields: dict[str, Field]) -> str:
    """The sentence with its parts put in, and with openings and endings that state nothing.

    A value is never the first word if a capital letter there would change it.
    """
    first = FIRST.match(sentence)
    while PART.search(sentence):
        sentence = PART.sub(lambda m: PARTS[m[1]], sentence)
    opening = LABEL if first and first[1] in fields and fields[first[1]].kind in LOWER else OPENING
    return opening + (sentence[:-1] + ENDING if sentence.endswith(".") else sentence)


def _domain(name: str, fields: str, train: str, held_out: str) -> Domain:
    table = {}
    for line in fields.strip().splitlines():
        slot, kind, keys, descriptions = (part.strip() for part in line.split(":", 3))
        table[slot] = Field(slot, kind, tuple(k.strip() for k in keys.split(",")), tuple(d.strip() for d in descriptions.split("|")))
    told, unusual = (tuple(x.strip() for x in text.strip().splitlines()) for text in (train, held_out))
    return Domain(name, table, tuple(_open_up(x, table) for x in told), unusual)


DOMAINS = (
    _domain(
        "person",
        """
        name: person: name, full_name, person, person_name: The person's name | Name of the person | Who the message is about
        age: age: age, age_years, years_old, age_in_years: The age | Age in years | How old the person is
        city: city: city, home_town, lives_in, location, residence, town: Where the person lives | City of residence
        job: job: job, occupation, profession, role, job_title, work: What the person does for a living | Occupation
        company: company: company, employer, works_for, firm, organisation, company_name: Employer | Where the person works | Name of the employer | The company the person works for
        hobbies: hobbies: hobbies, interests, likes, pastimes: Hobbies of the person | What they like to do in their free time
        birthday: date: birthday, birth_date, date_of_birth, born_on, born: Date of birth | When the person was born
        email: email: email, email_address, contact_email, mail, e_mail: E-mail address | Mail address of the person | Where to write to
        """,
        """
        [My name is|My name's|I am|I'm|This is|It's|Hi, I'm|Hello, my name is|They call me|People call me|The name is|The name's] {name}[|, nice to meet you|, pleased to meet you].
        <meet> {name}[|, <newbie>|, a <colleague>].
        [This|Here] is [about|a note about|some news about|what I know about] {name}.
        {name} <is> {age}[| years old| years of age|, by the way].
        {name}[, {age},| ({age})| is {age} and] <lives> {city}.
        {name}[, {age},| ({age}), | is {age}, ][ lives in| is from| comes from] {city} and [works as|is|earns a living as] a {job}.
        {name} is a {job} <based> {city}.
        {name}, a {job} <based> {city}, [is|has just become|will soon be] {age}.
        {name} ({age}) <worksas> {job} [at|for|with] {company}.
        {name}, {age}, <worksas> {job} [at|for|with] {company} in {city}.
        <Iam> {age}[| years old| years of age| now] and <live> {city}.
        <Iam> {name}, {age}[| years old], [a {job}|{job}] [from|in|living in] {city}.
        <Iam> a {age} year old {job} [from|in|living in|based in] {city}.
        <Iwork> as [a|a full-time|a part-time] {job} [at|for|with] {company}.
        <Iwork> [at|for|with] {company} as a {job}.
        <Ilive> {city}.
        <Iam> a {job}[| by profession| by trade].
        [My|His|Her|Their|The] [job|profession|occupation|work|role][ is|: | is that of a|: a] {job}.
        <Iwork> [at|for|with] {company}.
        [Employer|Company|Works for|Works at|Employed by|Firm|Current employer][:| -| is|] {company}.
        [My|His|Her|Their|The current|The] [employer|company|boss] is {company}.
        [Age|Aged|Age now|The age is|Years of age][:|] {age}.
        <likes> {hobbies}.
        [My|His|Her|Their] [hobbies|interests|main interests|favourite things|pastimes] are {hobbies}.
        [When not working|At weekends|After work|In the evening|On days off|In my free time|In his free time|In her spare time][|,] [I like|he likes|she likes|I do|he does|she enjoys|it is] {hobbies}.
        [I was born|Born|He was born|She was born|They were born|He came into the world|She came into the world] [on|] {birthday}[|, in {city}].
        [Date of birth|Birthday|Birth date|Born|DOB|Born on|My birthday|His birthday|Her birthday][:| is|] {birthday}.
        <mailto> {email}.
        <mailto> {email}, [I live|he lives|she lives|home is] in {city}.
        There is a {job} [called|named|by the name of] {name} [who lives in|in|from|who comes from] {city}[| who is {age}].
        [Our|My|The|Their] [new|old|former|favourite|young|] {job} is [called |named |] {name}, [aged|who is|age] {age}.
        [A|The|Our] {age} year old {job} [named|called] {name} [moved to|just moved to|comes from|is from|lives in|settled in] {city}.
        {name} <joined> {company} as [a|a new|a junior|a senior|the] {job}.
        {name} <joined> {company}[| last year| recently| not long ago| in the spring].
        {name} [works|is employed|has a job|has a post|is] [at|with] {company}[| and lives in {city}| in {city}| as a {job}].
        [In the spring|Last year|Recently|Some time ago|A while ago][|,] {name} <joined> {company} as a {job}.
        {company} [hired|employs|has hired|took on|pays|recruited|has a new {job}, that is|welcomes] {name}[| as its boss].
        {company} [hired|employs|has hired|took on|recruited|appointed|welcomes|brought in] {name} as [a|a new|the|its] {job}.
        [At|Over at|With] {company}[|,] {name} [works as|is|is employed as|has become|started as] a {job}.
        As a {job} [at|for|with] {company}[|,] {name} [lives in|moved to|is based in] {city}.
        {name} [loves|likes|enjoys|adores|is fond of|is into|is crazy about|is keen on|spends hours on] {hobbies}.
        {name}, [who loves|who likes|a fan of|fond of|keen on|into] {hobbies}, <lives> {city}.
        {name}, born [on|] {birthday}, <lives> {city}.
        {name} [can be reached|is available|reads mail|gets mail] at {email}[|, works at {company}|, home is {city}].
        In {city} [lives|there is|I met|we met] {name}, [a {job}|aged {age}|who is {age}|who is a {job}].
        Name: {name}[.|,|;| -] Age: {age}[.|,|;| -] City: {city}.
        Name[: | ]{name}, job[: | ]{job}, city[: | ]{city}.
        [Name: |]{name}, [employer|company]: {company}, [job|role|occupation]: {job}.
        {job} {name}, {age}, {city}.
        {name} / {job} / {company} / {email}.
        """,
        """
        [Say hello to|You should meet|I had lunch with] {name}, who turned {age} [this year|last month].
        {name} lives over in {city} and works as a {job}.
        For a living [I work|he works|she works] as a {job}, [employed at|working for] {company}.
        [My home is in|His home is in|Her home is in] {city}.
        [My free time goes to|Spare time goes to] {hobbies}.
        [My date of birth is|The birth date is] {birthday}.
        [Please mail me at|Send mail to] {email}.
        """,
    ),
    _domain(
        "event",
        """
        title: title: title, event, event_name, name: Title of the event | What the event is called
        date: date: date, day, event_date, on: Day of the event | Date in ISO form
        time: time: time, start_time, starts_at, start: When it starts | Start time, HH:MM
        place: place: place, location, venue, where, event_place: Where it takes place | Venue
        people: names: attendees, participants, guests, people: Who takes part | Names of the participants
        host: person: host, organiser, organizer, hosted_by: Who organises it | Organiser
        seats: count: seats, capacity, places: Number of seats | How many seats there are
        online: bool_online: online, is_online, remote: Whether it is held online | True when it takes place online
        """,
        """
        [The event|It|Our evening|This year's event|The meeting|The show|The party|The course|This one|The next one] is [called|named|titled|entitled] {title}.
        [Title|Event|Name of the event|Topic|What|Event name|The title is|The name is][:|] {title}.
        {title} [takes place|is held|happens|will be|will take place|is planned|will happen] [at|in] {place} on {date}[| at {time}].
        {title} [takes place|is held|happens|will be|will take place] on {date}[ at {time}||, {time}][ at| in] {place}.
        {title} [starts|begins|opens|kicks off|is due to start] at {time} on {date}.
        {title} [is on|is planned for|falls on|was moved to|is scheduled for|has been set for] {date}[| and starts at {time}|, at {time}].
        On {date}[|,] {title} [starts|begins|opens|kicks off] at {time}[| in {place}].
        At {time} on {date} [we have|there is|starts|begins] {title}[| at {place}| in {place}].
        <come> {title} [at|in] {place}[| on {date}].
        <come> {title} on {date}[| at {time}].
        [We meet|We will meet|Let's meet|See you|The meeting is|We get together|We see each other|Everybody comes together|They meet] [at|in] {place} [at|from] {time}[| on {date}].
        [It is|It's|It will be|That is|It happens|It takes place|We meet] on {date} at {time}[| in {place}| at {place}].
        [It is|It's|It takes place|It happens|We meet|The whole thing is] [at|in] {place} on {date}.
        [It starts|Doors open|We start|We begin|It begins|It opens|We get going|Things start|It kicks off] at {time}[| sharp].
        [Start|Time|Start time|Kick-off|Begin|From|Doors][:|] {time}.
        [The start is|The start time is|Kick-off is] [at |]{time}.
        [The date is|It is on|Save the date:|When:|Date:|Day:|On|We planned it for|It was moved to|It falls on|The day is|We chose|Scheduled for|It takes place on|We fixed it for|Please keep free] {date}.
        [The venue is|It will be held in|Where:|Place:|Location:|Venue:|It takes place in|We booked|We rented|It is at|You find us in|The place is|The location is|We meet in|We chose] {place}.
        {people} will [come|be there|attend|join us|take part|participate|be present|be our guests].
        {people} [said yes|have confirmed|are coming|plan to come|want to come|are invited|are on the list|take part].
        [Guests are|With|Attendees:|Invited:|The participants are|Coming:|Guests:|Participants:|People:|Who comes:|Invited are|I invited|We invited|We asked|The attendees are|Present:] {people}.
        {host} [is the host|organises it|will host it|is in charge|planned everything|is the organiser|is hosting|runs it|takes care of everything|looks after it|hosts this one].
        [Hosted by|Organised by|Organiser:|Organizer:|The host is|Your host is|Host:|The organiser is|In charge is|It is run by|Arranged by|Responsible:] {host}.
        There [are|will be|should be] [only |about |just ||]{seats} [seats|places|chairs].
        [We have|Only|Room for|There is room for|The hall has|Space for|Just|The limit is|We offer|Capacity:|Seats:|We prepared] {seats} [seats|places|people][| left| in total| in all| available].
        {online}[|, by the way|, just so you know|, as always|, as agreed|, please note|, so plan for that].
        [About the format:|How it works:|Please note:|Important:|Where we meet:] {online}.
        [Meeting|Dinner|Lunch|Workshop|A talk|Training|Call|Appointment] with {people} on {date}[ at {time}| {time}|, {time}|][ in| at|, place:] {place}.
        On {date} {host} [hosts|organises|presents|runs|gives|puts on] {title}[ at {place}| in {place}||, start {time}].
        {host} [hosts|organises|presents|runs|invites you to|is hosting|is organising] {title} on {date}[| at {time}| in {place}| for {seats} people].
        {host} [and the guests meet|expects everyone|is waiting] [at|in] {place} at {time}.
        {title}, {date}, {time}, {place}.
        {title} - {date} - {time}.
        {title} [at|in] {place}, [{time}|at {time}|from {time}], [hosted by|organised by|host:|organiser] {host}.
        {title} with {people}[| on {date}|, {place}|, {date}, {time}].
        {title} has {seats} [seats|places][| and starts at {time}|, {people} take part].
        """,
        """
        [Mark your calendar:|Note it down:] {title} is set for {date}, {time}, [at|in] {place}.
        {host} has put together {title}, and {people} are joining.
        [People gather|Everyone meets] [at|in] {place} from {time} on.
        [The list of guests:|So far we expect] {people}.
        [Room is limited to|We can fit] {seats} seats.
        [It was planned by|Behind it is] {host}.
        {online}.
        """,
    ),
    _domain(
        "order",
        """
        customer: person: customer, customer_name, buyer, client, ordered_by: Name of the customer | Who placed the order
        lines: lines: items, order_items, products, lines: The things ordered | Ordered items with quantity
        order_id: code: order_id, order_number, order, reference: Number of the order | Order reference
        total: money: total, total_price, amount, sum: Total amount | What it costs in all
        currency: currency: currency, currency_code: Three letter currency code | ISO currency code
        address: address: address, delivery_address, ship_to, street: Where to deliver | Delivery address
        date: date: date, order_date, delivery_date, deliver_on: Date of the order or delivery | Day in ISO form
        gift: bool_gift: gift, is_gift, gift_wrap: Whether it is a gift | True when it should be wrapped as a gift
        """,
        """
        <want> {lines}[| please| for me].
        [I'd like to order|I want to order|We want to buy|I am ordering|Please order|My order is|I would like to order|We are ordering|Order:|My order:|We ordered|I wish to buy|I am going to buy|Put on my order|Items:|Please add] {lines}.
        {customer} <buys> {lines}[| from us| in the shop| online].
        {customer} <buys> {lines} for {total_cur}.
        {customer} <buys> {lines} on {date}.
        [The customer is|It is for|This is for|Ordered by|Customer:|Put it under|The name is|Buyer:|The buyer is|Client:|My name is|I am|Order placed by|The client is|It was ordered by] {customer}.
        [The order number is|Order|Reference:|Order number|Our reference is|It has the number|Order number:|Order id:|The reference is|My order number is|Order no.|It is order|The number is|See order|It's about order] {order_id}.
        [The total is|It comes to|In all that is|Total:|That makes|The whole thing costs|It costs|The sum is|Total price:|The price is|Amount:|To pay:|We paid|I paid|The bill is|In total|All in all|That will be|The amount is] {total_cur}[| in total| in all|].
        [Send it to|Deliver to|Ship it to|The address is|Delivery to|Please bring it to|Address:|Please deliver to|Ship to|Send everything to|My address is|We live at|I live at|Delivery address:|It should go to|Drop it off at|Street:|The delivery address is] {address}.
        [Send it|Deliver it|Ship it|Please deliver|Bring it|Please send it] to {address} [on|by|before] {date}.
        [Send it|Deliver it|Ship it|Please deliver|Bring it|Please send it] [on|by] {date}[ to|, the address is|, address:] {address}.
        [Deliver it on|It should come on|We need it on|Date:|Ordered on|The delivery is on|Delivery date:|The date is|It should arrive on|Order date:|I need it by|Please deliver on|It will come on|The day is|Placed on|Delivery on] {date}.
        {gift}[|, by the way|, please note|, thank you|, just so you know].
        [About the wrapping:|Please note:|One more thing:|Wrapping:|Important:|A detail:] {gift}.
        Order {order_id} [from|by|for|of] {customer}[: | is |: please send |, ]{lines}.
        [Order|Order number|Order no.|Reference] {order_id}[, | - |: ]{lines}, [total |in all |]{total_cur}.
        {customer} [paid|has paid|will pay|owes|transferred|spent|is paying] {total_cur} for [order|order number|the order] {order_id}.
        {customer} [placed|made|sent in|has placed] [order|order number] {order_id} on {date}.
        [Order|Number|Reference] {order_id} was [placed|made|ordered|sent in] by {customer}[| on {date}|, {address}].
        {lines} for {customer}[, to| to|, deliver to|, ship to|, address:|, send to] {address}[|, by {date}].
        {lines} [to|sent to|delivered to] {address}[| on {date}|, total {total_cur}].
        For {customer}[:|,] {lines}[|, please].
        Order {order_id}, {date}, total {total_cur}.
        Customer: {customer}[,|.|;] [items|order|products]: {lines}[,|.|;] total: {total_cur}.
        {customer}, {address}[: |, wants |, ordered |, needs ]{lines}.
        {customer} at {address} [wants|ordered|needs|expects|is to get] order {order_id}[| on {date}].
        [I paid|We paid|It was|I owe you] {total_cur} for {lines}.
        """,
        """
        [Put me down for|Kindly reserve] {lines}.
        {customer} [has requested|is waiting for] {lines}, under order number {order_id}.
        [Altogether that amounts to|The sum to pay is] {total_cur}.
        [Have it sent to|It goes to] {address} [on|by] {date}.
        {gift}.
        """,
    ),
    _domain(
        "payment",
        """
        payer: person: payer, from, sender, paid_by: Who pays | Sender of the money
        payee: party: payee, to, recipient, receiver: Who gets the money | Recipient
        amount: money: amount, sum, value: Amount of money | How much
        currency: currency: currency, currency_code: Three letter currency code | ISO currency code
        date: date: date, payment_date, paid_on, due_date: Day of the payment | When it was paid or is due
        reference: code: reference, invoice, invoice_number, invoice_id: Number of the invoice | Payment reference
        purpose: item: purpose, description, reason, subject: What the payment is for | What was bought
        paid: bool_paid: paid, is_paid, settled, has_paid: Whether the money was paid | Whether it has been paid | True when the money was sent
        """,
        """
        {payer} [paid|sent|transferred|gave|wired|owes|still owes|has to pay|will pay|has paid|has sent|is paying|handed] {payee} {amount_cur}[| on {date}| for a {purpose}].
        {payer} [paid|sent|transferred|wired|gave|handed over|has paid|has sent|will send] {amount_cur} to {payee}[| on {date}| for a {purpose}|, reference {reference}].
        On {date} {payer} [paid|sent|transferred|wired|gave] {amount_cur} to {payee}.
        On {date} {payee} [received|got|was paid|collected] {amount_cur}[| from {payer}].
        [Invoice|Bill|Payment|Reference|Invoice number|Invoice no.|Receipt] {reference} [over|of|for|amounts to|comes to|is for|is about|, amount] {amount_cur}[|, due {date}|, to {payee}|, from {payer}].
        [Invoice|Bill|Payment|Reference|Invoice number] {reference} [is due on|is due|was paid on|was sent on|must be paid by|is dated] {date}.
        [Invoice|Bill|Payment|Reference|Invoice number] {reference} [is for|covers|is about|was for] a {purpose}[|, price {amount_cur}].
        [It was for|This is for|That covers|Purpose: |Purpose:|For|It pays for|The reason is|It is for|The money is for|Payment for|Reason:|Subject:|Description:|What was bought:|It is the price of] a {purpose}.
        {payee} [received|got|was paid|has received|is owed|gets|is to get|expects|collected|will get] {amount_cur} from {payer}[| on {date}| for a {purpose}].
        {payee} [received|got|was paid|has received|gets|is to get] {amount_cur}[ for a {purpose}| on {date}||, reference {reference}].
        [The amount is|Amount:|It is about|We are talking about|The sum is|Sum:|Value:|It costs|The price is|The value is|It was|To pay:|The amount was|In all|The bill says] {amount_cur}[| in total| in all|].
        [The invoice number is|Reference:|Use reference|The reference is|Invoice number|Invoice:|Reference number:|Payment reference:|With reference|Please use reference|Invoice no.|Please mention|The invoice is|It is invoice|My reference is] {reference}.
        [It is due on|Due|Paid on|Payment date:|It was sent on|The due date is|Due on|Due date:|Date:|It was paid on|Please pay by|To be paid by|The money went out on|Pay before|The date is|Payment is due on] {date}.
        {paid}[|, by the way|, just so you know|, as far as I know|, I checked|, as of today].
        [State of the payment:|About the money:|As to the payment:|Status:|Please note:|Important:|What I know:|For the record:|So far:] {paid}.
        [Recipient|To|Payee|Pay to|Receiver|The recipient is|The money goes to|The payee is|It goes to][:|] {payee}.
        [Payer|From|Sender|Paid by|The payer is|The sender is|It comes from|The money comes from][:|] {payer}.
        {payee} [billed|charged|invoiced|has billed|sent a bill to|asked] {payer} {amount_cur} for a {purpose}.
        [The|This|That] {purpose} cost {payer} {amount_cur}[|, paid to {payee}|, reference {reference}].
        {payer} [bought|got|ordered|paid for] a {purpose} [from|at] {payee} for {amount_cur}.
        [Please |]<pay> {amount_cur} to {payee} [by|on|before] {date}[|, reference {reference}].
        [Please |]<pay> {payee} {amount_cur} [by|on|before|until] {date}.
        [Please |]<pay> {amount_cur} for a {purpose} to {payee}.
        From {payer} to {payee}: {amount_cur}[|, reference {reference}|, {date}| for a {purpose}].
        From: {payer}[,|.|;] to: {payee}[,|.|;] amount: {amount_cur}[|, date: {date}].
        {amount_cur} from {payer} to {payee}[|, {date}|, reference {reference}].
        {amount_cur} to {payee}[|, {date}|, reference {reference}], paid by {payer}.
        {amount_cur} [went|was sent|goes|was paid] from {payer} to {payee}[| on {date}].
        """,
        """
        [There was a transfer of|We saw a payment of] {amount_cur} from {payer} to {payee}.
        {payer} settled up with {payee} on {date}, [the bill was|a matter of] {amount_cur}.
        [In the subject line it says|The paperwork mentions] {reference}.
        [The money is meant for|It was spent on] a {purpose}.
        {paid}.
        """,
    ),
    _domain(
        "travel",
        """
        traveller: person: traveller, passenger, passenger_name, name: Who travels | Passenger name
        origin: city: origin, from, from_city, departure_city: Where the trip starts | City of departure
        destination: city: destination, to, to_city, arrival_city: Where the trip goes | City of arrival
        date: date: date, departure_date, travel_date, leaves_on: Day of departure | Date in ISO form
        back: date: return_date, back_on, returns_on: Day of the return | When they come back
        time: time: departure_time, time, leaves_at: Time of departure | When it leaves, HH:MM
        number: code: flight, flight_number, train, booking_code: Number of the flight or train | Booking code
        seats: count: passengers, travellers, seats, tickets: Number of travellers | How many tickets
        mode: mode: mode, transport, means: How they travel | Means of transport
        """,
        """
        <go> from {origin} to {destination} on {date}[| by {mode}| at {time}].
        <go> to {destination} from {origin}[| on {date}| by {mode}].
        <go> to {destination}[ on {date}| by {mode}|, {date}|, leaving at {time}].
        {traveller} <flies> from {origin} to {destination}[| on {date}| by {mode}| at {time}].
        {traveller} <flies> to {destination} [from|out of] {origin}[| on {date}].
        {traveller} <flies> to {destination}[ on {date}| by {mode}|, number {number}].
        {traveller} [leaves|departs from|starts in|starts from|sets out from] {origin} [on {date}|at {time}|by {mode}|for {destination}].
        {traveller} [leaves|departs] on {date} and [returns|comes back|is back|gets home] on {back}.
        {traveller} [returns|comes back|is back|gets back|comes home|travels back] on {back}.
        From {date} to {back} [I am|we are|I will be|we will be|I stay|we stay] in {destination}.
        [The return is|Back on|Coming back on|Return:|I come back on|We return on|Return date:|The return trip is on|I return on|We come back on|Returning on|Back:|I'd come back on|We fly back on|We get home on|I need to be back on] {back}.
        [We leave|Departure is|It leaves|Leaving|Departure|I leave|We set out|We start|It departs|It goes|The departure is|We depart|I'd like to leave] at {time}[| on {date}].
        [Departure|Departure time|Time|Leaves][: |: at ]{time}.
        [We leave|Departure is|I leave|Leaving|Going|Departing|The trip is|We travel|I travel|We depart|Departure] on {date}[| at {time}| and come back on {back}|, back on {back}].
        [Date|Departure|Departure date|Day of travel|Travel date|When][: |: on ]{date}.
        [The flight number is|Number|Booking code|It is number|The code is|Reference|Flight number:|Booking code:|The booking code is|My booking is|Flight|Train number|The number is|Ticket code:|We are on|We take] {number}.
        [We are|There are|It is for|Book|We need tickets for|Tickets for|Seats for|We will be|For|A trip for|Please book for] {seats} [people|passengers|travellers|persons].
        [We go|Travelling|I'd go|Going|We travel|I travel|Getting there|I prefer to go|The trip is|We would go|We get there] by {mode}.
        [Transport|Means of transport|Mode|We take the|By][: |]{mode}.
        [To|Destination:|The destination is|We are heading to|I'm off to|We want to see|Arrival in|We fly to|The trip goes to|Arriving in|We end in|My destination is|It takes us to|Where to:] {destination}.
        [From|Starting in|Departure from|We start from|Origin:|Leaving from|We leave from|I start in|Departing from|The trip starts in|It starts in|We set out from|Where from:] {origin}.
        [The passenger is|Passenger:|Booked for|Name on the ticket:|Travelling:|The traveller is|Traveller:|Name:|It is booked for|The ticket is for|My name is|The trip is for|Passenger name:|Ticket for] {traveller}.
        {number} from {origin} to {destination}[, {date} at {time}|, {date}| at {time}| on {date}].
        [Flight|Train|Number|Booking] {number} [goes|leaves|runs|departs] from {origin} [to {destination}|at {time}|on {date}].
        [Flight|Train|Number|Booking] {number} [goes to|gets to|takes us to|is for|arrives in] {destination}[| on {date}| and leaves at {time}].
        A {mode} to {destination} on {date}[| at {time}|, from {origin}][, please|].
        A {mode} from {origin} to {destination}[| on {date}][, please|].
        {seats} [tickets|seats|places] from {origin} to {destination}[| on {date}| by {mode}].
        {seats} [tickets|seats|places] to {destination}[| on {date}| by {mode}|, leaving at {time}].
        On {date} at {time} the {mode} {number} leaves [for {destination}|{origin}|{origin} for {destination}].
        At {time} the {mode} [leaves|departs] [from {origin}|for {destination}|from {origin} for {destination}].
        {origin} to {destination}, {date}[|, {time}|, {mode}|, {traveller}].
        {origin} - {destination}, {date}[|, back {back}|, back on {back}|, return {back}].
        From: {origin}[,|.|;] to: {destination}[,|.|;] date: {date}.
        [Passenger|Traveller|Name]: {traveller}[,|.|;] [from {origin} to {destination}|number {number}|to {destination}, {date}].
        """,
        """
        [My plan is to get|We intend to get] from {origin} over to {destination} by {mode} on {date}.
        {traveller} [sets off for|is bound for] {destination} at {time}.
        [The way back is on|Home again on] {back}.
        [The booking says|On the ticket it says] {number}.
        [The group counts|In the group there are] {seats} people.
        """,
    ),
    _domain(
        "task",
        """
        title: todo: title, task, todo, what: What is to be done | The task in short
        assignee: person: assignee, assigned_to, owner, who, responsible, person: Who has to do it | Person in charge
        due: date: due, due_date, deadline, until, due_by, finish_by: When it must be finished | Deadline in ISO form
        priority: priority: priority, urgency: How important it is | Priority of the task
        project: project: project, project_name: The project it belongs to | Name of the project
        tags: tags: tags, labels, keywords: Labels of the task | Keywords
        hours: count: hours, estimate, estimated_hours: Estimated hours of work | How many hours it takes
        done: bool_done: done, completed, finished, is_done, complete: Whether it is done | Whether it is finished | True when the work is complete
        """,
        """
        {assignee} <must> {title}[| soon| first| this week| for us].
        [Please|Someone must|Don't forget to|We need to|Remember to|The task is to|Todo:|Task:|To do:|I need someone to|We have to|You should|Could you|Next step:|It is time to|The plan is to|What is left: |Make sure to|I have to|The next thing is to] {title}.
        {assignee} <must> {title} [by|before|until] {due}.
        By {due}[|,] {assignee} <must> {title}.
        [Please|We must|We have to|Remember to|Someone should|We need to|You should] {title} [by|before|until] {due}[|, priority {priority}].
        {assignee} <must> {title} for {project}[|, due {due}|, priority {priority}].
        [The deadline is|It is due on|Due:|Due|It must be done by|Finish it by|Deadline:|Due date:|The due date is|Needed by|It has to be ready by|Please finish it by|To be done by|It should be ready by|We need it by|Complete it by|Do it before|Due on] {due}.
        [Priority is|Priority:|The priority is|It has|This has|Urgency:|I'd say|The urgency is|Its priority is|I would give it|We gave it|Set it to|Mark it as] {priority}[| priority].
        [It is for|It belongs to|This is part of|Project:|For the project|The project is|It is part of|Part of|This one is for|Project name:|It goes with|This belongs to|Put it in|We do it for] {project}.
        [Tags:|Labels:|Tag it with|Label it|Keywords are|Keywords:|The tags are|The labels are|Tag it|Please tag it|Please add the labels|Labelled|Tagged|Use the tags] {tags}.
        [It takes|About|Estimate:|That should take|I think it needs|Plan|It will take|It needs|We need|Count on|This is work for|Estimated time:|It may take|I guess|The estimate is|Reserve] {hours} hours[| of work| or so| in all].
        {done}[|, by the way|, as far as I know|, just so you know|, I checked|, as of today].
        [State of the work:|About the state:|How far it is:|Status:|Please note:|Progress:|Update:|What I know:|For the record:|So far:|As of today:] {done}.
        {title}[: | - |, ]{done}.
        [Assign it to|Assigned to|Give it to|The owner is|Owner:|In charge:|Responsible is|In charge is|Assignee:|Responsible:|It is up to|The one responsible is|It was given to|The task goes to|Let it be done by|Hand it to] {assignee}.
        {assignee} [is responsible|is in charge|takes care of it|owns this|looks after it|does it|is on it|will handle it|volunteered|takes this one][|, due {due}|, deadline {due}|, priority {priority}].
        {title} for {project}[, {priority} priority|, priority {priority}||, due {due}|, {priority} priority, due {due}].
        {title}, [due {due}|by {due}|deadline {due}|{priority} priority|priority {priority}|about {hours} hours|assigned to {assignee}|owner {assignee}].
        [Ask|Tell|Get|Remind|I asked|I told] {assignee} to {title}[, that is {hours} hours|, it takes {hours} hours||, deadline {due}| by {due}].
        [Task|Todo|To do]: {title}[,|.|;] [owner|assignee|who]: {assignee}[,|.|;] [due|deadline]: {due}.
        {assignee}: {title}[|, due {due}|, {priority} priority|, {hours} hours].
        It is due {due}, [has {priority} priority|priority {priority}|takes {hours} hours|belongs to {project}|tagged {tags}].
        {assignee} [needs|wants|has planned|reckons with|estimates] {hours} hours for [this|it|the task][|, due {due}].
        """,
        """
        [It would be good if|I want it arranged that] {assignee} [can|could] {title} no later than {due}.
        [We filed it under|You find it in] {project}, with {priority} priority.
        [We mark it with|It carries the labels] {tags}.
        [The work adds up to|Calculate] {hours} hours.
        {done}.
        """,
    ),
    _domain(
        "booking",
        """
        guest: person: guest, name, guest_name, booked_by: Name of the guest | Who makes the booking
        place: company_place: hotel, restaurant, venue, place: Name of the hotel or restaurant | Where
        check_in: date: check_in, arrival, date, from_date: Day of arrival | First day
        nights: count: nights, length_of_stay, num_nights: Number of nights | How long they stay
        people: count: guests, people, party_size, persons: Number of guests | How many people
        time: time: time, arrival_time, table_time: Time of arrival | HH:MM
        wish: item: special_request, request, wish, extra: Special wish | Anything extra
        phone: phone: phone, phone_number, telephone: Telephone number | Number to call
        breakfast: bool_breakfast: breakfast, with_breakfast: Whether breakfast is included | True with breakfast
        """,
        """
        [I'd like to book|Please book|Book|Reserve|Can you reserve|I want to book|Could you book|We would like|Please reserve|I need|We need|Can I get] a [room|table|place] at {place} for {people}[| people| on {check_in}].
        [I'd like to book|Please book|Book|Reserve|Can you reserve|I want|Could you book|We would like|Please reserve] a [room|table|place] at {place} [on|from|for] {check_in}[|, name {guest}].
        [I'd like to book|Please book|Book|Reserve|I want|Could you book|We would like] a room [at {place}|] for {nights} nights[| from {check_in}| for {people} people].
        [A room|A table|A booking|A reservation|One room|Something] for {guest} at {place}[| on {check_in}| for {people} people][| please].
        {guest} [booked|reserved|wants|would like|has booked|has reserved|needs] a [room|table|place] at {place}[| from {check_in}| on {check_in}| for {people} people].
        {guest} [booked|reserved|has booked|will stay|stays|is staying] {nights} nights at {place}[| from {check_in}].
        {guest} [arrives|comes|checks in|gets there|will arrive|will be there|will come] [on {check_in}|at {time}|on {check_in} at {time}][| with {people} people].
        {guest} [stays|will stay|is staying|wants to stay] [for |]{nights} nights[| at {place}|, from {check_in}].
        [We arrive|I arrive|Arrival is|Check-in is|Arriving|It is|We come|We check in|I check in|We will be there|I'd come|We get there] on {check_in}[| at {time}| and stay {nights} nights].
        [Arrival|Check-in|Date|From|First night|Day of arrival][:|] {check_in}.
        [For|We stay|Staying|I stay|It is for|We want to stay|I'd stay|We would stay|In all|We need it for|The stay is|Length of stay:] {nights} nights[| from {check_in}|].
        [We are|There will be|A party of|It is for|We will be|There are|Please plan for|For|Guests:|Number of guests:|We come with] {people} [people|guests|persons].
        [At|We come at|Around|Be there at|Arrival time:|We arrive at|We will be there at|Time:|The table is for|From|We get there at|Expect us at|I come at] {time}.
        [We also need|Please prepare|If possible with|Special request:|Extra:|We would like|I'd also like|Please add|A wish:|Could we have|One request:|Please put in the room|I also want] a {wish}.
        [My number is|Call me on|Phone:|Phone|Call|Telephone|My phone number is|You can call me on|Phone number:|Tel.|The number is|Call us on|My phone is|Please call|Reach me on|Reach us on] {phone}.
        {breakfast}[|, please note|, thank you|, just so you know|, by the way].
        [About the mornings:|About the food:|Please note:|One more thing:|Meals:|Important:] {breakfast}.
        [The booking is under|Name:|The name is|Under the name|Guest:|It is booked under|Booked by|My name is|I am|The guest is|Name of the guest:|Please put it under|Booking for|For] {guest}[|, phone {phone}|, {phone}].
        [The hotel is|The place is|Place:|Where:|It is at|We chose|We picked|We stay at|We will be at] {place}.
        {nights} nights at {place}[ from {check_in}||, {check_in}], {people} people.
        {nights} nights at {place}[ from {check_in}||, name {guest}| for {guest}].
        {people} [people|guests|persons], {nights} nights[|, {place}|, from {check_in}].
        {people} [people|guests|persons] at {place}[, {check_in}| on {check_in}| at {time}| on {check_in} at {time}].
        [Table|A table|One table] for {people}[| people] on {check_in} at {time}[|, name {guest}|, {place}].
        [Table|A table|One table] at {time} on {check_in} for {people}[| people][|, {guest}|, under {guest}].
        {place}, {check_in}, {nights} nights[|, {guest}|, {people} people].
        {guest}, {phone}, [{people} people|{nights} nights|arrival {check_in}|at {time}].
        """,
        """
        [We wish to stay|I plan to stay] {nights} nights at {place}, [getting in on|starting] {check_in}.
        {guest} will show up at {time} with a party of {people}.
        [It would help to have|We ask for] a {wish}.
        [For questions ring|You can ring] {phone}.
        {breakfast}.
        """,
    ),
    _domain(
        "review",
        """
        product: item: product, item, what: The thing reviewed | What the review is about
        stars: stars: stars, rating, score: Stars from 1 to 5 | The rating
        reviewer: person: reviewer, author, name, by: Who wrote the review | Author
        likes: adjectives: pros, likes, good, positive: What was good | Good points
        dislikes: adjectives2: cons, dislikes, bad, negative: What was bad | Bad points
        shop: company: shop, seller, store: Where it was bought | The seller
        price: money: price, paid, cost: What it cost | Price paid
        again: bool_again: would_buy_again, recommended, recommend: Whether they would buy it again | True when they recommend it
        """,
        """
        [I bought|I got|We bought|Just received|I ordered|We ordered|I picked|We got|I purchased|Last week I bought] [a|this|the] {product} [from|at] {shop}[| for {price} euros| for {price} dollars].
        [I bought|I got|We bought|Just received|I ordered|We ordered|I have|We own|This is about|My review of|A review of] [a|this|the] {product}.
        {reviewer} [gives|gave|rated|has given|awards|would give] the {product} {stars} stars[|, bought at {shop}].
        {reviewer} [bought|got|ordered|owns|has|tried|reviewed] [a|the|this] {product}[| from {shop}| at {shop}| and gives it {stars} stars| for {price} euros].
        {reviewer} [thinks|finds|says|writes|feels] [it is|that it is|the {product} is] {likes}[|, but {dislikes}].
        [The|My|This|Our] {product} [is|was|feels|looks|seems|turned out] {likes}[|, but {dislikes}|, but also {dislikes}].
        [The|My|This] {product} cost {price} [euros|dollars|pounds][| at {shop}].
        [The|My|This] {product} [gets|deserves|is worth|earns] {stars} stars[| from me| from {reviewer}].
        [It is|It's|It was|Really|Very|It feels|I find it] {likes}, but [|also |a bit |too ]{dislikes}.
        [Sadly it is|Sadly|But it is also|Unfortunately|A pity that it is|Bad:|Cons:|Unfortunately it is|Sadly it was|Bad points:|Negative:|What I don't like: it is|Minus:|I dislike that it is|The bad part: it is|My only complaint: it is] {dislikes}.
        [On the good side:|Pros:|Good:|What I like: it is|It is|Good points:|Positive:|Plus:|I like that it is|The good part: it is|On the plus side it is|I love that it is|Luckily it is] {likes}.
        [Pros|Good|Plus]: {likes}[.|,|;| -] [Cons|Bad|Minus]: {dislikes}.
        [Cons|Bad|Minus]: {dislikes}[.|,|;| -] [Pros|Good|Plus]: {likes}.
        [I give it|My rating is|Rating:|It gets|I'd say|I would give it|We give it|Score:|My score is|It deserves|I rate it|From me|That makes|In the end] {stars} stars[| out of 5| from me|].
        [It cost|I paid|The price was|Price:|For|It was|We paid|It cost me|I got it for|Bought for|The price is|Paid:] {price} [euros|dollars|pounds][| at {shop}|].
        {again}[|, by the way|, to be honest|, all in all|, for sure|, thank you].
        [In the end:|My conclusion:|In short:|To sum up:|All in all:|Finally:|My opinion:] {again}.
        [Review by|Written by|Author:|Signed,|Greetings from|Reviewer:|By|Posted by|My name is|This was written by|Review from|Signed:] {reviewer}[|, {stars} stars|].
        [I found it at|The seller was|Sold by|Shop:|It came from|Seller:|Store:|Bought at|I bought it at|We got it from|It was sold by|The shop is|The shop was|Ordered from] {shop}[| for {price} euros| for {price} dollars|].
        {stars} stars for the {product}[| from {shop}| by {reviewer}|, {likes}].
        {stars} stars[: |, ]{likes}[|, but {dislikes}].
        {product}: {stars} stars[|, {price} euros|, {shop}|, {likes}].
        """,
        """
        [My verdict on|About] the {product}: {stars} stars, [because it is|it felt] {likes}.
        [What I did not like: it is|The downside: it is] {dislikes}.
        [They charged me|I spent] {price} [euros|dollars] at {shop}.
        [These were the words of|So says] {reviewer}.
        {again}.
        """,
    ),
    _domain(
        "ticket",
        """
        customer: person: customer, name, reported_by, user: Who reports the problem | Customer name
        product: item: product, device, item: What is affected | The broken thing
        problem: problem: problem, issue, fault: What is wrong | The problem in short
        serial: code: serial, serial_number, ticket_id, id: Serial number or ticket id | Identifier
        since: date: since, reported_on, date, start_date: Since when | Date the problem began
        severity: priority: severity, priority, urgency: How bad it is | Severity
        email: email: email, contact, reply_to: Where to answer | E-mail address
        count: count: affected, units, number_affected, num_devices: Number of devices affected | How many are broken
        """,
        """
        [My|Our|The|This|The new|Since today my] {product} {problem}[| again| all the time| now].
        {customer} [says|reports|wrote|complains|told us|tells us|called to say|wrote in|lets us know] that the {product} {problem}[| since {since}].
        {customer} [says|reports|wrote|complains|told us|tells us] that [it|the thing|a device] {problem}[| since {since}].
        [It|The thing|It just|Now it|It still|The device|The machine] {problem}[ since {since}||, since {since}].
        Since {since} [my|our|the] {product} {problem}[|, serial {serial}].
        [The serial number is|Serial:|Serial number|It has the number|Id:|Serial number:|The serial is|The number on it is|The ticket id is|Serial no.|The id is|Its number is|Ticket:|The ticket number is|See ticket] {serial}.
        [Since|It began on|It started on|First seen on|This goes on since|It started|Noticed on|Start:|It has been like this since|The problem began on|We noticed it on|Going on since|First noticed on|The trouble started on|Reported on] {since}.
        [Severity:|The priority is|I'd call the severity|Urgency is|Please set the priority to|Priority:|The severity is|Urgency:|The urgency is|I would say it is|Please treat this as|Mark it as|For us this is] {severity}.
        [Answer to|My e-mail is|Please write to|Contact:|Reply to|Mail me at|Email:|E-mail:|Write to me at|Reach me at|You can reach me at|Reach us at|Contact me at|Reach him at|Reach her at|My address for mail is|Please reply to|You can write to] {email}.
        [In all|Affected:|This concerns|It hit|We see it on|Broken:|There are|It happens on|It affects|We have|Number of devices:|In total|The same on] {count} devices.
        {count} [devices|machines|units] are [affected|broken|concerned][| since {since}].
        [I am|My name is|Customer:|Reported by|This is|From|Name:|User:|The customer is|Sent by|It was reported by|I'm|Here is|Report from] {customer}[|, {email}|, reach me at {email}].
        {customer} has a {product} that {problem}[, serial {serial}|||, id {serial}| since {since}].
        {customer} [can be reached at|reads mail at|has the address|wants an answer to|is at] {email}.
        [Ticket|Case|Report|Id|Serial] {serial}[:|,| -] the {product} {problem}[|, severity {severity}|, reported by {customer}| since {since}].
        [Ticket|Case|Report|Serial] {serial}[ from|, reported by|, customer|, by] {customer}[|, priority {severity}| on {since}|, {count} devices].
        [The|My|Our] {product} [with serial|with the serial number|with id|with number] {serial} {problem}[| since {since}].
        [Product|Device|Item]: {product}[.|,|;] [Problem|Issue|Fault]: {problem}[.|,|;] [Serial|Id]: {serial}.
        [Priority|Severity|Urgency] {severity}: the {product} {problem}.
        """,
        """
        [Trouble with|Help with] a {product}: it {problem}, and the plate reads {serial}.
        {customer} has had this [ever since|from] {since}.
        [How grave is it?|How bad?] {severity}.
        [The best way to answer is|Kindly answer via] {email}.
        [The number of broken ones is|We count] {count} devices.
        """,
    ),
    _domain(
        "vehicle",
        """
        make: brand: make, brand, manufacturer: Maker of the vehicle | Brand
        kind: vehicle: type, kind, vehicle: Kind of vehicle | What it is
        year: year: year, model_year, built: Year it was built | Model year
        km: distance: mileage, kilometres, km, distance, driven_km: Distance driven in km | Kilometres on the clock
        price: money: price, asking_price, cost: Price asked | What it costs
        currency: currency: currency, currency_code: Three letter currency code | ISO currency code
        colour: colour: colour, color, paint: Colour | Paint
        plate: code: plate, licence_plate, registration: Licence plate | Registration
        seller: person: seller, owner, contact: Who sells it | Owner
        place: city: city, location, place: Where it stands | City
        """,
        """
        <sell> a [|nice |used |well kept ]{colour} {make} {kind}[ from {year}||, built in {year}|, year {year}][| with {km} km].
        <sell> a {make} {kind}[ from {year}||, {year}| in {place}|, {colour}][|, {km} km|, {price_cur}| for {price_cur}].
        <sell> a {kind}[ from {year}| in {place}|, {colour}|, {km} km| for {price_cur}].
        {seller} [sells|is selling|offers|has|wants to sell|would like to sell|owns|drives] a [{colour} {make} {kind}|{make} {kind}|{kind}] [in {place}|from {year}|for {price_cur}|with {km} km].
        {seller} in {place} [sells|is selling|offers|has|wants to sell] a [{colour} {make} {kind}|{make} {kind}|{kind}][| for {price_cur}| from {year}].
        {seller} [wants|asks|asks for|is asking|would take|hopes for] {price_cur}[| for the {kind}| for the {make}].
        [It has|It has done|Mileage:|It ran|Only|It drove|Distance:|It has run|On the clock:|The mileage is|So far it has done|Kilometres:|With|It has driven|The clock shows] {km} km.
        [The price is|Asking|It costs|Yours for|I want|Price:|I am asking|The asking price is|Asking price:|It is yours for|I would like|It goes for|I sell it for|Cost:|We want] {price_cur}.
        [It is|The colour is|Painted|Colour:|Color:|The paint is|It was painted|It comes in|Paint:|It looks good in] {colour}.
        [The plate is|Plate:|Registration|Licence plate|The registration is|Licence plate:|Registration:|The licence plate is|Registered as|The number plate is|It has the plate|With the plate] {plate}.
        [Built in|From|Year:|It is from|Made in the year|Model year:|It was built in|Made in|Year of make:|The model year is|Built:|It was made in|First driven in] {year}.
        [It stands in|Located in|You find it in|See it in|Place:|Location:|It is in|The car is in|Come and see it in|Pick it up in|City:|You can see it in|It can be seen in|Stands in] {place}.
        [Ask for|Contact|Call|The owner is|Sold by|Seller:|Owner:|The seller is|Contact:|Please call|Talk to|Speak to|Offered by|My name is|It belongs to|Write to] {seller}[| in {place}|].
        {make} {kind}, {year}, {km} km[, {price_cur}||, {colour}|, {place}].
        {make} {kind}[, {colour}|, {year}|, {place}|, plate {plate}][|, {price_cur}].
        {colour} {make} {kind}[, {year}||, {km} km|, {place}|, plate {plate}].
        {year} {make} {kind}[, {colour}||, {km} km| in {place}].
        [The brand is|It is a|Make:|A|Brand:|The make is|The maker is|Made by|Manufacturer:|The manufacturer is|It was made by] {make}.
        [Kind|Type|Vehicle]: {kind}[.|,|;] [make|brand]: {make}[.|,|;] year: {year}.
        The {kind} with the plate {plate} [belongs to|is owned by|was sold by|is driven by] {seller}[|, it is {colour}| and stands in {place}].
        [The|My|Our|This] {make} [is {colour}|has {km} km|is from {year}|stands in {place}|costs {price_cur}|has the plate {plate}].
        [The|My|Our|This] {kind} [is {colour}|has {km} km|is from {year}|stands in {place}|costs {price_cur}|has the plate {plate}].
        [It was built in {year} and|It is {colour} and|It stands in {place} and] [costs {price_cur}|has {km} km|belongs to {seller}].
        """,
        """
        [Up for grabs is|I part with] a {make} {kind} in {colour}, {year} model, with {km} km.
        [You can have it for|It would be] {price_cur}, [just talk to|speak with] {seller}.
        [At the moment it is parked in|It waits in] {place}.
        [On the plate you read|Its registration reads] {plate}.
        """,
    ),
    _domain(
        "work",
        """
        title: title: title, name, work: Title of the work | What it is called
        author: full_name: author, creator, artist, director: Who made it | Author
        kind: work: kind, type, medium: Kind of work | What sort of work it is
        year: year: year, published, release_year: Year of release | When it came out
        pages: pages: pages, length, num_pages: Number of pages | How long it is
        genres: genres: genres, genre_list, tags: Genres | What sort of story
        publisher: company: publisher, label, published_by: Publisher | Who brought it out
        rating: decimal: rating, score, average_rating: Average rating | Score out of ten
        """,
        """
        {title} [is a {kind} by|was made by|by|was written by|is by|comes from|was created by|is the new {kind} by|is the best {kind} by|is a work of] {author}.
        {title}, [a {kind} by|made by|written by|by|created by] {author}[, came out in {year}|, from {year}||, {pages} pages|, rated {rating}|, is from {year}].
        {author} [wrote|made|created|published|released|brought out|finished] [{title}|the {kind} {title}|a {kind} called {title}] in {year}.
        {author} [wrote|made|created|published|released|is known for|is the creator of|finished] [{title}|the {kind} {title}|a {kind} called {title}][|, {pages} pages| with {publisher}].
        In {year} {author} [wrote|made|created|published|released|finished] [{title}|the {kind} {title}|a {kind} called {title}].
        [It has|It is|Length:|The whole thing is|Pages:|It runs to|The length is|It comes to|It fills|In all it has|It counts|The book has] {pages} pages[| long| in all].
        [Published by|It came out at|Publisher:|The publisher is|Brought out by|Publisher is|It was published by|Label:|It came out with|Released by|You get it from|It appeared at|Sold by] {publisher}[| in {year}|].
        {publisher} [published|brought out|released|printed|put out|sells] [it|{title}|the {kind} {title}|the {kind}][| in {year}].
        [The genres are|Genres:|It mixes|It is filed under|Genre:|It is|The genre is|Tags:|You find it under|It belongs to|Sort of story:|Filed under|It counts as] {genres}.
        [Rated|Rating:|Its rating is|It scores|Readers give it|Score:|The score is|Its score is|The rating is|It is rated|Average rating:|People rate it|It got|It has a rating of|It has a score of] {rating}[| out of ten|].
        [It came out in|Released in|From|Year:|It is from|Published in|It was published in|Release year:|The year is|It appeared in|It was released in|Made in|First published in] {year}.
        [The title is|It is called|Title:|They named it|The name is|It is titled|It goes by the title|Name:|It carries the title|It is named|The work is called] {title}.
        [The author is|Author:|Made by|Its creator is|By|Written by|The creator is|It was written by|Creator:|It was made by|The artist is|It is by|It comes from] {author}.
        [It is a|A|This is a|Kind:|Type:|It's a|We talk about a|The kind is|It was made as a] {kind}.
        [It is a|This is a|A] {kind} [from {year}|by {author}|of {pages} pages|published by {publisher}|called {title}][|, rated {rating}].
        [I am reading|I read|I loved|I liked|I finished|We discussed|I recommend|Right now I have] {title} by {author}[|, {pages} pages|, {pages} pages so far published by {publisher}|, published by {publisher}| from {year}].
        {title} ({year})[, a {kind} of {pages} pages by {author}|, {author}|, a {kind} by {author}| by {author}|, {pages} pages].
        {title} [has|runs to|fills|counts] {pages} pages[| and came out in {year}|, published by {publisher}|, rated {rating}].
        {title} [came out in|is from|appeared in|was released in] {year}[| at {publisher}|, published by {publisher}|, rated {rating}].
        {title} [is rated|has a rating of|scores|has a score of|gets] {rating}[|, genres: {genres}].
        [Title|Work|Name]: {title}[.|,|;] [Author|By|Creator]: {author}[.|,|;] [Year|Published]: {year}.
        {author}, {title}, {year}[|, {publisher}|, {pages} pages].
        {author}: {title}[|, {publisher}|, {year}].
        """,
        """
        [Have you heard of|Do you know] {title}? {author} brought out this {kind} back in {year}.
        [You will turn|There are] {pages} pages.
        [Critics settled on a score of|On average it earns] {rating}.
        [Behind it stands the house of|Thanks go to] {publisher}.
        [The story mixes|One could call it] {genres}.
        """,
    ),
    _domain(
        "reading",
        """
        station: code: station, sensor, sensor_id, device: The sensor or station | Sensor id
        place: place: place, location, site: Where it was measured | Site
        temperature: temperature: temperature, temp, celsius: Temperature in degrees Celsius | Degrees
        humidity: percent: humidity, humidity_percent: Relative humidity in percent | Humidity
        wind: count: wind, wind_speed: Wind speed in metres a second | Wind
        time: time: time, measured_at, at: Time of the measurement | HH:MM
        date: date: date, day, measured_on: Day of the measurement | ISO date
        weather: weather: weather, condition, sky: The weather | Condition
        observer: person: observer, measured_by, reporter: Who measured it | Observer
        """,
        """
        [Station|Sensor|Device] {station} [reports|shows|measured|reads|says|gives|recorded|sent|noted] {temperature} degrees[| at {time}| on {date}| at {place}| and {humidity} percent humidity].
        [Station|Sensor|Device] {station} [stands|is|is found|hangs|was put up] [at|in] {place}[|, {weather}|, {temperature} degrees].
        [It is|It was|We have|Now it is|We had|I read|There were|We measured] {temperature} degrees [in|at] {place}[| at {time}| on {date}| and {weather}].
        [Temperature|Temp|Degrees|Air temperature][: | ]{temperature}[| degrees].
        [The temperature is|The temperature was|The thermometer shows|It is|We have] {temperature} degrees[|, humidity {humidity} percent|, {weather}| at {time}].
        [In|At] {place} [it is|it was|we had|we have|they measured] {temperature} degrees[| at {time}| on {date}|, {weather}].
        [The humidity is|Humidity:|Humidity|Air humidity was|Relative humidity:|The humidity was|Humidity is at|The air is at|Air humidity is|We measured a humidity of|With a humidity of] {humidity} percent[|, wind {wind} metres a second].
        [The wind blows at|Wind:|Wind speed is|We measured wind of|The wind is|Wind speed:|The wind was|It blows with|A wind of|The wind speed was] {wind} metres a second[| at {time}|, humidity {humidity} percent].
        [Measured at|Time:|It was taken at|At|The time was|Taken at|Read at|The reading is from|Time of the reading:|It was measured at] {time}[| on {date}| by {observer}].
        [On|Date:|The day was|Taken on|Measured on|Day:|The date is|It was measured on|The reading was taken on|Read on] {date}[| at {time}| by {observer}].
        [It is|The weather is|The sky is|Weather:|Condition:|The weather was|Sky:|Outside it is|Conditions are|It was|Right now it is|It looks] {weather}[| in {place}| here| and {temperature} degrees].
        [Observer:|Measured by|Noted by|The observer was|Reported by|The observer is|Read by|Taken by|Written down by|Measurements by|Signed,|Reporter:] {observer}[|, station {station}|, at {time}| on {date}].
        [At|Place:|Site:|The site is|We stand at|Location:|The place is|Measured at|Taken at|The location is] {place}.
        {observer} [measured|noted|reported|read|recorded|saw|wrote down] {temperature} degrees[ at {time}| on {date}|] [in|at] {place}[|, {weather}].
        {observer} [measured|noted|reported|recorded] [a humidity of |]{humidity} percent[| humidity] [at|in] {place}.
        {observer} [reports|says|writes][ that|:] it is {weather}[| and {temperature} degrees| in {place}].
        At {time} {observer} [measured|noted|read|reported] {temperature} degrees[| at station {station}| in {place}].
        {place}, {date}[:|,] {weather}, {temperature} degrees[, humidity {humidity} percent||, wind {wind} metres a second].
        {place}, {time}[:|,] {temperature} degrees[, {weather}||, humidity {humidity} percent].
        {station}[:|,] {temperature} degrees, [{humidity} percent humidity|{weather}|wind {wind} metres a second|{date}, {time}|{place}].
        {date}, {time}[:|,] [{weather}|{temperature} degrees|{temperature} degrees and {weather}|station {station}].
        {temperature} degrees, {humidity} percent humidity[, wind {wind} metres a second||, {weather}].
        [The sensor is|Sensor id:|From sensor|Data of|Sensor:|Station:|Device:|The station is|Reading from|Data from|From station|The device is] {station}[| at {place}|, {date}|, {time}].
        """,
        """
        [A glance at|The log of] {station} on {date}, {time}: {temperature} degrees and {weather}.
        [The air holds|We noted a humidity of] {humidity} percent, [while it blew at|with wind of] {wind} metres a second.
        {observer} stood [in|at] {place} for this.
        """,
    ),
    _domain(
        "animal",
        """
        name: first: name, pet_name, animal_name: Name of the animal | What the pet is called
        species: animal: species, animal, kind: Kind of animal | Species
        age: small: age, age_years, years: Age in years | How old it is
        weight: decimal: weight, weight_kg, kilograms: Weight in kilograms | How heavy it is
        owner: person: owner, owner_name, belongs_to: Owner of the animal | Who it belongs to
        colour: colour: colour, color, fur: Colour | Colour of the fur
        chip: code: chip, chip_id, tag: Number of the chip | Tag
        foods: foods: food, eats, favourite_food: What it eats | Food
        vaccinated: bool_vaccinated: vaccinated, is_vaccinated: Whether it had its vaccination | True when vaccinated
        """,
        """
        {owner} [has|owns|keeps|came in with|looks after|got|adopted] a {colour} {species} [called|named|by the name of] {name}[|, {age} years old|, {weight} kg].
        {owner} [has|owns|keeps|came in with|looks after|got|adopted] a {species}[ called {name}| named {name}|, {age} years old|, {weight} kg].
        {owner} [has|owns|keeps|looks after|feeds|loves] {name}[, a {species}|, the {species}||, a {colour} {species}].
        [My|Our] {species} is [called|named] {name}[| and is {age} years old| and weighs {weight} kg].
        [My|Our] {species} {name} [is {age} years old|weighs {weight} kg|is {colour}|eats {foods}|has chip {chip}|likes {foods}].
        [My|Our|The|This] {species} [is {age} years old|weighs {weight} kg|is {colour}|eats {foods}|has chip {chip}|likes {foods}].
        {name} is a {species}, {age} years old[|, {weight} kg| and {colour}].
        {name} is [a|our|a young|an old] {age} year old {species}[| with {colour} fur| of {weight} kg| and belongs to {owner}].
        {name} is a {colour} {species}[| of {age} years| that eats {foods}| and weighs {weight} kg|, owned by {owner}].
        {name} [belongs to|is owned by|lives with|was brought in by|came in with] {owner}[| and weighs {weight} kg| and is {age} years old|, chip {chip}].
        {name} the {species} [weighs|has a weight of|comes in at|is at|now weighs] {weight} kg[| and eats {foods}|, chip {chip}].
        {name} [eats|likes|gets|wants|is fed with|loves] {foods}[|, weighs {weight} kg| and weighs {weight} kg].
        [It belongs to|The owner is|Owner:|Owned by|Brought in by|It is owned by|The name of the owner is|It lives with|It came in with|Owner name:|Please call the owner,] {owner}.
        [It is|He is|She is|Age:|It's|The age is|It must be|About|It turned out to be|We think it is] {age} years old[|, {weight} kg| and weighs {weight} kg].
        [It weighs|Weight:|The weight is|On the scale it was|It has a weight of|He weighs|She weighs|Its weight is|It came to|Now it weighs|The scale says] {weight} kg[|, {age} years old|].
        [Chip number|Its chip is|Chip:|The tag reads|The chip says|Chip number:|The chip is|Tag:|The chip number is|Chip id:|It wears the tag|It has chip|Tag number] {chip}.
        [It eats|Food:|Likes to eat|It only eats|Feed it with|He eats|She eats|It likes|It gets|Please feed it|Its food is|It lives on|Favourite food:|It is fed with|Give it] {foods}.
        [It is|The fur is|Colour:|It has the colour|Color:|The colour is|Fur:|Its fur is|The coat is|It looks|The colour of the fur is] {colour}.
        [Species|Animal|Kind|Kind of animal|It is a|The animal is a|This is a][: |] {species}[|, {age} years old|, {colour}|].
        {vaccinated}[|, by the way|, as far as I know|, just so you know|, I checked|, as of today].
        [As to shots:|About the shots:|Health:|Please note:|Medical note:|The vet says:|For the record:|Status:] {vaccinated}.
        [Name:|The name is|It listens to|We call it|Its name is|It is called|It answers to|They call it|Pet name:|The animal is called|His name is|Her name is|We named it] {name}.
        {name}, {species}, {age} years[, {weight} kg|][, owner {owner}|, chip {chip}|].
        {name}, a {colour} {species}[|, owner {owner}|, owned by {owner}|, chip {chip}].
        {species} {name}, [{colour}|{weight} kg|chip {chip}|owner {owner}|{age} years].
        [Owner|Owned by]: {owner}[.|,|;] [animal|species]: {species}[.|,|;] name: {name}.
        """,
        """
        [Today we saw|At the vet:] {name}, a {colour} {species} [aged|of] {age} years and {weight} kg.
        {owner} brought the {species} along.
        [Under the skin sits chip|We read out chip] {chip}.
        [In the bowl it wants|Its menu:] {foods}.
        {vaccinated}.
        """,
    ),
    _domain(
        "delivery",
        """
        tracking: code: tracking, tracking_number, parcel_id, parcel: Tracking number | Parcel id
        sender: party: sender, from, shipped_by: Who sent it | Sender
        recipient: person: recipient, to, receiver, addressee: Who gets it | Recipient
        address: address: address, street, deliver_to: Delivery address | Street and number
        city: city: city, town, place: City of delivery | Town
        weight: decimal: weight, weight_kg, kilograms: Weight in kilograms | How heavy it is
        contents: items: contents, content, goods: What is inside | Things in the parcel
        date: date: date, arrival, expected, eta: Expected day of arrival | When it arrives
        status: status: status, state: State of the delivery | Where it stands
        fragile: bool_fragile: fragile, is_fragile: Whether it is fragile | True when it can break
        """,
        """
        [Parcel|Package|Shipment|Box|Parcel number|Delivery] {tracking} [goes to|is for|is addressed to|was sent to|is meant for|will go to|is going to|was delivered to|belongs to] {recipient}[| in {city}|, status: {status}| on {date}].
        [Parcel|Package|Shipment|Box|Delivery] {tracking} [is|is now|is currently|was] {status}[|, weight {weight} kg|, for {recipient}|, expected on {date}].
        [Parcel|Package|Shipment|Box|Delivery] {tracking} [contains|holds|is full of|is packed with] {contents}[|, {weight} kg|, for {recipient}].
        [Parcel|Package|Shipment|Box|Delivery] {tracking} [from|sent by|shipped by] {sender} [weighs {weight} kg|is {status}|goes to {recipient}|goes to {city}|arrives on {date}].
        {sender} [sent|shipped|posted|mailed|has sent|has shipped|is sending] [a parcel|a package|a box|parcel {tracking}|{contents}] to {recipient}[| in {city}| at {address}|, {address}, {city}].
        {sender} [sent|shipped|posted|mailed|has sent|is sending] {recipient} [a parcel|a package|a box|parcel {tracking}|{contents}][| to {city}| of {weight} kg|, {status}].
        {recipient} [gets|receives|is to get|will get|expects|should receive] [a parcel|a package|a box|parcel {tracking}|{contents}] from {sender}[| on {date}| in {city}].
        {recipient} [gets|receives|is to get|will get|expects] [parcel {tracking}|{contents}][| on {date}| in {city}|, {weight} kg].
        {recipient} [lives at|is at|can be found at|gets mail at|waits at] {address}[, {city}| in {city}|].
        [It contains|Inside are|Contents:|In the box:|It holds|Content:|The content is|In it are|Inside:|The parcel contains|It is filled with|What is inside:|Packed:|Goods:] {contents}.
        [It weighs|Weight:|The weight is|With a weight of|It has a weight of|In all|The parcel weighs|The box weighs|Its weight is|It comes to] {weight} kg[| and contains {contents}|, status {status}|].
        [Deliver it to|The address is|Address:|Bring it to|It goes to|Please deliver to|Send it to|Ship to|Delivery address:|Take it to|It should go to|Delivery to] {address}, {city}[| on {date}|, by {date}].
        [The street is|Street:|Drop it at|Leave it at|Deliver it to|The address is|Address:|Bring it to|Please deliver to|Street and number:] {address}[| by {date}|].
        [The city is|City:|Town:|It goes to|The town is|Delivered in|To the city of|The place is|It is sent to] {city}.
        [It arrives on|Expected on|Arrival:|It should be there on|We expect it on|Expected:|It will arrive on|Due to arrive on|Delivery on|It comes on|ETA:|The arrival is on|It should come on|Planned for] {date}.
        [The status is|Status:|It is now|Right now it is|State:|It is|The state is|Current status:|Now|The parcel is|At the moment it is|Today it is] {status}[|, expected on {date}|].
        [The tracking number is|Tracking:|Tracking number|Track it with|Number|Tracking number:|Parcel id:|The parcel number is|The number is|Parcel number|Track it under|Its tracking number is|Tracking id] {tracking}.
        [From|Sender:|Sent by|The sender is|It comes from|Shipped by|It was sent by|The parcel is from|It was shipped by|Posted by|The sender was] {sender}[|, to {recipient}|].
        {fragile}[|, by the way|, please note|, just so you know|, thank you|, so you know].
        [About the handling:|Please note:|Handling:|Important:|For the driver:|A note for the courier:|On the label:] {fragile}.
        [Recipient:|It is for|To|The recipient is|Addressed to|It goes to|Deliver it to|Receiver:|It is meant for|The addressee is|For|It should go to] {recipient}[, {address}|, {city}| in {city}|, {address}, {city}||].
        {tracking}, {weight} kg, from {sender} to {recipient}[, {status}||, {date}].
        {tracking}[:|,] {status}[|, {date}|, from {sender}|, to {recipient}|, {city}].
        From {sender} to {recipient}[, {city}|, {address}||, {weight} kg|: {contents}|, {status}].
        """,
        """
        [On its way to|Heading for] {recipient} in {city} is shipment {tracking}, [handed in by|packed by] {sender}.
        [We put in|You will find] {contents}, [making|which is] {weight} kg.
        [Ring the bell at|The courier heads to] {address} on {date}.
        [The system calls it|So far it counts as] {status}.
        {fragile}.
        """,
    ),
    _domain(
        "request",
        """
        name: person: name, customer, customer_name, client, from: Name of the customer | Who writes | name
        city: city: city, town, location, place: City of the customer | Where they live | city
        item: goods: item, product, article, thing, goods: What is ordered | The thing asked for | item
        quantity: count: quantity, amount, count, number, qty, pieces: How many pieces | Number of pieces | quantity
        date: date: date, day, delivery_date, by: When it is needed | Day of delivery
        email: email: email, mail, contact: E-mail address | Where to answer
        phone: phone: phone, phone_number, tel: Phone number | Where to call
        price: money: price, budget, max_price, cost: Price or budget | What it may cost
        colour: colour: colour, color: Colour wanted | The colour
        """,
        """
        [Hi|Hello|Hey|Good morning|Dear all|Hi there|Good evening|Good day], [this is|I am|I'm|my name is|it's|here is] {name} from {city}[| and I need {quantity} {item}].
        [My name is|I am|I'm|This is|Here is|It's] {name} [and I live in|from|and I am from|and I come from|in|and I write from|and I'm based in|, from|, writing from] {city}.
        [My name is|I am|I'm|This is|Here is|Name:|It's|The name is] {name}[|, {phone}|, {email}|, my mail is {email}].
        <want> {quantity} {item}[| please| for me].
        <want> {quantity} {item} [by|on|until|before] {date}[| please|, please|].
        <want> {quantity} {item} [in {colour}|in {city}|for {price} euros|for at most {price} dollars].
        [By|Before|On] {date} [I need|we need|please send|I would like|I want|I'd like] {quantity} {item}.
        {name} [wants|needs|orders|asks for|would like|takes|has ordered|bought|ordered|is after|needs to get] {quantity} {item}[| by {date}| in {colour}| before {date}].
        {name} [from|in|of|, who lives in] {city} [wants|needs|orders|asks for|would like|takes|bought|ordered|is looking for] {quantity} {item}[| by {date}| for {price} euros].
        [Send|Ship|Deliver|Please send|Please ship|Bring|Get] {quantity} {item} to {name}[| in {city}| by {date}|, {city}].
        [Send|Ship|Deliver|Please send|Please ship|Bring|Get] {name} {quantity} {item}[| in {city}| by {date}|].
        {quantity} {item} for {name}[| in {city}| from {city}|, by {date}|, {city}][| please].
        {quantity} {item}[ in {colour}|, {colour}| by {date}|, for {price} euros| to {city}][|, please|, thanks].
        [We are in|I live in|Ship to|Send it to|It goes to|I am based in|City:|I'm in|We live in|My city is|Deliver to|I am from|Please send it to|Town:] {city}[|, phone {phone}|].
        [It should be there by|I need it on|Deliver on|By|The day is|Needed by|Date:|I need it by|Please deliver by|Deliver it by|We need it by|The date is|It has to arrive by|Before] {date}.
        [Write to|My mail is|Mail me at|Reach me at|Answer to|E-mail:|Email:|My email is|My e-mail address is|Please answer to|Contact me at|Reply to|You can reach me at|You can mail me at|Reach us at] {email}[| or call {phone}|, phone {phone}|].
        [Call me on|My phone is|Ring|Phone|Phone:|My number is|My phone number is|Call|Please call|You can call me on|Tel.|Phone number:|Reach me on|Call us on] {phone}[| or write to {email}|, mail {email}|].
        [I can pay|My budget is|At most|It may cost|I pay|Budget:|I have|I would pay|The price should be|Price:|Not more than|The budget is|I can spend|We can pay|Max price:] {price}[| euros| dollars| pounds].
        [The colour should be|I like|Colour:|Best in|In|Color:|I want it in|I prefer|The colour is|Preferably|If you can, in|Please in|It should be|We like] {colour}.
        [Greetings|Regards|Best wishes|Yours|Thanks|Bye|Kind regards|Cheers|Best|Thank you|All the best|Many thanks|Best regards|See you], {name}[|, {city}|, {phone}|, {email}].
        [Is it possible to get|Do you have|Are there still|Do you sell|Can you get me|Have you got|Could we get|May I order|Do you still have] {quantity} {item}[| in {colour}| by {date}]?
        [Name|Customer|Client]: {name}[.|,|;] [item|product|article]: {item}[.|,|;] [quantity|number|pieces]: {quantity}.
        [Item|Product|Article]: {item}[.|,|;] [quantity|number|pieces]: {quantity}.
        {name}, {city}[: |, wants |, needs ]{quantity} {item}.
        """,
        """
        [We could use|Kindly pack] {quantity} {item}.
        [The undersigned is|You are reading a note of] {name}, {city}.
        [It would be fine to have it by|We look forward to] {date}.
        [For answers there is|You can answer me under] {email}.
        """,
    ),
    _domain(
        "contact",
        """
        name: full_name: name, full_name, contact, person: Full name | Who it is
        company: company: company, organisation, firm, employer: Company | Where they work
        role: job: role, job, title, position: Position | What they do
        email: email: email, mail, e_mail: E-mail | E-mail address | Where to write to
        phone: phone: phone, mobile, tel, number: Phone number | Number to call
        city: city: city, office, based_in: City | Office
        website: site: website, url, site: Web page | Link
        languages: languages: languages, speaks: Languages spoken | What they speak
        """,
        """
        {name}, {role} at {company}[, {city}||, {phone}|, {email}].
        {name}, {company}[, {city}|, {role}|, {phone}|, {email}|, {city}, {phone}].
        {name} - {email} - {phone}.
        [You can reach|Contact|Call|Talk to|Ask for|You reach|Get hold of|Please call|Phone|Speak to] {name} [on|at|under] {phone}[| or {email}|, {company}| in {city}].
        [Write to|Mail|Email|Send a mail to|Contact|Reach|You can write to|Please mail] {name} [at|under] {email}[|, phone {phone}|, {company}| or call {phone}].
        {name} [is|works as|became|was made|has become|is now] [the |our |a |the new |a new |]{role} [at|of|for] {company}[| in {city}|, mail {email}|, phone {phone}].
        {name} [works|is employed|has a job|has a desk|sits] [at|for|with] {company}[| in {city}| as a {role}| and speaks {languages}].
        {name} <joined> {company} as [a|a new|the|the new] {role}[| in {city}|].
        {name} <joined> {company}[| in {city}| last year| recently].
        {company} [hired|employs|has hired|took on|recruited|appointed|brought in] {name}[| as a {role}| as its {role}| in {city}].
        [At|Over at|With] {company}[|,] {name} is [the|a|our] {role}.
        [The|A|Our] {role} [at|of|from] {company} is [called |named |]{name}[|, {phone}|, {email}].
        {name}'s [mail is|e-mail is|e-mail address is|mail address is] {email}.
        {name}'s [phone number is|number is|phone is|mobile is] {phone}.
        [Reach|Contact|Get|Write to] [her|him|them|us|me] [at|under] {email}[| or on {phone}|, phone {phone}|].
        [Reach|Contact|Call|Phone] [her|him|them|us|me] [on|under] {phone}[| or at {email}|, mail {email}|].
        [Her|His|Their|My|The] [e-mail is|mail is|e-mail address is|email is|mail address is] {email}[|, phone {phone}|].
        [Her|His|Their|My|The] [phone is|phone number is|number is|mobile is|mobile number is] {phone}[|, mail {email}|].
        [Her|His|Their|My|The] [employer|company|firm] is {company}[| in {city}|].
        [Her|His|Their|My|The] [role|position|job|job title] is {role}[| at {company}|].
        [The website is|See|More on|Web:|Have a look at|Website:|Web page:|Site:|The web page is|Look at|More at|Link:|Visit|You find it on|Online:] {website}.
        {company} [is found at|has the site|is on the web at|has the website] {website}[|, phone {phone}|].
        [Speaks|Languages:|We talk in|Fluent in|She speaks|He speaks|They speak|Languages spoken:|I speak|Knows|The languages are|You can talk in|We speak] {languages}.
        {name} [speaks|is fluent in|knows|talks in|can speak|understands] {languages}[| and works at {company}| and lives in {city}].
        [Office in|Based in|Our office is in|City:|Office:|The office is in|Located in|We are based in|The firm is in|You find us in|We sit in|The city is] {city}[|, {website}|].
        [Phone|Tel|Mobile|Number|Phone number|Call][: | - |: ]{phone}.
        [Mail|E-mail|Email|E-mail address|Mail to|Write to][: | - |: ]{email}.
        [Company|Firm|Employer|Organisation|Works at|Works for][: | - |: ]{company}.
        [Role|Position|Job|Job title|Title][: | - |: ]{role}.
        [Name|Contact|Full name|Person|Contact person][: | - |: ]{name}[|, {company}|, {phone}].
        [Met|I met|We met|Yesterday I met|Last week we met|I talked to|I spoke to|I got a call from|Today I saw] {name} [from|of|with] {company}[| in {city}|, {role}|, {phone}].
        [Met|I met|We met|Yesterday I met|I talked to|I spoke to] {name}, [the|a] {role} [at|from|of] {company}[| in {city}|].
        """,
        """
        [Feel free to ring] {name} on {phone}.
        [The card says] {name}, {role}, {company}.
        [Find out more under] {website}.
        """,
    ),
)
