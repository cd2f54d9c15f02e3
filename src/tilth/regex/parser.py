"""Parses a pattern into a tree. Anything outside the subset is rejected, with its place, the reason and the nearest alternative.

    pattern   = flags alternation
    alternation = sequence ("|" sequence)*
    sequence  = (atom repeat?)+
    atom      = character | "." | "^" | "$" | escape | class | group
    repeat    = ("*" | "+" | "?" | "{n}" | "{n,}" | "{n,m}") "?"?
    group     = "(" alternation ")" | "(?:" alternation ")" | "(?i:" alternation ")" | "(?s:" …
    class     = "[" "^"? (character | character "-" character | escape)+ "]"
    flags     = ("(?i)" | "(?s)" | "(?is)")*

The parser never raises: it records a mistake, continues with a harmless replacement, and finds all mistakes.
"""

from __future__ import annotations

import re

from tilth.errors import Mistake, Place
from tilth.regex import chars, tree
from tilth.regex.chars import SURROGATES, CharSet
from tilth.regex.cost import AMBIGUOUS, MOST_READINGS, readings
from tilth.regex.tree import Chars, Edge, Group, Node, Repeat

LONGEST = 2_000  # characters of a pattern; Java's matcher takes one stack frame per part, and 1 MiB holds about twice as many
DEEPEST = 20  # groups inside each other
MOST_COPIES = 1_000  # RE2's limit on a counted repeat, nested counts multiplied
LARGEST = 20_000  # instructions; RE2 gives up at about 170,000 and is slow long before

HARMLESS = Chars(CharSet.of("a"))
SIMPLE = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
NAMED = {"d": chars.DIGIT, "w": chars.WORD, "s": chars.SPACE, "D": ~chars.DIGIT, "W": ~chars.WORD, "S": ~chars.SPACE}
EDGES = {"A": Edge.START, "z": Edge.END, "b": Edge.WORD}
ESCAPES = r"\d \D \w \W \s \S \b \A \z \t \n \r \f \xHH \x{H…} and a backslash before punctuation"
REJECTED_ESCAPES = {  # letter → why, and what to write instead
    "Z": (r"\Z is the end of the string in Python, and in Java also before a last line break", r"for that end write \z or $"),
    "B": (r"\B differs between engines on the empty string", "name the neighbouring characters, as in [a-z]foo"),
    "v": (r"\v is one character in RE2 and a class in Java", r"for the vertical tab write \x0b"),
    "a": (r"\a is not in the subset", r"for the bell character write \x07"),
    "e": (r"\e is known to Java only", r"for the escape character write \x1b"),
    "c": (r"control characters by letter are known to Java only", r"write the code, as \x01 for control-A"),
    "h": (r"\h is known to Java only", r"for blanks and tabs write [ \t]"),
    "H": (r"\H is known to Java only", r"write [^ \t]"),
    "R": (r"\R is known to Java only", r"for a line break write \r?\n"),
    "V": (r"\V is known to Java only", r"write [^\n\r]"),
    "p": ("Unicode properties do not cover the same letters in every engine", "write the letters as ranges, as in [A-Za-zÀ-ÖØ-öø-ÿ]"),
    "P": ("Unicode properties do not cover the same letters in every engine", "write the letters as ranges, as in [^A-Za-zÀ-ÖØ-öø-ÿ]"),
    "Q": (r"quoting by \Q…\E is unknown to Python", "put a backslash before each special character"),
    "E": (r"quoting by \Q…\E is unknown to Python", "put a backslash before each special character"),
    "G": (r"\G is known to Java only", ""),
    "k": ("back references are not available: RE2, DuckDB's engine, has none", ""),
    "C": (r"\C is known to RE2 only", r"for any character, line breaks included, write (?s:.)"),
    "X": (r"\X is known to Java only", ""),
    "N": (r"\N is unknown to RE2", r"write the code, as \x{e9}"),
}
LOOKAROUND = {"?=": "lookahead", "?!": "negative lookahead", "?<=": "lookbehind", "?<!": "negative lookbehind"}
POSIX = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "0-9A-Za-z", "upper": "A-Z", "lower": "a-z", "space": r" \t\n\r\f", "blank": r" \t",
    "punct": r"!-\/:-@\[-`{-~", "word": r"\w", "xdigit": "0-9A-Fa-f",
}  # fmt: skip


class Parser:
    """Parses one pattern into `tree`, and collects all `mistakes`. `is_alternation`: whether the pattern has alternatives at the top."""

    def __init__(self, text: str, numbered: bool = False) -> None:
        self.text = text
        self.numbered = numbered  # whether groups are kept; the cost of a pattern is judged without them
        self.group_count = 0
        self.at = 0
        self.depth = 0
        self.mistakes: list[Mistake] = []
        self.tree: Node = HARMLESS
        self.is_alternation = False
        if self._fits():
            self._pattern()

    # ── the grammar, from the top ────────────────────────────────────────────────────────────────────────────────

    def _fits(self) -> bool:
        if len(self.text) > LONGEST:
            hint = "to test for one of many values, use a list"
            self._reject(LONGEST, f"the pattern has {len(self.text)} characters", f"at most {LONGEST}", hint)
        for at, character in enumerate(self.text[:LONGEST]):
            if ord(character) in SURROGATES:
                self._reject(at, f"half a surrogate pair (U+{ord(character):04X}) is not a character", "whole characters")
        return not self.mistakes

    def _pattern(self) -> None:
        flags = ""
        while leading := self._take(r"\(\?([is]+)\)"):
            flags += leading[1]
        options = self._options(flags)
        while self._take(r"\)"):  # only a closing bracket stops the options early
            self._reject(self.at - 1, "this bracket has no opening bracket", hint=r"for the character itself write \)")
            options += self._options(flags) if self.text[self.at : self.at + 1] not in (")", "") else []
        self.is_alternation = len(options) > 1
        self.tree = tree.choice(options)
        if tree.size(self.tree) > LARGEST:
            counted = f"about {tree.size(self.tree):,} instructions"
            self._reject(0, f"the pattern is too large: {counted} once its counts are expanded", f"at most {LARGEST:,}", "lower the counts")
        elif not self.mistakes and not self.numbered and readings(self.tree) > MOST_READINGS:
            hint = "put one repeat for several in a row: a?a?a? is a{0,3}, and [^,]*, is better than .*,"
            self._reject(0, f"the pattern is ambiguous: {AMBIGUOUS}", hint=hint)

    def _options(self, flags: str) -> list[Node]:
        options = [self._sequence(flags)]
        while self._take(r"\|"):
            options.append(self._sequence(flags))
        return options

    def _sequence(self, flags: str) -> Node:
        start, parts = self.at, list[Node]()
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            parts.append(self._repeated(flags))
        if not parts:
            hint = "for a part that may be absent write (?:…)?; for the empty string alone write ^$"
            self._reject(start, "an expression is missing here", hint=hint)
            return HARMLESS
        return tree.sequence(parts)

    def _repeated(self, flags: str) -> Node:
        start = self.at
        node = self._atom(flags)
        while (counts := self._counts()) is not None:
            node = self._repeat(node, start, *counts)
        return node

    # ── repeats ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _counts(self) -> tuple[int, int, int | None] | None:
        """The position of the next repeat, its least and its greatest count; None if no repeat follows."""
        start = self.at
        if sign := self._take(r"[*+?]"):
            return (start, *{"*": (0, None), "+": (1, None), "?": (0, 1)}[sign[0]])
        if not (braces := self._take(r"\{([0-9]*)(,?)([0-9]*)\}")):
            return None
        low, comma, high = braces.groups()
        if not low:
            hint = rf"write {{0,{high}}}" if high else r"for the character itself write \{"
            self._reject(start, f"{braces[0]} has no least count", "{n}, {n,} or {n,m}", hint, len(braces[0]))
        if max(len(low), len(high)) > len(str(MOST_COPIES)):  # before int() reads a number of any length
            low, high = str(MOST_COPIES + 1), ""
        least = int(low or 1)
        most = int(high) if high else None if comma else least
        return start, least, most

    def _repeat(self, body: Node, start: int, at: int, least: int, most: int | None) -> Node:
        """The repeat of `body`, which begins at `start`; its counts are at `at`."""
        sign, part = self.text[at : self.at], self.text[start:at]
        length = self.at - at
        greedy = not self._take(r"\?")
        node = Repeat(body, least, most, greedy)
        if self._take(r"\+"):
            self._reject(self.at - 1, "possessive repeats are not available: RE2, DuckDB's engine, has none", hint=f"write {sign} alone")
        if most is not None and (most < least or most == 0):
            self._reject(at, f"{sign} is never repeated", "{n,m} with 0 ≤ n ≤ m and 1 ≤ m", length=length)
        elif tree.copies(node) > MOST_COPIES:
            why = "a counted repeat may make no more copies, nested counts multiplied"
            self._reject(at, why, f"at most {MOST_COPIES:,}", length=length)
        elif isinstance(body, Repeat) and not part.endswith(")"):
            self._reject(at, f"{sign} repeats a repeat", hint=f"if that is meant, write (?:{part}){sign}", length=length)
        elif isinstance(body, Edge):
            self._reject(at, f"{sign} repeats a position between characters", hint=f"write {part} alone", length=length)
        elif tree.may_be_empty(body):
            why = f"{sign} repeats a part that can match the empty string; engines differ in what it then holds"
            self._reject(at, why, hint="make the part need a character: (?:a*)* is a*, (?:a?b?)+ is [ab]*", length=length)
        elif not self.mistakes and not self.numbered and readings(node) > MOST_READINGS:
            hint = "let each iteration but the first begin with a separator that is nowhere else in it: (?:a+,?)+ is a+(?:,a+)*,?"
            self._reject(start, f"this repeat is ambiguous: {AMBIGUOUS}", hint=hint, length=self.at - start)
        else:
            return node
        return HARMLESS

    # ── atoms ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _atom(self, flags: str) -> Node:
        start = self.at
        self.at += 1
        match self.text[start]:
            case "(":
                return self._group(start, flags)
            case "[":
                return self._class(start, flags)
            case "\\":
                found = self._escape(start)
                return found if isinstance(found, Edge) else _chars(found, flags)
            case ".":
                return Chars(chars.ANY if "s" in flags else chars.NOT_NEWLINE)
            case "^":
                return Edge.START
            case "$":
                return Edge.END
            case "*" | "+" | "?" as sign:
                self._reject(start, f"{sign} has nothing to repeat", hint=rf"for the character itself write \{sign}")
                return HARMLESS
            case "{":
                self._reject(start, "{ begins a count, and there is none", "{n}, {n,} or {n,m}", r"for the character itself write \{")
                return HARMLESS
            case character:
                return _chars(CharSet.of(character), flags)

    def _group(self, start: int, flags: str) -> Node:
        number = 0
        if not self.text.startswith("?", self.at):
            number = self.group_count = self.group_count + 1
        else:
            flags = self._group_flags(start, flags)
            if self.text[self.at - 1] == ")":  # flags without a pattern, rejected
                return HARMLESS
        self.depth += 1
        if self.depth > DEEPEST:
            self._reject(start, "groups are nested too deeply", f"at most {DEEPEST} levels")
            self.at = len(self.text)
            return HARMLESS
        body = tree.choice(self._options(flags))
        self.depth -= 1
        if not self._take(r"\)"):
            self._reject(start, "this bracket is not closed", hint=r"add ), or for the character itself write \(")
        return Group(body, number) if number and self.numbered else body

    def _group_flags(self, start: int, flags: str) -> str:
        """Read the part after `(?`, up to the content of the group."""
        if plain := self._take(r"\?([is]*):"):
            return flags + plain[1]
        if flag := self._take(r"\?[a-zA-Z^-]*[:)]"):
            self._reject(start, *self._bad_flags(flag[0][1:-1], flag[0][-1]), length=len(flag[0]) + 1)
        elif around := self._take(r"\?<?[=!]"):
            what = LOOKAROUND[around[0]]
            why = f"{what} is not available: RE2, DuckDB's engine, has none"
            hint = "write two conditions, or match the neighbours too"
            self._reject(start, why, hint=hint, length=len(around[0]) + 1)
        elif named := self._take(r"\?P?<[^>]*>|\?'[^']*'"):
            self._reject(start, "named groups are not in the subset", hint="write (…)", length=len(named[0]) + 1)
        else:
            self.at += 1
            kind = {">": "atomic groups are", "#": "comments are"}.get(self.text[self.at : self.at + 1], "this kind of group is")
            self._reject(start, f"{kind} not available", "(…), (?:…), (?i:…) or (?s:…)", length=2)
            self._take(r"[^()\[\]]")
        return flags

    @staticmethod
    def _bad_flags(letters: str, end: str) -> tuple[str, str, str]:
        accepted = "(?i) and (?s) at the very beginning, (?i:…) and (?s:…) anywhere"
        if letters and not letters.strip("is"):
            hint = f"write (?{letters}:…) around the part that is meant"
            return "flags for the whole pattern are only accepted at its beginning", accepted, hint
        if "m" in letters:
            hint = r"for a line's start write (?:^|\n)"
            return "^ and $ for every line are not available: engines count lines differently", accepted, hint
        known = "flags can't be switched off" if letters.startswith("-") else f"unknown flags {letters!r}"
        return (known if letters else "there are no flags here"), accepted, "" if end == ":" else "leave them out"

    # ── escapes ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _escape(self, start: int) -> CharSet | Edge:
        """The meaning of the escape whose backslash is at `start`."""
        letter = self.text[self.at : self.at + 1]
        self.at += 1
        if letter in NAMED:
            return NAMED[letter]
        if letter in EDGES:
            return EDGES[letter]
        if letter in SIMPLE:
            return CharSet.of(SIMPLE[letter])
        if letter == "x":
            return self._code(start)
        if letter.isascii() and letter.isprintable() and not letter.isalnum() and letter:
            return CharSet.of(letter)
        self._reject(start, *self._bad_escape(letter), length=2)
        return HARMLESS.among

    def _code(self, start: int) -> CharSet:
        if code := self._take(r"([0-9A-Fa-f]{2})|\{0*([0-9A-Fa-f]{1,6})\}"):
            point = int(code[1] or code[2], 16)
            if point <= chars.LAST and point not in SURROGATES:
                return CharSet.of(chr(point))
        self._take(r"\{[^{}]*\}")
        self._reject(start, "this is not the code of a character", r"\xHH or \x{H…}, with hexadecimal digits up to 10FFFF", length=2)
        return HARMLESS.among

    def _bad_escape(self, letter: str) -> tuple[str, str, str]:
        if not letter:
            return "a backslash ends the pattern", ESCAPES, r"for the character itself write \\"
        if unicode := self._take(r"[0-9A-Fa-f]{4}") if letter == "u" else None:
            return r"\u is unknown to RE2", ESCAPES, rf"write \x{{{unicode[0]}}}"
        if letter == "0":
            self._take(r"[0-7]*")
            return "engines read codes that begin with 0 differently", ESCAPES, r"write the code in hexadecimal digits, as \x00"
        if letter in "123456789":
            return "back references are not available: RE2, DuckDB's engine, has none", ESCAPES, ""
        if not (letter.isascii() and letter.isalnum()):
            return f"a backslash before {letter!r} means nothing", ESCAPES, f"write {letter!r} alone"
        if letter in "pPNkc":
            self._take(r"\{[^}]*\}|<[^>]*>|\w")
        why, hint = REJECTED_ESCAPES.get(letter, (f"\\{letter} is not in the subset", ""))
        return why, ESCAPES, hint

    # ── classes ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _class(self, start: int, flags: str) -> Node:
        negated = bool(self._take(r"\^"))
        among = CharSet(())
        opening = self.at
        if self._take(r"\](?![^]]*\])"):
            self._reject(start, "this class has no characters at all", hint=r"for the character itself write \[", length=self.at - start)
            return HARMLESS
        while self.at < len(self.text) and (self.text[self.at] != "]" or self.at == opening):
            among |= self._class_item(opening)
        if not self._take(r"\]"):
            self._reject(start, "this class is not closed", hint=r"add ], or for the character itself write \[")
            return HARMLESS
        folded = _chars(among, flags).among
        wanted = ~folded if negated else folded
        if not wanted:
            self._reject(start, "this class has no characters at all", length=self.at - start)
            return HARMLESS
        return Chars(wanted)

    def _class_item(self, opening: int) -> CharSet:
        start = self.at
        low = self._class_part(opening)
        if not self._take(r"-(?!\])"):
            return low
        high = self._class_part(opening)
        if low.only is None or high.only is None:
            hint = r"for the character - itself write \-"
            self._reject(start, "a range goes from one character to one character", hint=hint, length=self.at - start)
        elif low.only > high.only:
            self._reject(start, "this range runs backwards", hint="swap its ends", length=self.at - start)
        else:
            return CharSet(((low.only, high.only),))
        return HARMLESS.among

    def _class_part(self, opening: int) -> CharSet:
        """One character or escape of a class; `opening` is the position of the first one."""
        start = self.at
        self.at += 1
        character = self.text[start : self.at]
        if character == "\\":
            found = self._escape(start)
            if isinstance(found, CharSet):
                return found
            hint = r"for the backspace character write \x08" if found is Edge.WORD else ""
            self._reject(start, "a class holds characters, not places between them", hint=hint, length=2)
            return HARMLESS.among
        if character == "[":
            return self._bracket_in_class(start)
        if character == "]":
            self._reject(start, "a class can't begin with ]: to Java it is empty", hint=r"for the character itself write \]")
        if character == "-" and start != opening and not self.text.startswith("]", self.at):
            self._reject(start, "- is between two parts of a class and does not make a range", hint=r"for the character itself write \-")
        if character == "&" and self.text.startswith("&", self.at):
            hint = r"for the character itself write \&"
            self._reject(start, "&& cuts two classes in Java and is two characters elsewhere", hint=hint, length=2)
            self.at += 1
        return CharSet.of(character) if character else HARMLESS.among

    def _bracket_in_class(self, start: int) -> CharSet:
        if posix := self._take(r":\^?([a-z]*):\]"):
            ranges = POSIX.get(posix[1])
            hint = f"inside the brackets write {ranges}" if ranges else "write the characters as ranges"
            why = f"[{posix[0]} is a class in RE2 and a list of letters in Java and Python"
            self._reject(start, why, hint=hint, length=len(posix[0]) + 1)
        else:
            self._reject(start, "[ inside a class opens another one in Java only", hint=r"for the character itself write \[")
        return HARMLESS.among

    # ── the text ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _take(self, expected: str) -> re.Match[str] | None:
        found = re.compile(expected).match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def _reject(self, at: int, message: str, accepted: str = "", hint: str = "", length: int = 1) -> None:
        line = "".join(c if c.isprintable() else "·" for c in self.text)  # so that the underline is at the right place
        self.mistakes.append(Mistake(message, Place("<pattern>", column=at + 1, text=line, length=length), accepted, hint, "regex"))


def _chars(among: CharSet, flags: str) -> Chars:
    return Chars(among.folded if "i" in flags else among)
