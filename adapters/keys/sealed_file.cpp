#include "adapters/keys/sealed_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <utility>

#include "adapters/keys/aes_gcm.h"
#include "adapters/keys/hkdf.h"
#include "adapters/keys/random.h"
#include "adapters/keys/store_files.h"

namespace countersign::keys {
namespace {

using boost::system::error_code;

constexpr std::string_view magic = "CSSEAL1\n", label = "countersign/sealed-file/1";
constexpr std::size_t chunk_bytes = 64 * 1024, salt_bytes = 16;

error_code last_error() {
  return {errno, boost::system::system_category()};
}

Nonce96 chunk_nonce(std::uint32_t number, bool last) {
  Nonce96 nonce{};
  for (int i = 0; i < 4; ++i) nonce[7 + i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  nonce[11] = last ? 1 : 0;
  return nonce;
}

error_code write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return last_error();
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// Up to `size` bytes; fewer only at the end of the file.
boost::system::result<std::string> read_up_to(int fd, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got = ::read(fd, bytes.data() + have, size - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return last_error();
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace

boost::system::result<SealedFileWriter> SealedFileWriter::create(const std::filesystem::path& file, const Key& key) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return last_error();
  const auto salt = random_bytes<salt_bytes>();
  const std::string salt_text(salt.begin(), salt.end());
  SealedFileWriter writer(file, fd, hkdf_expand(key, label, salt_text));
  if (const error_code error = write_all(fd, std::string(magic) + salt_text)) return error;
  return writer;
}

SealedFileWriter::SealedFileWriter(std::filesystem::path file, int fd, Key key)
    : file_(std::move(file)), fd_(fd), key_(key) {
  chunk_.reserve(chunk_bytes);
}

SealedFileWriter::SealedFileWriter(SealedFileWriter&& other) noexcept
    : file_(std::move(other.file_)),
      fd_(std::exchange(other.fd_, -1)),
      key_(other.key_),
      number_(other.number_),
      chunk_(std::move(other.chunk_)) {}

SealedFileWriter::~SealedFileWriter() {
  OPENSSL_cleanse(chunk_.data(), chunk_.size());
  if (fd_ >= 0) ::close(fd_);
}

error_code SealedFileWriter::flush_chunk(bool last) {
  if (number_ == std::numeric_limits<std::uint32_t>::max()) return error_code(EFBIG, boost::system::system_category());
  std::string sealed;
  sealed.reserve(chunk_.size() + tag_bytes);
  gcm_encrypt(key_, chunk_nonce(number_++, last), {}, chunk_, sealed);
  chunk_.clear();
  return write_all(fd_, sealed);
}

error_code SealedFileWriter::write(std::string_view bytes) {
  while (!bytes.empty()) {
    // A full chunk waits until more comes: it might be the last one, and that is sealed with another nonce.
    if (chunk_.size() == chunk_bytes) {
      if (const error_code error = flush_chunk(false)) return error;
    }
    const std::string_view part = bytes.substr(0, chunk_bytes - chunk_.size());
    chunk_.append(part);
    bytes.remove_prefix(part.size());
  }
  return {};
}

error_code SealedFileWriter::finish() {
  if (const error_code error = flush_chunk(true)) return error;
  if (::fsync(fd_) != 0) return last_error();
  if (::close(std::exchange(fd_, -1)) != 0) return last_error();
  sync_directory(file_.parent_path());
  return {};
}

boost::system::result<SealedFileReader> SealedFileReader::open(const std::filesystem::path& file, const Key& key) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return last_error();
  SealedFileReader closing(fd, key);
  auto head = read_up_to(fd, magic.size() + salt_bytes);
  if (!head) return head.error();
  if (head->size() < magic.size() + salt_bytes) return errc::sealed_truncated;
  if (!head->starts_with(magic)) return errc::sealed_damaged;
  closing.key_ = hkdf_expand(key, label, std::string_view(*head).substr(magic.size()));
  return closing;
}

SealedFileReader::SealedFileReader(SealedFileReader&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), key_(other.key_), number_(other.number_), ended_(other.ended_) {}

SealedFileReader::~SealedFileReader() {
  if (fd_ >= 0) ::close(fd_);
}

boost::system::result<SealedFileReader::More> SealedFileReader::read(std::string& out) {
  if (ended_) return More::no;
  const auto sealed = read_up_to(fd_, chunk_bytes + tag_bytes);
  if (!sealed) return sealed.error();
  if (sealed->empty()) return errc::sealed_truncated;
  // Only the flag in the nonce says whether a chunk is the last one: a shorter one must be, a full one may be.
  if (sealed->size() == chunk_bytes + tag_bytes && gcm_decrypt(key_, chunk_nonce(number_, false), {}, *sealed, out)) {
    ++number_;
    return More::yes;
  }
  if (!gcm_decrypt(key_, chunk_nonce(number_, true), {}, *sealed, out)) {
    return sealed->size() < chunk_bytes + tag_bytes ? errc::sealed_truncated : errc::sealed_damaged;
  }
  const auto more = read_up_to(fd_, 1);
  if (!more) return more.error();
  if (!more->empty()) return errc::sealed_damaged;
  ended_ = true;
  return More::no;
}

}  // namespace countersign::keys
