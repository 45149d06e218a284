#include "tools/replay/copying/tally.h"

#include <stdexcept>

#include "projections/merkle_leaf.h"

namespace countersign::replay {
namespace {

constexpr std::size_t most_differences = 20;

std::string head_text(const projections::TreeHead& head) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string root;
  for (const auto byte : head.root) root.append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
  return std::to_string(head.size) + " events, the last with sequence " + std::to_string(head.size) + ", root " + root;
}

}  // namespace

void Tally::take(const domain::EventView& event, std::string_view bytes) {
  auto& tree = accounts_[event.account()];
  if (event.sequence() != tree.size() + 1)
    throw std::runtime_error(account_text(event.account()) + " has sequence " + std::to_string(event.sequence()) +
                             " after " + std::to_string(tree.size()));
  tree.append(projections::hash_of_leaf(projections::merkle_leaf(event, bytes)));
  ++events_;
}

void Tally::take_answer(domain::AccountId account, std::string_view record) {
  auto& chain = answer_chains_[account];
  chain = bus::sha256(std::string(bus::view(chain)).append(record));
  ++answers_;
}

std::vector<std::string> Tally::differences(const Tally& source, const Tally& target) {
  std::vector<std::string> found;
  const auto say = [&](std::string text) {
    if (found.size() < most_differences) found.push_back(std::move(text));
  };
  for (const auto& [account, tree] : source.accounts_) {
    const auto there = target.accounts_.find(account);
    if (there == target.accounts_.end()) {
      say(account_text(account) + " is missing");
    } else if (tree.head() != there->second.head()) {
      say(account_text(account) + ": " + head_text(tree.head()) + "; in the copy " + head_text(there->second.head()));
    }
  }
  for (const auto& [account, tree] : target.accounts_)
    if (!source.accounts_.contains(account)) say(account_text(account) + " is only in the copy");
  if (source.answer_chains_ != target.answer_chains_)
    say("stored answers differ: " + std::to_string(source.answers_) + "; in the copy " +
        std::to_string(target.answers_));
  return found;
}

}  // namespace countersign::replay
