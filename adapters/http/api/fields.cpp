#include "adapters/http/api/fields.h"

#include "adapters/http/server/entity_tag.h"
#include "adapters/http/server/utf8.h"
#include "adapters/queries/rfc3339.h"

namespace countersign::http {

namespace json = boost::json;

Body::Body(const Exchange& exchange)
    : json_(exchange.body().empty() ? "{}" : exchange.body()), fields_(json_.value()) {}

std::optional<Problem> refuse_body(const Exchange& exchange) {
  if (exchange.body().empty()) return std::nullopt;
  Body body(exchange);
  return body.finish();
}

std::string trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(' ') - begin + 1));
}

std::optional<std::string> nullable_text(Fields& fields, std::string_view name, std::size_t most) {
  if (fields.is_null(name)) {
    fields.ignore(name);
    return "";
  }
  auto text = fields.optional_text(name, {.least = 0, .most = most});
  return text ? std::optional(trimmed(*text)) : std::nullopt;
}

std::optional<std::uint64_t> nullable_number(Fields& fields, std::string_view name, std::int64_t least,
                                             std::int64_t most) {
  if (fields.is_null(name)) {
    fields.ignore(name);
    return 0;
  }
  const auto number = fields.optional_integer(name, least, most);
  return number ? std::optional(static_cast<std::uint64_t>(*number)) : std::nullopt;
}

namespace {

const json::object* members(Fields& fields, std::string_view name, std::size_t most) {
  const auto* value = fields.any(name);
  if (!value) return nullptr;
  if (!value->is_object()) {
    fields.malformed(name, "an object is expected");
    return nullptr;
  }
  if (value->as_object().size() <= most) return &value->as_object();
  fields.invalid(name, "at most " + std::to_string(most) + " members are expected");
  return nullptr;
}

}  // namespace

std::optional<std::map<std::string, std::optional<std::string>>> free_texts(Fields& fields, std::string_view name,
                                                                            std::size_t most, std::size_t longest) {
  const auto* object = members(fields, name, most);
  if (!object) return std::nullopt;
  std::map<std::string, std::optional<std::string>> texts;
  for (const auto& [key, value] : *object) {
    if (value.is_null()) {
      texts[key] = std::nullopt;
      continue;
    }
    if (!value.is_string()) {
      fields.malformed(name, "texts are expected");
      return std::nullopt;
    }
    const std::string_view text = value.as_string();
    const bool fits = count_characters(text) <= longest && !has_control_character(text) && key.size() <= 64 &&
                      !has_control_character(key);
    if (!fits) fields.invalid(name, "at most " + std::to_string(longest) + " characters, no control characters");
    texts[key] = text;
  }
  return texts;
}

std::optional<std::map<std::string, std::uint32_t>> free_numbers(Fields& fields, std::string_view name,
                                                                 std::size_t most) {
  const auto* object = members(fields, name, most);
  if (!object) return std::nullopt;
  std::map<std::string, std::uint32_t> numbers;
  for (const auto& [key, value] : *object) {
    if (!value.is_int64() && !value.is_uint64()) {
      fields.malformed(name, "whole numbers are expected");
      return std::nullopt;
    }
    const bool negative = value.is_int64() && value.as_int64() < 0;
    const auto number = negative ? ~0ull : value.to_number<std::uint64_t>();
    if (number > 1'000'000)
      fields.invalid(name, "numbers from 0 to 1000000 are expected");
    else
      numbers[key] = static_cast<std::uint32_t>(number);
  }
  return numbers;
}

std::optional<domain::UnixMs> optional_time(Fields& fields, std::string_view name) {
  if (fields.is_null(name)) {
    fields.ignore(name);
    return std::nullopt;
  }
  const auto text = fields.optional_text(name, {.most = 40});
  if (!text) return std::nullopt;
  const auto time = queries::parse_rfc3339(*text);
  if (!time) fields.invalid(name, "a time such as 2026-11-23T03:00:00Z is expected");
  return time;
}

std::string etag_of(std::uint64_t version) {
  return "\"v" + std::to_string(version) + "\"";
}

std::optional<std::uint64_t> expected_version(const Exchange& exchange, std::uint64_t current) {
  const auto& request = exchange.request();
  if (!request.has_header("If-Match")) return current;
  std::string wanted;  // a list may stand on several lines
  for (const auto& field : request.headers)
    if (equal_ignoring_case(field.name, "If-Match")) wanted.append(wanted.empty() ? "" : ",").append(field.value);
  return if_match(wanted, etag_of(current)) ? std::optional(current) : std::nullopt;
}

Problem version_mismatch() {
  return {
      .status = 412, .code = "version-mismatch", .detail = "It has changed since it was read: please read it again."};
}

}  // namespace countersign::http
