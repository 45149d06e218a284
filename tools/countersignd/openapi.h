#pragma once
// docs/api/openapi.yaml, built into the program.

#include <string_view>

namespace countersign::server {

std::string_view openapi_document();

}  // namespace countersign::server
