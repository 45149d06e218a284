#include "adapters/directory/person_checks.h"

#include "adapters/directory/address.h"
#include "adapters/directory/person_limits.h"
#include "adapters/directory/text_checks.h"

namespace countersign::directory {
namespace {

std::string longer_than(const char* what, std::size_t most) {
  return std::string(what) + " is longer than " + std::to_string(most) + " characters";
}

struct NamedField {
  std::string_view name;
  std::string RawPerson::*field;
};

constexpr NamedField fields[] = {
    {"firstname", &RawPerson::first_name}, {"lastname", &RawPerson::last_name},    {"email", &RawPerson::email},
    {"loginname", &RawPerson::login_name}, {"department", &RawPerson::department}, {"mobile", &RawPerson::mobile},
};

}  // namespace

std::string RawPerson::*field_named(std::string_view name) {
  std::string plain;
  for (const char c : to_lower_ascii(trim(name))) {
    if (c != ' ' && c != '_') plain.push_back(c);
  }
  for (const NamedField& candidate : fields) {
    if (candidate.name == plain) return candidate.field;
  }
  return nullptr;
}

std::string fold_newlines(std::string_view text) {
  std::string folded;
  const std::string_view trimmed = trim(text);
  for (std::size_t i = 0; i < trimmed.size(); ++i) {
    if (trimmed[i] == '\r' && i + 1 < trimmed.size() && trimmed[i + 1] == '\n') continue;
    folded.push_back(trimmed[i] == '\n' ? ' ' : trimmed[i]);
  }
  return folded;
}

std::variant<Person, RecordError> check_person(RawPerson raw) {
  for (const NamedField& named : fields) {
    std::string& text = raw.*named.field;
    text = fold_newlines(text);
    if (has_control_character(text)) {
      return RecordError{"control-character", "a cell holds a control character other than a newline"};
    }
  }
  NormalAddress email = normalise_address(raw.email);
  if (!email.ok) return RecordError{std::string(code_of(email.error)), std::string(text_of(email.error))};
  if (raw.first_name.empty() && raw.last_name.empty()) {
    return RecordError{"name-missing", "first name and last name are both empty"};
  }
  if (count_characters(raw.first_name) > max_name_characters || count_characters(raw.last_name) > max_name_characters) {
    return RecordError{"name-too-long", longer_than("a name", max_name_characters)};
  }
  if (count_characters(raw.login_name) > max_login_name_characters) {
    return RecordError{"login-name-too-long", longer_than("the login name", max_login_name_characters)};
  }
  if (count_characters(raw.department) > max_attribute_characters ||
      count_characters(raw.mobile) > max_attribute_characters) {
    return RecordError{"attribute-too-long", longer_than("department or mobile", max_attribute_characters)};
  }
  return Person{std::move(raw.first_name), std::move(raw.last_name),  std::move(email.text),
                std::move(raw.login_name), std::move(raw.department), std::move(raw.mobile)};
}

}  // namespace countersign::directory
