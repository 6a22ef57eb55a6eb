"""Where a token, a directive or an error stands in a text file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """A place in a file: `line` and `column` count from 1; 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        parts = [self.file, *(str(number) for number in (self.line, self.column) if number)]
        return ":".join(parts)
