#pragma once
// A RocksDB file system over the machine's that knows what has been synced, and can lose power: from a chosen operation
// on everything fails, and forget_unsynced() then takes back what the disk had not been told to keep: bytes appended or
// overwritten without a sync, and files made, renamed or deleted without a sync of their directory.
//
// Limits: files are tracked from their opening through this object on. Concurrency: safe from any thread.

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace countersign::testing {

class ForgetfulFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  ForgetfulFileSystem() : rocksdb::FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "ForgetfulFileSystem"; }

  /// Power goes at the `operations`-th write, sync, creation, renaming or deletion from now on.
  void lose_power_after(std::uint64_t operations);
  /// The next `count` syncs fail without losing power.
  void fail_syncs(int count);
  /// Meanwhile nothing can be appended to files: no space left.
  void set_full(bool full) { full_ = full; }
  bool full() const { return full_; }
  /// Meanwhile every sync waits, as on a disk that is very slow.
  void hold_syncs(bool hold);
  /// Syncs that wait now.
  int held_syncs() const { return held_syncs_; }
  bool powerless() const;
  std::uint64_t operations() const;
  /// Puts the files back as a disk would have kept them. `torn`: half of each file's unsynced tail stays.
  void forget_unsynced(bool torn);

  using Options = rocksdb::FileOptions;
  using IO = rocksdb::IOOptions;
  using Debug = rocksdb::IODebugContext;
  rocksdb::IOStatus NewWritableFile(const std::string& path, const Options& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file, Debug* debug) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& path, const Options& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file, Debug* debug) override;
  rocksdb::IOStatus NewRandomRWFile(const std::string& path, const Options& options,
                                    std::unique_ptr<rocksdb::FSRandomRWFile>* file, Debug* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& path, const IO& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory, Debug* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const IO& options, Debug* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const IO& options,
                               Debug* debug) override;

  // For the files that it hands out.
  rocksdb::IOStatus operation();
  rocksdb::IOStatus sync_operation();
  void appended(const std::string& path, std::uint64_t size);
  void synced(const std::string& path);
  void overwriting(const std::string& path, std::uint64_t at, std::size_t size);
  void directory_synced(const std::string& path);

 private:
  struct Overwrite {
    std::uint64_t at;
    std::string former;
  };
  struct File {
    std::uint64_t size = 0;
    std::uint64_t synced_size = 0;
    std::vector<Overwrite> overwrites;  ///< unsynced, oldest first
  };
  /// What a directory was like before something that it hasn't been synced for.
  struct Entry {
    std::string path;
    std::optional<std::string> former;  ///< the file's bytes; nothing: there was none
  };
  static std::string directory_of(const std::string& path) { return path.substr(0, path.find_last_of('/')); }
  void remember(const std::string& path);

  mutable std::mutex mutex_;
  std::uint64_t operations_ = 0;
  std::optional<std::uint64_t> power_goes_at_;
  int failing_syncs_ = 0;
  std::atomic<bool> full_ = false, hold_syncs_ = false;
  std::atomic<int> held_syncs_ = 0;
  std::map<std::string, File> files_;
  std::map<std::string, std::vector<Entry>> directories_;  ///< unsynced changes, oldest first
};

}  // namespace countersign::testing
