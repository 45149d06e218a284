#pragma once
// The threads that RocksDB flushes and compacts with belong to the process, not to a database.

namespace countersign::bus {

/// Commands and queries come first: flushes and compactions get what is left of the processors (Linux: nice 19). They
/// can't starve: once the tables in memory are full, writes wait for them. For a program's beginning.
void lower_background_threads();

}  // namespace countersign::bus
