#pragma once
// The HTTP API as commands use it: adds the key, draws an Idempotency-Key for every POST and repeats under it what the
// server could not take at the moment, turns problems into Refused, walks pages.
//
// Repeating: a POST without an answer, or answered 503, is sent up to five times in all, with the server's Retry-After
// between; its Idempotency-Key makes that one effect. 429 is not waited for.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/countersign/http_client.h"

namespace countersign::cli {

/// The server said no.
class Refused : public std::runtime_error {
 public:
  /// From a problem (RFC 9457), or from whatever a proxy in between made of it.
  Refused(unsigned status, std::string_view body);
  unsigned status() const { return status_; }
  const std::string& code() const { return code_; }

 private:
  unsigned status_;
  std::string code_;
};

/// Query parameters; those with an empty value are left out.
using Parameters = std::vector<std::pair<std::string, std::string>>;
std::string percent_encoded(std::string_view text);
std::string with_query(std::string_view path, const Parameters& parameters);

class Api {
 public:
  Api(HttpClient& http, std::string key) : http_(http), key_(std::move(key)) {}

  boost::json::object get(std::string_view path, const Parameters& parameters = {});
  boost::json::object post(std::string_view path, const boost::json::value& body = nullptr);
  /// A POST that is answered with a picture or the like.
  std::string post_for_bytes(std::string_view path, const boost::json::value& body);
  boost::json::object post_file(std::string_view path, const Parameters& parameters, std::string_view media_type,
                                const std::filesystem::path& file, std::map<std::string, std::string> headers = {});
  boost::json::object patch(std::string_view path, const boost::json::value& body, std::string_view version = {});
  boost::json::object remove(std::string_view path, const boost::json::value& body = {});
  /// Items of a list, page after page, `most` at most; 0: all. `more` tells whether there were more.
  boost::json::array list(std::string_view path, Parameters parameters, std::size_t most, bool* more);
  /// A body that is no JSON, piece by piece.
  void stream(std::string_view path, const Parameters& parameters, std::string_view accept,
              const HttpClient::Sink& sink, std::string_view last_event_id = {});

 private:
  HttpRequest request(std::string_view verb, std::string target) const;
  HttpAnswer repeat(const HttpRequest& request);
  HttpClient& http_;
  std::string key_;
};

}  // namespace countersign::cli
