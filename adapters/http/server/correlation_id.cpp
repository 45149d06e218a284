#include "adapters/http/server/correlation_id.h"

#include <algorithm>
#include <cstdint>
#include <random>

namespace countersign::http {
namespace {

std::uint64_t random_word() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

// SplitMix64 (Steele, Lea, Flood 2014): a bijection of the counter, so that nothing repeats within a thread.
std::uint64_t next_word(std::uint64_t& state) {
  std::uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

bool is_well_formed(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), allowed);
}

}  // namespace

void CorrelationId::draw() {
  thread_local const std::uint64_t thread_part = random_word();
  thread_local std::uint64_t state = random_word();
  constexpr std::string_view digits = "0123456789abcdef";
  size_ = 0;
  for (std::uint64_t word : {next_word(state), thread_part}) {
    for (int i = 0; i < 16; ++i, word >>= 4) text_[size_++] = digits[word & 15];
  }
}

void CorrelationId::take_or_draw(std::string_view given) {
  if (!is_well_formed(given)) return draw();
  std::copy(given.begin(), given.end(), text_.begin());
  size_ = given.size();
}

}  // namespace countersign::http
