#include "adapters/keys/lookup.h"

#include <atomic>

#include "bus/hash.h"

namespace countersign::keys {
namespace {

std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> serial{0};
  return ++serial;
}

struct ThreadState {
  std::uint64_t serial = 0;
  std::optional<bus::HmacSha256> hmac;
};

}  // namespace

Lookup::Lookup(const Key& lookup_key) : key_(lookup_key), serial_(next_serial()) {}

domain::Digest Lookup::digest(LookupKind kind, std::string_view text) const {
  return digest_of(kind, nullptr, {text});
}

domain::Digest Lookup::digest(LookupKind kind, std::initializer_list<std::string_view> pieces) const {
  return digest_of(kind, nullptr, pieces);
}

domain::Digest Lookup::digest(LookupKind kind, domain::AccountId account, std::string_view text) const {
  return digest_of(kind, &account, {text});
}

domain::Digest Lookup::digest_of(LookupKind kind, const domain::AccountId* account,
                                 std::initializer_list<std::string_view> pieces) const {
  thread_local ThreadState state;
  if (state.serial != serial_) {
    state.hmac.emplace(key_.view());
    state.serial = serial_;
  }
  std::array<char, 2 + 16> head{static_cast<char>(kind), account != nullptr ? '\1' : '\0'};
  std::size_t size = 2;
  if (account != nullptr) {
    std::copy_n(account->uuid.view().begin(), 16, head.begin() + 2);
    size += 16;
  }
  state.hmac->update({head.data(), size});
  for (const auto piece : pieces) state.hmac->update(piece);
  return state.hmac->finish();
}

}  // namespace countersign::keys
