"""What `test_jdbc.py` runs in a process of its own, to see all that Spark and its Java print and log: commands that read by JDBC.

    python -m tests.engine.spark.marked FOLDER PASSWORD

The last line of its output is the exit code of each command, as JSON.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path

import tilth
from tests.derby import USER, Derby
from tilth.cli import app
from tilth.engine.spark.sessions import local_session

RULES = 'Rules = [ RowCount = 2, IsComplete "ID" ]'
ASKED = {  # what is asked for, the secret, and the exit code
    "table=orders": ("RIGHT", 0),
    "table=orders&partitionColumn=ID&lowerBound=1&upperBound=2&numPartitions=2": ("RIGHT", 0),
    "table=orders&fetchsize=1": ("WRONG", 2),
    "table=nowhere": ("RIGHT", 2),
    "query=SELEC 1": ("RIGHT", 2),
    "query=SELECT 1 / (id - 1) AS q FROM orders": ("RIGHT", 2),
    "table=orders&driver=org.none.Driver": ("RIGHT", 2),
    "table=orders&partitionColumn=ID&lowerBound=9&upperBound=2&numPartitions=2": ("RIGHT", 2),
    "table=orders&user=else": ("BROKEN", 2),
}


def main(folder: Path, password: str) -> dict[str, tuple[int, int]]:
    """The exit codes of commands, and those that are right."""
    spark = local_session()
    derby = Derby(spark, folder / "shop", password)
    derby.execute("create table orders (id int, amount double)", "insert into orders values (1, 2.5), (2, null)")
    spark.sparkContext.setLogLevel("INFO")  # from here on: it logs the statements that make a user
    logging.basicConfig(filename="debug.log", level=logging.DEBUG)
    right = json.dumps({"username": USER, "password": password})
    os.environ |= {app.TRACEBACK: "1", "RIGHT": right, "WRONG": right.replace('"}', '-wrong"}'), "BROKEN": f"{right[:-1]},}}"}
    Path("rules.dqdl").write_text(RULES)
    Path("flow.yaml").write_text(
        f"data: {{read: '{derby.place('table=orders')}', secret: env:RIGHT}}\ncheck: rules.dqdl\nsplit: {{train: 0.5, test: 0.5}}\n"
    )
    codes = {
        "no server": (app.run(["profile", "jdbc:derby:/nowhere?table=a", "--secret", "env:RIGHT", "--engine", "spark"]), 3),
        "no driver": (app.run(["profile", "jdbc:none://h/db?table=a", "--secret", "env:RIGHT", "--engine", "spark"]), 2),
        "a run": (app.run(["run", "flow.yaml", "-o", "out", "--engine", "spark", "--report", "html,md", "--json"]), 0),
        "a plan": (app.run(["plan", "flow.yaml", "--engine", "spark"]), 0),
    }
    for asked, (secret, code) in ASKED.items():
        words = ["check", derby.place(asked), "rules.dqdl", "--secret", f"env:{secret}", "--engine", "spark", "--json"]
        codes[asked] = (app.run(words), code)
    frame = tilth.read(derby.place("table=orders"), engine="spark", secret="env:RIGHT").source.handle
    for mode in ("extended", "formatted", "cost", "codegen"):
        frame.filter("id > 1").explain(mode=mode)
    spark.stop()
    return codes


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2])))
