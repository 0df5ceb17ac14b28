"""Translations of a few words and phrases; says honestly what it doesn't know."""

import re
from typing import Final

_ASKED: Final = re.compile(
    r"(?:translate|say|how do you say)\s+(?P<text>.+?)\s+(?:in|to|into)\s+(?P<language>[a-z]+)[\s.?!]*$",
    re.I | re.S,
)
_COLON: Final = re.compile(
    r"translate(?: this| the following)?\s+(?:in|to|into)\s+(?P<language>[a-z]+)\s*[:\n]\s*(?P<text>.+)$",
    re.I | re.S,
)
_LANGUAGES: Final = ("german", "french", "spanish", "italian", "japanese")
_WORDS: Final[dict[str, tuple[str, str, str, str, str]]] = {
    "good morning": ("guten Morgen", "bonjour", "buenos días", "buongiorno", "おはようございます"),
    "good evening": ("guten Abend", "bonsoir", "buenas tardes", "buonasera", "こんばんは"),
    "good night": ("gute Nacht", "bonne nuit", "buenas noches", "buonanotte", "おやすみなさい"),
    "how are you": ("wie geht es dir", "comment vas-tu", "cómo estás", "come stai", "お元気ですか"),
    "thank you": ("danke", "merci", "gracias", "grazie", "ありがとう"),
    "i love you": ("ich liebe dich", "je t'aime", "te quiero", "ti amo", "愛しています"),
    "see you tomorrow": ("bis morgen", "à demain", "hasta mañana", "a domani", "また明日"),
    "hello": ("hallo", "bonjour", "hola", "ciao", "こんにちは"),
    "goodbye": ("auf Wiedersehen", "au revoir", "adiós", "arrivederci", "さようなら"),
    "please": ("bitte", "s'il te plaît", "por favor", "per favore", "お願いします"),
    "yes": ("ja", "oui", "sí", "sì", "はい"),
    "no": ("nein", "non", "no", "no", "いいえ"),
    "world": ("Welt", "monde", "mundo", "mondo", "世界"),
    "friend": ("Freund", "ami", "amigo", "amico", "友達"),
    "house": ("Haus", "maison", "casa", "casa", "家"),
    "water": ("Wasser", "eau", "agua", "acqua", "水"),
    "bread": ("Brot", "pain", "pan", "pane", "パン"),
    "coffee": ("Kaffee", "café", "café", "caffè", "コーヒー"),
    "book": ("Buch", "livre", "libro", "libro", "本"),
    "cat": ("Katze", "chat", "gato", "gatto", "猫"),
    "dog": ("Hund", "chien", "perro", "cane", "犬"),
    "tree": ("Baum", "arbre", "árbol", "albero", "木"),
    "sun": ("Sonne", "soleil", "sol", "sole", "太陽"),
    "moon": ("Mond", "lune", "luna", "luna", "月"),
    "sea": ("Meer", "mer", "mar", "mare", "海"),
    "today": ("heute", "aujourd'hui", "hoy", "oggi", "今日"),
    "tomorrow": ("morgen", "demain", "mañana", "domani", "明日"),
    "computer": ("Computer", "ordinateur", "ordenador", "computer", "コンピューター"),
    "time": ("Zeit", "temps", "tiempo", "tempo", "時間"),
    "the": ("der/die/das", "le/la", "el/la", "il/la", "—"),
    "and": ("und", "et", "y", "e", "と"),
    "is": ("ist", "est", "es", "è", "です"),
    "my": ("mein", "mon", "mi", "mio", "私の"),
}
_LONGEST_PHRASE: Final = 3


def translate(question: str) -> str | None:
    """Markdown with the translation of what `question` quotes, or None if it asks for none."""
    match = _COLON.search(question) or _ASKED.search(question)
    if not match or match["language"].lower() not in _LANGUAGES:
        return None
    language = match["language"].lower()
    source = match["text"].strip(" \t\n\"'“”«».!?")
    pieces = _pieces(source, _LANGUAGES.index(language))
    target = " ".join(piece or f"[{word}]" for word, piece in pieces)
    unknown = [word for word, piece in pieces if piece is None]
    rows = "\n".join(f"| {word} | {piece or '—'} |" for word, piece in pieces)
    note = (
        f"- Not in the sandbox's phrasebook: {', '.join(unknown)}. They stand in brackets."
        if unknown
        else "- Every word was in the phrasebook."
    )
    return (
        f"## {language.title()}\n\n**{source}** → **{target}**\n\n"
        f"| English | {language.title()} |\n| --- | --- |\n{rows}\n\n"
        f"{note}\n- It goes word by word; grammar and word order are yours to mend.\n\n"
        f"As a line for a language file:\n\n```json\n{_json_line(source, target)}\n```\n"
    )


def _pieces(source: str, column: int) -> list[tuple[str, str | None]]:
    words = re.findall(r"[\w']+", source)
    pieces: list[tuple[str, str | None]] = []
    at = 0
    while at < len(words):
        for length in range(_LONGEST_PHRASE, 0, -1):
            phrase = " ".join(words[at : at + length])
            known = _WORDS.get(phrase.lower())
            if known or length == 1:
                pieces.append((phrase, known[column] if known else None))
                at += len(words[at : at + length])
                break
    return pieces


def _json_line(source: str, target: str) -> str:
    key, value = (text.replace("\\", "\\\\").replace('"', '\\"') for text in (source, target))
    return f'{{"{key}": "{value}"}}'
