#include "adapters/keys/aes_gcm.h"

#include <openssl/evp.h>

#include <stdexcept>

#include "bus/operation_trace.h"

namespace countersign::keys {
namespace {

void require(int ok) {
  if (ok != 1) throw std::runtime_error("OpenSSL: AES-256-GCM failed");
}

// A context for one direction: the cipher is fetched once, and later inits only change key and nonce.
class Context {
 public:
  explicit Context(bool encrypts) : context_(EVP_CIPHER_CTX_new()) {
    static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    require(EVP_CipherInit_ex2(context_, cipher, nullptr, nullptr, encrypts ? 1 : 0, nullptr));
  }
  ~Context() { EVP_CIPHER_CTX_free(context_); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  EVP_CIPHER_CTX* start(const Key& key, const Nonce96& nonce, std::string_view associated) {
    require(EVP_CipherInit_ex2(context_, nullptr, key.data(), nonce.data(), -1, nullptr));
    int length = 0;
    if (!associated.empty()) {
      require(EVP_CipherUpdate(context_, nullptr, &length, reinterpret_cast<const std::uint8_t*>(associated.data()),
                               static_cast<int>(associated.size())));
    }
    return context_;
  }

 private:
  EVP_CIPHER_CTX* context_;
};

std::uint8_t* bytes_at(std::string& text, std::size_t at) {
  return reinterpret_cast<std::uint8_t*>(text.data()) + at;
}
const std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

}  // namespace

void gcm_encrypt(const Key& key, const Nonce96& nonce, std::string_view associated, std::string_view plaintext,
                 std::string& out) {
  bus::OperationTrace::note('e');
  thread_local Context encrypting(true);
  EVP_CIPHER_CTX* const context = encrypting.start(key, nonce, associated);
  const std::size_t at = out.size();
  out.resize(at + plaintext.size() + tag_bytes);
  int length = 0;
  require(
      EVP_EncryptUpdate(context, bytes_at(out, at), &length, bytes_of(plaintext), static_cast<int>(plaintext.size())));
  require(EVP_EncryptFinal_ex(context, bytes_at(out, at + plaintext.size()), &length));
  require(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, tag_bytes, bytes_at(out, at + plaintext.size())));
}

bool gcm_decrypt(const Key& key, const Nonce96& nonce, std::string_view associated, std::string_view sealed,
                 std::string& out) {
  if (sealed.size() < tag_bytes) return false;
  bus::OperationTrace::note('d');
  thread_local Context decrypting(false);
  EVP_CIPHER_CTX* const context = decrypting.start(key, nonce, associated);
  const std::size_t at = out.size(), size = sealed.size() - tag_bytes;
  std::array<std::uint8_t, tag_bytes> tag;
  std::copy_n(sealed.end() - tag_bytes, tag_bytes, tag.begin());
  require(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, tag_bytes, tag.data()));
  out.resize(at + size);
  int length = 0;
  require(EVP_DecryptUpdate(context, bytes_at(out, at), &length, bytes_of(sealed), static_cast<int>(size)));
  std::uint8_t none;
  if (EVP_DecryptFinal_ex(context, &none, &length) == 1) return true;
  OPENSSL_cleanse(bytes_at(out, at), size);
  out.resize(at);
  return false;
}

}  // namespace countersign::keys
