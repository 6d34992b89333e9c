"""Between which numbers the parameters of a run lie. Alone, because importing it costs nothing."""

BATCH_SIZE_BOUNDS = (10, 5_000_000)
WORKERS_BOUNDS = (1, 256)
MEMORY_BOUNDS = (128, 1_048_576)
DEFAULT_MEMORY_MB = 512
