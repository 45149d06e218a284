#include "projections/overlay.h"

#include <iterator>

namespace countersign::projections {

std::optional<std::string> encoded(const Row& row) {
  if (const auto* bytes = std::get_if<std::string>(&row)) return *bytes;
  if (const auto* user = std::get_if<std::shared_ptr<domain::User>>(&row)) return encode(**user);
  if (const auto* account = std::get_if<std::shared_ptr<domain::Account>>(&row)) return encode(**account);
  return std::nullopt;
}

std::shared_ptr<const void> decoded_row(const Row& row) {
  if (const auto* user = std::get_if<std::shared_ptr<domain::User>>(&row)) return *user;
  if (const auto* account = std::get_if<std::shared_ptr<domain::Account>>(&row)) return *account;
  return nullptr;
}

void Overlay::add_event(domain::AccountId account, std::uint64_t sequence, std::string_view bytes) {
  auto& runs = runs_[account];
  if (runs.empty() || runs.back().frame != frame_) runs.push_back({sequence, frame_, {}});
  runs.back().events.emplace_back(bytes);
  bytes_ += bytes.size() + 32;
}

void Overlay::absorb(Overlay&& later) {
  for (auto& [key, row] : later.rows_) at(key) = std::move(row);
  for (auto& [account, runs] : later.runs_) {
    auto& mine = runs_[account];
    for (auto& run : runs) {
      if (mine.empty() || mine.back().frame != run.frame) {
        mine.push_back(std::move(run));
      } else {
        auto& events = mine.back().events;
        events.insert(events.end(), std::make_move_iterator(run.events.begin()),
                      std::make_move_iterator(run.events.end()));
      }
    }
  }
  bytes_ += later.bytes_;
}

}  // namespace countersign::projections
