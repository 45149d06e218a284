#include "adapters/http/server/entity_tag.h"

#include <algorithm>

namespace countersign::http {
namespace {

void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
}

/// Takes the tag that `text` begins with, weak ones with their "W/"; empty: there is none.
std::string_view take_tag(std::string_view& text) {
  const std::size_t prefix = text.starts_with("W/") ? 2 : 0;
  if (text.size() <= prefix || text[prefix] != '"') return {};
  const auto end = text.find('"', prefix + 1);
  if (end == std::string_view::npos) return {};
  const auto tag = text.substr(0, end + 1);
  text.remove_prefix(tag.size());
  return tag;
}

}  // namespace

bool if_match(std::string_view header, std::string_view current) {
  skip_blanks(header);
  if (header.starts_with('*')) {
    header.remove_prefix(1);
    skip_blanks(header);
    return header.empty();
  }
  bool found = false;
  while (!header.empty()) {
    if (header.front() != ',') {
      const auto tag = take_tag(header);
      if (tag.empty()) return false;
      found = found || tag == current;
      skip_blanks(header);
      if (!header.empty() && header.front() != ',') return false;
    }
    header.remove_prefix(std::min<std::size_t>(header.size(), 1));
    skip_blanks(header);
  }
  return found;
}

}  // namespace countersign::http
