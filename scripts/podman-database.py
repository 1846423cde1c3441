#!/usr/bin/env python3
"""Makes tests/data/podman.sql and its log: a database with the tables of Podman's, in the state that a running Podman
leaves it in. Its pages are the smallest there are, so that a small file has every form of page."""

import json
import pathlib
import shutil
import sqlite3
import tempfile

POD = "d" * 64
TABLES = """
CREATE TABLE ContainerConfig(ID TEXT PRIMARY KEY NOT NULL, Name TEXT UNIQUE NOT NULL, PodID TEXT, JSON TEXT NOT NULL);
CREATE TABLE PodConfig(ID TEXT PRIMARY KEY NOT NULL, Name TEXT UNIQUE NOT NULL, JSON TEXT NOT NULL);
CREATE TABLE PodState(ID TEXT PRIMARY KEY NOT NULL, InfraContainerID TEXT, JSON TEXT NOT NULL);
"""


def container(number, name):
    labels = {"number": str(number), "filler": "x" * (number * 50)}
    healthcheck = {"Test": ["CMD", "true"]}
    told = {"id": f"{number:064x}", "name": name, "labels": labels, "pod": POD, "healthcheck": healthcheck}
    return (f"{number:064x}", name, POD, json.dumps(told))


def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    path = folder / "podman.sql"
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA page_size = 512")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA wal_autocheckpoint = 0")
    for statement in TABLES.strip().split("\n"):
        database.execute(statement)
    database.execute("BEGIN")
    for number in range(40):
        database.execute("INSERT INTO ContainerConfig VALUES (?, ?, ?, ?)", container(number, f"job-{number}"))
    pod = {"id": POD, "name": "shop", "labels": {"app": "web"}}
    database.execute("INSERT INTO PodConfig VALUES (?, ?, ?)", (POD, "shop", json.dumps(pod)))
    infra = f"{1:064x}"
    database.execute("INSERT INTO PodState VALUES (?, ?, ?)", (POD, infra, json.dumps({"InfraContainerID": infra})))
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.execute("BEGIN")
    database.execute("UPDATE ContainerConfig SET Name = ?, JSON = ? WHERE ID = ?",
                     (lambda row: (row[1], row[3], row[0]))(container(3, "renamed")))
    database.execute("INSERT INTO ContainerConfig VALUES (?, ?, ?, ?)", container(40, "new"))
    database.execute("DELETE FROM ContainerConfig WHERE ID = ?", (f"{5:064x}",))
    database.execute("COMMIT")
    target = pathlib.Path(__file__).parent.parent / "tests/data"
    for name in ("podman.sql", "podman.sql-wal"):
        shutil.copy(folder / name, target / name)
    database.close()
    shutil.rmtree(folder)


main()
