"""Texts of the portal in other languages. English is the key; a language is a folder of JSON files.

A new language is a folder in ``translations`` beside ``sv`` with the same files, and its name below.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Final

import msgspec

LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "sv": "Svenska"}
Translate = Callable[..., str]


@cache
def catalog(language: str) -> Mapping[str, str]:
    """Every text of a language by its English; empty for English itself."""
    if language == "en":
        return {}
    folder = resources.files("heliograph.faces.portal").joinpath("translations", language)
    texts: dict[str, str] = {}
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        texts.update(msgspec.json.decode(file.read_bytes(), type=dict[str, str]))
    return texts


def translator(language: str) -> Translate:
    """Says English texts in a language. Values are put in place of ``%(name)s`` after translating."""
    texts = catalog(language)

    def translate(english: str, /, **values: object) -> str:
        text = texts.get(english, english)
        return text % values if values else text

    return translate


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
