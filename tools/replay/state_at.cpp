#include "tools/replay/state_at.h"

namespace countersign::replay {

boost::json::value state_at(const Source& source, const Question& question, const Progress& progress) {
  AuditedLog log(source);
  const auto folded = fold_account(log, question.account, question.at, progress);
  auto drawn = portrait(folded, log.identity(), question.whose, log.seal_keys(question.account));
  if (!drawn) return nullptr;
  return std::move(*drawn);
}

}  // namespace countersign::replay
