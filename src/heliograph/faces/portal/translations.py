"""Texts of the portal in other languages. English is the key; a language is a folder of JSON files.

A new language is a folder in ``translations`` beside ``sv`` with the same files, and its name below.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

import msgspec

LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "sv": "Svenska"}
Translate = Callable[..., str]
_VALUE: Final = re.compile(r"%\((\w+)\)s")
_REFUSALS: Final = "refusals.json"


@cache
def catalog(language: str) -> Mapping[str, str]:
    """Every text of a language by its English; empty for English itself."""
    texts: dict[str, str] = {}
    for file in sorted(_folder(language).iterdir(), key=lambda each: each.name) if language != "en" else ():
        texts.update(_texts_of(file))
    return texts


def translator(language: str) -> Translate:
    """Says English texts in a language. Values are put in place of ``%(name)s`` after translating.

    What a rule of the domain says has its values in it already: it is known by the words around them.
    """
    texts = catalog(language)

    def translate(english: str, /, **values: object) -> str:
        text = texts.get(english)
        if text is None:
            return english % values if values else _translated_refusal(language, english)
        return text % values if values else text

    return translate


def _translated_refusal(language: str, sentence: str) -> str:
    """A sentence with values in it, and the values that are texts themselves; what is not known stays."""
    for pattern, text in _refusals(language):
        if found := pattern.fullmatch(sentence):
            said = translator(language)
            return text % {name: said(value) for name, value in found.groupdict().items()}
    return sentence


@cache
def _refusals(language: str) -> list[tuple[re.Pattern[str], str]]:
    """The sentences with values, the longest first: the most of them is said in words."""
    if language == "en":
        return []
    texts = _texts_of(_folder(language).joinpath(_REFUSALS))
    return [
        (_pattern(english), text)
        for english, text in sorted(texts.items(), key=lambda each: -len(each[0]))
        if _VALUE.search(english)
    ]


def _pattern(english: str) -> re.Pattern[str]:
    """What a sentence becomes with any values in it."""
    words = _VALUE.split(english)
    words[::2] = map(re.escape, words[::2])
    words[1::2] = [f"(?P<{name}>.+?)" for name in words[1::2]]
    return re.compile("".join(words), re.DOTALL)


def _folder(language: str) -> Traversable:
    return resources.files("heliograph.faces.portal").joinpath("translations", language)


def _texts_of(file: Traversable) -> dict[str, str]:
    return msgspec.json.decode(file.read_bytes(), type=dict[str, str])


def preferred_language(accept_language: str) -> str:
    """The first language we have of a browser's ``Accept-Language``, by its weights; else English."""
    wanted = []
    for place, entry in enumerate(accept_language.split(",")):
        tag, _, parameters = entry.strip().partition(";")
        weight = parameters.strip().removeprefix("q=") if parameters else "1"
        try:
            wanted.append((-float(weight), place, tag.strip().lower().partition("-")[0]))
        except ValueError:
            continue
    return next((language for _, _, language in sorted(wanted) if language in LANGUAGES), "en")
