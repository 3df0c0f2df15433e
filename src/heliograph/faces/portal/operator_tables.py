"""Tables of prices and costs, as operators give them to a page."""

from typing import Final

from heliograph.faces.portal.signed_in import Form

SHOWN: Final = 100
"""Rows and changes on one page at most."""
NOT_A_PREFIX: Final = "A prefix has at most 15 digits, country code first, such as 46."
NOT_A_PRICE: Final = "Write a price such as 0.35, with at most 6 decimals."
NOT_A_CURRENCY: Final = "A currency has three letters, such as SEK."


async def table_text(form: Form) -> str:
    """The text of the file that was chosen, else what was pasted."""
    file = form.file("file")
    if file is None:
        return form.raw("table")
    content = await file.read()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")
