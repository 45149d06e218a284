#include "tools/authenticator/state_file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstring>

#include "adapters/keys/aes_gcm.h"
#include "adapters/keys/random.h"

namespace countersign::authenticator {
namespace {

constexpr std::string_view magic = "countersign-authenticator 1\n";
constexpr std::size_t salt_bytes = 16;
constexpr std::size_t nonce_bytes = std::tuple_size_v<keys::Nonce96>;
constexpr std::uint64_t scrypt_n = 1 << 17, scrypt_r = 8, scrypt_p = 1, scrypt_memory = 256 << 20;

keys::Key key_of(std::string_view passphrase, std::string_view salt) {
  keys::Key key;
  if (EVP_PBE_scrypt(passphrase.data(), passphrase.size(), reinterpret_cast<const unsigned char*>(salt.data()),
                     salt.size(), scrypt_n, scrypt_r, scrypt_p, scrypt_memory, key.data(), keys::Key::size_bytes) != 1)
    throw std::runtime_error("scrypt failed in OpenSSL");
  return key;
}

int locked(const std::filesystem::path& file) {
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path());
  auto beside = file;
  beside += ".lock";
  const int fd = ::open(beside.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ::flock(fd, LOCK_EX) != 0) {
    const auto why = std::string(std::strerror(errno));
    if (fd >= 0) ::close(fd);
    throw cli::LocalError(beside.string() + ": can't be locked: " + why);
  }
  return fd;
}

std::string opened(const std::filesystem::path& file, std::string_view bytes, const std::string& passphrase) {
  if (!bytes.starts_with(magic) || bytes.size() < magic.size() + salt_bytes + nonce_bytes)
    throw cli::LocalError(file.string() + " is no state of an authenticator.");
  const auto head = bytes.substr(0, magic.size() + salt_bytes + nonce_bytes);
  keys::Nonce96 nonce;
  const auto from = head.substr(magic.size() + salt_bytes);
  std::copy(from.begin(), from.end(), nonce.begin());
  std::string contents;
  if (!keys::gcm_decrypt(key_of(passphrase, head.substr(magic.size(), salt_bytes)), nonce, head,
                         bytes.substr(head.size()), contents))
    throw cli::LocalError(file.string() + ": the passphrase is wrong, or the file is damaged.");
  return contents;
}

}  // namespace

StateFile::StateFile(std::filesystem::path file, std::string passphrase)
    : file_(std::move(file)), passphrase_(std::move(passphrase)), lock_(locked(file_)) {
  try {
    if (const auto bytes = cli::read_private_file(file_)) contents_ = opened(file_, *bytes, passphrase_);
  } catch (...) {
    ::close(lock_);
    throw;
  }
}

StateFile::~StateFile() {
  OPENSSL_cleanse(contents_.data(), contents_.size());
  ::close(lock_);
}

void StateFile::write(std::string_view contents) {
  const auto salt = keys::random_bytes<salt_bytes>();
  const auto nonce = keys::random_bytes<nonce_bytes>();
  std::string bytes(magic);
  bytes.append(salt.begin(), salt.end()).append(nonce.begin(), nonce.end());
  const std::string head = bytes;
  const auto key = key_of(passphrase_, std::string_view(head).substr(magic.size(), salt_bytes));
  keys::gcm_encrypt(key, nonce, head, contents, bytes);
  cli::write_private_file(file_, bytes);
  contents_ = contents;
}

}  // namespace countersign::authenticator
