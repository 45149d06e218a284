#pragma once
// The data directory: held by one process, with the keys' files where settings say.
//
//   lock  master-key  root-key  keys/ (RocksDB)  log/ (RocksDB, anchor)  views/ (RocksDB)  merkle/ (RocksDB)  heads/
//   exports/ (RocksDB)  operations/  erasures

#include <filesystem>
#include <stdexcept>
#include <string>

#include "tools/countersignd/settings.h"

namespace countersign::server {

/// A text for the operator: what is wrong, where, what to do.
struct StartRefused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class DataDirectory {
 public:
  /// Makes the directory (0700) if it isn't there and locks it. Throws StartRefused.
  explicit DataDirectory(std::filesystem::path path);
  ~DataDirectory();
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path keys() const { return path_ / "keys"; }
  std::filesystem::path log() const { return path_ / "log"; }
  std::filesystem::path views() const { return path_ / "views"; }
  /// Of events; follows from the views, and may be removed while the server is stopped.
  std::filesystem::path index() const { return path_ / "index"; }
  std::filesystem::path merkle() const { return path_ / "merkle"; }
  std::filesystem::path heads() const { return path_ / "heads"; }
  /// How far SIEM destinations have come; without it events are sent again.
  std::filesystem::path exports() const { return path_ / "exports"; }
  std::filesystem::path operations() const { return path_ / "operations"; }
  std::filesystem::path erasures() const { return path_ / "erasures"; }
  bool has_log() const;

  /// The text of the root key; `origin` says where it came from, for people.
  std::string root_key(const Settings& settings, std::string& origin) const;
  std::filesystem::path master_key_file(const Settings& settings) const;

 private:
  std::filesystem::path path_;
  int lock_ = -1;
};

}  // namespace countersign::server
