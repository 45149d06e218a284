#pragma once
// Preconditions on an object's version (RFC 9110, 8.8.3 and 13.1.1).

#include <string_view>

namespace countersign::http {

/// Whether If-Match, which is "*" or a list of entity tags, is fulfilled by an object whose strong tag is `current`
/// (with its quotes). A weak tag never matches, since the comparison is strong; nor does what is not a list of tags.
bool if_match(std::string_view header, std::string_view current);

}  // namespace countersign::http
