#include "adapters/keys/audit_key.h"

#include <sys/stat.h>

#include <fstream>

#include "adapters/keys/error.h"
#include "adapters/keys/rfc4648.h"
#include "bus/hash.h"

namespace countersign::keys {
namespace {

constexpr std::size_t account_bytes = 16, id_bytes = 8, check_bytes = 4;
constexpr std::size_t named_bytes = account_bytes + id_bytes + Key::size_bytes;

std::string check_of(std::string_view bytes) {
  return std::string(bus::view(bus::sha256(bytes)).substr(0, check_bytes));
}

}  // namespace

std::string text_of(const AuditKey& key) {
  std::string bytes(key.account.uuid.view());
  bytes.append(key.key.id.view()).append(key.key.key.view());
  bytes += check_of(bytes);
  return std::string(audit_key_prefix) + base64url(bytes);
}

std::optional<AuditKey> parse_audit_key(std::string_view text) {
  if (!text.starts_with(audit_key_prefix)) return std::nullopt;
  const auto bytes = parse_base64url(text.substr(audit_key_prefix.size()));
  if (!bytes || bytes->size() != named_bytes + check_bytes) return std::nullopt;
  const std::string_view named(bytes->data(), named_bytes);
  if (bytes->substr(named_bytes) != check_of(named)) return std::nullopt;
  AuditKey key{domain::AccountId{domain::uuid_from(named)}, {{}, Key(named.substr(account_bytes + id_bytes))}};
  std::copy_n(named.begin() + account_bytes, id_bytes, key.key.id.bytes.begin());
  return key;
}

AuditKey load_audit_key(const std::filesystem::path& file) {
  struct ::stat found {};
  std::ifstream in(file);
  if (::stat(file.c_str(), &found) != 0 || !in) throw StartError("the audit key " + file.string() + " can't be read");
  if ((found.st_mode & 077) != 0)
    throw StartError("the audit key " + file.string() + ": others than its owner may use it; chmod 600 it");
  std::string line;
  std::getline(in, line);
  const auto key = parse_audit_key(line);
  if (!key)
    throw StartError(file.string() + " holds no audit key: one begins with " + std::string(audit_key_prefix) +
                     ", and is whole");
  return *key;
}

}  // namespace countersign::keys
