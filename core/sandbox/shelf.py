"""The sandbox's shelf of knowledge: subjects with a few facts, a table and an example each. Data only."""

from typing import Final

from msgspec import Struct


class Fact(Struct, frozen=True):
    """One subject. `words` name it in a question; `rows` are a table, `code` is (language, text)."""

    title: str
    words: tuple[str, ...]
    short: str
    points: tuple[str, ...]
    head: tuple[str, str]
    rows: tuple[tuple[str, str], ...]
    code: tuple[str, str]


FACTS: Final = (
    Fact(
        "SSH",
        ("ssh", "secure shell"),
        "**SSH** (Secure Shell) is an encrypted way to log in to another computer and run commands there.",
        (
            "The server shows a *host key*, you show a key pair or a password.",
            "One connection carries shells, file copies and forwarded ports.",
            "Over a slow line it is bytes that cost time, so terminal programs should redraw little.",
        ),
        ("Part", "What it does"),
        (
            ("`sshd`", "listens on port 22"),
            ("`~/.ssh/config`", "names hosts"),
            ("`-L`", "forwards a port here"),
        ),
        ("sh", "ssh-keygen -t ed25519\nssh -L 8045:localhost:8045 you@example.org"),
    ),
    Fact(
        "OAuth 2.0",
        ("oauth", "oauth2", "refresh token", "pkce"),
        "**OAuth 2.0** lets a program act for you without ever seeing your password.",
        (
            "You sign in at the provider, which sends a short-lived *code* back to the program.",
            "The program trades it for an *access token* (an hour) and a *refresh token* (months).",
            "PKCE ties the code to the program that asked for it.",
        ),
        ("Token", "Life"),
        (("code", "seconds"), ("access token", "about an hour"), ("refresh token", "until it is revoked")),
        ("http", "POST /token\ngrant_type=refresh_token&refresh_token=1//…&client_id=…"),
    ),
    Fact(
        "Half-blocks",
        ("half-block", "half-blocks", "half block", "half blocks"),
        "A **half-block** is the character `▀`: two pixels in one terminal cell.",
        (
            "The foreground colour paints the upper half, the background colour the lower half.",
            "A cell is about twice as high as wide, so the pixels come out nearly square.",
            "It works wherever 24-bit colour does, over SSH too, without any image protocol.",
        ),
        ("Terminal", "Pixels"),
        (("80 × 24", "80 × 48"), ("120 × 30", "120 × 60"), ("200 × 50", "200 × 100")),
        ("python", 'print("\\x1b[38;2;255;160;60m\\x1b[48;2;40;30;90m▀▀▀\\x1b[0m")'),
    ),
    Fact(
        "HTTP",
        ("http", "https", "rest api"),
        "**HTTP** is the question-and-answer protocol of the web: a request with a method and a path, "
        "a response with a status.",
        (
            "It is stateless: everything the server needs comes with the request.",
            "HTTPS is the same inside TLS, which hides and seals it.",
            "A long answer can be streamed, for example as server-sent events.",
        ),
        ("Status", "Meaning"),
        (("200", "here it is"), ("401", "who are you?"), ("429", "too fast"), ("503", "come back later")),
        ("sh", "curl -i http://localhost:8045/health"),
    ),
    Fact(
        "Server-sent events",
        ("sse", "server-sent events", "server sent events"),
        "**Server-sent events** are a long HTTP answer in which the server writes one event after another.",
        (
            "Each event is a few text lines and a blank line; `data:` carries the payload.",
            "They go one way, from server to client, through ordinary proxies.",
            "Language-model APIs use them to show an answer while it is written.",
        ),
        ("Line", "Use"),
        (("`data: …`", "payload"), ("`event: …`", "its kind"), ("`: …`", "comment, a sign of life")),
        ("text", 'data: {"delta": "Hel"}\n\ndata: {"delta": "lo"}\n\ndata: [DONE]'),
    ),
    Fact(
        "DNS",
        ("dns", "domain name system"),
        "**DNS** turns names like `example.org` into addresses that packets can be sent to.",
        (
            "A resolver asks the root, then `.org`, then the domain's own servers, and remembers the answer.",
            "How long it may remember is the record's TTL.",
            "Most name trouble is an old answer in some cache.",
        ),
        ("Record", "Holds"),
        (
            ("A / AAAA", "an address"),
            ("CNAME", "another name"),
            ("MX", "the mail server"),
            ("TXT", "any text"),
        ),
        ("sh", "dig +short example.org AAAA"),
    ),
    Fact(
        "TCP",
        ("tcp", "tcp/ip", "three-way handshake"),
        "**TCP** makes a reliable, ordered stream of bytes out of packets that may get lost.",
        (
            "Every byte has a number; what isn't acknowledged is sent again.",
            "A window tells the sender how much the other side can take.",
            "Congestion control slows down when the path is full.",
        ),
        ("Step", "Packet"),
        (("1", "SYN →"), ("2", "← SYN, ACK"), ("3", "ACK →")),
        ("sh", "ss -tn state established"),
    ),
    Fact(
        "Git",
        ("git", "rebase", "version control"),
        "**Git** keeps the history of a project as snapshots, each pointing at the one before it.",
        (
            "A *commit* is a snapshot with a message; a *branch* is a movable name for one.",
            "Nothing is shared until you push, so local history can still be put in order.",
            "`reflog` finds commits that no branch names any more.",
        ),
        ("Command", "Does"),
        (
            ("`git switch -c x`", "starts a branch"),
            ("`git add -p`", "picks changes"),
            ("`git log --oneline`", "shows history"),
        ),
        ("sh", 'git switch -c fix-timeout\ngit commit -am "Wait longer for the first byte"'),
    ),
    Fact(
        "Docker",
        ("docker", "container", "containers"),
        "**Docker** packs a program with everything it needs into an image and runs it as a container.",
        (
            "A container shares the host's kernel; it is a fenced process and no virtual machine.",
            "An image is a stack of read-only layers, so builds reuse what didn't change.",
            "What must survive belongs in a volume.",
        ),
        ("Word", "Meaning"),
        (("image", "the recipe's result"), ("container", "a running image"), ("volume", "data that stays")),
        ("sh", "docker run --rm -it python:3.12 python"),
    ),
    Fact(
        "Recursion",
        ("recursion", "recursive"),
        "**Recursion** solves a problem by solving a smaller one of the same kind, until it is trivial.",
        (
            "There must be a *base case* that needs no further call.",
            "Each call must come closer to it.",
            "Deep recursion costs stack; a loop or a queue then does the same work.",
        ),
        ("Call", "Value"),
        (("fact(3)", "3 × fact(2)"), ("fact(2)", "2 × fact(1)"), ("fact(1)", "1")),
        ("python", "def fact(n: int) -> int:\n    return 1 if n <= 1 else n * fact(n - 1)"),
    ),
    Fact(
        "Photosynthesis",
        ("photosynthesis",),
        "**Photosynthesis** is how plants store sunlight as sugar.",
        (
            "Chlorophyll in the leaves catches light, mostly red and blue; green is left over.",
            "The light splits water, which sets oxygen free.",
            "The energy then builds sugar from carbon dioxide.",
        ),
        ("In", "Out"),
        (("6 CO₂", "C₆H₁₂O₆ (glucose)"), ("6 H₂O", "6 O₂"), ("light", "stored energy")),
        ("text", "6 CO2 + 6 H2O --light--> C6H12O6 + 6 O2"),
    ),
    Fact(
        "Rainbows",
        ("rainbow", "rainbows"),
        "A **rainbow** is sunlight that raindrops have bent, mirrored and sent back to you.",
        (
            "The sun stands behind you, the rain in front.",
            "Each colour leaves a drop at its own angle, red at about 42°, violet at about 40°.",
            "Two reflections make a fainter second bow with the colours reversed.",
        ),
        ("Colour", "Wavelength"),
        (("red", "700 nm"), ("green", "530 nm"), ("violet", "400 nm")),
        ("text", "sun -> drop (bend, mirror, bend) -> eye"),
    ),
    Fact(
        "Why the sky is blue",
        ("sky blue", "blue sky", "sky is blue"),
        "The sky is **blue** because air scatters short waves of light far more than long ones.",
        (
            "Sunlight holds all colours; the blue part bounces off air molecules in every direction.",
            "So blue light reaches you from everywhere, red light mostly straight from the sun.",
            "At sunset the way through the air is long, the blue is gone, and red is left.",
        ),
        ("Colour", "Scattered, relative to red"),
        (("red, 700 nm", "1"), ("green, 530 nm", "3"), ("blue, 450 nm", "6"), ("violet, 400 nm", "9")),
        ("python", "print((700 / 450) ** 4)  # Rayleigh: strength goes with 1 / wavelength^4"),
    ),
    Fact(
        "Black holes",
        ("black hole", "black holes"),
        "A **black hole** is so much mass in so little space that not even light gets away from it.",
        (
            "Its border is the *event horizon*.",
            "Stellar ones are left over when heavy stars collapse; giant ones sit in the middle of galaxies.",
            "They are seen by what falls in and glows, and by gravitational waves.",
        ),
        ("Mass", "Horizon radius"),
        (("Earth", "9 mm"), ("Sun", "3 km"), ("Sagittarius A*", "12 million km")),
        ("text", "r = 2 G M / c^2"),
    ),
    Fact(
        "Tides",
        ("tide", "tides"),
        "**Tides** are the sea following the pull of the Moon and, less, the Sun.",
        (
            "The near side is pulled more than the Earth's middle, the far side less: two bulges.",
            "The Earth turns under them, so most coasts see two high waters a day.",
            "When Sun and Moon stand in line, the tide is strongest (spring tide).",
        ),
        ("Moon", "Tide"),
        (("new or full", "spring tide, large"), ("half", "neap tide, small")),
        ("text", "high water to high water: about 12 h 25 min"),
    ),
    Fact(
        "Python",
        ("python",),
        "**Python** is a readable, general programming language with a large standard library.",
        (
            "Blocks are marked by indentation.",
            "Types are checked while running; annotations let tools check them before.",
            "It is used for scripts, servers, data and teaching.",
        ),
        ("Type", "Example"),
        (("list", "`[1, 2, 3]`"), ("dict", '`{"a": 1}`'), ("set", "`{1, 2}`")),
        ("python", "squares = [n * n for n in range(10) if n % 2]\nprint(squares)"),
    ),
    Fact(
        "Rust",
        ("rust", "borrow checker"),
        "**Rust** is a systems language that proves memory safety while compiling.",
        (
            "Every value has one owner; when the owner goes, so does the value.",
            "References are either many readers or one writer.",
            "Errors are values (`Result`) that can't be overlooked.",
        ),
        ("Form", "Meaning"),
        (("`T`", "owned"), ("`&T`", "borrowed to read"), ("`&mut T`", "borrowed to change")),
        ("rust", 'fn main() {\n    let words = ["one", "two"];\n    println!("{}", words.join(" "));\n}'),
    ),
    Fact(
        "JSON",
        ("json",),
        "**JSON** is a text format for data: objects, arrays, strings, numbers, booleans and null.",
        (
            "Keys and strings take double quotes; comments and trailing commas aren't allowed.",
            "Numbers have no fixed size, so large ids are safer as strings.",
            "A schema says which shapes are valid.",
        ),
        ("JSON", "Python"),
        (("object", "`dict`"), ("array", "`list`"), ("null", "`None`")),
        ("json", '{"name": "Ada", "tags": ["math", "code"], "active": true}'),
    ),
    Fact(
        "The terminal",
        ("terminal", "tui", "pty", "escape sequence", "escape sequences"),
        "A **terminal** shows text in a grid of cells and sends your keys to a program as bytes.",
        (
            "Colours, cursor and clearing are *escape sequences* within the text.",
            "A program sits behind a *pty*, a pair of pipes that behaves like a keyboard and screen.",
            "tmux keeps it alive when the line breaks.",
        ),
        ("Sequence", "Does"),
        (("`ESC[2J`", "clears the screen"), ("`ESC[1m`", "bold"), ("`ESC[?25l`", "hides the cursor")),
        ("sh", "printf '\\e[1;33mbold yellow\\e[0m\\n'"),
    ),
    Fact(
        "Machine learning",
        ("machine learning", "neural network", "neural networks", "language model", "llm"),
        "**Machine learning** finds a function from examples instead of being told its rules.",
        (
            "A loss says how wrong the function is; training turns its parameters to make it smaller.",
            "Data it has never seen shows whether it learned or only memorised.",
            "A language model learns which token is likely to come next.",
        ),
        ("Set", "Used for"),
        (
            ("training", "learning the parameters"),
            ("validation", "choosing between models"),
            ("test", "the final figure"),
        ),
        ("python", "weights -= rate * gradient(loss, weights)"),
    ),
    Fact(
        "agtui",
        ("agtui",),
        "**agtui** is a terminal studio and gateway: chat, pictures, accounts and logs in one place.",
        (
            "It serves OpenAI-compatible routes on port 8045.",
            "Without any account it talks to the *sandbox*, which is what answers you here.",
            "Every capability has a command, so scripts can do what the screen does.",
        ),
        ("Command", "Does"),
        (
            ("`agtui`", "opens the screen"),
            ("`agtui serve`", "runs the gateway alone"),
            ("`agtui gen`", "makes a picture"),
        ),
        ("sh", 'agtui chat "what is SSH?"\nagtui gen "a kite over dunes" -o kite.png'),
    ),
)

CAPITALS: Final = {
    "france": "Paris",
    "germany": "Berlin",
    "spain": "Madrid",
    "italy": "Rome",
    "portugal": "Lisbon",
    "japan": "Tokyo",
    "china": "Beijing",
    "india": "New Delhi",
    "canada": "Ottawa",
    "australia": "Canberra",
    "austria": "Vienna",
    "switzerland": "Bern",
    "poland": "Warsaw",
    "greece": "Athens",
    "norway": "Oslo",
    "sweden": "Stockholm",
    "brazil": "Brasília",
    "egypt": "Cairo",
    "kenya": "Nairobi",
    "united kingdom": "London",
    "uk": "London",
    "united states": "Washington, D.C.",
    "usa": "Washington, D.C.",
}
