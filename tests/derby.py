"""Apache Derby, the database in a file that PySpark brings with its driver, for tests of JDBC. Spark itself executes the statements."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

USER = "READER"


class Derby:
    """A database in a folder, which asks for the password of `USER`."""

    def __init__(self, spark: SparkSession, folder: Path, password: str) -> None:
        self.spark, self.url, self.password = spark, f"jdbc:derby:{folder}", password
        literal = password.replace("'", "''")
        self.execute(f"create schema {USER}", suffix=";create=true")
        self.execute(f"call syscs_util.syscs_create_user('{USER}', '{literal}')")
        with suppress(Exception):  # Derby says with an exception that it has ended; when it is opened again, it asks for the password
            self.execute("values 1", suffix=";shutdown=true")

    def execute(self, *statements: str, suffix: str = "") -> None:
        """Execute statements. Spark executes one when it opens a connection, before it reads."""
        given: Any = {"url": self.url + suffix, "user": USER, "password": self.password, "dbtable": "sysibm.sysdummy1"}
        for statement in statements:
            self.spark.read.format("jdbc").options(**given, sessionInitStatement=statement).load().collect()

    def place(self, asked: str) -> str:
        """A place in this database."""
        return f"{self.url}?{asked}"
