#pragma once
// Whom a body means: by user_id, email or login_name, of which it has exactly one.

#include <optional>
#include <string>

#include "adapters/http/api/fields.h"
#include "adapters/http/api/reads.h"

namespace countersign::http {

class UserName {
 public:
  static UserName read(Body& body);
  /// Nil: there is nobody of this name.
  domain::UserId find(const Reads& reads, domain::AccountId account) const;

 private:
  std::optional<std::string> id_, email_, login_name_;
};

}  // namespace countersign::http
