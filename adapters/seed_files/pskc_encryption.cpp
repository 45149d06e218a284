#include "adapters/seed_files/pskc_encryption.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <charconv>
#include <stdexcept>

#include "adapters/directory/text_checks.h"
#include "adapters/keys/openssl_pointer.h"
#include "adapters/keys/rfc4648.h"
#include "bus/hash.h"

namespace countersign::seed_files {
namespace {

using domain::OtpAlgorithm;
using CipherContext = keys::OpenSslPointer<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

constexpr std::size_t block_bytes = 16;

const std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

/// What stands behind the # of an algorithm's URI: the names are the same in all the vocabularies that vendors use.
std::string name_in(std::string_view uri) {
  const auto at = uri.rfind('#');
  return directory::to_lower_ascii(at == uri.npos ? uri : uri.substr(at + 1));
}

std::optional<OtpAlgorithm> hmac_named(std::string_view uri) {
  const auto name = name_in(uri);
  if (name == "hmac-sha1") return OtpAlgorithm::sha1;
  if (name == "hmac-sha256") return OtpAlgorithm::sha256;
  if (name == "hmac-sha512") return OtpAlgorithm::sha512;
  return std::nullopt;
}

const EVP_MD* hash_of(OtpAlgorithm algorithm) {
  return algorithm == OtpAlgorithm::sha1 ? EVP_sha1() : algorithm == OtpAlgorithm::sha256 ? EVP_sha256() : EVP_sha512();
}

struct Cipher {
  const EVP_CIPHER* cipher;
  std::size_t key_bytes;
};

std::optional<Cipher> cipher_named(std::string_view uri) {
  const auto name = name_in(uri);
  if (name == "aes128-cbc") return Cipher{EVP_aes_128_cbc(), 16};
  if (name == "aes192-cbc") return Cipher{EVP_aes_192_cbc(), 24};
  if (name == "aes256-cbc") return Cipher{EVP_aes_256_cbc(), 32};
  return std::nullopt;
}

RecordError unknown_cipher() {
  return {"encryption-unknown", "values are encrypted by something else than AES-CBC of 128, 192 or 256 bits"};
}

/// Nothing when the padding isn't what encryption made. Only its last byte says something (XML Encryption,
/// section 5.2).
std::optional<keys::SecretBytes> decrypt(const Cipher& cipher, std::string_view key, std::string_view value) {
  if (value.size() < 2 * block_bytes || value.size() % block_bytes != 0) return std::nullopt;
  const CipherContext context(EVP_CIPHER_CTX_new());
  keys::SecretBytes padded(value.size() - block_bytes);
  int size = 0, rest = 0;
  if (!context || EVP_DecryptInit_ex2(context.get(), cipher.cipher, bytes_of(key), bytes_of(value), nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1 ||
      EVP_DecryptUpdate(context.get(), padded.data(), &size, bytes_of(value) + block_bytes,
                        static_cast<int>(padded.size())) != 1 ||
      EVP_DecryptFinal_ex(context.get(), padded.data() + size, &rest) != 1)
    throw std::runtime_error("AES-CBC failed in OpenSSL");
  const auto text = padded.view();
  const auto padding = static_cast<std::uint8_t>(text.back());
  if (padding == 0 || padding > block_bytes) return std::nullopt;
  return keys::SecretBytes(text.substr(0, text.size() - padding));
}

std::optional<unsigned> number(std::string_view text, unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < 1 || value > most)
    return std::nullopt;
  return value;
}

/// RFC 6030, section 6.2.
std::variant<keys::SecretBytes, RecordError> derive(const EncryptionTexts& texts, const Passphrase& passphrase) {
  if (name_in(texts.derivation) != "pbkdf2")
    return RecordError{"derivation-unknown", "the key is derived by something else than PBKDF2"};
  const auto salt = parse_wrapped_base64(texts.salt);
  const auto iterations = number(texts.iterations, passphrase.most_iterations);
  const auto cipher = cipher_named(texts.mac_key_cipher);
  const auto length = texts.key_length.empty() && cipher ? static_cast<unsigned>(cipher->key_bytes)
                                                         : number(texts.key_length, 32).value_or(0);
  const auto hash = texts.function.empty() ? OtpAlgorithm::sha1 : hmac_named(texts.function);
  if (!salt || salt->empty() || salt->size() > most_salt_bytes)
    return RecordError{"derivation-malformed", "PBKDF2 needs a salt of 1 to 1024 bytes in base 64"};
  if (!iterations)
    return RecordError{"derivation-malformed",
                       "PBKDF2 needs 1 to " + std::to_string(passphrase.most_iterations) + " iterations"};
  if (length != 16 && length != 24 && length != 32)
    return RecordError{"derivation-malformed", "PBKDF2 needs a key length of 16, 24 or 32 bytes"};
  if (!hash) return RecordError{"derivation-unknown", "PBKDF2 uses something else than HMAC-SHA1, 256 or 512"};
  keys::SecretBytes key(length);
  if (PKCS5_PBKDF2_HMAC(passphrase.text.view().data(), static_cast<int>(passphrase.text.size()), bytes_of(*salt),
                        static_cast<int>(salt->size()), static_cast<int>(*iterations), hash_of(*hash),
                        static_cast<int>(length), key.data()) != 1)
    throw std::runtime_error("PBKDF2 failed in OpenSSL");
  return key;
}

std::variant<keys::SecretBytes, RecordError> key_of(const EncryptionTexts& texts, const FileKey& key) {
  const auto* const preshared = std::get_if<PresharedKey>(&key);
  const auto* const passphrase = std::get_if<Passphrase>(&key);
  const bool derived = !texts.derivation.empty();
  const std::string needed = derived ? "a passphrase" : "a pre-shared key";
  if (preshared == nullptr && passphrase == nullptr)
    return RecordError{"key-missing", "the file is encrypted; " + needed + " is needed"};
  if (derived != (passphrase != nullptr))
    return RecordError{"key-kind", "the file is encrypted by " + needed + ", and something else was given"};
  if (derived) return derive(texts, *passphrase);
  return keys::SecretBytes(preshared->bytes.view());
}

}  // namespace

std::optional<std::string> parse_wrapped_base64(std::string_view text) {
  std::string letters(text);
  std::erase_if(letters, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  auto bytes = keys::parse_base64(letters);
  OPENSSL_cleanse(letters.data(), letters.size());
  return bytes;
}

std::variant<ValueOpener, RecordError> ValueOpener::make(const EncryptionTexts& texts, const FileKey& key) {
  if (texts.mac.empty())
    return RecordError{"mac-missing", "the file's encrypted values have no MAC, without which they aren't opened"};
  const auto mac_hash = hmac_named(texts.mac);
  if (!mac_hash) return RecordError{"mac-unknown", "the MAC is something else than HMAC-SHA1, 256 or 512"};
  auto file_key = key_of(texts, key);
  if (auto* const wrong = std::get_if<RecordError>(&file_key)) return *wrong;
  ValueOpener opener;
  opener.mac_hash_ = *mac_hash;
  opener.key_ = std::move(std::get<keys::SecretBytes>(file_key));
  if (texts.mac_key.empty()) {  // as before RFC 6030
    opener.mac_key_ = keys::SecretBytes(opener.key_.view());
    return opener;
  }
  const auto cipher = cipher_named(texts.mac_key_cipher);
  if (!cipher) return unknown_cipher();
  if (cipher->key_bytes != opener.key_.size())
    return RecordError{"key-wrong", "the file's key has " + std::to_string(cipher->key_bytes) +
                                        " bytes, the given one " + std::to_string(opener.key_.size())};
  const auto sealed = parse_wrapped_base64(texts.mac_key);
  if (!sealed) return RecordError{"mac-unknown", "the key of the MACs isn't base 64"};
  auto mac_key = decrypt(*cipher, opener.key_.view(), *sealed);
  if (!mac_key || mac_key->empty()) return RecordError{"key-wrong", "the key or passphrase isn't the file's"};
  opener.mac_key_ = std::move(*mac_key);
  return opener;
}

std::variant<keys::SecretBytes, RecordError> ValueOpener::open(const std::string& cipher, std::string_view value,
                                                               std::string_view mac) const {
  const auto known = cipher_named(cipher);
  if (!known) return unknown_cipher();
  if (known->key_bytes != key_.size())
    return RecordError{"mac-wrong", "the seed is encrypted by a longer or shorter key"};
  const auto sealed = parse_wrapped_base64(value), given = parse_wrapped_base64(mac);
  if (!sealed) return RecordError{"seed-malformed", "the encrypted seed isn't base 64"};
  if (!given || given->empty()) return RecordError{"mac-missing", "the encrypted seed has no MAC in base 64"};
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> computed;
  unsigned size = 0;
  if (HMAC(hash_of(mac_hash_), mac_key_.data(), static_cast<int>(mac_key_.size()), bytes_of(*sealed), sealed->size(),
           computed.data(), &size) == nullptr)
    throw std::runtime_error("HMAC failed");
  if (!bus::equal_constant_time(*given, {reinterpret_cast<const char*>(computed.data()), size}))
    return RecordError{"mac-wrong", "the encrypted seed isn't what its MAC was made of"};
  auto seed = decrypt(*known, key_.view(), *sealed);
  if (!seed) return RecordError{"seed-malformed", "the encrypted seed isn't whole"};
  return std::move(*seed);
}

}  // namespace countersign::seed_files
