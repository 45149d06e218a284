#pragma once
// A JSON body as the API understands it (RFC 8259, and RFC 7493 for names): strict UTF-8, no name twice in an object,
// 32 levels at most. Its memory is one arena beside the value.

#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>
#include <boost/system/result.hpp>
#include <string_view>

#include "adapters/http/server/problem.h"

namespace countersign::http {

inline constexpr std::size_t max_json_depth = 32;

/// What is wrong is said by the problem: 400 malformed-json.
class JsonBody {
 public:
  explicit JsonBody(std::string_view text);
  JsonBody(const JsonBody&) = delete;
  JsonBody& operator=(const JsonBody&) = delete;

  bool ok() const { return !problem_; }
  const boost::json::value& value() const { return value_; }
  const std::optional<Problem>& problem() const { return problem_; }

 private:
  std::array<unsigned char, 2048> first_memory_;
  boost::json::monotonic_resource memory_{first_memory_.data(), first_memory_.size()};
  boost::json::value value_;
  std::optional<Problem> problem_;
};

}  // namespace countersign::http
