#pragma once
// The partitions of the log as this node sees them: which one an account, a slot or a call belongs to.
//
// Concurrency: any thread; the list doesn't change.

#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include "adapters/commands/command_work.h"
#include "bus/partition.h"
#include "domain/slot.h"

namespace countersign::commands {

/// A node that hasn't heard from a partition's log for so long doesn't say what is active.
inline constexpr std::chrono::seconds stale_after{5};

class Partitions {
 public:
  /// By number. They must outlive this. `shared`: other nodes may own some.
  explicit Partitions(std::vector<bus::Partition*> by_number, bool shared = false)
      : by_number_(std::move(by_number)), shared_(shared) {}
  bool shared() const { return shared_; }

  std::uint32_t count() const { return static_cast<std::uint32_t>(by_number_.size()); }
  bus::Partition& at(std::uint32_t number) const { return *by_number_[number]; }
  /// "7" -> 7; nothing for what isn't the number of a partition.
  std::optional<std::uint32_t> number(std::string_view text) const {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number >= count()) return std::nullopt;
    return number;
  }
  bus::Partition& of(domain::AccountId account) const { return at(domain::partition_of(account, count())); }
  bus::Partition& of_slot(std::uint16_t slot) const { return at(domain::partition_of_slot(slot, count())); }
  /// Of the call's slot, if it has one, else of its account.
  bus::Partition& of(const Call& call) const { return call.slot ? of_slot(*call.slot) : of(call.context.account); }
  /// Where attempts are counted whose secret is of no account.
  domain::AccountId system_account_of_slot(std::uint16_t slot) const {
    return domain::system_account(domain::partition_of_slot(slot, count()));
  }
  /// Where this node can note what concerns no account: of a partition that it owns, if there is one.
  domain::AccountId own_system_account() const {
    for (std::uint32_t n = 0; n < count(); ++n)
      if (at(n).owns()) return domain::system_account(n);
    return domain::system_account();
  }
  auto begin() const { return by_number_.begin(); }
  auto end() const { return by_number_.end(); }

 private:
  std::vector<bus::Partition*> by_number_;
  bool shared_;
};

}  // namespace countersign::commands
