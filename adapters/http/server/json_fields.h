#pragma once
// Reading the fields of a JSON object into C++ types, collecting everything that is wrong instead of stopping at the
// first:
//
//   Fields fields(body.value());
//   const std::string name = fields.text("name", {.most = 200});
//   const auto days = fields.optional_integer("days", 1, 7);
//   if (auto problem = fields.finish()) return exchange.problem(*problem);
//
// A missing field, a wrong JSON type, an unknown field: 400 malformed-fields. A value out of its range: 422
// invalid-fields. Every error names its field by JSON pointer (RFC 6901). Values read from a wrong field are empty and
// not to be used before finish() said that all is well.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/http/server/problem.h"

namespace countersign::http {

struct TextRule {
  std::size_t least = 1;   ///< characters
  std::size_t most = 200;  ///< characters
  bool newlines = false;   ///< otherwise no control character at all
};

/// What all the fields of one body have found wrong.
struct FieldErrors {
  std::vector<FieldError> malformed, invalid;
};

class Fields {
 public:
  /// `value` must outlive this; not an object is an error of its own.
  explicit Fields(const boost::json::value& value);

  bool has(std::string_view name) const;
  bool is_null(std::string_view name) const;

  std::string text(std::string_view name, const TextRule& rule = {});
  std::optional<std::string> optional_text(std::string_view name, const TextRule& rule = {});
  std::int64_t integer(std::string_view name, std::int64_t least, std::int64_t most);
  std::optional<std::int64_t> optional_integer(std::string_view name, std::int64_t least, std::int64_t most);
  bool boolean(std::string_view name);
  std::optional<bool> optional_boolean(std::string_view name);
  /// The index of the word in `words`.
  std::size_t choice(std::string_view name, std::span<const std::string_view> words);
  std::optional<std::size_t> optional_choice(std::string_view name, std::span<const std::string_view> words);
  /// Strings, between `least` and `most` of them.
  std::vector<std::string> texts(std::string_view name, std::size_t least, std::size_t most, const TextRule& rule = {});
  /// A nested object; its errors are this one's.
  void object(std::string_view name, const std::function<void(Fields&)>& read);
  bool optional_object(std::string_view name, const std::function<void(Fields&)>& read);
  /// Each element of an array of objects.
  void objects(std::string_view name, std::size_t least, std::size_t most, const std::function<void(Fields&)>& read);
  /// For rules of one's own: the value as it is, or none. Report with invalid() or malformed().
  const boost::json::value* any(std::string_view name);
  /// Names that may stand there and mean nothing.
  void ignore(std::string_view name);

  /// Right type, wrong value. `name` empty: the object itself.
  void invalid(std::string_view name, std::string detail);
  void malformed(std::string_view name, std::string detail);

  /// Once, at the end: also looks for unknown fields.
  std::optional<Problem> finish();

 private:
  Fields(const boost::json::value& value, std::string pointer, FieldErrors& errors);
  const boost::json::value* find(std::string_view name, bool required);
  void look_for_unknown();
  std::string pointer_to(std::string_view name) const;
  std::string checked_text(const boost::json::value& value, const std::string& pointer, const TextRule& rule);

  const boost::json::object* object_ = nullptr;
  std::string pointer_;
  FieldErrors own_errors_;
  FieldErrors& errors_;
  std::vector<std::string_view> known_;
};

}  // namespace countersign::http
