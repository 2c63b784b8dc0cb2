"""The word lists of the generator, all written by hand for this project. It knows nothing of sentences or tasks."""

# fmt: off
# ruff: noqa: SIM905
from __future__ import annotations

FIRST_NAMES = """
Aaliyah Aaron Abigail Adam Adele Adrian Agnes Ahmed Aiko Aisha Alan Albert Alejandro Alex Alice Alicia Alina Amara
Amelia Amina Amir Amy Ana Anders Andre Andrea Angela Anika Anita Anna Anton Antonio Anya Arjun Arthur Astrid Aurora
Ayumi Barbara Beatriz Ben Bianca Bjorn Bruno Bridget Camille Carla Carlos Caroline Cecilia Chen Chiara Chloe Clara
Colin Cyrus Daisy Dalia Damian Daniel Daphne Dara David Deepa Diana Diego Dmitri Dora Edith Edgar Elena Eli Elif Elise
Emeka Emil Emily Emma Enzo Eric Erika Esther Ethan Eva Farid Fatima Felix Fiona Flora Francis Frank Freya Frida Gabriel
Gemma George Georgia Gina Grace Greta Gustav Hana Hannah Harold Hassan Hazel Heidi Helen Henrik Hugo Ian Ibrahim Ida
Imani Ines Ingrid Irene Iris Isaac Isabel Ivan Ivy Jack Jacob Jada James Jamal Jana Jane Jasmine Javier Jean Jin Joan
Joel Johan John Jonas Jose Joseph Joy Julia Julian Jun Kai Karen Karim Karl Kate Kavya Keiko Kenji Kim Kira Kofi Lara
Lars Laura Layla Lea Leo Leona Liam Lila Lily Lina Linh Liu Lola Louis Lucas Lucia Lucy Luis Luna Lydia Maja Malik
Manuel Mara Marco Maria Marie Marina Mark Marta Martin Mary Mateo Max Maya Mei Mehmet Mia Michael Mila Milan Mina
Miriam Mohamed Mona Nadia Naomi Nasser Natalie Neil Nia Nicolas Niko Nils Nina Noah Nora Olga Olivia Omar Oscar Otto
Pablo Paula Pedro Peter Petra Philip Pia Priya Quinn Rachel Rafael Raj Rania Ravi Rebecca Rita Robert Rohan Rosa Rose
Ruben Ruth Sam Samira Sandra Sanjay Sara Sean Selma Sergei Shira Silvia Simon Sofia Sonia Stella Stefan Susan Sven
Talia Tamar Tanya Tara Teresa Theo Thomas Tim Tina Tom Uma Valerie Vera Victor Vikram Viola Walter Wanda Wei Wendy
William Xavier Yara Yasmin Yosef Yuki Yusuf Zahra Zane Zara Zelda Zoe
""".split()

SURNAMES = """
Abbott Adeyemi Ahmed Almeida Andersen Archer Bakker Banerjee Barnes Becker Bell Bergman Bianchi Bishop Blake Bonnet
Booth Brandt Brooks Burke Carter Castro Chandra Chang Clarke Cohen Cole Costa Cruz Dalton Danso Davies Delgado Diaz
Dixon Dubois Duran Ellis Eriksen Evans Farrell Ferrari Fischer Fletcher Flores Ford Foster Fraser Fuchs Gallo Garcia
Gibson Gomez Grant Greene Gupta Haas Hale Hansen Harper Hayes Hoffman Holt Hughes Hunt Ibrahim Ito Jansen Jensen Kapoor
Kato Keller Kelly Khan Kim Klein Knight Kovacs Kruger Kumar Lambert Larsen Laurent Lee Lindgren Lopez Lund Malone Marsh
Martinez Mason Mehta Mendes Meyer Mills Moreau Morgan Morris Murphy Nakamura Nguyen Novak Nowak Okafor Olsen Ortiz Owens
Palmer Park Patel Pereira Perez Petrov Porter Price Quinn Ramos Reed Reyes Rice Richter Rivera Roberts Rojas Romero Rossi
Roth Sato Schmidt Shah Sharma Silva Singh Sloan Sokolov Stone Strand Suzuki Tanaka Taylor Thorne Torres Tran Turner Vance
Vargas Vega Virtanen Vogel Walsh Wang Ward Watts Weber Wells West Winter Wolf Wood Wright Yamada Yilmaz Young Zhang
""".split()

CITIES = """
Accra|Adelaide|Algiers|Amman|Amsterdam|Ankara|Antwerp|Athens|Auckland|Austin|Baku|Baltimore|Bangkok|Barcelona|Basel|Beirut|
Belfast|Bergen|Berlin|Bilbao|Bogota|Bologna|Bordeaux|Boston|Brisbane|Bristol|Brussels|Bucharest|Budapest|Buenos Aires|Cairo|
Calgary|Cape Town|Cardiff|Casablanca|Chennai|Chicago|Cologne|Copenhagen|Cordoba|Cork|Dakar|Dallas|Delhi|Denver|Dhaka|
Dresden|Dublin|Durban|Edinburgh|Florence|Frankfurt|Gdansk|Geneva|Genoa|Ghent|Glasgow|Granada|Graz|Hamburg|Hanoi|Havana|
Helsinki|Hong Kong|Houston|Istanbul|Jakarta|Johannesburg|Kampala|Karachi|Kigali|Kingston|Krakow|Kyoto|Lagos|Lausanne|
Leeds|Leipzig|Lille|Lima|Lisbon|Liverpool|London|Los Angeles|Luanda|Lyon|Madrid|Malaga|Malmo|Manchester|Manila|Marseille|
Melbourne|Mexico City|Miami|Milan|Montreal|Mumbai|Munich|Nairobi|Nantes|Naples|New York|Nice|Oslo|Osaka|Ottawa|Oxford|
Palermo|Panama City|Paris|Perth|Porto|Portland|Prague|Quito|Reykjavik|Riga|Rio de Janeiro|Rome|Rotterdam|San Diego|
San Francisco|Santiago|Seattle|Seoul|Seville|Shanghai|Singapore|Sofia|Split|Stockholm|Strasbourg|Stuttgart|Sydney|Taipei|
Tallinn|Tampere|Tbilisi|Tokyo|Toronto|Toulouse|Trieste|Tunis|Turin|Utrecht|Valencia|Vancouver|Venice|Verona|Vienna|
Vilnius|Warsaw|Wellington|York|Zagreb|Zurich
""".replace("\n", "").split("|")

COUNTRIES = """
Argentina Australia Austria Belgium Brazil Canada Chile China Colombia Croatia Cuba Denmark Egypt Estonia Ethiopia Finland
France Germany Ghana Greece Hungary Iceland India Indonesia Iran Ireland Israel Italy Jamaica Japan Jordan Kenya Latvia
Lebanon Malaysia Mali Malta Mexico Morocco Nepal Nigeria Norway Oman Pakistan Panama Peru Poland Portugal Romania Rwanda
Senegal Serbia Slovenia Spain Sudan Sweden Thailand Tunisia Turkey Uganda Ukraine Uruguay Vietnam Zambia
""".split()

ITEMS = """
lamp kettle chair table desk sofa pillow blanket mirror clock candle basket bucket broom ladder hammer screwdriver drill
saw wrench nail rope torch battery cable charger keyboard mouse monitor printer laptop tablet phone headset speaker camera
tripod lens notebook pen pencil marker eraser ruler stapler folder envelope stamp backpack suitcase wallet umbrella scarf
glove hat cap jacket coat sweater shirt dress skirt belt sock boot sandal sneaker ring bracelet necklace watch mug cup
plate bowl fork spoon knife pan pot tray bottle jar vase rug curtain shelf drawer cabinet bench stool hammock tent helmet
bicycle scooter skateboard kayak paddle racket ball glider drum guitar violin flute piano puzzle kite doll robot puppet
magnet compass telescope microscope globe map poster painting frame easel brush canvas needle button zipper thread fan
heater toaster blender grinder scale thermometer filter hose shovel rake seed planter fountain gate lock key bell sign
""".split()

ADJECTIVES = """
red blue green yellow black white grey brown purple orange pink silver golden small large tiny big tall short wide narrow
heavy light soft hard round square flat old new used modern antique wooden metal plastic glass leather cotton woollen
folding electric wireless portable cheap sturdy plain striped spotted shiny matte bright dark warm cold quiet loud fast
slow fresh dry wet clean simple fancy spare broken wild calm
""".split()

FOODS = """
apple banana orange lemon pear peach plum cherry grape mango melon kiwi carrot potato tomato onion garlic pepper cucumber
lettuce spinach pumpkin mushroom bean pea rice pasta bread bagel croissant muffin cake cookie pie pancake waffle cheese
yoghurt butter milk cream egg honey jam soup salad sandwich burger pizza taco burrito noodle dumpling curry stew omelette
steak sausage salmon tuna shrimp tofu coffee tea cocoa juice lemonade water soda smoothie latte espresso
""".split()

ANIMALS = """
dog cat rabbit hamster parrot turtle horse goat sheep cow pig duck goose hen fox wolf bear deer otter beaver squirrel
hedgehog owl eagle falcon swan crow frog toad lizard snake whale dolphin seal shark salmon crab spider bee ant moth lion
tiger zebra camel elephant monkey panda koala
""".split()

JOBS = """
nurse doctor dentist surgeon baker chef waiter farmer gardener carpenter plumber electrician painter architect engineer
programmer designer teacher professor librarian lawyer judge accountant banker journalist editor writer poet actor singer
dancer musician photographer pilot sailor driver mechanic welder tailor barber florist butcher fisherman geologist
chemist biologist physicist astronomer translator firefighter detective manager secretary cashier researcher analyst
potter historian economist therapist coach
""".split()

COLOURS = "red blue green yellow black white grey brown purple orange pink silver gold teal crimson beige navy".split()
HOBBIES = """
chess painting hiking swimming knitting climbing gardening cooking baking fishing sailing cycling running dancing singing
reading pottery archery fencing photography origami surfing skiing rowing juggling woodwork astronomy calligraphy
""".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
LANGUAGES = """
French German Spanish Italian Portuguese Dutch Polish Turkish Arabic Hindi Japanese Korean Chinese Swedish Greek Finnish
""".split()
NUMBER_WORDS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty""".split()
RELATIONS = """
sister brother mother father aunt uncle cousin neighbour boss colleague friend teacher dentist landlord flatmate coach
daughter son grandmother grandfather niece nephew partner manager accountant tutor gardener trainer
""".split()
ATTRIBUTES = """
code password colour size weight height price rating model brand owner driver author editor captain leader deadline budget
address location room floor seat gate platform route ticket number score level speed distance duration temperature pressure
voltage capacity balance status priority category material flavour topic title subject language genre version licence plate
nickname birthday hobby job team role department supplier client sponsor channel host port server region zone sector block
shelf drawer locker badge key label tag batch serial shape pattern texture origin destination source target method reason
goal motto slogan symbol emblem anthem mascot frequency volume depth width length area angle phase stage season grade
""".split()
NOUNS = """
project report ship boat train bus car truck garden house office factory shop museum library school hotel bridge tower river
island village farm station harbour market theatre studio team club band choir festival race contest meeting workshop course
lesson exam parcel order invoice contract ticket letter package device machine engine pump sensor router server printer
robot satellite antenna probe drone camera battery reactor turbine cabin tent trail lake hill valley forest mine quarry well
recipe novel film song painting statue medal trophy prize account file folder backup database table record channel branch
""".split()
COMPANY_ENDS = "Ltd|Inc|GmbH|and Sons|Group|Systems|Works|Foods|Labs|Logistics|Partners|Studio|Motors|Bank|Press".split("|")
STREET_ENDS = "Street Road Lane Avenue Square Close Way Drive Terrace Hill".split()
TOPICS = """
photosynthesis gravity inflation volcanoes glaciers democracy evolution magnetism jazz opera cubism origami algebra
geometry calculus philosophy stoicism astronomy chemistry genetics economics erosion tides eclipses comets fossils
dinosaurs pyramids castles vikings samurai railways steam engines aeroplanes submarines vaccines enzymes proteins atoms
electrons lasers radar batteries compilers blockchains cricket rugby basketball marathon chess poetry sonnets grammar
""".split()

ONSETS = "b c d f g h j k l m n p r s t v w y z br cr dr fr gr kr pl pr sh sk sl st th tr ch qu bl gl".split()
NUCLEI = "a e i o u a e i o u ai ea ei ia io ou".split()
CODAS = ["", "", "", "", "n", "r", "l", "s", "m", "t", "k", "th", "nd", "x", "rk", "sh", "v", "d", "p", "lm", "ng"]

# Words that keep the space before them inside one token; every other word is cut the same way wherever it stands.
FUNCTION_WORDS = """
the a an is are was were be been am do does did has have had can could will would should may might must of in on at to
for from with by as and or but not no so if then than that this these those it its he she they we you i me my your his
her their our us them what which who when where why how there here all any some each one two three about into over
after before up out only also just please new name names called number more most last first next
""".split()
