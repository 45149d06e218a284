#include "adapters/http/server/json_fields.h"

#include <algorithm>
#include <limits>

#include "adapters/http/server/utf8.h"

namespace countersign::http {
namespace json = boost::json;
namespace {

constexpr std::size_t most_errors = 100;

void add(std::vector<FieldError>& errors, std::string pointer, std::string detail) {
  if (errors.size() < most_errors) errors.push_back({std::move(pointer), std::move(detail)});
}

std::string between(std::size_t least, std::size_t most, const char* what) {
  return "must have " + std::to_string(least) + " to " + std::to_string(most) + " " + what;
}

// Nothing for a number that is not an integer as JSON writes it.
std::optional<std::int64_t> as_integer(const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  if (value.is_uint64()) return std::numeric_limits<std::int64_t>::max();  // beyond every range that is asked for
  return std::nullopt;
}

}  // namespace

Fields::Fields(const json::value& value) : Fields(value, "", own_errors_) {}

Fields::Fields(const json::value& value, std::string pointer, FieldErrors& errors)
    : object_(value.if_object()), pointer_(std::move(pointer)), errors_(errors) {
  if (object_ == nullptr) add(errors_.malformed, pointer_, "must be an object");
}

std::string Fields::pointer_to(std::string_view name) const {
  if (name.empty()) return pointer_;
  std::string pointer = pointer_ + "/";
  for (const char c : name) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return pointer;
}

void Fields::invalid(std::string_view name, std::string detail) {
  auto pointer = pointer_to(name);
  // Of what is missing, or is no text at all, more can't be said.
  const bool said = std::ranges::find(errors_.malformed, pointer, &FieldError::pointer) != errors_.malformed.end();
  if (object_ != nullptr && !said) add(errors_.invalid, std::move(pointer), std::move(detail));
}

void Fields::malformed(std::string_view name, std::string detail) {
  add(errors_.malformed, pointer_to(name), std::move(detail));
}

const json::value* Fields::find(std::string_view name, bool required) {
  known_.push_back(name);
  if (object_ == nullptr) return nullptr;
  const json::value* const value = object_->if_contains(name);
  if (value == nullptr && required) malformed(name, "is required");
  return value;
}

bool Fields::has(std::string_view name) const {
  return object_ != nullptr && object_->contains(name);
}

bool Fields::is_null(std::string_view name) const {
  const json::value* const value = object_ != nullptr ? object_->if_contains(name) : nullptr;
  return value != nullptr && value->is_null();
}

const json::value* Fields::any(std::string_view name) {
  return find(name, false);
}
void Fields::ignore(std::string_view name) {
  known_.push_back(name);
}

std::string Fields::checked_text(const json::value& value, const std::string& pointer, const TextRule& rule) {
  const json::string* const text = value.if_string();
  if (text == nullptr) {
    add(errors_.malformed, pointer, "must be a string");
    return {};
  }
  const std::string_view view(text->data(), text->size());
  const std::size_t length = count_characters(view);
  if (length < rule.least || length > rule.most)
    add(errors_.invalid, pointer, between(rule.least, rule.most, "characters"));
  std::string plain(view);
  if (rule.newlines) std::erase(plain, '\n');
  if (has_control_character(plain)) add(errors_.invalid, pointer, "must not have control characters");
  return std::string(view);
}

std::string Fields::text(std::string_view name, const TextRule& rule) {
  const json::value* const value = find(name, true);
  return value != nullptr ? checked_text(*value, pointer_to(name), rule) : std::string();
}

std::optional<std::string> Fields::optional_text(std::string_view name, const TextRule& rule) {
  const json::value* const value = find(name, false);
  if (value == nullptr) return std::nullopt;
  return checked_text(*value, pointer_to(name), rule);
}

std::optional<std::int64_t> Fields::optional_integer(std::string_view name, std::int64_t least, std::int64_t most) {
  const json::value* const value = find(name, false);
  if (value == nullptr) return std::nullopt;
  const auto number = as_integer(*value);
  if (!number) {
    malformed(name, "must be an integer");
    return least;
  }
  if (*number < least || *number > most) {
    invalid(name, "must be " + std::to_string(least) + " to " + std::to_string(most));
    return least;
  }
  return number;
}

std::int64_t Fields::integer(std::string_view name, std::int64_t least, std::int64_t most) {
  if (object_ != nullptr && !has(name)) malformed(name, "is required");
  return optional_integer(name, least, most).value_or(least);
}

std::optional<bool> Fields::optional_boolean(std::string_view name) {
  const json::value* const value = find(name, false);
  if (value == nullptr) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  malformed(name, "must be true or false");
  return false;
}

bool Fields::boolean(std::string_view name) {
  if (object_ != nullptr && !has(name)) malformed(name, "is required");
  return optional_boolean(name).value_or(false);
}

std::optional<std::size_t> Fields::optional_choice(std::string_view name, std::span<const std::string_view> words) {
  const json::value* const value = find(name, false);
  if (value == nullptr) return std::nullopt;
  const json::string* const word = value->if_string();
  if (word == nullptr) {
    malformed(name, "must be a string");
    return 0;
  }
  const auto found = std::find(words.begin(), words.end(), std::string_view(word->data(), word->size()));
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  std::string list;
  for (const std::string_view one : words) list.append(list.empty() ? "" : ", ").append(one);
  invalid(name, "must be one of " + list);
  return 0;
}

std::size_t Fields::choice(std::string_view name, std::span<const std::string_view> words) {
  if (object_ != nullptr && !has(name)) malformed(name, "is required");
  return optional_choice(name, words).value_or(0);
}

std::vector<std::string> Fields::texts(std::string_view name, std::size_t least, std::size_t most,
                                       const TextRule& rule) {
  std::vector<std::string> found;
  const json::value* const value = find(name, true);
  if (value == nullptr) return found;
  const json::array* const array = value->if_array();
  if (array == nullptr) {
    malformed(name, "must be an array");
    return found;
  }
  if (array->size() < least || array->size() > most) {
    invalid(name, between(least, most, "elements"));
    return found;
  }
  found.reserve(array->size());
  for (std::size_t i = 0; i < array->size(); ++i) {
    found.push_back(checked_text((*array)[i], pointer_to(name) + "/" + std::to_string(i), rule));
  }
  return found;
}

void Fields::object(std::string_view name, const std::function<void(Fields&)>& read) {
  if (object_ != nullptr && !has(name)) malformed(name, "is required");
  optional_object(name, read);
}

bool Fields::optional_object(std::string_view name, const std::function<void(Fields&)>& read) {
  const json::value* const value = find(name, false);
  if (value == nullptr) return false;
  Fields nested(*value, pointer_to(name), errors_);
  read(nested);
  nested.look_for_unknown();
  return true;
}

void Fields::objects(std::string_view name, std::size_t least, std::size_t most,
                     const std::function<void(Fields&)>& read) {
  const json::value* const value = find(name, true);
  if (value == nullptr) return;
  const json::array* const array = value->if_array();
  if (array == nullptr) return malformed(name, "must be an array");
  if (array->size() < least || array->size() > most) return invalid(name, between(least, most, "elements"));
  for (std::size_t i = 0; i < array->size(); ++i) {
    Fields nested((*array)[i], pointer_to(name) + "/" + std::to_string(i), errors_);
    read(nested);
    nested.look_for_unknown();
  }
}

void Fields::look_for_unknown() {
  if (object_ == nullptr) return;
  for (const auto& member : *object_) {
    const std::string_view name(member.key().data(), member.key().size());
    if (std::find(known_.begin(), known_.end(), name) == known_.end()) malformed(name, "is not a field of this call");
  }
}

std::optional<Problem> Fields::finish() {
  look_for_unknown();
  const bool shape = !errors_.malformed.empty();
  if (!shape && errors_.invalid.empty()) return std::nullopt;
  Problem problem;
  problem.status = shape ? 400 : 422;
  problem.code = shape ? "malformed-fields" : "invalid-fields";
  problem.detail =
      shape ? "The body doesn't have the fields of this call." : "A field has a value that is not allowed.";
  problem.errors = std::move(errors_.malformed);
  for (FieldError& error : errors_.invalid) problem.errors.push_back(std::move(error));
  return problem;
}

}  // namespace countersign::http
