"""The worker pools that carry out a run's segments: processes on this machine, or workers of a Dask cluster."""
