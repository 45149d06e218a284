// Seed files: whatever the bytes and however they are cut, rows come numbered, and every token has passed the checks.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "adapters/seed_files/seed_file_reader.h"

using namespace countersign;
using namespace countersign::seed_files;

namespace {

void check(const TokenSeed& token) {
  const bool ocra = token.type == TokenType::ocra;
  if (token.serial.empty() || token.suite.has_value() != ocra) std::abort();
  if (token.seed.size() < least_seed_bytes || token.seed.size() > most_seed_bytes) std::abort();
  if (token.shape.digits < 6 || token.shape.digits > (ocra ? 10 : 8)) std::abort();
  if (!ocra) return;
  const auto again = otp::parse_ocra_suite(token.suite->text);
  if (!std::holds_alternative<otp::OcraSuite>(again)) std::abort();
  const std::string pin(token.suite->pin ? otp::seed_bytes(*token.suite->pin) : 0, 'p');
  const auto response = otp::ocra_response(token.seed.view(), *token.suite, {.question = "0123", .pin_hash = pin});
  if (std::get<std::string>(response).size() != token.shape.digits) std::abort();
}

void read(SeedFileReader& reader, std::string_view bytes, std::size_t piece) {
  std::uint64_t number = 0;
  const auto take_all = [&] {
    while (const auto row = reader.next()) {
      if (row->number != ++number || row->line == 0) std::abort();
      if (const auto* const token = std::get_if<TokenSeed>(&row->outcome)) check(*token);
    }
  };
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    reader.feed(bytes.substr(at, piece));
    take_all();
  }
  reader.finish();
  take_all();
}

/// Those of RFC 6030's examples, so that the fuzzer gets beyond the first MAC.
FileKey key_of(unsigned kind) {
  constexpr std::string_view preshared("\x12\x34\x56\x78\x90\x12\x34\x56\x78\x90\x12\x34\x56\x78\x90\x12", 16);
  if (kind == 1) return PresharedKey{keys::SecretBytes(preshared)};
  if (kind == 2) return Passphrase{keys::SecretBytes(std::string_view("qwerty")), 1'000};
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const unsigned kind = data[0] & 3;
  const std::size_t piece = 1u + (data[0] >> 2) * 16u;
  read(kind == 3 ? *make_csv_reader() : *make_pskc_reader(key_of(kind)), bytes, piece);
  return 0;
}
