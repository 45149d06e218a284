#include "adapters/keys/master_key.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "adapters/keys/private_file.h"
#include "adapters/keys/random.h"
#include "adapters/keys/rfc4648.h"
#include "adapters/keys/store_files.h"
#include "bus/hash.h"

namespace countersign::keys {
namespace {

constexpr std::string_view version_line = "countersign-master-key v1\n";
constexpr std::size_t most_bytes = 4096;

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what) {
  throw StartError("master key " + file.string() + ": " + what);
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  operator int() const { return fd_; }

 private:
  int fd_;
};

std::string lines_of(const MasterKey& key) {
  std::string text(version_line);
  text += "id: " + hex(key.id.view()) + "\nkey: " + hex(key.key.view()) + "\n";
  return text;
}

std::string text_of(const MasterKey& key) {
  std::string text = lines_of(key);
  text += "check: " + hex(bus::view(bus::sha256(text))).substr(0, 8) + "\n";
  return text;
}

std::optional<MasterKey> parse(std::string_view text) {
  constexpr std::size_t id_at = version_line.size() + 4, key_at = id_at + 16 + 1 + 5;
  if (text.size() < key_at + 64 || !text.starts_with(version_line)) return std::nullopt;
  const auto id = parse_base16(text.substr(id_at, 16)), bytes = parse_base16(text.substr(key_at, 64));
  if (!id || !bytes) return std::nullopt;
  MasterKey key;
  std::copy(id->begin(), id->end(), key.id.bytes.begin());
  key.key = Key(std::string_view(*bytes));
  if (text_of(key) != text) return std::nullopt;
  return key;
}

}  // namespace

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text.push_back(digits[static_cast<unsigned char>(c) >> 4]);
    text.push_back(digits[static_cast<unsigned char>(c) & 15]);
  }
  return text;
}

MasterKey random_master_key() {
  return {random_key_id(), random_key()};
}

MasterKey load_master_key(const std::filesystem::path& file) {
  std::string text = read_private_file("master key", file, most_bytes,
                                       "Put back the copy that was kept apart from the data; a new key would open "
                                       "nothing that exists");
  const auto key = parse(text);
  const bool newer = text.starts_with("countersign-master-key v") && !text.starts_with(version_line);
  OPENSSL_cleanse(text.data(), text.size());
  if (newer) refuse(file, "is of a newer version than this program knows");
  if (!key) refuse(file, "is damaged or not a master key (a version line, id, key and check are expected)");
  return *key;
}

void write_master_key(const std::filesystem::path& file, const MasterKey& key) {
  const Descriptor fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (fd < 0) refuse(file, std::string("can't be created: ") + std::strerror(errno));
  std::string text = text_of(key);
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  const int why = errno;
  OPENSSL_cleanse(text.data(), text.size());
  if (!written) {
    ::unlink(file.c_str());
    refuse(file, std::string("can't be written: ") + std::strerror(why));
  }
  sync_directory(file.parent_path());
}

MasterKey create_master_key(const std::filesystem::path& file) {
  const MasterKey key = random_master_key();
  write_master_key(file, key);
  return key;
}

MasterKey load_or_create_master_key(const std::filesystem::path& file, bool may_create) {
  std::error_code ignored;
  if (may_create && !std::filesystem::exists(std::filesystem::symlink_status(file, ignored))) {
    return create_master_key(file);
  }
  return load_master_key(file);
}

}  // namespace countersign::keys
