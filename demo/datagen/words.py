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
Abdullah Abena Adaeze Adela Adriana Agata Akira Alana Alba Aleksander Alessia Alfie Ali Alma Alvaro Amadou Amanda
Ananya Anastasia Andrei Angelo Anneliese Annika Ansel Antoine Aoife Apolline Arash Ariel Armando Arne Arno Arturo
Arvid Asha Ashley Asma Aurelio Austin Ava Axel Azadeh Bahar Bao Bartosz Basil Beata Benedict Benjamin Bernard Bernice
Bertha Birgit Blanca Bogdan Boris Brandon Brenda Brian Brigitte Bronwyn Callum Calvin Carmen Casper Cassandra Catalina
Catherine Cathal Cedric Celeste Celine Charles Charlotte Chidi Chika Christian Christopher Ciaran Claire Claudia
Clement Conor Constance Cornelia Cristina Cynthia Dagmar Daichi Dalton Danica Darius Dawit Deborah Declan Delphine
Denise Dennis Derek Desmond Devika Dilip Dinesh Dolores Dominic Donald Donna Dorothy Douglas Duncan Dwayne Ebba
Eduardo Edward Eileen Ekaterina Eleanor Elias Elliot Elsa Emilio Emre Enrique Erica Ernest Esra Eugene Evelyn Ewa Ezra
Fabian Faisal Farah Farhad Felicity Fernando Filip Finn Francesca Frederic Fumiko Funmi Gareth Gaurav Geraldine Gerard
Giorgos Giulia Gloria Gordon Graham Gregory Guadalupe Gunnar Guy Gwen Habib Haruki Harriet Harry Hector Hedda Helga
Henry Hideo Hilda Hiroshi Howard Huda Ifeoma Ignacio Ilse Indira Inge Ioana Irina Isla Itziar Jakub Jan Janet Jared
Jarek Jason Jeff Jeremy Jerome Jessica Jill Joaquin Jocelyn Jorge Joshua Joyce Juan Judith Julie Justin Kamal Kamila
Karin Katarzyna Katya Keith Kelechi Kerstin Kevin Khadija Kristof Krishna Kwame Lakshmi Lamar Larissa Latoya Lavinia
Leandro Leila Leonard Leslie Levi Lin Lionel Lorenzo Lorna Lotte Louise Ludmila Lukas Mabel Maddox Magda Mahmoud
Makoto Malcolm Manon Marcel Marcus Margaret Marguerite Mariam Marianne Mariko Marlene Marlon Marvin Mathilde Matthew
Maureen Maurice Meera Mercedes Michelle Miguel Mikhail Ming Mireille Mohan Monika Morten Moses Mustafa Myriam Nabil
Nadine Natalia Nathan Neha Nelson Nestor Ngozi Nguyen Nikhil Nikolai Nisha Noelle Norbert Nuria Obinna Odette Olaf
Oleg Oliver Ondrej Orla Osman Pascal Patricia Patrick Pauline Pavel Penelope Phoebe Pilar Polly Preeti Priscilla Rahul
Ralph Ramona Randall Raquel Rashid Raymond Reza Richard Rocio Roger Roland Roman Ronald Rosalind Roxanne Rowan Rupert
Russell Ryan Sabine Sakura Salma Salvador Samantha Samuel Sanna Santiago Saskia Sebastian Selim Shannon Sheila Shin
Shreya Sigrid Simone Sinead Solveig Soren Stanislav Stefano Stephanie Steven Sunita Suresh Svetlana Tadashi Takumi
Tamara Tariq Tatiana Ted Thandi Theresa Thiago Tobias Tomas Tony Tove Trevor Tuomas Ulrich Ulrike Umar Ursula Vanessa
Vasily Veronica Vicente Vincent Virginia Vivian Vladimir Wilma Winston Xin Yann Yasir Yolanda Yuri Yvonne Zainab
Zeynep Zhen Zofia Zuzana José María Jesús Andrés Inés Sofía Lucía Raúl Martín Joaquín Verónica Óscar Íñigo Begoña
Núria Zoë Chloé Renée André François Hélène Noémie Anaïs Gaël Benoît Agnès Jérôme Loïc Émile Élodie Jürgen Jörg Käthe
Günther Björn Søren Åsa Øyvind Märta João Conceição António Tomás Siobhán Seán Gáspár Jean-Luc Anne-Marie Marie-Claire
Jean-Pierre Karl-Heinz Hans-Peter Ana-Sofia Mary-Jane Abdul-Rahman Min-Jun Soo-Jin Mei-Ling Li-Na
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
Abe Abebe Acosta Adams Agarwal Aguilar Akhtar Alexander Ali Allen Alonso Alvarez Amato Anderson Ando Arai Armstrong
Arnold Asante Ashby Atkins Aydin Ayala Azevedo Bailey Baker Balogun Baptiste Barbosa Barrett Basu Bauer Baxter
Beaumont Beck Benedetti Bennett Berger Bernard Bhatt Blackwood Blanc Bondarenko Borges Bose Boucher Bouzid Bradley
Braun Brennan Brown Bryant Burton Byrne Cabrera Cameron Campbell Cardoso Carlsson Caruso Castillo Cervantes Chapman
Chatterjee Chaudhry Chavez Chen Chinwe Choi Christensen Chukwu Clement Coleman Collins Colombo Conti Contreras Cooper
Correia Coulibaly Cox Craig Crawford Cunningham Curtis Dahl Danjuma Dawson Demir Desai Desjardins Dias Diop Dogan
Dominguez Donovan Doyle Drummond Duarte Duffy Dumont Dunn Dvorak Edwards Egger Ekwueme Elliott Engel Engstrom Escobar
Esposito Fabre Farah Farouk Fedorov Ferguson Fernandez Figueroa Finch Fleming Fontaine Forsberg Fournier Fowler
Francis Franco Fujita Fuller Gallagher Gardner Garnier Gauthier Georgiou Gerber Ghosh Gill Giordano Girard Goldberg
Gonzalez Goodwin Gordon Graf Graham Gray Greco Griffin Grigoryan Guerrero Gunawan Gustafsson Gutierrez Haddad Hagen
Hall Hamilton Hammond Hansson Haruna Hashimoto Hassan Hawkins Heikkinen Henderson Hernandez Herrera Hidalgo Hill Hinds
Holland Holm Horvat Horvath Howard Huang Hussain Hutchinson Huynh Ibarra Ikeda Inoue Iqbal Ismail Ivanov Jackson
Jacobs Jain James Janssen Jenkins Jimenez Johansson Johnson Jones Jordan Joshi Juarez Jung Kaiser Kamau Kang Karlsson
Katz Kaur Kawasaki Kaya Keita Kennedy Kimura Kipkorir Kirk Koch Koh Kowalski Kozlov Kraft Krishnan Kuznetsov Kwon Lam
Lange Laskaris Lawson Leblanc Lehtonen Leroy Lewis Lim Lindholm Liu Lombardi Lozano Lukic Lundqvist Lynch Madsen Maier
Malik Mancini Marchetti Marino Marquez Martin Masuda Mathur Matsumoto Mbeki Medina Menon Mensah Mercier Messina
Michaud Miller Mishra Mitchell Mohamud Molina Montgomery Moore Morales Moreno Moretti Mori Morrison Moser Mueller
Muller Munoz Murray Mwangi Nagy Nair Naidoo Navarro Ndiaye Nelson Newton Ng Nichols Nielsen Nilsson Nkosi Noble Norris
Obi Ochoa Odhiambo Ogawa Okada Okonkwo Oliveira Omondi Ono Orlov Osei Ottosen Owusu Pacheco Palumbo Pandey Papadakis
Parker Parsons Pavlov Pearce Pellegrini Pena Persson Peters Petersen Phillips Pinto Poulsen Powell Prasad Pretorius
Qureshi Rahman Rao Rasmussen Reddy Reid Reynolds Rhodes Ricci Riley Rinaldi Robinson Rodrigues Rogers Romano Rosen
Rosenthal Rossetti Rousseau Russo Ruiz Ryan Saito Salazar Salonen Sanchez Sanders Sandoval Santoro Santos Sasaki
Schneider Schreiber Schulz Schwartz Scott Seidel Serrano Shapiro Shevchenko Shimizu Simmons Simpson Sithole Smirnov
Smith Soto Spencer Stefanov Steiner Stewart Sullivan Svensson Szabo Tahir Takahashi Tan Teixeira Thapa Thomas Thompson
Toivonen Traore Trujillo Tucker Uchida Underwood Unger Usman Vasquez Vasiliev Verma Vidal Vieira Villanueva Volkov
Wagner Walker Wallace Warren Watanabe Watson Webb Weiss Werner Whitaker White Wiese Wilkins Williams Wilson Winkler
Wong Xu Yamamoto Yang Yeo Yoshida Zapata Zeller Zhao Zhou Ziegler Zimmermann García Martínez Núñez Gómez Peña Ibáñez
Muñoz Jiménez Müller Schröder Böhm Köhler Jäger Lindström Åkesson Sørensen Mäkinen Lefèvre Béranger Gonçalves
Magalhães Simões Álvarez Özdemir Çelik Dupré Côté Hernández O'Brien O'Connor O'Neill D'Angelo D'Souza McCarthy
McDonald McKenzie McBride MacLeod MacIntyre FitzGerald DeVries VanDyke LaRue DiMarco
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
Vilnius|Warsaw|Wellington|York|Zagreb|Zurich|
Aarhus|Abidjan|Abu Dhabi|Abuja|Acapulco|Addis Ababa|Agra|Ahmedabad|Aleppo|Alexandria|Alicante|Almaty|Anchorage|
Antalya|Arequipa|Arusha|Asmara|Astana|Asuncion|Atlanta|Avignon|Baghdad|Bamako|Bandung|Bangalore|Banja Luka|Bari|Bath|
Beijing|Belgrade|Belo Horizonte|Bern|Birmingham|Bishkek|Blackpool|Bonn|Bradford|Braga|Brasilia|Bratislava|Bremen|
Brest|Brighton|Brno|Bruges|Buffalo|Bulawayo|Busan|Cadiz|Cagliari|Calais|Calcutta|Cali|Cambridge|Canberra|Cancun|
Caracas|Catania|Cebu|Charleston|Charlotte|Chiang Mai|Chisinau|Christchurch|Cincinnati|Cleveland|Cluj|Coimbra|Colombo|
Columbus|Conakry|Constanta|Cusco|Da Nang|Damascus|Dar es Salaam|Darwin|Davao|Debrecen|Detroit|Dijon|Djibouti|Doha|
Dortmund|Dubai|Dubrovnik|Dundee|Dunedin|Dushanbe|Edmonton|Eindhoven|El Paso|Entebbe|Erfurt|Essen|Exeter|Faro|Fez|
Fort Worth|Freetown|Fukuoka|Galway|Gaza|Georgetown|Gothenburg|Grenoble|Groningen|Guadalajara|Guatemala City|
Guayaquil|Haifa|Halifax|Hamilton|Hangzhou|Harare|Heidelberg|Hiroshima|Ho Chi Minh City|Hobart|Honolulu|Hull|
Hyderabad|Incheon|Indianapolis|Innsbruck|Inverness|Iquitos|Irkutsk|Isfahan|Islamabad|Izmir|Jaipur|Jerusalem|Juba|
Kabul|Kansas City|Karlsruhe|Kathmandu|Kaunas|Kazan|Khartoum|Kiel|Kiev|Kinshasa|Kobe|Kochi|Kuala Lumpur|Kuwait City|
La Paz|Lahore|Las Vegas|Leicester|Leuven|Libreville|Liege|Limerick|Limoges|Linz|Ljubljana|Lodz|Louisville|Lucknow|
Lugano|Lusaka|Luxembourg|Macau|Malacca|Managua|Mandalay|Mannheim|Maputo|Marrakesh|Medellin|Memphis|Messina|Milwaukee|
Minneapolis|Minsk|Mombasa|Monaco|Monrovia|Monterrey|Montevideo|Montpellier|Moscow|Mostar|Muscat|Nagoya|Nagpur|
Nashville|New Orleans|Newcastle|Nicosia|Nottingham|Nuremberg|Odense|Odessa|Oklahoma City|Omaha|Oran|Orlando|Ostrava|
Oviedo|Padua|Palma|Patras|Penang|Perugia|Philadelphia|Phnom Penh|Phoenix|Pisa|Pittsburgh|Plovdiv|Plymouth|Podgorica|
Port Louis|Port Moresby|Poznan|Pretoria|Pune|Pyongyang|Quebec City|Rabat|Raleigh|Ravenna|Regina|Rennes|Richmond|
Rosario|Rostock|Sacramento|Saint Petersburg|Salamanca|Salt Lake City|Salzburg|San Antonio|San Jose|San Juan|
San Salvador|Santa Cruz|Santa Fe|Santo Domingo|Sapporo|Sarajevo|Savannah|Sheffield|Shenzhen|Siena|Skopje|Southampton|
St. Louis|Stavanger|Surabaya|Swansea|Syracuse|Szczecin|Tampa|Tangier|Tartu|Tashkent|Tehran|Tel Aviv|Thessaloniki|
Tijuana|Timisoara|Tirana|Toledo|Tripoli|Tromso|Trondheim|Tucson|Turku|Ulaanbaatar|Uppsala|Valletta|Valparaiso|
Varanasi|Varna|Vientiane|Vigo|Vladivostok|Windhoek|Winnipeg|Worcester|Wroclaw|Wuhan|Xian|Yangon|Yaounde|Yerevan|
Yokohama|Zadar|Zanzibar|Zaragoza|São Paulo|Málaga|Córdoba|Zürich|Köln|München|Düsseldorf|Nîmes|Besançon|Orléans|
Malmö|Göteborg|Tromsø|Århus|León|Cádiz|Mérida|Bogotá|Medellín|Querétaro|Belém|Brasília|Florianópolis|Genève|Montréal|
Logroño|La Coruña|Jyväskylä|Örebro|Stratford-upon-Avon|Aix-en-Provence|Clermont-Ferrand|Baden-Baden
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
armchair ashtray axe bandage banner barrel bathtub beaker beanbag bib binder blind bolt bookcase bookend bow bowtie
bracket briefcase brick bulb bumper buzzer calculator calendar candlestick canister canoe cape cardigan carpet cart
cassette chain chandelier chessboard chisel chopstick clamp clarinet clipboard coaster coin colander comb controller
cooler corkscrew cot cradle crate crayon crib crowbar crutch cushion dart deckchair dehumidifier dishwasher doorbell
doormat dresser dumbbell duvet earring engraving fiddle figurine flag flashlight flask flowerpot footstool freezer
fridge funnel gauge generator goblet gown grater griddle grill harmonica harness harp hatchet headband headlamp
highchair hinge hoodie hook humidifier icebox inkwell jug keychain keypad kimono kneepad ladle lampshade lantern
lawnmower leash lighter lunchbox mallet mandolin manual marble mask mattress mixer mop mower mousepad nightstand
nozzle oar oboe ottoman oven overcoat padlock paintbrush pacifier pendant pennant pillowcase pincushion pitcher planer
plunger pocketwatch poncho postcard pouch pram projector pulley purse pyjama quilt rack radiator radio raincoat rattle
razor recliner recorder remote ribbon router rucksack saddle sander sash saucepan saucer saxophone scoop scraper
screen shawl shaver showerhead shredder sideboard sink skewer skillet sled slipper snowboard socket spade spatula
speedometer sponge spotlight sprinkler statuette steamer stethoscope stopwatch stove strainer straw stroller subwoofer
sundial surfboard swing switch syringe tablecloth tambourine tankard tap tarp teapot thermos thimble tie tile tire
toolbox toothbrush towel toy trampoline trolley trombone trowel trumpet tuner turntable tweezer ukulele unicycle
vacuum valve vest vise wardrobe washer webcam wheel wheelbarrow whisk whistle wok workbench wreath wristband xylophone
yoyo zither
""".split()

ADJECTIVES = """
red blue green yellow black white grey brown purple orange pink silver golden small large tiny big tall short wide narrow
heavy light soft hard round square flat old new used modern antique wooden metal plastic glass leather cotton woollen
folding electric wireless portable cheap sturdy plain striped spotted shiny matte bright dark warm cold quiet loud fast
slow fresh dry wet clean simple fancy spare broken wild calm
adjustable amber ancient annual automatic awkward basic bitter blunt bold brittle broad bulky ceramic chunky clever
coarse comfortable compact complex copper cosy crooked crystal curved damp decent delicate dense digital dim double
dull durable dusty early elegant empty enormous exotic faded faint fine firm floral foggy foreign formal fragile
frozen fuzzy gentle giant glossy graceful handmade hollow huge humble idle inflatable ivory jolly kind late lazy leafy
linen little local lonely long lucky magnetic marble massive mellow mild mini modest muddy musical mysterious natural
neat nervous noisy odd official orderly oval padded painted pale paper patient perfect pleasant polite powerful
precious pretty private proud pure quick rapid rare reliable rigid robust rough royal rubber rusty sandy satin scarlet
secret shallow sharp shy silent silk sleek slender slim slippery smooth solar solid sour special spicy stiff stone
strange strong sudden sunny sweet swift tame tender thick thin tidy tough triangular tropical turquoise ugly unusual
upright useful vague velvet vintage violet vivid waterproof weak wicker windy wise woven young
""".split()

FOODS = """
apple banana orange lemon pear peach plum cherry grape mango melon kiwi carrot potato tomato onion garlic pepper cucumber
lettuce spinach pumpkin mushroom bean pea rice pasta bread bagel croissant muffin cake cookie pie pancake waffle cheese
yoghurt butter milk cream egg honey jam soup salad sandwich burger pizza taco burrito noodle dumpling curry stew omelette
steak sausage salmon tuna shrimp tofu coffee tea cocoa juice lemonade water soda smoothie latte espresso
apricot artichoke asparagus aubergine avocado bacon baguette baklava barley basil beetroot biryani biscuit blackberry
blueberry bratwurst brioche broccoli brownie cabbage calzone caramel cashew cauliflower celery cereal cheesecake
chestnut chickpea chili chocolate chutney ciabatta cider cinnamon clementine coconut cod coleslaw couscous cranberry
crepe crouton crumble cupcake custard doughnut eclair enchilada falafel fennel fig focaccia fondue frittata fudge
gazpacho gelato ginger gnocchi goulash granola grapefruit gravy guacamole gyoza haddock halibut halloumi ham hazelnut
herring hummus jambalaya jelly kale kebab kimchi kombucha lasagne leek lentil lime lobster lychee macaroni macaron
mackerel marmalade meatball meatloaf meringue mocha moussaka mozzarella muesli mussel mustard naan nectarine nougat
nutmeg oatmeal octopus olive orzo oyster paella papaya parsley parsnip pastry pate peanut pecan persimmon pesto pickle
pierogi pineapple pistachio polenta pomegranate popcorn porridge pretzel prosciutto pudding quesadilla quiche quinoa
radish raisin ramen raspberry ravioli relish rhubarb risotto rosemary saffron salami samosa sardine sauerkraut scallop
schnitzel scone sesame sherbet sorbet sourdough spaghetti squash strawberry strudel sushi tangerine tapioca tart
tempura thyme tiramisu toast toffee tortilla trifle trout truffle turnip vanilla walnut wasabi watermelon wonton yam
zucchini
""".split()

ANIMALS = """
dog cat rabbit hamster parrot turtle horse goat sheep cow pig duck goose hen fox wolf bear deer otter beaver squirrel
hedgehog owl eagle falcon swan crow frog toad lizard snake whale dolphin seal shark salmon crab spider bee ant moth lion
tiger zebra camel elephant monkey panda koala
alpaca antelope armadillo badger bat bison buffalo butterfly canary caterpillar cheetah chicken chimpanzee chinchilla
cobra cricket crocodile donkey dove dragonfly emu ferret finch firefly flamingo gazelle gecko gerbil gibbon giraffe
gorilla grasshopper guppy hawk heron hippo hummingbird hyena ibis iguana jackal jaguar jellyfish kangaroo kingfisher
ladybird lemur leopard llama lobster lynx magpie meerkat mole mongoose moose mouse mule newt ocelot octopus orangutan
ostrich parakeet peacock pelican penguin pheasant pigeon platypus pony porcupine puffin python quail raccoon rat raven
reindeer rhino robin salamander scorpion skunk sloth snail sparrow squid starling stork swallow tapir toucan trout
turkey vulture wallaby walrus wasp weasel wombat woodpecker wren yak
""".split()

JOBS = """
nurse doctor dentist surgeon baker chef waiter farmer gardener carpenter plumber electrician painter architect engineer
programmer designer teacher professor librarian lawyer judge accountant banker journalist editor writer poet actor singer
dancer musician photographer pilot sailor driver mechanic welder tailor barber florist butcher fisherman geologist
chemist biologist physicist astronomer translator firefighter detective manager secretary cashier researcher analyst
potter historian economist therapist coach
actuary acrobat animator anaesthetist archivist auctioneer auditor bartender beekeeper bookbinder bookkeeper
bricklayer broker builder butler caretaker cartographer choreographer cleaner clerk clown cobbler columnist comedian
composer concierge conductor conservator consultant courier curator custodian decorator diplomat director diver
drummer ecologist engraver entomologist envoy farrier filmmaker financier forester foreman gamekeeper geneticist
glazier goldsmith governor guard guide gymnast handyman hairdresser herbalist hydrologist illustrator importer
inspector instructor interpreter inventor investigator janitor jeweller joiner juggler landscaper lecturer lifeguard
linguist lobbyist locksmith logger lumberjack machinist magician magistrate mason masseur mathematician mediator
merchant meteorologist midwife milliner miner minister model narrator navigator negotiator neurologist notary novelist
nutritionist optician orthodontist paramedic pastor pathologist paediatrician pharmacist philosopher physiotherapist
pianist planner plasterer podiatrist postman presenter printer producer prosecutor psychologist publicist publisher
radiographer ranger receptionist recruiter referee reporter restorer roofer saleswoman salesman scientist sculptor
seamstress senator sheriff shepherd sociologist soldier sommelier statistician steward stonemason stylist supervisor
surveyor taxidermist technician telegraphist tiler toolmaker trader tutor typist umpire undertaker upholsterer
urologist usher valet veterinarian violinist waitress weaver webmaster winemaker woodcutter zoologist
""".split()

COLOURS = "red blue green yellow black white grey brown purple orange pink silver gold teal crimson beige navy".split()
HOBBIES = """
chess painting hiking swimming knitting climbing gardening cooking baking fishing sailing cycling running dancing singing
reading pottery archery fencing photography origami surfing skiing rowing juggling woodwork astronomy calligraphy
badminton ballet baseball basketball bingo birdwatching blogging bouldering bowling boxing bridge camping canoeing
caving crocheting cricket croquet curling darts debating diving dominoes drawing embroidery falconry football foraging
gaming geocaching golf gymnastics handball hockey improvisation jogging journaling judo karaoke karate kayaking
kickboxing lacrosse magic meditation metalwork paddling paragliding parkour petanque pilates poker polo quilting rugby
scrapbooking sculpture sewing skateboarding sketching snorkelling snowboarding softball squash stargazing sudoku
taekwondo tennis theatre triathlon volleyball walking weaving weightlifting whittling windsurfing wrestling writing
yoga
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
abbreviation account allergy amount aisle alias alarm altitude answer approach assignee audience award bandwidth
barcode bearing bonus border brightness buyer caller camp cargo carrier cause ceiling chapter charge checksum circle
citation claim class comment commission companion complaint component condition contact content cost counter county
course creator currency curator customer cycle damage default degree density deposit design diameter diet direction
director discount district dose draft edition effect element employer engine entry error estimate event exit expense
expiry extension extra fee fibre field finish fixture flag font force fuel function gear gender gift grant gravity
group guest guide habitat heir holder hotline household icon idea identifier income index ingredient initial input
inspector instrument insurance intensity interest interval invoice isbn issue item journal keyword kind landmark lane
layer layout league legend lender limit line link list loan logo mark margin mass master mayor meaning measure medium
member memo menu message meter milestone mileage mission mode mood nationality network note notice objective occasion
offer operator option order organ output outcome package pace parent parish partner passcode patron payee payment
penalty percentage period permit pin plan player plot portion position postcode prefix premium president principle
process producer product profile profit protocol province publisher purpose quality quantity quota quote range rank
ratio reading receipt recipient reference referee refund register relation remark remedy rent reply report request
reserve resource response result review reward risk roof rule runner salary sample scale schedule scope seal sender
sentence sequence series session share shift signal signature skill slot solution speaker species spelling staff stake
standard state statement station stock storage street strength style subtotal suffix suite sum supervisor supply
surface surname symptom system table tariff tax technique tenant term theme threshold thickness tier timeline token
tone total track trade trait transport treatment trend trigger trust turnover type unit update usage user username
vacancy value variant vendor venue verdict view village voice voucher wage warranty waypoint website winner wish
witness yield
""".split()
NOUNS = """
project report ship boat train bus car truck garden house office factory shop museum library school hotel bridge tower river
island village farm station harbour market theatre studio team club band choir festival race contest meeting workshop course
lesson exam parcel order invoice contract ticket letter package device machine engine pump sensor router server printer
robot satellite antenna probe drone camera battery reactor turbine cabin tent trail lake hill valley forest mine quarry well
recipe novel film song painting statue medal trophy prize account file folder backup database table record channel branch
academy airport album alley apartment aquarium arch archive arena attic bakery balcony bank barn barrier basement bay
beach bicycle billboard board booklet boulevard brewery brochure bunker bureau cabinet cafe campus canal canteen
canyon capsule castle cathedral cave cellar cemetery chapel chart clinic cloister coast column compressor concert
conference container corridor cottage council courtyard crane crossing dam dashboard deck depot desert diary dock dome
dormitory drawing elevator embassy estate exhibition expedition fairground ferry field firm fleet fort fountain
freighter gallery gateway glacier greenhouse grove gym hall hangar harvester heater hedge helicopter hostel hotline
household hut inn installation invention jetty journal jungle junction kiosk kitchen laboratory lagoon landing laundry
league leaflet lighthouse locomotive lodge loft lounge magazine mansion manuscript map marathon marina meadow mill
minibus mission monastery monument motel motor mountain mural nursery oasis observatory ocean opera orchard orchestra
outpost pavilion pavement peninsula pharmacy photo pier pipeline plant platform playground plaza poem pond pool port
portal prison programme pub railway ranch refinery reservoir resort restaurant ridge road rocket roof salon sawmill
scooter sculpture seminar shed shelter shipment shore shrine shuttle sketch speech spring square stable stadium stage
staircase stall stream submarine suburb subway summit survey swamp symphony syndicate tank tavern taxi telegram temple
terminal terrace tournament tractor tram treaty trench tribunal tunnel turret university vault venture viaduct video
villa vineyard volcano wagon warehouse waterfall website wharf windmill yacht yard zoo
""".split()
COMPANY_ENDS = (
    "Ltd|Inc|GmbH|and Sons|Group|Systems|Works|Foods|Labs|Logistics|Partners|Studio|Motors|Bank|Press|AG|Corp|LLC|PLC|SA|Oy|AB|BV|Co|& Co|Brothers|"
    "Holdings|Industries|Technologies|Software|Consulting|Media|Energy|Airlines|Pharma|Insurance|Capital|Ventures|Solutions|Services|International|"
    "Design|Robotics|Textiles|Furniture|Bakery|Brewery|Books|Records|Hotels|Shipping|Construction|Steel|Optics|Electronics|Instruments|Analytics"
).split("|")
STREET_ENDS = (
    "Street Road Lane Avenue Square Close Way Drive Terrace Hill Court Crescent Boulevard Place Row Gardens Park Walk Grove Alley Quay Mews Gate Path"
).split()
PLACE_ENDS = (
    "Hall Cafe Park Library Museum Hotel Centre Theatre Station Arena Stadium Gallery Church Bridge Tower Market Bar Club Institute College School "
    "Hospital Clinic Gym Pavilion Castle Garden Harbour Airport Cinema Bakery Restaurant Inn Lodge Office Mall Plaza Auditorium"
).split()
ROOMS = "Room Hall Studio Lab Gate Office Suite Floor Platform Building Desk Booth Stand Auditorium Classroom Terminal".split()
JOB_LEADS = (
    "head|senior|junior|deputy|chief|assistant|trainee|lead|freelance|regional|technical|principal|associate|night|hospital|school|factory|hotel|"
    "airport|museum|ship|research|marine|forensic|digital|legal|medical|sports|landscape|theatre|railway|military|industrial|stunt|wedding"
).split("|")
JOB_TITLES = (
    "software developer|bus driver|taxi driver|project manager|sales manager|product owner|data scientist|web designer|fire officer|police officer|"
    "flight attendant|tour guide|shop assistant|truck driver|social worker|care worker|dog trainer|piano tuner|estate agent|travel agent|stage manager|"
    "night watchman|film critic|game designer|video editor|sound engineer|systems administrator|network engineer|human resources officer|"
    "Vice President of Sales|Head of Marketing|Chief Technology Officer|Director of Operations|CEO|CTO|CFO|VP of Engineering|Account Manager|"
    "UX designer|QA tester|IT consultant|PhD student|UN interpreter|DJ"
).split("|")
FOOD_LEADS = (
    "grilled|baked|fried|roast|smoked|fresh|dried|pickled|raw|steamed|stuffed|spicy|sweet|creamy|salted|crispy|frozen|cold|hot|home-made|caramelised|"
    "mashed|braised|vegan|organic"
).split("|")
TOPICS = """
photosynthesis gravity inflation volcanoes glaciers democracy evolution magnetism jazz opera cubism origami algebra
geometry calculus philosophy stoicism astronomy chemistry genetics economics erosion tides eclipses comets fossils
dinosaurs pyramids castles vikings samurai railways steam engines aeroplanes submarines vaccines enzymes proteins atoms
electrons lasers radar batteries compilers blockchains cricket rugby basketball marathon chess poetry sonnets grammar
""".split()

ONSETS = "b c d f g h j k l m n p r s t v w y z br cr dr fr gr kr pl pr sh sk sl st th tr ch qu bl gl".split()
NUCLEI = "a e i o u a e i o u ai ea ei ia io ou".split()
CODAS = ["", "", "", "", "n", "r", "l", "s", "m", "t", "k", "th", "nd", "x", "rk", "sh", "v", "d", "p", "lm", "ng"]

ACCENTS = {"a": "áàâäãå", "e": "éèêë", "i": "íîï", "o": "óôöõø", "u": "úùûü", "n": "ñ", "c": "ç", "y": "ý"}
SURNAME_LEADS = "de|van|von|di|da|del|la|de la|van der|al|el|bin|ben|dos|le|St.|ter|af|von der".split("|")
THINGS = ITEMS + FOODS
TITLE_VERBS = "Repair Build Paint Find Lose Sell Steal Follow Forget Draw Catch Hide Open Plan Save Break Mend Carry".split()
TITLE_LINKS = "of|and|without|beyond|beneath|behind|against|after|before|under|between|among|across|near|against".split("|")

# Words that keep the space before them inside one token; every other word is cut the same way wherever it stands.
FUNCTION_WORDS = """
the a an is are was were be been am do does did has have had can could will would should may might must of in on at to
for from with by as and or but not no so if then than that this these those it its he she they we you i me my your his
her their our us them what which who when where why how there here all any some each one two three about into over
after before up out only also just please new name names called number more most last first next
""".split()
