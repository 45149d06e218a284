#pragma once
// Refusals as problem details (RFC 9457): type is a stable URI that ends in `code`, `reference` is the correlation id
// by which an administrator finds the request in log and events.

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/http/server/response.h"

namespace countersign::http {

struct FieldError {
  std::string pointer;  ///< JSON pointer (RFC 6901)
  std::string detail;
};

struct Problem {
  unsigned status = 500;
  std::string code;   ///< kebab-case, stable
  std::string title;  ///< empty: the status's reason phrase
  std::string detail;
  std::vector<FieldError> errors;
  boost::json::object extra;              ///< further members, such as `allowed` or `hint`
  std::optional<unsigned> retry_after_s;  ///< Retry-After
};

inline constexpr std::string_view problem_type_prefix = "https://countersign.dev/problems/";

/// A 401 names the scheme that is missing.
Response to_response(const Problem& problem, std::string_view reference);

}  // namespace countersign::http
