#include "adapters/http/api/found_code.h"

namespace countersign::http {

std::optional<FoundCode> find_code(const domain::State& state, domain::AccountId account, domain::CodeId id) {
  const auto located = state.locate_code(account, id);
  if (!located) return std::nullopt;
  FoundCode found{state.user(account, located->user), located->ended_code};
  if (!found.user) return std::nullopt;
  found.code = found.ended ? found.ended.get() : found.user->code(id);
  if (!found.code) return std::nullopt;
  return found;
}

}  // namespace countersign::http
