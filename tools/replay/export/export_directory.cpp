#include "tools/replay/export/export_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "adapters/keys/store_files.h"

namespace countersign::replay {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t write_bytes = 1u << 20;

[[noreturn]] void fail(const fs::path& path, const std::string& what) {
  throw std::runtime_error(path.string() + " " + what + ": " + std::strerror(errno));
}

std::optional<Manifest> read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  auto manifest = parse_manifest(std::string{std::istreambuf_iterator<char>(in), {}});
  if (!manifest) throw std::runtime_error(file.string() + " can't be read: it is damaged, or of a later release");
  return manifest;
}

/// But for a progress that was cut off before it was one.
bool holds_nothing(const fs::path& directory) {
  for (const auto& entry : fs::directory_iterator(directory))
    if (entry.path().filename() != std::string(progress_file) + ".new") return false;
  return true;
}

void replace(const fs::path& file, const std::string& text) {
  if (const auto error = keys::replace_file(file, text))
    throw std::runtime_error(file.string() + " can't be written: " + error.message());
}

}  // namespace

ExportDirectory::ExportDirectory(fs::path directory, const ExportQuestion& question)
    : directory_(std::move(directory)) {
  if (::mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST) fail(directory_, "can't be made");
  lock_ = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock_ < 0) fail(directory_, "can't be opened");
  try {
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0)
      throw std::runtime_error(directory_.string() + " is being written by another export");
    begun_ = read(directory_ / manifest_file);
    whole_ = begun_.has_value();
    if (!begun_) begun_ = read(directory_ / progress_file);
    if (begun_ && begun_->question != question)
      throw std::runtime_error(directory_.string() + " holds an export of another question: take another directory");
    if (!begun_ && !holds_nothing(directory_))
      throw std::runtime_error(directory_.string() + " holds something else: take an empty directory, or a new one");
  } catch (...) {
    ::close(lock_);
    throw;
  }
}

ExportDirectory::~ExportDirectory() {
  for (const auto& [name, file] : files_) ::close(file.descriptor);
  ::close(lock_);
}

void ExportDirectory::begin(const Manifest& manifest) {
  replace(directory_ / progress_file, boost::json::serialize(to_json(manifest)) + "\n");
}

std::uint64_t ExportDirectory::kept_bytes(const std::string& name) const {
  if (!begun_) return 0;
  const auto kept = begun_->done.sizes.find(name);
  return kept == begun_->done.sizes.end() ? 0 : kept->second;
}

ExportDirectory::File& ExportDirectory::open(const std::string& name) {
  auto& file = files_[name];
  if (file.descriptor >= 0) return file;
  const auto path = directory_ / name;
  file.descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file.descriptor < 0) fail(path, "can't be opened");
  file.bytes = kept_bytes(name);
  struct ::stat found {};
  if (::fstat(file.descriptor, &found) != 0) fail(path, "can't be read");
  if (static_cast<std::uint64_t>(found.st_size) < file.bytes)
    throw std::runtime_error(path.string() + " is shorter than it was: the export can't go on");
  if (::ftruncate(file.descriptor, static_cast<off_t>(file.bytes)) != 0 || ::lseek(file.descriptor, 0, SEEK_END) < 0)
    fail(path, "can't be cut to what was kept");
  return file;
}

void ExportDirectory::write(File& file, const std::string& name) {
  for (std::string_view rest = file.unwritten; !rest.empty();) {
    const auto written = ::write(file.descriptor, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(directory_ / name, "can't be written");
    rest.remove_prefix(static_cast<std::size_t>(written));
    file.bytes += static_cast<std::uint64_t>(written);
  }
  file.unwritten.clear();
}

void ExportDirectory::append(const std::string& name, std::string_view bytes) {
  auto& file = open(name);
  file.unwritten += bytes;
  if (file.unwritten.size() >= write_bytes) write(file, name);
}

void ExportDirectory::keep(Manifest& manifest) {
  for (auto& [name, file] : files_) {
    write(file, name);
    if (::fdatasync(file.descriptor) != 0) fail(directory_ / name, "can't be synced");
    manifest.done.sizes[name] = file.bytes;
  }
  replace(directory_ / progress_file, boost::json::serialize(to_json(manifest)) + "\n");
}

void ExportDirectory::finish(Manifest& manifest) {
  keep(manifest);
  for (const auto& [name, bytes] : manifest.done.sizes)
    manifest.files.push_back({name, sha256_of_file((directory_ / name).string()), bytes});
  replace(directory_ / manifest_file, boost::json::serialize(to_json(manifest)) + "\n");
  fs::remove(directory_ / progress_file);
  keys::sync_directory(directory_);
  whole_ = true;
}

}  // namespace countersign::replay
