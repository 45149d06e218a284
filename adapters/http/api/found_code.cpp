#include "adapters/http/api/found_code.h"

namespace countersign::http {
namespace {

/// A code that was revoked after its use remembers only its end; what it brought remembers its beginning.
domain::UnixMs used_at(const domain::State& state, domain::AccountId account, const FoundCode& found) {
  const auto& code = *found.code;
  if (code.status == domain::CodeStatus::used) return code.changed_at;
  if (code.activation.is_nil()) return 0;
  if (const auto* activation = found.user->activation(code.activation)) return activation->activated_at;
  const auto located = state.locate_activation(account, code.activation);
  return located && located->ended_activation ? located->ended_activation->activated_at : 0;
}

}  // namespace

std::optional<FoundCode> find_code(const domain::State& state, domain::AccountId account, domain::CodeId id) {
  const auto located = state.locate_code(account, id);
  if (!located) return std::nullopt;
  FoundCode found{state.user(account, located->user), located->ended_code};
  if (!found.user) return std::nullopt;
  found.code = found.ended ? found.ended.get() : found.user->code(id);
  if (!found.code) return std::nullopt;
  found.used_at = used_at(state, account, found);
  return found;
}

std::optional<FoundCode> find_code(const Reads& reads, domain::AccountId account, domain::CodeId id) {
  return reads.find([&](const auto& state) { return find_code(state, account, id); });
}

}  // namespace countersign::http
