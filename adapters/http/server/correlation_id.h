#pragma once
// A request's correlation id: stands in its answer (X-Request-Id, `reference`), in logs and events. Unique, not secret.

#include <array>
#include <string_view>

#include "adapters/http/server/request.h"

namespace countersign::http {

class CorrelationId {
 public:
  /// A fresh one: 32 hexadecimal digits.
  void draw();
  /// The one that a trusted proxy gave in X-Request-Id if it is well-formed (1 to 64 of A-Z a-z 0-9 . _ -), else fresh.
  void take_or_draw(std::string_view given);
  std::string_view text() const { return {text_.data(), size_}; }

 private:
  std::array<char, 64> text_{};
  std::size_t size_ = 0;
};

}  // namespace countersign::http
