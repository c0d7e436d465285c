"""Runs kernels at the command of the driver; see dev.viking.benchmarks.Worker for the requests."""

import gc
import sys
import time

import numpy as np
import torch

import kernels


def serve():
    known = {}

    def kernel(name):
        if name not in known:
            known[name] = kernels.make(name)
        return known[name]

    def reply(words):
        if words[0] == "threads":
            torch.set_num_threads(int(words[1]))
            return f"ok {torch.get_num_threads()}"
        if words[0] == "info":
            return f"ok Python {sys.version.split()[0]}, torch {torch.__version__}"
        if words[0] == "result":
            values = [t.detach().double().reshape(-1).numpy() for t in kernel(words[1]).result()]
            values = np.concatenate(values).astype("<f8")
            values.tofile(words[2])
            return f"ok {values.size}"
        if words[0] == "time":
            work, inner, repetitions = kernel(words[1]), int(words[2]), int(words[3])
            times = []
            for _ in range(repetitions):
                gc.disable()
                start_cpu, start = time.thread_time_ns(), time.perf_counter_ns()
                work.run(inner)
                wall, cpu = time.perf_counter_ns() - start, time.thread_time_ns() - start_cpu
                gc.enable()
                times.append(f"{wall / inner}/{cpu / inner}")
            return "ok " + " ".join(times)
        return f"error unknown request {words}"

    for line in sys.stdin:
        try:
            answer = reply(line.split())
        except Exception as e:  # noqa: BLE001  the driver reports it
            answer = f"error {type(e).__name__}: {e}".replace("\n", " ")
        print(answer, flush=True)


if __name__ == "__main__":
    serve()
