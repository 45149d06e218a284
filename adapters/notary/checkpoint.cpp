#include "adapters/notary/checkpoint.h"

#include <algorithm>
#include <charconv>

#include "adapters/keys/rfc4648.h"

namespace countersign::notary {
namespace {

constexpr std::string_view middle = "/log/";

/// Takes the first line off; nothing when there is none.
std::optional<std::string_view> take_line(std::string_view& text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  const auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

}  // namespace

std::string text_of(const Checkpoint& checkpoint) {
  return checkpoint.origin + "\n" + std::to_string(checkpoint.head.size) + "\n" +
         keys::base64(bus::view(checkpoint.head.root)) + "\n";
}

std::optional<Checkpoint> parse_checkpoint(std::string_view text) {
  const auto origin = take_line(text), size = take_line(text), root = take_line(text);
  if (!origin || !size || !root) return std::nullopt;
  Checkpoint checkpoint{std::string(*origin), {}};
  const auto [end, error] = std::from_chars(size->data(), size->data() + size->size(), checkpoint.head.size);
  if (error != std::errc() || end != size->data() + size->size() || (size->size() > 1 && size->front() == '0'))
    return std::nullopt;
  const auto bytes = keys::parse_base64(*root);
  if (!bytes || bytes->size() != checkpoint.head.root.size()) return std::nullopt;
  std::ranges::copy(*bytes, checkpoint.head.root.begin());
  while (!text.empty())
    if (!take_line(text)) return std::nullopt;
  return checkpoint;
}

std::string origin_of(std::string_view host, domain::AccountId account) {
  return std::string(host).append(middle).append(account_text(account));
}

std::optional<domain::AccountId> account_of(std::string_view origin) {
  const auto at = origin.rfind(middle);
  if (at == std::string_view::npos || !is_origin_host(origin.substr(0, at))) return std::nullopt;
  return domain::parse_account(origin.substr(at + middle.size()));
}

bool is_origin_host(std::string_view host) {
  return !host.empty() && host.size() <= 253 && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == ':';
  });
}

}  // namespace countersign::notary
