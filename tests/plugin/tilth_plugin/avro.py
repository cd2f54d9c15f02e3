"""Avro as a codec."""

from itertools import islice

import fastavro
import pyarrow as pa

from tilth.formats.codec import Codec

KINDS = {
    pa.bool_(): {"type": "boolean"},
    pa.int64(): {"type": "long"},
    pa.float64(): {"type": "double"},
    pa.string(): {"type": "string"},
    pa.date32(): {"type": "int", "logicalType": "date"},
    pa.timestamp("us"): {"type": "long", "logicalType": "local-timestamp-micros"},
    pa.timestamp("us", "UTC"): {"type": "long", "logicalType": "timestamp-micros"},
}
WIDER = {pa.int8(): pa.int64(), pa.int16(): pa.int64(), pa.int32(): pa.int64(), pa.float32(): pa.float64()}


class Avro(Codec):
    """Avro files of flat records. A name that Avro does not allow is kept beside the field, as `column`."""

    name = "avro"
    suffixes = (".avro",)

    def decode(self, file, **options):
        reader = fastavro.reader(file)
        arrow = {tuple(sorted(avro.items())): kind for kind, avro in KINDS.items()}
        of = [f["type"][1] if isinstance(f["type"][1], dict) else {"type": f["type"][1]} for f in reader.writer_schema["fields"]]
        names = [f.get("column", f["name"]) for f in reader.writer_schema["fields"]]
        schema = pa.schema(list(zip(names, (arrow[tuple(sorted(kind.items()))] for kind in of), strict=True)))
        yield pa.RecordBatch.from_pylist([], schema=schema)
        while rows := list(islice(reader, 50_000)):
            yield pa.RecordBatch.from_pylist([dict(zip(names, row.values(), strict=True)) for row in rows], schema=schema)

    def encode(self, batches, file, **options):
        kinds = [KINDS[WIDER.get(f.type, f.type)] for f in batches.schema]
        fields = [{"name": f"c{i}", "column": n, "type": ["null", kinds[i]]} for i, n in enumerate(batches.schema.names)]
        rows = ({f"c{i}": v for i, v in enumerate(row.values())} for batch in batches for row in batch.to_pylist())
        fastavro.writer(file, {"type": "record", "name": "row", "fields": fields}, rows)
