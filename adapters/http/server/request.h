#pragma once
// One request as its handler sees it. Every view points into the connection's buffers and holds as long as the
// exchange.

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/http/server/verb.h"

namespace countersign::http {

struct HeaderField {
  std::string_view name, value;
};

struct Request {
  Verb verb = Verb::other;
  std::string_view target;  ///< as sent
  std::string_view path;    ///< as sent, without the query
  std::string_view query;   ///< as sent, without "?"
  std::vector<HeaderField> headers;
  std::string_view body;  ///< empty on routes that stream it
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool http_1_0 = false;
  bool tls = false;
  std::string_view peer_uri;        ///< of the certificate that the peer has shown (tls.h); empty: none
  boost::asio::ip::address peer;    ///< the other end of the connection
  boost::asio::ip::address client;  ///< the peer, or whom trusted proxies name in X-Forwarded-For

  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
  /// The first header of that name, in any case; empty when there is none.
  std::string_view header(std::string_view name) const;
  bool has_header(std::string_view name) const;

  using Parameter = std::pair<std::string, std::string>;
  /// All parameters of the query or of a form body, decoded ("+" is a blank). Nothing if a percent-encoding is broken
  /// or the text is not UTF-8.
  static std::optional<std::vector<Parameter>> parse_parameters(std::string_view encoded);
  std::optional<std::vector<Parameter>> query_parameters() const { return parse_parameters(query); }
};

bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace countersign::http
