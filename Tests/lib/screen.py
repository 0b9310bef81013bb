# SPDX-License-Identifier: MPL-2.0
"""A terminal's screen: what a shell's output makes of it, with colours, and a shell on it whose screen can be waited for."""
import re
import select
import time
import unicodedata

from terminal import Session, Timeout


def width(character):
    """Columns of a character; 0 for one that combines."""
    code = ord(character)
    if unicodedata.combining(character) or code in (0x200D, 0xFE0F) or 0x1F3FB <= code <= 0x1F3FF:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class Screen:
    """Rows of cells (text, style); style is a tuple of SGR parameters. Rows that scroll off go into `history`."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.history, self.pending, self.style, self.rest = [], False, (), b""
        self.lines = [self._blank() for _ in range(rows)]
        self.row = self.column = 0
        self.repaints = 0
        self.modes = set()
        self.bells = 0
        self.shape = ""
        self.commands = []
        self.titles = []
        self.unknown = []

    def _blank(self):
        return [(" ", ())] * self.columns

    def feed(self, data):
        data = self.rest + data
        self.rest = b""
        at = 0
        while at < len(data):
            byte = data[at]
            if byte == 27:
                match = re.match(rb"\x1b\[([0-9;?<=>]*)([ -/]*)([@-~])|\x1b\]([^\x07\x1b]*)(?:\x07|\x1b\\)|\x1b[()][0-9A-B]|\x1b[=>78]",
                                 data[at:])
                if not match:
                    if len(data) - at < 200:
                        self.rest = data[at:]
                        return
                    self.unknown.append(data[at:at + 20])
                    at += 1
                    continue
                if match[3]:
                    self._sequence(match[1].decode(), match[2].decode(), match[3].decode())
                elif match[4] is not None:
                    self.commands.append(match[4].decode(errors="replace"))
                at += match.end()
            elif byte == 13:
                self.column, self.pending = 0, False
                at += 1
            elif byte == 10:
                self._feed_line()
                at += 1
            elif byte == 8:
                self.column, self.pending = max(0, self.column - 1), False
                at += 1
            elif byte == 7:
                self.bells += 1
                at += 1
            elif byte == 9:
                self.column = min(self.columns - 1, self.column // 8 * 8 + 8)
                at += 1
            elif byte < 32:
                self.unknown.append(bytes([byte]))
                at += 1
            else:
                length = 1 if byte < 0xC0 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
                if at + length > len(data):
                    self.rest = data[at:]
                    return
                self._put(data[at:at + length].decode(errors="replace"))
                at += length

    def _feed_line(self):
        self.pending = False
        if self.row + 1 < self.rows:
            self.row += 1
        else:
            self.history.append(self.lines.pop(0))
            self.lines.append(self._blank())

    def _put(self, text):
        columns = width(text[0])
        if columns == 0:
            place = self.column if self.pending else self.column - 1
            while place > 0 and self.lines[self.row][place][0] == "":
                place -= 1
            if place >= 0:
                old = self.lines[self.row][place]
                self.lines[self.row][place] = (old[0] + text, old[1])
            return
        if self.pending or self.column + columns > self.columns:
            self._feed_line()
            self.column = 0
        line = self.lines[self.row]
        for place in range(self.column, min(self.column + columns, self.columns)):
            if line[place][0] == "" and place > 0:
                line[place - 1] = (" ", ())
            if place + 1 < self.columns and line[place + 1][0] == "":
                line[place + 1] = (" ", ())
        line[self.column] = (text, self.style)
        if columns == 2 and self.column + 1 < self.columns:
            line[self.column + 1] = ("", self.style)
        self.column += columns
        self.pending = self.column >= self.columns
        if self.pending:
            self.column = self.columns - 1

    def _sequence(self, parameters, middle, final):
        numbers = [int(part) if part.isdigit() else 0 for part in parameters.lstrip("?<=>").split(";")]
        count = max(numbers[0], 1)
        if parameters.startswith("?"):
            if final == "h":
                self.modes.add(numbers[0])
                self.repaints += numbers[0] == 2026
            elif final == "l":
                self.modes.discard(numbers[0])
            return
        if final == "q" and middle == " ":
            self.shape = parameters
            return
        if parameters[:1] in "<=>" and parameters:
            return
        if final != "m":
            self.pending = False
        if final == "A":
            self.row = max(0, self.row - count)
        elif final == "B":
            self.row = min(self.rows - 1, self.row + count)
        elif final == "C":
            self.column = min(self.columns - 1, self.column + count)
        elif final == "D":
            self.column = max(0, self.column - count)
        elif final == "H":
            self.row, self.column = min(count, self.rows) - 1, min(max((numbers + [1])[1], 1), self.columns) - 1
        elif final == "J":
            if numbers[0] == 2:
                self.lines = [self._blank() for _ in range(self.rows)]
            else:
                self._erase(self.row, self.column)
                for row in range(self.row + 1, self.rows):
                    self._erase(row, 0)
        elif final == "K":
            self._erase(self.row, self.column)
        elif final == "m":
            for number in numbers:
                self.style = () if number == 0 else self.style + (number,)
        else:
            self.unknown.append(f"CSI {parameters}{middle}{final}")

    def _erase(self, row, column):
        if column > 0 and column < self.columns and self.lines[row][column][0] == "":
            self.lines[row][column - 1] = (" ", ())
        self.lines[row][column:] = [(" ", ())] * (self.columns - column)

    def text(self):
        """The screen's text: rows without the blanks at their ends, and without empty rows at the end."""
        return "\n".join("".join(cell[0] for cell in line).rstrip() for line in self.lines).rstrip("\n")

    def style_of(self, text):
        """The style of the first cell of a text on the screen."""
        for line in reversed(self.lines):
            place = "".join(cell[0] or "\0" for cell in line).find(text)
            if place >= 0:
                return line[place][1]
        raise AssertionError(f"no {text!r} on the screen:\n{self.text()}")

    def resize(self, columns, rows):
        """Another size; rows are cut or filled up, as by a terminal that does not wrap anew."""
        for line in self.lines:
            line[columns:] = []
            line += [(" ", ())] * (columns - len(line))
        while len(self.lines) > rows:
            if self.row < len(self.lines) - 1:
                self.lines.pop()
            else:
                self.history.append(self.lines.pop(0))
                self.row -= 1
        while len(self.lines) < rows:
            self.lines.append([(" ", ())] * columns)
        self.columns, self.rows = columns, rows
        self.column, self.pending = min(self.column, columns - 1), False


class ScreenSession(Session):
    """A shell whose output goes to a `Screen`."""

    def __init__(self, command, cwd, home, columns=80, rows=24, **options):
        options.setdefault("term", "xterm-256color")
        # A hint would move the lines that tests look at.
        options["env"] = {"VSH_HINTS": "off", **(options.get("env") or {})}
        super().__init__(command, cwd, home, columns=columns, rows=rows, **options)
        self.screen = Screen(columns, rows)
        self.fed = 0

    def update(self, seconds=0.0):
        """Takes what the shell writes within `seconds`."""
        alive = self._read(seconds)
        self.screen.feed(self.output[self.fed:])
        self.fed = len(self.output)
        return alive

    def see(self, pattern, seconds=None):
        """Waits until the screen's text matches (searched, multi-line); returns the text."""
        return self.until(lambda screen: re.search(pattern, screen.text(), re.M), f"no {pattern!r}", seconds)

    def until(self, condition, what="it did not come", seconds=None):
        deadline = time.monotonic() + (seconds or self.timeout)
        while True:
            self.update()
            if condition(self.screen):
                return self.screen.text()
            left = deadline - time.monotonic()
            if left <= 0 or not self.update(min(left, 0.1)):
                if condition(self.screen):
                    return self.screen.text()
                raise Timeout(f"{what} on the screen:\n{self.screen.text()}")

    def settle(self, quiet=0.06, seconds=20.0):
        """Waits until nothing was written for a while and the shell sleeps."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if select.select([self.fd], [], [], quiet)[0]:
                if not self.update():
                    return
            elif self._sleeps() and not select.select([self.fd], [], [], 0)[0]:
                self.update()
                return

    def _sleeps(self):
        """The process waits: on a busy machine being quiet may only mean that it has not run yet."""
        try:
            with open(f"/proc/{self.pid}/stat") as file:
                return file.read().rsplit(")", 1)[1].split()[0] not in "RD"
        except OSError:
            return True

    def press(self, key, quiet=0.045):
        """Types a key while the shell sleeps, and waits until it woke, as it does for every key, and is quiet again."""
        runs = self._runs()
        self.send(key)
        deadline = time.monotonic() + self.timeout
        while self._runs() == runs and time.monotonic() < deadline:
            time.sleep(0.001)
        self.settle(quiet)

    def _runs(self):
        """How often the process was given the processor."""
        try:
            with open(f"/proc/{self.pid}/schedstat") as file:
                return file.read().split()[2]
        except OSError:
            return ""

    def type(self, keys, pattern=None):
        """Types keys, and waits for the screen to match or to be quiet."""
        self.send(keys)
        if pattern:
            return self.see(pattern)
        self.settle()
        return self.screen.text()

    def set_size(self, columns, rows):
        """Another window size, which the shell is told of."""
        import fcntl
        import struct
        import termios
        self.settle()
        self.screen.resize(columns, rows)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def row(self):
        """The text of the cursor's row."""
        return "".join(cell[0] for cell in self.screen.lines[self.screen.row]).rstrip()
