// Record bytes from outside: decoding must neither crash nor read beyond them, and what it believes must come out the
// same when encoded again. The HMAC is put right first, or nothing would get past it.

#include <cstdlib>

#include "bus/acceptance.h"

using namespace countersign::bus;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string key = "fuzz";
  static FrameCodec codec({}, key);
  static HmacSha256 mac(key);
  std::string bytes(reinterpret_cast<const char*>(data), size);
  (void)record_mac(bytes);
  (void)peek_chain_place(bytes);
  (void)describe_newer_format(bytes);
  (void)decode_acceptance_state(bytes);
  (void)codec.decode(bytes);
  if (bytes.size() < record_header_bytes + record_mac_bytes) return 0;
  const std::size_t signed_size = bytes.size() - record_mac_bytes;
  bytes.replace(0, 4, "CSfr");
  bytes.replace(6, 2, std::string("\0\1", 2));
  bytes.replace(12, 20, std::string(20, '\0'));
  bytes.replace(signed_size, record_mac_bytes, view(mac(std::string_view(bytes).substr(0, signed_size))));
  (void)peek_chain_place(bytes);
  const auto decoded = codec.decode(bytes);
  if (decoded.has_error()) return 0;
  const auto encode = [](const auto& record) {
    try {
      return codec.encode(record);
    } catch (const std::length_error&) {
      return std::string();  // the same contents may have been packed more tightly than this encoder packs them
    }
  };
  const std::string again = std::visit(encode, *decoded);
  if (!again.empty() && *codec.decode(again) != *decoded) std::abort();
  return 0;
}
