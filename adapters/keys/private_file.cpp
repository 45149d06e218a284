#include "adapters/keys/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace countersign::keys {
namespace {

/// Open for reading; closed with it.
class Opened {
 public:
  explicit Opened(const std::filesystem::path& file) : fd_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~Opened() {
    if (fd_ >= 0) ::close(fd_);
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  operator int() const { return fd_; }

 private:
  int fd_;
};

bool is_systemd_credential(const std::filesystem::path& file) {
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  return folder != nullptr && *folder != '\0' && file.parent_path() == std::filesystem::path(folder);
}

}  // namespace

std::string read_private_file(const std::string& what, const std::filesystem::path& file, std::size_t most_bytes,
                              const std::string& advice) {
  const auto refusal = [&](const std::string& why) { return StartError(what + ' ' + file.string() + ": " + why); };
  const Opened fd(file);
  if (fd < 0) {
    if (errno == ENOENT) throw refusal(advice.empty() ? "there is no such file" : "there is no such file. " + advice);
    throw refusal(std::string("can't be opened: ") + std::strerror(errno));
  }
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw refusal(std::strerror(errno));
  if (!S_ISREG(status.st_mode)) throw refusal("is not a regular file");
  if ((status.st_mode & 077) != 0 && !is_systemd_credential(file))
    throw refusal("others than its owner may use it; run: chmod 600 " + file.string());
  std::string text(most_bytes + 1, '\0');
  const ssize_t size = ::read(fd, text.data(), text.size());
  if (size < 0) throw refusal(std::string("can't be read: ") + std::strerror(errno));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

}  // namespace countersign::keys
