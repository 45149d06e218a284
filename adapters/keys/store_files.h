#pragma once
// Files that must be there for good, and those below a RocksDB database for whoever must know that bytes are really
// gone: RocksDB removes files that it no longer needs a little after the call that made them obsolete.

#include <chrono>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <system_error>

namespace rocksdb {
class DB;
}

namespace countersign::keys {

/// Makes creations and renames in the directory durable; failures are ignored (some file systems refuse it).
void sync_directory(const std::filesystem::path& directory);

/// Gives the file this text (mode 0600), whole whatever happens: a new one is synced, takes its name, and is there for
/// good on return. On an error the former one stays.
std::error_code replace_file(const std::filesystem::path& file, std::string_view text);

/// Names of the write-ahead logs that exist now.
std::set<std::string> wal_files(rocksdb::DB& db);
/// Waits until none of `old_wals` and no table file that the database has given up exists any more.
/// False when that takes longer than `patience`.
bool wait_for_removal(rocksdb::DB& db, const std::set<std::string>& old_wals, std::chrono::milliseconds patience);

}  // namespace countersign::keys
