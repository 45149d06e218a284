#pragma once
// Views that take a ledger's events as they come, for projections that follow the views.

#include <string>
#include <vector>

#include "projections/merkle/tree_hash.h"
#include "projections/merkle_leaf.h"
#include "projections/views.h"
#include "tests/support/story.h"

namespace countersign::testing {

class FollowedViews {
 public:
  explicit FollowedViews(const std::string& directory)
      : views({.directory = directory, .block_cache_bytes = 1 << 20}) {}

  void land() {
    projections::Overlay overlay;
    overlay.begin_frame(bus::FrameNumber{++frame_}, bus::TimeMs{ledger.now});
    overlay.position.last = bus::FrameNumber{frame_};
    const projections::ViewState state(views, {}, &overlay);
    for (; taken_ < ledger.events().size(); ++taken_) {
      const auto& bytes = ledger.events()[taken_];
      const auto event = domain::EventView::parse(bytes);
      reduce(overlay, state, {*event, bus::sha256(event->clear_bytes())}, bytes);
    }
    views.land(overlay);
  }
  /// An event each.
  void add_people(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) a_user("person " + std::to_string(++people_))(ledger);
    land();
  }
  /// Of the ledger's account.
  std::vector<std::string> leaves() const {
    std::vector<std::string> leaves;
    for (const auto& bytes : ledger.events()) {
      const auto event = domain::EventView::parse(bytes);
      if (event->account() == ledger.account) leaves.push_back(projections::merkle_leaf(*event, bytes));
    }
    return leaves;
  }
  projections::TreeHead head(std::size_t size) const {
    projections::RunningTree tree;
    const auto all = leaves();
    for (std::size_t i = 0; i < size; ++i) tree.append(projections::hash_of_leaf(all[i]));
    return tree.head();
  }
  projections::TreeHead head() const { return head(leaves().size()); }

  Ledger ledger;
  projections::Views views;

 private:
  std::size_t taken_ = 0, people_ = 0;
  std::uint64_t frame_ = 0;
};

}  // namespace countersign::testing
