#pragma once
// A registration code and its user, wherever the code is: in its user's row while it lives, in a record of its own
// afterwards.

#include <memory>
#include <optional>

#include "adapters/http/api/reads.h"
#include "domain/decision.h"
#include "domain/user.h"

namespace countersign::http {

struct FoundCode {
  std::shared_ptr<const domain::User> user;
  std::shared_ptr<const domain::Code> ended;
  const domain::Code* code = nullptr;
  domain::UnixMs used_at = 0;  ///< 0: it was not used
};

std::optional<FoundCode> find_code(const domain::State& state, domain::AccountId account, domain::CodeId id);
std::optional<FoundCode> find_code(const Reads& reads, domain::AccountId account, domain::CodeId id);

}  // namespace countersign::http
