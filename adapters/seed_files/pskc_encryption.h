#pragma once
// What opens the encrypted values of a PSKC file (RFC 6030, section 6): AES in CBC mode with the IV in front (XML
// Encryption, section 5.2), whose MAC over IV and ciphertext is compared before anything is decrypted. Without MACs
// nothing is opened.

#include "adapters/seed_files/seed_file_reader.h"

namespace countersign::seed_files {

inline constexpr std::size_t most_salt_bytes = 1024;

/// The texts of EncryptionKey and MACMethod. Empty: missing.
struct EncryptionTexts {
  std::string derivation, salt, iterations, key_length, function;  ///< of PBKDF2
  std::string mac, mac_key_cipher, mac_key;
};

class ValueOpener {
 public:
  /// Why the file can't be opened with the key, or the opener.
  static std::variant<ValueOpener, RecordError> make(const EncryptionTexts& texts, const FileKey& key);

  /// `cipher`: the algorithm's URI; the others are in base 64. Error "mac-wrong": either the key is wrong, or the
  /// value.
  std::variant<keys::SecretBytes, RecordError> open(const std::string& cipher, std::string_view value,
                                                    std::string_view mac) const;

 private:
  keys::SecretBytes key_, mac_key_;
  domain::OtpAlgorithm mac_hash_ = domain::OtpAlgorithm::sha1;
};

/// Base 64, over several lines or not.
std::optional<std::string> parse_wrapped_base64(std::string_view text);

}  // namespace countersign::seed_files
