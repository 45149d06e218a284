#pragma once
// The checks that a person from any kind of directory has to pass, in the order in which they are reported.

#include <variant>

#include "adapters/directory/directory_reader.h"

namespace countersign::directory {

/// What the record says, before any check but UTF-8.
struct RawPerson {
  std::string first_name, last_name, email, login_name, department, mobile;
};

/// Which member of RawPerson a column or field name means, without regard to case, blanks and underscores; or none.
std::string RawPerson::*field_named(std::string_view name);
/// Trims, and folds newlines to a blank.
std::string fold_newlines(std::string_view text);
std::variant<Person, RecordError> check_person(RawPerson raw);

}  // namespace countersign::directory
