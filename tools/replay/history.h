#pragma once
// One account's events in order, up to a moment, as a log has them.

#include <functional>

#include "tools/replay/account_fold.h"
#include "tools/replay/audited_log.h"
#include "tools/replay/moment.h"

namespace countersign::replay {

/// How far a walk went: the last frame that is of the moment, whosever events are in it.
struct Reached {
  bus::FrameNumber frame{};
  domain::UnixMs time = 0;
  std::uint64_t events = 0;  ///< of the account
};

/// `bytes` are the whole event's, good until the visit ends. False ends the walk.
using VisitEvent = std::function<bool(const domain::EventView& event, std::string_view bytes, bus::FrameNumber frame)>;

/// Throws std::runtime_error naming what can't be read: a record that doesn't count is passed over, as servers do.
Reached walk(AuditedLog& log, domain::AccountId account, const Moment& until, const VisitEvent& visit,
             const Progress& progress);

/// The account's state at the moment. Throws as walk().
struct FoldedAccount {
  AccountFold state;
  Reached reached;
  /// The moment's own time, or that of the last frame that it reaches: what effective statuses are judged by.
  domain::UnixMs now = 0;
};
FoldedAccount fold_account(AuditedLog& log, domain::AccountId account, const Moment& at, const Progress& progress);

}  // namespace countersign::replay
