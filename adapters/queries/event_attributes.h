#pragma once
// What event discovery can filter and count by: attributes with their value in an event and their place in the index.
// All of them stand in an event's clear part. Internal to queries/ but for facets, which count them by name.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "projections/index/indexed_event.h"

namespace countersign::queries {

/// A text, empty where the event has none; or a number, or milliseconds since 1970.
using AttributeValue = std::variant<std::string, std::int64_t>;

struct Attribute {
  enum class Form { text, correlation, address, number, time };
  std::string_view name;
  Form form = Form::text;
  AttributeValue (*of)(const domain::EventView&) = nullptr;

  std::optional<projections::Few> few{};
  std::string (*few_text)(std::uint8_t byte) = nullptr;

  std::optional<projections::Many> many{};
  std::string (*many_text)(const projections::IndexValue& value) = nullptr;
  /// The value with this text, folded to lower case; nothing when no value has it.
  std::optional<projections::IndexValue> (*many_value)(std::string_view text) = nullptr;

  bool is_numeric() const { return form == Form::number || form == Form::time; }
  bool in_index() const { return few || many || is_numeric(); }
};

/// Null: there is none. Names are compared without regard to ASCII case.
const Attribute* find_attribute(std::string_view name);

std::string lower_ascii(std::string_view text);

}  // namespace countersign::queries
