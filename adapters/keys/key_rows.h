#pragma once
// The rows of the key store, told apart by their first letter: format, cluster keys, account keys, subject keys,
// secrets of others; and what each store has for itself: erasures under way, rotations of the master key that no event
// tells of yet, up to where a topic was copied.

#include <rocksdb/db.h>

#include <memory>
#include <string>
#include <string_view>

#include "adapters/keys/key_store.h"
#include "bus/hash.h"

namespace countersign::keys {

inline constexpr std::string_view format_row = "f", format = "1";
inline constexpr std::string_view check_row = "c/check", lookup_row = "c/look-up", log_row = "c/log",
                                  signing_row = "c/signing", filler_row = "z";
/// How far the topic was applied, and when that was all of it; that a copy is being made anew.
inline constexpr std::string_view position_row = "p", anew_row = "q";
inline constexpr char account_letter = 'a', subject_letter = 's', erasing_letter = 'e', rotation_letter = 'r',
                      secret_letter = 'd';
inline constexpr std::size_t account_row_bytes = 1 + 16, subject_row_bytes = 1 + 32, rotation_row_bytes = 1 + 16,
                             secret_row_bytes = 1 + 32;

inline constexpr std::string_view former_signing_rows = "c/signing-before/";

/// In the order of their time.
inline std::string former_signing_row(std::size_t number) {
  const auto digits = std::to_string(number);
  return std::string(former_signing_rows) + std::string(6 - digits.size(), '0') + digits;
}
inline std::string account_row(domain::AccountId account) {
  return account_letter + std::string(account.uuid.view());
}
inline std::string subject_row(const Subject& subject) {
  std::string row(1, subject_letter);
  row.append(subject.account.uuid.view()).append(subject.user.uuid.view());
  return row;
}
inline std::string secret_row(const SecretName& secret) {
  std::string row(1, secret_letter);
  row.append(secret.account.uuid.view()).append(secret.name.view());
  return row;
}
/// Of a subject's row without its letter, of a secret's with it: so they are told apart.
inline std::string erasing_row(std::string_view row) {
  return erasing_letter + std::string(row.front() == subject_letter ? row.substr(1) : row);
}
inline std::string row_being_erased(std::string_view erasing) {
  const auto rest = std::string(erasing.substr(1));
  return rest.size() == secret_row_bytes ? rest : subject_letter + rest;
}
inline std::string rotation_row(const domain::Uuid& rotation) {
  return rotation_letter + std::string(rotation.view());
}
inline SecretName secret_of(std::string_view row) {
  return {domain::AccountId{domain::uuid_from(row.substr(1))}, domain::uuid_from(row.substr(17))};
}
inline Subject subject_of(std::string_view row) {
  return {domain::AccountId{domain::uuid_from(row.substr(1))}, domain::UserId{domain::uuid_from(row.substr(17))}};
}

/// Wrapped by the master key in check_row: so a wrong one is noticed.
inline NamedKey known_constant() {
  return {KeyId{}, Key(bus::sha256("countersign key store"))};
}

template <class Visit>
rocksdb::Status for_each_row(rocksdb::DB& db, char letter, Visit visit) {
  const std::string prefix(1, letter);
  const std::unique_ptr<rocksdb::Iterator> rows(db.NewIterator(rocksdb::ReadOptions()));
  for (rows->Seek(prefix); rows->Valid() && rows->key().starts_with(prefix); rows->Next()) {
    visit(rows->key().ToStringView(), rows->value().ToStringView());
  }
  return rows->status();
}

}  // namespace countersign::keys
