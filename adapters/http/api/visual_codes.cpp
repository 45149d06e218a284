#include "adapters/http/api/visual_codes.h"

#include "adapters/http/api/fields.h"
#include "adapters/otp/qr_code.h"

namespace countersign::http {
namespace {

constexpr std::string_view formats[] = {"PNG", "SVG"};
constexpr std::size_t longest_content = 2'331;  ///< bytes that a code of medium error correction holds
constexpr int usual_size = 300, largest_size = 2'000;

Problem does_not_fit(const std::string& pointer, const std::string& detail) {
  Problem problem{.status = 422, .code = "invalid-fields", .detail = "Some fields can't be taken."};
  problem.errors.push_back({pointer, detail});
  return problem;
}

}  // namespace

Response VisualCodes::render(Exchange& exchange) {
  Body body(exchange);
  const auto content = body->text("content", {.most = longest_content, .newlines = true});
  const auto format = body->optional_choice("format", formats).value_or(0);
  const auto size = static_cast<int>(body->optional_integer("size", 1, largest_size).value_or(usual_size));
  if (auto problem = body.finish()) return exchange.problem(*problem);
  const auto code = otp::QrCode::of(content);
  if (!code) return exchange.problem(does_not_fit("/content", "is longer than what a code holds"));
  const bool png = format == 0;
  const auto picture = png ? code->png(size) : code->svg(size);
  if (!picture)
    return exchange.problem(
        does_not_fit("/size", "this content needs at least " + std::to_string(code->least_size()) + " pixels"));
  Response response(200, png ? "image/png" : "image/svg+xml", *picture);
  return response.no_store();
}

}  // namespace countersign::http
