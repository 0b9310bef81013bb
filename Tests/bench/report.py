# SPDX-License-Identifier: MPL-2.0
"""Measured tables in a Markdown file: each between two marks of its own, `<!-- NAME -->` and `<!-- /NAME -->`; and precedence for what is measured."""
import contextlib
import datetime
import os
import platform


def machine():
    """The day, the processor and the kernel."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        processor = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    return f"{datetime.date.today()}, {processor}, {os.cpu_count()} processors, Linux {platform.release()}"


def put(path, name, lines):
    """Replaces what stands between the marks."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    before, _, rest = text.partition(f"<!-- {name} -->")
    _, _, after = rest.partition(f"<!-- /{name} -->")
    with open(path, "w", encoding="utf-8") as file:
        file.write(before + f"<!-- {name} -->\n" + "\n".join(lines) + f"\n<!-- /{name} -->" + after)


@contextlib.contextmanager
def precedence():
    """A control group with the greatest weight, where one can be made (first of the old kind, then of the new)."""
    for top, weight in (("/sys/fs/cgroup/cpu", "cpu.shares=200000"), ("/sys/fs/cgroup", "cpu.weight=10000")):
        group = f"{top}/vsh-bench-{os.getpid()}"
        name, _, value = weight.partition("=")
        try:
            os.mkdir(group)
            for path, text in ((f"{group}/{name}", value), (f"{group}/cgroup.procs", str(os.getpid()))):
                with open(path, "w", encoding="ascii") as file:
                    file.write(text)
            break
        except OSError:
            with contextlib.suppress(OSError):
                os.rmdir(group)
    else:
        yield False
        return
    try:
        yield True
    finally:
        with open(f"{top}/cgroup.procs", "w", encoding="ascii") as file:
            file.write(str(os.getpid()))
        with contextlib.suppress(OSError):
            os.rmdir(group)
