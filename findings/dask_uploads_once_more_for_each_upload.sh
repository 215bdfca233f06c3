#!/usr/bin/env bash
# distributed 2026.8.0 with dask 2026.8.0 (PyPI); needs Python 3.11.
#
# Client.upload_file of one unchanged file, three times: each registers a plugin under a random name, and none is ever
# removed. A worker that starts afterwards writes and imports that file three times, and begins all three before one
# is done: all write to one path, which each truncates first, so that one may import a half-written file (for an
# archive this sometimes ends in a KeyError of pkgutil). Registering distributed's UploadFile directly, under one name
# and with `idempotent` set, writes it once.
#
# Seen:
#   uploads that a restarted worker carries out: 3
#   begun before the first was done: 3
#   registered under one name: 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check distributed==2026.8.0 dask==2026.8.0
mkdir work
cat > show.py <<'PY'
from pathlib import Path

from distributed import LocalCluster, WorkerPlugin
from distributed.diagnostics.plugin import UploadFile


class Count(WorkerPlugin):
    """Registered first, so that it is there when a new worker begins with the uploads."""

    def setup(self, worker):
        upload, worker.events = worker.upload_file, []

        async def counted(filename, data, load=True):
            worker.events.append("begun")
            reply = await upload(filename, data, load)
            worker.events.append("done")
            return reply

        worker.upload_file = counted


def after_a_restart(names):
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster, cluster.get_client() as client:
        client.register_plugin(Count(), name="count")
        for name in names:
            if name is None:
                client.upload_file("helper.py")
            else:
                plugin = UploadFile("helper.py")
                plugin.idempotent = True
                client.register_plugin(plugin, name=name)
        client.restart()
        (events,) = client.run(lambda dask_worker: dask_worker.events).values()
        return events


if __name__ == "__main__":
    # Of more than 10,000 bytes: a smaller file is written in the event loop.
    Path("helper.py").write_text("VALUE = 1\n" + "# a line of a helper\n" * 1000)
    events = after_a_restart([None] * 3)
    print("uploads that a restarted worker carries out:", events.count("done"))
    print("begun before the first was done:", events.index("done"))
    print("registered under one name:", after_a_restart(["helper"] * 3).count("done"))
PY
cp show.py work/ && cd work
DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED=false ../venv/bin/python show.py 2>errors | tee seen || { cat errors; exit 1; }
diff seen - <<'SEEN'
uploads that a restarted worker carries out: 3
begun before the first was done: 3
registered under one name: 1
SEEN
