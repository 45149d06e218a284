#include "tests/support/forgetful_file_system.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/file_bytes.h"

namespace countersign::testing {
namespace {

using rocksdb::IOStatus;

void write_back(const std::string& path, std::uint64_t at, const std::string& bytes) {
  const int file = ::open(path.c_str(), O_WRONLY);
  if (file < 0) return;
  if (::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(at)) < 0) std::abort();
  ::close(file);
}

class ForgetfulWritable final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  ForgetfulWritable(std::unique_ptr<rocksdb::FSWritableFile> file, ForgetfulFileSystem& disk, std::string path,
                    std::uint64_t size)
      : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk), path_(std::move(path)), size_(size) {}

  using FSWritableFileOwnerWrapper::Append;
  IOStatus Append(const rocksdb::Slice& bytes, const rocksdb::IOOptions& options,
                  rocksdb::IODebugContext* debug) override {
    if (IOStatus status = disk_.operation(); !status.ok()) return status;
    if (disk_.full()) return IOStatus::NoSpace("the disk is full");
    disk_.appended(path_, size_ += bytes.size());
    // Straight to the file, so that taking back is a truncation.
    if (IOStatus status = target()->Append(bytes, options, debug); !status.ok()) return status;
    return target()->Flush(options, debug);
  }
  IOStatus Sync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override { return sync(); }
  IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override { return sync(); }
  IOStatus Allocate(uint64_t, uint64_t, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return IOStatus::OK();
  }
  void PrepareWrite(size_t, size_t, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
  }  // no preallocation
  bool IsSyncThreadSafe() const override { return true; }

 private:
  /// Without asking the disk below: what counts as kept is decided here, and real syncs would only cost time.
  IOStatus sync() {
    if (IOStatus status = disk_.sync_operation(); !status.ok()) return status;
    disk_.synced(path_);
    return IOStatus::OK();
  }
  ForgetfulFileSystem& disk_;
  std::string path_;
  std::uint64_t size_;
};

class ForgetfulRandomRW final : public rocksdb::FSRandomRWFileOwnerWrapper {
 public:
  ForgetfulRandomRW(std::unique_ptr<rocksdb::FSRandomRWFile> file, ForgetfulFileSystem& disk, std::string path)
      : FSRandomRWFileOwnerWrapper(std::move(file)), disk_(disk), path_(std::move(path)) {}

  IOStatus Write(uint64_t at, const rocksdb::Slice& bytes, const rocksdb::IOOptions& options,
                 rocksdb::IODebugContext* debug) override {
    if (IOStatus status = disk_.operation(); !status.ok()) return status;
    disk_.overwriting(path_, at, bytes.size());
    return target()->Write(at, bytes, options, debug);
  }
  IOStatus Sync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override { return sync(); }
  IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override { return sync(); }

 private:
  rocksdb::FSRandomRWFile* target() const { return FSRandomRWFileWrapper::target(); }
  IOStatus sync() {
    if (IOStatus status = disk_.sync_operation(); !status.ok()) return status;
    disk_.synced(path_);
    return IOStatus::OK();
  }
  ForgetfulFileSystem& disk_;
  std::string path_;
};

class ForgetfulDirectory final : public rocksdb::FSDirectory {
 public:
  ForgetfulDirectory(ForgetfulFileSystem& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    if (IOStatus status = disk_.sync_operation(); !status.ok()) return status;
    disk_.directory_synced(path_);
    return IOStatus::OK();
  }

 private:
  ForgetfulFileSystem& disk_;
  std::string path_;
};

}  // namespace

void ForgetfulFileSystem::lose_power_after(std::uint64_t operations) {
  const std::lock_guard lock(mutex_);
  power_goes_at_ = operations_ + operations;
}

void ForgetfulFileSystem::fail_syncs(int count) {
  const std::lock_guard lock(mutex_);
  failing_syncs_ = count;
}

bool ForgetfulFileSystem::powerless() const {
  const std::lock_guard lock(mutex_);
  return power_goes_at_ && operations_ >= *power_goes_at_;
}

std::uint64_t ForgetfulFileSystem::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

IOStatus ForgetfulFileSystem::operation() {
  const std::lock_guard lock(mutex_);
  ++operations_;
  return power_goes_at_ && operations_ >= *power_goes_at_ ? IOStatus::IOError("no power") : IOStatus::OK();
}

void ForgetfulFileSystem::hold_syncs(bool hold) {
  hold_syncs_ = hold;
  hold_syncs_.notify_all();
}

IOStatus ForgetfulFileSystem::sync_operation() {
  ++held_syncs_;
  hold_syncs_.wait(true);
  --held_syncs_;
  if (IOStatus status = operation(); !status.ok()) return status;
  const std::lock_guard lock(mutex_);
  return failing_syncs_ > 0 && failing_syncs_-- > 0 ? IOStatus::IOError("a sync failed") : IOStatus::OK();
}

void ForgetfulFileSystem::appended(const std::string& path, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  files_[path].size = size;
}

void ForgetfulFileSystem::synced(const std::string& path) {
  const std::lock_guard lock(mutex_);
  File& file = files_[path];
  file.synced_size = file.size;
  file.overwrites.clear();
}

void ForgetfulFileSystem::overwriting(const std::string& path, std::uint64_t at, std::size_t size) {
  const std::string content = file_bytes(path).value_or("");
  const std::lock_guard lock(mutex_);
  files_[path].overwrites.push_back({at, content.substr(at, size)});
}

void ForgetfulFileSystem::directory_synced(const std::string& path) {
  const std::lock_guard lock(mutex_);
  directories_.erase(path);
}

/// Keeps what the directory will hold again if it isn't synced.
void ForgetfulFileSystem::remember(const std::string& path) {
  auto former = file_bytes(path);
  const std::lock_guard lock(mutex_);
  if (former && files_.contains(path)) former->resize(std::min<std::size_t>(former->size(), files_[path].synced_size));
  directories_[directory_of(path)].push_back({path, std::move(former)});
}

IOStatus ForgetfulFileSystem::NewWritableFile(const std::string& path, const Options& options,
                                              std::unique_ptr<rocksdb::FSWritableFile>* file, Debug* debug) {
  if (IOStatus status = operation(); !status.ok()) return status;
  remember(path);
  std::unique_ptr<rocksdb::FSWritableFile> opened;
  Options plain = options;
  plain.use_mmap_writes = false;
  if (IOStatus status = target()->NewWritableFile(path, plain, &opened, debug); !status.ok()) return status;
  {
    const std::lock_guard lock(mutex_);
    files_[path] = {};
  }
  *file = std::make_unique<ForgetfulWritable>(std::move(opened), *this, path, 0);
  return IOStatus::OK();
}

IOStatus ForgetfulFileSystem::ReopenWritableFile(const std::string& path, const Options& options,
                                                 std::unique_ptr<rocksdb::FSWritableFile>* file, Debug* debug) {
  if (IOStatus status = operation(); !status.ok()) return status;
  std::unique_ptr<rocksdb::FSWritableFile> opened;
  if (IOStatus status = target()->ReopenWritableFile(path, options, &opened, debug); !status.ok()) return status;
  const std::uint64_t size = std::filesystem::file_size(path);
  {
    const std::lock_guard lock(mutex_);
    if (!files_.contains(path)) files_[path] = {size, size, {}};
  }
  *file = std::make_unique<ForgetfulWritable>(std::move(opened), *this, path, size);
  return IOStatus::OK();
}

IOStatus ForgetfulFileSystem::NewRandomRWFile(const std::string& path, const Options& options,
                                              std::unique_ptr<rocksdb::FSRandomRWFile>* file, Debug* debug) {
  std::unique_ptr<rocksdb::FSRandomRWFile> opened;
  if (IOStatus status = target()->NewRandomRWFile(path, options, &opened, debug); !status.ok()) return status;
  const std::uint64_t size = std::filesystem::file_size(path);
  {
    const std::lock_guard lock(mutex_);
    if (!files_.contains(path)) files_[path] = {size, size, {}};
  }
  *file = std::make_unique<ForgetfulRandomRW>(std::move(opened), *this, path);
  return IOStatus::OK();
}

IOStatus ForgetfulFileSystem::NewDirectory(const std::string& path, const IO&,
                                           std::unique_ptr<rocksdb::FSDirectory>* directory, Debug*) {
  *directory = std::make_unique<ForgetfulDirectory>(*this, path);
  return IOStatus::OK();
}

IOStatus ForgetfulFileSystem::DeleteFile(const std::string& path, const IO& options, Debug* debug) {
  if (IOStatus status = operation(); !status.ok()) return status;
  remember(path);
  return target()->DeleteFile(path, options, debug);
}

IOStatus ForgetfulFileSystem::RenameFile(const std::string& from, const std::string& to, const IO& options,
                                         Debug* debug) {
  if (IOStatus status = operation(); !status.ok()) return status;
  remember(from);
  remember(to);
  if (IOStatus status = target()->RenameFile(from, to, options, debug); !status.ok()) return status;
  const std::lock_guard lock(mutex_);
  files_[to] = files_[from];
  files_.erase(from);
  return IOStatus::OK();
}

void ForgetfulFileSystem::forget_unsynced(bool torn) {
  const std::lock_guard lock(mutex_);
  for (auto& [path, file] : files_) {
    for (auto overwrite = file.overwrites.rbegin(); overwrite != file.overwrites.rend(); ++overwrite) {
      write_back(path, overwrite->at, overwrite->former);
    }
    std::error_code missing;
    const std::uint64_t unsynced = file.size - file.synced_size;
    if (unsynced > 0) std::filesystem::resize_file(path, file.synced_size + (torn ? unsynced / 2 : 0), missing);
  }
  for (auto& [directory, entries] : directories_) {
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      std::error_code missing;
      std::filesystem::remove(entry->path, missing);
      if (entry->former) std::ofstream(entry->path, std::ios::binary) << *entry->former;
    }
  }
  files_.clear();
  directories_.clear();
  power_goes_at_.reset();
}

}  // namespace countersign::testing
