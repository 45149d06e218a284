#pragma once
// What a log holds of each account, counted and hashed, so that two logs of other frames and partitions can be
// compared: events, the last sequence, the Merkle root over all of them (projections/merkle_leaf.h), and a hash over
// its answers.
//
// Memory: some 200 bytes and a hash for each bit of its size an account. Concurrency: one thread.

#include <map>
#include <string>
#include <vector>

#include "domain/event.h"
#include "projections/merkle/tree_hash.h"

namespace countersign::replay {

class Tally {
 public:
  /// The next event of the log. Throws std::runtime_error unless its sequence is its account's next.
  void take(const domain::EventView& event, std::string_view bytes);
  void take_answer(domain::AccountId account, std::string_view record);

  std::uint64_t events() const { return events_; }
  std::uint64_t answers() const { return answers_; }
  std::size_t accounts() const { return accounts_.size(); }

  /// Sentences for people, 20 at most; none: the two hold the same.
  static std::vector<std::string> differences(const Tally& source, const Tally& target);

 private:
  std::map<domain::AccountId, projections::RunningTree> accounts_;
  std::map<domain::AccountId, bus::Bytes32> answer_chains_;
  std::uint64_t events_ = 0, answers_ = 0;
};

}  // namespace countersign::replay
