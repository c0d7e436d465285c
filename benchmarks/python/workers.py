"""Processes that run kernels; see dev.viking.benchmarks.Worker for the protocol."""

import os
import pathlib
import select
import subprocess
import tempfile
import time

import numpy as np


class WorkerError(Exception):
    """A request failed; the worker may have ended, and is started again with the next request."""


def _named(request):
    """A request without the name of a temporary file, for reports."""
    return " ".join(word for word in request.split() if not word.endswith(".f64"))


class Worker:
    def __init__(self, name, command, folder=None, clock="wall", threads=2, timeout=600, environment=None):
        self.name, self.command, self.folder = name, command, folder
        self.clock = 0 if clock == "wall" else 1
        self.threads, self.timeout = threads, timeout
        self.environment = environment or {}
        self.process = None

    def start(self):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            cwd=self.folder,
            env={**os.environ, "OMP_NUM_THREADS": str(self.threads), **self.environment},
        )
        self._ask(f"threads {self.threads}")

    def ask(self, request):
        if self.process is None:
            self.start()
        return self._ask(request)

    def _ask(self, request):
        try:
            self.process.stdin.write(request + "\n")
            self.process.stdin.flush()
            ready, _, _ = select.select([self.process.stdout], [], [], self.timeout)
            reply = self.process.stdout.readline().strip() if ready else None
        except OSError:
            reply = ""
        if reply is None:
            self.close(kill=True)
            raise WorkerError(f"{_named(request)}: no answer in {self.timeout} s")
        if not reply.startswith("ok"):
            if not reply:
                self.log.seek(0)
                last = self.log.read()[-500:].strip().replace("\n", " ")
                self.close(kill=True)
                reply = f"the worker ended: {last}"
            raise WorkerError(f"{_named(request)}: {reply}")
        return reply[2:].strip()

    def result(self, kernel):
        with tempfile.NamedTemporaryFile(suffix=".f64") as file:
            self.ask(f"result {kernel} {file.name}")
            return np.fromfile(file.name, "<f8")

    def residual(self, setting, kind, samples):
        with tempfile.NamedTemporaryFile(suffix=".f64") as file:
            samples.astype("<f8").tofile(file.name)
            value, rows, without = self.ask(f"residual {setting} {kind} {file.name}").split()
            return float(value), int(rows), float(without)

    def time(self, kernel, inner):
        return float(self.ask(f"time {kernel} {inner} 1").split("/")[self.clock])

    def drop(self):
        """Frees kernels, where the process is up and can."""
        if self.process is not None and self.name != "cpp":
            try:
                self.ask("drop")
            except WorkerError:
                pass

    def memory(self, field):
        """VmRSS or VmHWM of the process in bytes."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
        raise WorkerError(f"no {field} in /proc")

    def forget_peak(self):
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        time.sleep(0.05)

    def close(self, kill=False):
        if self.process is None:
            return
        if kill:
            self.process.kill()
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None
