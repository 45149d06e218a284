#pragma once
// The master key's file: the one secret that must be kept apart from the data, because it wraps all others. Text of one
// version line and three fields, so that it can be printed and typed in again:
//
//   countersign-master-key v1
//   id: 0123456789abcdef
//   key: <64 hexadecimal digits>
//   check: <first 8 hexadecimal digits of the SHA-256 of the three lines before>
//
// Refused with a text that says what and where (StartError): a file that is missing, can't be read, is not of this
// form, or that others than its owner can read. Whether a new one may be made is for the caller to know: never beside
// an existing key store or log, because the old one is then only mislaid.

#include <filesystem>
#include <string>

#include "adapters/keys/error.h"
#include "adapters/keys/secret_key.h"

namespace countersign::keys {

struct MasterKey {
  KeyId id;
  Key key;
};

MasterKey random_master_key();

MasterKey load_master_key(const std::filesystem::path& file);
/// Writes a new key with mode 0600, durable when it returns; refuses to touch a file that exists.
MasterKey create_master_key(const std::filesystem::path& file);
void write_master_key(const std::filesystem::path& file, const MasterKey& key);
/// Loads the file; when it is missing and `may_create`, makes it.
MasterKey load_or_create_master_key(const std::filesystem::path& file, bool may_create);

std::string hex(std::string_view bytes);

}  // namespace countersign::keys
