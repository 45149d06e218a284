#include "adapters/keys/hkdf.h"

#include "bus/hash.h"
#include "bus/operation_trace.h"

namespace countersign::keys {
namespace {

// HMAC whose key changes with every call: precomputed states, as bus::HmacSha256 keeps them, would only cost.
template <class... Parts>
bus::Bytes32 hmac(std::string_view key, const Parts&... parts) {
  thread_local bus::Sha256 inner, outer;
  constexpr std::size_t block = 64;
  std::array<std::uint8_t, block> padded{};
  bus::Bytes32 hashed;
  if (key.size() > block) {
    hashed = bus::sha256(key);
    key = bus::view(hashed);
  }
  std::copy(key.begin(), key.end(), padded.begin());
  for (auto& byte : padded) byte ^= 0x36;
  inner.update(padded);
  for (auto& byte : padded) byte ^= 0x36 ^ 0x5c;
  outer.update(padded);
  OPENSSL_cleanse(padded.data(), padded.size());
  (inner.update(parts), ...);
  return outer.update(inner.finish()).finish();
}

Key expand(std::string_view key, std::string_view label, std::string_view context) {
  bus::OperationTrace::note('k');
  // The label ends with a zero byte, so that no label and context can spell another pair.
  constexpr std::string_view zero("\0", 1), first_block("\x01", 1);
  return Key(hmac(key, label, zero, context, first_block));
}

}  // namespace

Key hkdf_expand(const Key& uniform_key, std::string_view label, std::string_view context) {
  return expand(uniform_key.view(), label, context);
}

Key hkdf(std::string_view salt, std::string_view input, std::string_view label, std::string_view context) {
  const Key extracted(hmac(salt, input));
  return expand(extracted.view(), label, context);
}

}  // namespace countersign::keys
