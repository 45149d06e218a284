#include "adapters/http/server/percent.h"

#include <algorithm>

namespace countersign::http {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

bool append_percent_decoded(std::string_view encoded, Plus plus, std::string& out) {
  const auto coded = std::ranges::find_if(encoded, [](char c) { return c == '%' || c == '+'; });
  out.append(encoded.begin(), coded);
  encoded.remove_prefix(static_cast<std::size_t>(coded - encoded.begin()));
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] == '+' && plus == Plus::is_blank) {
      out.push_back(' ');
    } else if (encoded[i] != '%') {
      out.push_back(encoded[i]);
    } else {
      if (i + 2 >= encoded.size()) return false;
      const int high = hex_value(encoded[i + 1]), low = hex_value(encoded[i + 2]);
      if (high < 0 || low < 0) return false;
      out.push_back(static_cast<char>(high << 4 | low));
      i += 2;
    }
  }
  return true;
}

}  // namespace countersign::http
