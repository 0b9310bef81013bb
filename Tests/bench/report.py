# SPDX-License-Identifier: MPL-2.0
"""Measured tables in a Markdown file: each between two marks of its own, `<!-- NAME -->` and `<!-- /NAME -->`."""
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
