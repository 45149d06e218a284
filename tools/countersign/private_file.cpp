#include "tools/countersign/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

namespace countersign::cli {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

LocalError failed(const std::filesystem::path& file, const char* what) {
  return LocalError(file.string() + ": " + what + ": " + std::strerror(errno));
}

void write_all(int fd, std::string_view bytes, const std::filesystem::path& file) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) throw failed(file, "can't be written");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd) != 0) throw failed(file, "can't be made durable");
}

}  // namespace

std::filesystem::path private_path(std::string_view name) {
  auto directory = environment("XDG_CONFIG_HOME");
  if (directory.empty()) {
    const auto home = environment("HOME");
    if (home.empty())
      throw LocalError("Neither XDG_CONFIG_HOME nor HOME is set: there is no place for " + std::string(name) + ".");
    directory = home + "/.config";
  }
  return std::filesystem::path(directory) / "countersign" / name;
}

std::optional<std::string> read_private_file(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw failed(file, "can't be read");
  }
  if ((status.st_mode & 077) != 0)
    throw LocalError(file.string() + " holds a secret and can be read by others: chmod 600 it.");
  std::ifstream in(file, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (!in) throw failed(file, "can't be read");
  return bytes;
}

void write_private_file(const std::filesystem::path& file, std::string_view bytes) {
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path());
  auto fresh = file;
  fresh += ".new";
  ::unlink(fresh.c_str());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) throw failed(fresh, "can't be made");
  try {
    write_all(fd, bytes, fresh);
  } catch (...) {
    ::close(fd);
    throw;
  }
  ::close(fd);
  if (::rename(fresh.c_str(), file.c_str()) != 0) throw failed(file, "can't be replaced");
}

}  // namespace countersign::cli
