#pragma once
// The methods that routes know (RFC 9110, RFC 5789).

#include <cstdint>
#include <string_view>

namespace countersign::http {

enum class Verb : std::uint8_t { get, head, post, put, patch, delete_, options, other };
inline constexpr std::size_t verb_count = 8;

constexpr std::string_view text_of(Verb verb) {
  constexpr std::string_view texts[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "?"};
  return texts[static_cast<std::size_t>(verb)];
}

}  // namespace countersign::http
