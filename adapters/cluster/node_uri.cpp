#include "adapters/cluster/node_uri.h"

#include "adapters/http/server/percent.h"

namespace countersign::cluster {
namespace {

constexpr std::string_view scheme = "countersign-node:";

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

}  // namespace

std::string node_uri(std::string_view node) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string uri(scheme);
  for (const char c : node) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_unreserved(c))
      uri += c;
    else
      uri.append(1, '%').append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
  }
  return uri;
}

std::string node_of(std::string_view uri) {
  std::string node;
  if (!uri.starts_with(scheme)) return node;
  uri.remove_prefix(scheme.size());
  if (!http::append_percent_decoded(uri, http::Plus::is_itself, node)) node.clear();
  return node;
}

bool is_from_node(const http::Request& request) {
  return request.peer_uri.starts_with(scheme);
}

}  // namespace countersign::cluster
