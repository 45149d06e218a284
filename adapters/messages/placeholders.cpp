#include "adapters/messages/placeholders.h"

#include <algorithm>
#include <vector>

#include "adapters/directory/text_checks.h"

namespace countersign::messages {
namespace {

constexpr std::string_view opening = "{{", closing = "}}";

std::string list_of(std::span<const std::string_view> names) {
  std::string list;
  for (const auto name : names) list.append(list.empty() ? "" : ", ").append(opening).append(name).append(closing);
  return list;
}

/// Calls `plain` with the text between placeholders and `named` with each name, in order. Where a placeholder isn't
/// closed it ends and returns its place; npos: all is closed.
template <class Plain, class Named>
std::size_t each_part(std::string_view text, Plain plain, Named named) {
  std::size_t at = 0;
  while (true) {
    const auto begin = text.find(opening, at);
    plain(text.substr(at, begin == text.npos ? begin : begin - at));
    if (begin == text.npos) return begin;
    const auto end = text.find(closing, begin + opening.size());
    if (end == text.npos) return begin;
    named(text.substr(begin + opening.size(), end - begin - opening.size()), begin);
    at = end + closing.size();
  }
}

}  // namespace

std::string placeholder_flaw(std::string_view text, const PlaceholderRule& rule) {
  const auto where = [&](std::size_t at) {
    return "character " + std::to_string(directory::count_characters(text.substr(0, at)) + 1) + ": ";
  };
  std::string flaw;
  std::vector<std::string_view> seen;
  const auto unclosed = each_part(
      text, [](std::string_view) {},
      [&](std::string_view name, std::size_t at) {
        seen.push_back(name);
        if (!flaw.empty() || std::ranges::find(rule.known, name) != rule.known.end()) return;
        constexpr std::size_t most_shown = 32;
        const bool short_enough = name.size() <= most_shown && directory::is_ascii(name);
        flaw = where(at) + "there is no " + (short_enough ? "{{" + std::string(name) + "}}" : "such placeholder") +
               "; known are " + list_of(rule.known);
      });
  if (!flaw.empty()) return flaw;
  if (unclosed != text.npos) return where(unclosed) + "}} is missing";
  for (const auto name : rule.required)
    if (std::ranges::find(seen, name) == seen.end()) return "{{" + std::string(name) + "}} is missing";
  return {};
}

std::string filled_in(std::string_view text, const std::function<std::string(std::string_view name)>& value_of) {
  std::string filled;
  const auto unclosed = each_part(
      text, [&](std::string_view plain) { filled.append(plain); },
      [&](std::string_view name, std::size_t) { filled.append(value_of(name)); });
  return unclosed == text.npos ? filled : filled.append(text.substr(unclosed));
}

}  // namespace countersign::messages
