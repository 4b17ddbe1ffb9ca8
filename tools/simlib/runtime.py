# SPDX-License-Identifier: MIT
"""The life of a simulator process: start, say ready on one line, run until told to end or until its parent is
gone."""
import asyncio
import json
import os
import signal
import sys

PARENT_CHECK_S = 0.3
END_S = 0.7


def process_mark(pid):
    """What tells this process from a later one of the same number; None when it is gone or a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


async def watch_parent(pid, stop):
    mark = process_mark(pid)
    while mark is not None and process_mark(pid) == mark:
        await asyncio.sleep(PARENT_CHECK_S)
    stop.set()


def say_ready(facts):
    sys.stdout.write(json.dumps({"ready": True, "pid": os.getpid()} | facts) + "\n")
    sys.stdout.flush()


async def until_told(parent_pid, tasks, facts):
    """Says ready, then waits for SIGTERM, SIGINT or the parent's end. A task that dies ends the program."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    stopping = asyncio.ensure_future(stop.wait())
    if parent_pid:
        tasks = tasks + [asyncio.ensure_future(watch_parent(parent_pid, stop))]
    say_ready(facts)
    while not stop.is_set():
        done, _ = await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
        tasks = [task for task in tasks if task not in done]
        for task in done:
            task.result()


def run(main, journals):
    """Runs main() to its end; what is written stays written, and nothing that hangs keeps the process."""
    code = 0
    try:
        asyncio.run(_bounded(main))
    except (OSError, ValueError, KeyError) as why:
        sys.stderr.write(f"{type(why).__name__}: {why}\n")
        code = 1
    for journal in journals():
        journal.flush()
    sys.stdout.flush()
    os._exit(code)


async def _bounded(main):
    await main()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    asyncio.get_running_loop().call_later(END_S, os._exit, 0)
