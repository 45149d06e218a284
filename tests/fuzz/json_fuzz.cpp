// JSON bodies and the reading of their fields: no input may do more than be refused.
#include <cstdint>
#include <cstdlib>

#include "adapters/http/server/json_body.h"
#include "adapters/http/server/json_fields.h"

using namespace countersign::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const JsonBody body({reinterpret_cast<const char*>(data), size});
  if (!body.ok()) return 0;
  Fields fields(body.value());
  const std::string name = fields.text("name", {.least = 1, .most = 20});
  const auto days = fields.optional_integer("days", 1, 7);
  constexpr std::string_view colours[] = {"red", "blue"};
  fields.optional_choice("colour", colours);
  fields.optional_object("device", [](Fields& device) { device.optional_text("name"); });
  if (fields.has("rows")) fields.objects("rows", 0, 5, [](Fields& row) { row.optional_boolean("on"); });
  if (fields.has("ids")) fields.texts("ids", 0, 5);
  if (const auto problem = fields.finish()) {
    if (problem->errors.empty()) std::abort();
    to_response(*problem, "reference");
  } else if (name.empty() || (days && (*days < 1 || *days > 7))) {
    std::abort();
  }
  return 0;
}
