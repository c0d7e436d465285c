"""Runs the kernels of the authors' JAX library at the command of the driver; see dev.viking.benchmarks.Worker.

The first argument is the number of threads: XLA takes as many as the process may use cores, so the others are given up
before it starts. VIKING_JAX_HOME and MATFREE_HOME hold the sources of fadel/viking and pnkraemer/matfree.
"""

import os
import pathlib
import subprocess
import sys


def sources():
    """Puts both checkouts on the path, and describes them."""
    found = []
    for variable, inner in (("VIKING_JAX_HOME", "src/viking"), ("MATFREE_HOME", "matfree")):
        home = pathlib.Path(os.environ.get(variable) or sys.exit(f"{variable} is not set"))
        if not (home / inner).is_dir():
            sys.exit(f"{variable}: {home} holds no {inner}; a checkout of the repository is needed")
        sys.path.insert(0, str((home / inner).parent))
        inside = (home / ".git").exists()
        head = subprocess.run(["git", "-C", home, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
        found.append(f"{pathlib.Path(inner).name} {head.stdout.strip() if inside else 'without a revision'}")
    return found


def main():
    threads = int(sys.argv[1])
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    os.environ["JAX_PLATFORMS"] = "cpu"
    if threads == 1:
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    found = sources()

    import jax
    import numpy as np

    # Compiling a step takes longer than timing it: what an earlier run compiled is taken again.
    jax.config.update("jax_compilation_cache_dir", str(pathlib.Path(__file__).parents[1] / "target" / "jax-cache"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)

    import jax_kernels
    import serving

    class Requests:
        def make(self, name):
            made = jax_kernels.make(name)
            result = made.result
            made.result = lambda: [np.asarray(x, np.float64) for x in result()]
            return made

        def threads(self, count):
            if int(count) != threads:
                raise ValueError(f"started with {threads} threads, {count} asked for")
            return threads

        def info(self):
            return f"JAX {jax.__version__}, " + ", ".join(found)

    serving.serve(Requests())


if __name__ == "__main__":
    main()
