"""Who carries out the segments of a run: processes of this machine, or the workers of a Dask cluster."""
