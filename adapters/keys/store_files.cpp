#include "adapters/keys/store_files.h"

#include <fcntl.h>
#include <rocksdb/db.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <thread>
#include <vector>

namespace countersign::keys {
namespace {

std::vector<std::string> children(rocksdb::DB& db) {
  std::vector<std::string> names;
  if (!db.GetEnv()->GetChildren(db.GetName(), &names).ok()) names.clear();
  return names;
}

bool is_empty(rocksdb::DB& db, const std::string& name) {
  std::uint64_t size = 0;
  const auto status = db.GetEnv()->GetFileSize(db.GetName() + "/" + name, &size);
  return status.IsNotFound() || status.IsPathNotFound() || (status.ok() && size == 0);
}

bool removed(rocksdb::DB& db, const std::set<std::string>& old_wals) {
  std::set<std::string> live;
  // Listed before the metadata is read: a table made in between is then not mistaken for an abandoned one.
  const auto names = children(db);
  if (names.empty()) return false;
  std::vector<rocksdb::LiveFileMetaData> tables;
  db.GetLiveFilesMetaData(&tables);
  for (const auto& table : tables) live.insert(table.name.substr(table.name.find_first_not_of('/')));
  for (const std::string& name : names) {
    // RocksDB may keep a log that was empty when it was opened until the next start; an empty one tells nothing.
    if (old_wals.contains(name) && !is_empty(db, name)) return false;
    if (name.ends_with(".sst") && !live.contains(name)) return false;
  }
  std::vector<std::string> archived;
  return !db.GetEnv()->GetChildren(db.GetName() + "/archive", &archived).ok() || archived.empty();
}

}  // namespace

void sync_directory(const std::filesystem::path& directory) {
  const int fd = ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

std::error_code replace_file(const std::filesystem::path& file, std::string_view text) {
  auto fresh = file;
  fresh += ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const auto last_error = [] { return std::error_code(errno, std::system_category()); };
  if (fd < 0) return last_error();
  std::error_code error;
  errno = ENOSPC;  // what a write that was cut short means
  if (::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()) || ::fsync(fd) != 0)
    error = last_error();
  if (::close(fd) != 0 && !error) error = last_error();
  if (!error && ::rename(fresh.c_str(), file.c_str()) != 0) error = last_error();
  if (!error) sync_directory(file.parent_path());
  return error;
}

std::set<std::string> wal_files(rocksdb::DB& db) {
  std::set<std::string> wals;
  for (const std::string& name : children(db)) {
    if (name.ends_with(".log")) wals.insert(name);
  }
  return wals;
}

bool wait_for_removal(rocksdb::DB& db, const std::set<std::string>& old_wals, std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!removed(db, old_wals)) {
    if (std::chrono::steady_clock::now() >= until) return false;
    // A read that was under way when a file became obsolete keeps it alive, and ends without removing it. Switching
    // removal off and on makes RocksDB look through the whole directory now.
    if (!db.DisableFileDeletions().ok() || !db.EnableFileDeletions(false).ok()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace countersign::keys
