#pragma once
// What a client did wrong on the level of the connection, and the problem that tells it.

#include <boost/system/error_code.hpp>

#include "adapters/http/server/problem.h"

namespace countersign::http {

enum class errc {
  malformed_request = 1,
  malformed_target,
  target_too_long,
  header_too_large,
  version_not_supported,
  transfer_coding_not_supported,
  host_missing,
  body_too_large,
  body_too_slow,
  body_cut_off,
  header_too_slow,
  not_streaming,  ///< the handler called something that its route doesn't promise
};

const boost::system::error_category& http_category();
inline boost::system::error_code make_error_code(errc e) {
  return {static_cast<int>(e), http_category()};
}

/// For errors of this category and, as 500, any other.
Problem problem_of(const boost::system::error_code& error);

Problem not_found();
Problem method_not_allowed();
Problem unsupported_media_type(const std::vector<std::string>& accepted);
Problem internal_error();
Problem overloaded();

}  // namespace countersign::http

template <>
struct boost::system::is_error_code_enum<countersign::http::errc> : std::true_type {};
