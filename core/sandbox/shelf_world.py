"""What the sandbox knows about the world outside computers. Data only."""

from typing import Final

from core.sandbox.fact import Fact

WORLD: Final = (
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
        "Quantum entanglement",
        ("entanglement", "entangled"),
        "**Entanglement**: two particles share one state, so what is measured on one fits the other.",
        (
            "Think of two dice that always add up to seven, though each alone is random.",
            "The match is stronger than any plan the two could have agreed on beforehand.",
            "No message travels this way: each side only sees chance until they compare notes.",
        ),
        ("First measured", "Second"),
        (("up", "down"), ("down", "up")),
        ("text", "(|01> - |10>) / sqrt(2)"),
    ),
    Fact(
        "The phases of the Moon",
        ("moon", "moon phases", "phases of the moon", "full moon"),
        "The **Moon** is always half lit; its phase is how much of that half faces us.",
        (
            "It goes round the Earth in 27.3 days, from new moon to new moon takes 29.5.",
            "The Earth's shadow has nothing to do with it, except at an eclipse.",
            "Waxing it is lit on the right, seen from the north; from the south on the left.",
        ),
        ("Phase", "Stands"),
        (
            ("new", "between Earth and Sun"),
            ("first quarter", "at a right angle"),
            ("full", "opposite the Sun"),
        ),
        ("text", "new -> first quarter -> full -> last quarter -> new"),
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
