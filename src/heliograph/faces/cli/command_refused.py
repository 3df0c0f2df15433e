"""How a command says no: one line on stderr and an exit code."""

WRONG_INPUT = 2
NOT_AS_IT_SHOULD_BE = 1
INTERRUPTED = 130


class CommandRefused(Exception):
    """A command cannot be done; the text is one line for the person at the terminal.

    ``exit_code`` is 2 where other input would help, 1 where something was found wrong.
    """

    def __init__(self, sentence: str, *, exit_code: int = WRONG_INPUT) -> None:
        super().__init__(" ".join(sentence.split()))
        self.exit_code = exit_code
