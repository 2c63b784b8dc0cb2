"""What messages can be about, for extraction: fields, their kinds, and the sentences that state them.

Each field line is "slot: kind: key, other key: description | other description"; each sentence names the slots that
it states. Sentences under `held_out` are for the evaluation alone. It does not know schemas or JSON.
"""

# fmt: off
from __future__ import annotations

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


def _domain(name: str, fields: str, train: str, held_out: str) -> Domain:
    table = {}
    for line in fields.strip().splitlines():
        slot, kind, keys, descriptions = (part.strip() for part in line.split(":", 3))
        table[slot] = Field(slot, kind, tuple(k.strip() for k in keys.split(",")), tuple(d.strip() for d in descriptions.split("|")))
    lines = [tuple(x.strip() for x in text.strip().splitlines()) for text in (train, held_out)]
    return Domain(name, table, *lines)


DOMAINS = (
    _domain(
        "person",
        """
        name: person: name, full_name, person: The person's name | Name of the person | Who the message is about
        age: age: age, age_years: Age in years | How old the person is
        city: city: city, home_town, lives_in, location: Where the person lives | City of residence
        job: job: job, occupation, profession, role: What the person does for a living | Occupation
        company: company: company, employer, works_for: Employer | The company the person works for
        hobbies: hobbies: hobbies, interests: Hobbies of the person | What they like to do in their free time
        birthday: date: birthday, birth_date, date_of_birth: Date of birth | When the person was born
        email: email: email, email_address, contact_email: E-mail address | Where to write to
        """,
        """
        [My name is|I am|I'm|This is|Hi, I'm|Hello, my name is] {name}.
        [Meet|Let me introduce|Have you met|Please welcome|We met|I talked to|Yesterday I met] {name}.
        {name} is {age} years old.
        {name}, {age}, lives in {city}.
        {name} is a {job} [from|in|based in|living in] {city}.
        {name} ({age}) [works as a|is a|has a job as a] {job} [at|for] {company}.
        [I am|I'm|He is|She is|They are] {age} [years old|years of age|] and [live|lives|living] in {city}.
        [I work|He works|She works|Works] as a {job} [at|for|with] {company}.
        [I live|He lives|She lives|Home is|Lives] in {city}.
        [I am|I'm|He is|She is|The person is] a {job}.
        [I work|He works|She works|Works|Employed] [at|for|by] {company}.
        [Age:|Aged|The age is] {age}.
        [I like|Likes|Enjoys|He enjoys|She enjoys|Hobbies are|Hobbies:|In my free time I do|I am into] {hobbies}.
        [I was born on|Born on|Born|Date of birth:|He was born on|She was born on|Birthday:] {birthday}.
        [You can reach me at|My e-mail is|Write to|Mail:|E-mail:|Email|The address for mail is|Reach him at|Reach her at] {email}.
        There is a {job} called {name} [who lives in|in|from] {city}.
        Our new {job} is {name}, [aged|who is] {age}.
        [A|The] {age} year old {job} named {name} [moved to|just moved to|comes from|is from] {city}.
        {name} [has been with|joined|is employed by|started at] {company} as a {job}.
        {name} loves {hobbies}.
        Name: {name}. Age: {age}. City: {city}.
        Name {name}, job {job}, city {city}.
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
        place: place: place, location, venue, where: Where it takes place | Venue
        people: names: attendees, participants, guests, people: Who takes part | Names of the participants
        host: person: host, organiser, organizer: Who organises it | Organiser
        seats: count: seats, capacity, places: Number of seats | How many seats there are
        online: bool_online: online, is_online, remote: Whether it is held online | True when it takes place online
        """,
        """
        [The event|It|Our evening|This year's event] is called {title}.
        {title} [takes place|is held|happens|will be] [at|in] {place} on {date}.
        {title} [starts|begins] at {time} on {date}.
        [Join us for|Come to|You are invited to|Don't miss|Please come to] {title} [at|in] {place}.
        [We meet|We will meet|Let's meet|See you|The meeting is] [at|in] {place} at {time}.
        [It is|It's|It will be|That is] on {date} at {time}.
        [It starts|Doors open|We start|We begin|It begins|Start:|Kick-off is] at {time}.
        [The date is|It is on|Save the date:|When:|Date:|We planned it for|It was moved to] {date}.
        [The venue is|It will be held in|Where:|Place:|Location:|It takes place in|We booked] {place}.
        {people} will [come|be there|attend|join us|take part].
        [Guests are|With|Attendees:|Invited:|The participants are|Coming:] {people}.
        {host} [is the host|organises it|will host it|is in charge|planned everything].
        [Hosted by|Organised by|Organiser:|The host is|Your host is] {host}.
        There [are|will be] {seats} seats.
        [We have|Only|Room for] {seats} [seats|places] [|left|in total].
        {online}.
        Meeting with {people} on {date} at {time} in {place}.
        On {date} {host} [hosts|organises|presents] {title} [at|in] {place}.
        {title}, {date}, {time}, {place}.
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
        [I would like|I'd like|I want|Please send me|Can I get|We need|I need|Give me|I'll take|Could we have] {lines}[| please].
        [I'd like to order|I want to order|We want to buy|I am ordering|Please order|My order is] {lines}.
        {customer} [ordered|bought|wants|would like|asked for|needs|has ordered] {lines}.
        [The customer is|It is for|This is for|Ordered by|Customer:|Put it under|The name is|Buyer:] {customer}.
        [The order number is|Order|Reference:|Order number|Our reference is|It has the number] {order_id}.
        [The total is|It comes to|In all that is|Total:|That makes|The whole thing costs] {total_cur}.
        [Send it to|Deliver to|Ship it to|The address is|Delivery to|Please bring it to|Address:] {address}.
        [Deliver it on|It should come on|We need it on|Date:|Ordered on|The delivery is on] {date}.
        {gift}.
        Order {order_id} [from|by|for] {customer}: {lines}.
        {customer} paid {total_cur} for order {order_id}.
        {lines} for {customer}, [to|deliver to|ship to] {address}.
        Order {order_id}, {date}, total {total_cur}.
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
        paid: bool_paid: paid, is_paid, settled: Whether it has been paid | True when the money was sent
        """,
        """
        {payer} [paid|sent|transferred|gave|wired|owes] {payee} {amount_cur}.
        {payer} [paid|sent|transferred] {amount_cur} to {payee} on {date}.
        [Invoice|Bill|Payment|Reference] {reference} [over|of|for|amounts to|comes to] {amount_cur}.
        [It was for|This is for|That covers|Purpose:|For|It pays for] a {purpose}.
        {payee} [received|got|was paid] {amount_cur} from {payer}.
        [The amount is|Amount:|It is about|We are talking about|The sum is] {amount_cur}.
        [The invoice number is|Reference:|Use reference|The reference is|Invoice number] {reference}.
        [It is due on|Due|Paid on|Payment date:|It was sent on|The due date is] {date}.
        {paid}.
        {payee} billed {payer} {amount_cur} for a {purpose}.
        The {purpose} cost {payer} {amount_cur}.
        Please pay {amount_cur} to {payee} [by|on|before] {date}.
        From {payer} to {payee}: {amount_cur}, reference {reference}.
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
        [I want to go|I need to travel|Book a trip|I'd like to travel|We are going|We travel|I'm going] from {origin} to {destination} on {date}.
        {traveller} [flies|travels|goes|is going|takes a trip] from {origin} to {destination}.
        {traveller} [leaves|departs from|starts in] {origin} [on {date}|at {time}].
        [The return is|Back on|Coming back on|Return:|I come back on|We return on] {back}.
        [We leave|Departure is|It leaves|Leaving|Departure] at {time}.
        [The flight number is|Number|Booking code|It is number|The code is|Reference] {number}.
        [We are|There are|It is for|Book|We need tickets for] {seats} [people|passengers|travellers].
        [We go|Travelling|I'd go|Going] by {mode}.
        [To|Destination:|The destination is|We are heading to|I'm off to] {destination}.
        [From|Starting in|Departure from|We start from|Origin:] {origin}.
        [The passenger is|Passenger:|Booked for|Name on the ticket:|Travelling:] {traveller}.
        {number} from {origin} to {destination}, {date} at {time}.
        A {mode} to {destination} on {date}, please.
        {seats} tickets from {origin} to {destination}.
        On {date} at {time} the {mode} {number} leaves for {destination}.
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
        assignee: person: assignee, assigned_to, owner, who, responsible: Who has to do it | Person in charge
        due: date: due, due_date, deadline, until: When it must be finished | Deadline in ISO form
        priority: priority: priority, urgency: How important it is | Priority of the task
        project: project: project, project_name: The project it belongs to | Name of the project
        tags: tags: tags, labels, keywords: Labels of the task | Keywords
        hours: count: hours, estimate, estimated_hours: Estimated hours of work | How many hours it takes
        done: bool_done: done, completed, finished: Whether it is finished | True when the work is complete
        """,
        """
        {assignee} [has to|should|must|needs to|will|is going to] {title}.
        [Please|Someone must|Don't forget to|We need to|Remember to|The task is to|Todo:] {title}.
        {assignee} [has to|should|must|will] {title} [by|before|until] {due}.
        [The deadline is|It is due on|Due:|Due|It must be done by|Finish it by] {due}.
        [Priority is|Priority:|The priority is|It has|This has] {priority}[| priority].
        [It is for|It belongs to|This is part of|Project:|For the project|The project is] {project}.
        [Tags:|Labels:|Tag it with|Label it|Keywords are] {tags}.
        [It takes|About|Estimate:|That should take|I think it needs|Plan] {hours} hours.
        {done}.
        [Assign it to|Assigned to|Give it to|The owner is|Owner:|In charge:|Responsible is] {assignee}.
        {title} for {project}, {priority} priority, due {due}.
        Ask {assignee} to {title}, [that is|it takes] {hours} hours.
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
        [I'd like to book|Please book|Book|Reserve|Can you reserve] a [room|table] at {place} for {people}.
        [A room|A table|A booking] for {guest} at {place}[| please].
        {guest} [booked|reserved|wants] a [room|table] at {place} [from|on|for] {check_in}.
        [We arrive|I arrive|Arrival is|Check-in is|Arriving|It is] on {check_in}.
        [For|We stay|Staying|I stay|It is for] {nights} nights.
        [We are|There will be|A party of|It is for|We will be] {people} [people|guests|persons].
        [At|We come at|Around|Be there at|Arrival time:] {time}.
        [We also need|Please prepare|If possible with|Special request:|Extra:] a {wish}.
        [My number is|Call me on|Phone:|Phone|Call|Telephone] {phone}.
        {breakfast}.
        [The booking is under|Name:|The name is|Under the name|Guest:] {guest}.
        {nights} nights at {place} from {check_in}, {people} people.
        Table for {people} on {check_in} at {time}, name {guest}.
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
        [I bought|I got|We bought|Just received|I ordered] a {product} [from|at] {shop}.
        {reviewer} [gives|gave|rated] the {product} {stars} stars.
        [The|My|This] {product} [is|was] {likes}.
        [It is|It's|It was|Really|Very] {likes}, but {dislikes}.
        [Sadly it is|Sadly|But it is also|Unfortunately|A pity that it is|Bad:|Cons:] {dislikes}.
        [On the good side:|Pros:|Good:|What I like: it is|It is] {likes}.
        [I give it|My rating is|Rating:|It gets|I'd say] {stars} stars.
        [It cost|I paid|The price was|Price:|For] {price} [euros|dollars|pounds].
        {again}.
        [Review by|Written by|Author:|Signed,|Greetings from] {reviewer}.
        [I found it at|The seller was|Sold by|Shop:|It came from] {shop}.
        {stars} stars for the {product} from {shop}.
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
        [My|Our|The] {product} {problem}.
        {customer} [says|reports|wrote|complains] that the {product} {problem}.
        [It|The thing|It just|Now it] {problem} since {since}.
        [The serial number is|Serial:|Serial number|It has the number|Id:] {serial}.
        [Since|It began on|It started on|First seen on|This goes on since] {since}.
        [Severity:|The priority is|I'd call the severity|Urgency is|Please set the priority to] {severity}.
        [Answer to|My e-mail is|Please write to|Contact:|Reply to|Mail me at] {email}.
        [In all|Affected:|This concerns|It hit|We see it on] {count} devices.
        [I am|My name is|Customer:|Reported by|This is|From] {customer}.
        {customer} has a {product} that {problem}, serial {serial}.
        Ticket {serial}: the {product} {problem}.
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
        km: distance: mileage, kilometres, km, distance: Distance driven in km | Kilometres on the clock
        price: money: price, asking_price, cost: Price asked | What it costs
        currency: currency: currency, currency_code: Three letter currency code | ISO currency code
        colour: colour: colour, color, paint: Colour | Paint
        plate: code: plate, licence_plate, registration: Licence plate | Registration
        seller: person: seller, owner, contact: Who sells it | Owner
        place: city: city, location, place: Where it stands | City
        """,
        """
        [For sale:|I sell|Selling|We offer|Look at this:] a {colour} {make} {kind} from {year}.
        {seller} [sells|is selling|offers|has] a {make} {kind} in {place}.
        [It has|It has done|Mileage:|It ran|Only] {km} km.
        [The price is|Asking|It costs|Yours for|I want|Price:] {price_cur}.
        [It is|The colour is|Painted|Colour:] {colour}.
        [The plate is|Plate:|Registration|Licence plate|The registration is] {plate}.
        [Built in|From|Year:|It is from|Made in the year] {year}.
        [It stands in|Located in|You find it in|See it in|Place:] {place}.
        [Ask for|Contact|Call|The owner is|Sold by|Seller:] {seller}.
        {make} {kind}, {year}, {km} km, {price_cur}.
        [The brand is|It is a|Make:|A] {make}.
        The {kind} with the plate {plate} belongs to {seller}.
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
        {title} [is a {kind} by|was made by|by|was written by] {author}.
        {author} [wrote|made|created|published|released] {title} in {year}.
        [It has|It is|Length:|The whole thing is] {pages} pages[| long].
        [Published by|It came out at|Publisher:|The publisher is|Brought out by] {publisher}.
        [The genres are|Genres:|It mixes|It is filed under|Genre:] {genres}.
        [Rated|Rating:|Its rating is|It scores|Readers give it] {rating}.
        [It came out in|Released in|From|Year:|It is from] {year}.
        [The title is|It is called|Title:|They named it] {title}.
        [The author is|Author:|Made by|Its creator is|By] {author}.
        [It is a|A|This is a|Kind:] {kind}.
        {title} ({year}), a {kind} of {pages} pages by {author}.
        I am reading {title} by {author}, {pages} pages so far published by {publisher}.
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
        [Station|Sensor|Device] {station} [reports|shows|measured|reads] {temperature} degrees.
        [It is|It was|We have|Now it is] {temperature} degrees [in|at] {place}.
        [The humidity is|Humidity:|Humidity|Air humidity was] {humidity} percent.
        [The wind blows at|Wind:|Wind speed is|We measured wind of] {wind} metres a second.
        [Measured at|Time:|It was taken at|At] {time}.
        [On|Date:|The day was|Taken on|Measured on] {date}.
        [It is|The weather is|The sky is|Weather:|Condition:] {weather}.
        [Observer:|Measured by|Noted by|The observer was|Reported by] {observer}.
        [At|Place:|Site:|The site is|We stand at] {place}.
        {observer} measured {temperature} degrees at {time} [in|at] {place}.
        {place}, {date}: {weather}, {temperature} degrees, humidity {humidity} percent.
        [The sensor is|Sensor id:|From sensor|Data of] {station}.
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
        {owner} has a {colour} {species} [called|named|by the name of] {name}.
        [My|Our] {species} is called {name}.
        {name} is a {species}, {age} years old.
        {name} the {species} [weighs|has a weight of|comes in at] {weight} kg.
        [It belongs to|The owner is|Owner:|Owned by|Brought in by] {owner}.
        [It is|He is|She is|Age:] {age} years old.
        [It weighs|Weight:|The weight is|On the scale it was] {weight} kg.
        [Chip number|Its chip is|Chip:|The tag reads|The chip says] {chip}.
        [It eats|Food:|Likes to eat|It only eats|Feed it with] {foods}.
        [It is|The fur is|Colour:|It has the colour] {colour}.
        {vaccinated}.
        [Name:|The name is|It listens to|We call it] {name}.
        {name}, {species}, {age} years, {weight} kg, owner {owner}.
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
        [Parcel|Package|Shipment|Box] {tracking} [goes to|is for|is addressed to|was sent to] {recipient}.
        {sender} [sent|shipped|posted|mailed] a parcel to {recipient} [in|at] {city}.
        [It contains|Inside are|Contents:|In the box:|It holds] {contents}.
        [It weighs|Weight:|The weight is|With a weight of] {weight} kg.
        [Deliver it to|The address is|Address:|Bring it to|It goes to] {address}, {city}.
        [The street is|Street:|Drop it at|Leave it at] {address}.
        [It arrives on|Expected on|Arrival:|It should be there on|We expect it on] {date}.
        [The status is|Status:|It is now|Right now it is] {status}.
        [The tracking number is|Tracking:|Tracking number|Track it with|Number] {tracking}.
        [From|Sender:|Sent by|The sender is|It comes from] {sender}.
        {fragile}.
        [Recipient:|It is for|To|The recipient is|Addressed to] {recipient}.
        {tracking}, {weight} kg, from {sender} to {recipient}, {status}.
        """,
        """
        [On its way to|Heading for] {recipient} in {city} is shipment {tracking}, [handed in by|packed by] {sender}.
        [We put in|You will find] {contents}, [making|which is] {weight} kg.
        [Ring the bell at|The courier heads to] {address} on {date}.
        [The system calls it|So far it counts as] {status}.
        {fragile}.
        """,
    ),
)
