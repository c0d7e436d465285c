"""Where the steps start, as in dev.viking.benchmarks.VikingStepKernel."""

LOG_PRECISION = 4.0
LOG_SCALE_IMAGE = -3.0
DATA_SIZE = 60_000
