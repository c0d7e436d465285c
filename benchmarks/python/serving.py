"""The protocol of dev.viking.benchmarks.Worker, for the Python workers."""

import gc
import sys
import time

import numpy as np


def reply(requests, words):
    """`requests` holds make(name) -> kernel, info(), threads(n) and further verbs by name."""
    known = requests.known

    def kernel(name):
        if name not in known:
            known[name] = requests.make(name)
        return known[name]

    if words[0] == "result":
        values = np.concatenate([np.asarray(x, "<f8").reshape(-1) for x in kernel(words[1]).result()])
        values.tofile(words[2])
        return f"ok {values.size}"
    if words[0] == "prepare":
        prepare = getattr(kernel(words[1]), "prepare", None)
        if prepare:
            prepare()
        return "ok"
    if words[0] == "drop":
        known.clear()
        gc.collect()
        return "ok"
    if words[0] == "time":
        work, inner, times = kernel(words[1]), int(words[2]), []
        for _ in range(int(words[3])):
            gc.disable()
            start_cpu, start = time.thread_time_ns(), time.perf_counter_ns()
            work.run(inner)
            wall, cpu = time.perf_counter_ns() - start, time.thread_time_ns() - start_cpu
            gc.enable()
            times.append(f"{wall / inner}/{cpu / inner}")
        return "ok " + " ".join(times)
    verb = getattr(requests, words[0], None)
    if verb is None:
        return f"error unknown request {words}"
    return f"ok {verb(*words[1:])}"


def serve(requests):
    requests.known = {}
    # What libraries print must not be taken for a reply.
    replies, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        try:
            answer = reply(requests, line.split())
        except Exception as e:  # noqa: BLE001  the driver reports it
            answer = f"error {type(e).__name__}: {e}".replace("\n", " ")[:1000]
        print(answer, file=replies, flush=True)
