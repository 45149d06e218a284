#pragma once
// Percent-decoding (RFC 3986 section 2.1). Not Boost.URL's: in 1.81 the last value that parse_query() finds reaches
// beyond the text it was given if it has a percent-encoding (request_parser_test.cpp has the case).

#include <string>
#include <string_view>

namespace countersign::http {

enum class Plus { is_itself, is_blank };

/// Appends the decoded text to `out`; false if an encoding is broken.
bool append_percent_decoded(std::string_view encoded, Plus plus, std::string& out);

}  // namespace countersign::http
