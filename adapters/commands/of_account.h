#pragma once
// Which accounts something is done for: for example those of partitions that this node owns.

#include <functional>

#include "domain/ids.h"

namespace countersign::commands {

/// Null: all of them.
using OfAccount = std::function<bool(domain::AccountId)>;

inline bool holds(const OfAccount& wanted, domain::AccountId account) {
  return !wanted || wanted(account);
}

}  // namespace countersign::commands
