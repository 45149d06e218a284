"""Who may write to the log's topic and has no key: what he can produce, with kcat."""
import pathlib
import subprocess
import tempfile

# What nodes must have counted after forge(), at least.
REASONS = {"damaged", "forged", "wrong_partition", "stale_claim"}
HEADER_BYTES, KIND_AT, READER_AT, PARTITION_AT, CLUSTER_AT = 32, 8, 6, 12, 16
CLAIM, FRAME = 1, 2
LARGEST = 990_000  # the topic takes 1 MB


def records(brokers, topic, partition):
    """All values of a partition, as they are. (kcat's own end of a partition never comes while others write.)"""
    asked = subprocess.run(["kcat", "-Q", "-b", brokers, "-t", f"{topic}:{partition}:-1"], capture_output=True, text=True, timeout=60, check=True)
    end = asked.stdout.split()[-1]
    said = subprocess.run(["kcat", "-C", "-b", brokers, "-t", topic, "-p", str(partition), "-o", "beginning", "-c", end, "-q", "-f", "%S\n%s"],
                          capture_output=True, timeout=120, check=True).stdout
    found = []
    while said:
        length, _, said = said.partition(b"\n")
        found.append(said[:max(0, int(length))])
        said = said[max(0, int(length)):]
    return found


def produce(brokers, topic, partition, values):
    with tempfile.TemporaryDirectory(prefix="countersign-e2e-") as scratch:
        files = []
        for number, value in enumerate(values):
            files.append(pathlib.Path(scratch) / str(number))
            files[-1].write_bytes(value)
        subprocess.run(["kcat", "-P", "-b", brokers, "-t", topic, "-p", str(partition), *files], check=True, capture_output=True, timeout=120)


def with_byte(record, at, change):
    return record[:at] + bytes([record[at] ^ change]) + record[at + 1:]


def forge(brokers, topic, partition, chance):
    """Writes all that he can think of, and returns how many records that is."""
    genuine = records(brokers, topic, partition)
    elsewhere = records(brokers, topic, partition + 1 if partition == 0 else partition - 1)
    claims = [record for record in genuine if record[KIND_AT] == CLAIM]
    frames = [record for record in genuine if record[KIND_AT] == FRAME]
    newest = claims[-1]
    values = [chance.randbytes(size) for size in (1, 31, 32, 64, 5_000, LARGEST)]  # noise
    values += [claims[0], newest, *frames[:5], *frames[-5:]]  # what was said before
    for record in (newest, frames[0], frames[-1]):
        values += [with_byte(record, chance.randrange(HEADER_BYTES, len(record)), 1 << chance.randrange(8)) for _ in range(5)]
        values += [record[:len(record) // 2], record[:-1], record + b"\0", record[:HEADER_BYTES]]
        # As if it were of a release to come, of another kind, of another partition, of another cluster.
        values += [with_byte(record, at, 0x40) for at in (READER_AT, KIND_AT, PARTITION_AT, CLUSTER_AT)]
    values += elsewhere[-3:]
    chance.shuffle(values)
    produce(brokers, topic, partition, values)
    return len(values)
