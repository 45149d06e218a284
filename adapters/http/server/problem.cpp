#include "adapters/http/server/problem.h"

#include <boost/json/serialize.hpp>

namespace countersign::http {

Response to_response(const Problem& problem, std::string_view reference) {
  boost::json::object body;
  body["type"] = std::string(problem_type_prefix) + problem.code;
  body["title"] = problem.title.empty() ? reason_phrase(problem.status) : std::string_view(problem.title);
  body["status"] = problem.status;
  if (!problem.detail.empty()) body["detail"] = problem.detail;
  body["code"] = problem.code;
  body["reference"] = reference;
  if (!problem.errors.empty()) {
    boost::json::array& errors = body["errors"].emplace_array();
    for (const FieldError& error : problem.errors) {
      errors.push_back(boost::json::object{{"pointer", error.pointer}, {"detail", error.detail}});
    }
  }
  for (const auto& [name, value] : problem.extra) body[name] = value;
  Response response(problem.status, "application/problem+json", boost::json::serialize(body));
  if (problem.retry_after_s) response.header("Retry-After", std::to_string(*problem.retry_after_s));
  if (problem.status == 401) response.header("WWW-Authenticate", "Bearer");  // RFC 9110, 15.5.2; RFC 6750, 3
  return response;
}

}  // namespace countersign::http
