#pragma once
// Why redemptions were refused lately, by the reference that whoever tried was shown: the help desk can explain every
// attempt, also those that are only counted and have no event. RAM only: a restart forgets, and so does the ring when
// `most` later refusals have come.
//
// Concurrency: any thread.

#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "domain/event.h"
#include "domain/ids.h"

namespace countersign::http {

class RecentRefusals {
 public:
  struct Refused {
    domain::AccountId account;  ///< of the code, else of its slot
    domain::CodeId code;        ///< nil: nobody has it
    domain::Reason reason = domain::Reason::none;
  };

  explicit RecentRefusals(std::size_t most = 10'000) : most_(most) {}

  void note(const domain::Uuid& correlation, const Refused& refused);
  /// Nothing also when it is another account's.
  std::optional<Refused> find(domain::AccountId account, const domain::Uuid& correlation) const;

 private:
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::unordered_map<domain::Uuid, Refused, domain::UuidHash> refused_;
  std::vector<domain::Uuid> ring_;  ///< in the order they came
  std::size_t oldest_ = 0;
};

}  // namespace countersign::http
