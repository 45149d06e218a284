#include "tools/replay/head_checks.h"

#include <fstream>

#include "adapters/keys/rfc4648.h"
#include "projections/merkle_leaf.h"

namespace countersign::replay {
namespace {

namespace fs = std::filesystem;

std::string root_text(const projections::TreeHead& head) {
  return keys::base64(bus::view(head.root));
}

std::string log_of(domain::AccountId account) {
  return "the log of " + account_text(account);
}

}  // namespace

HeadChecks::HeadChecks(const fs::path& data_directory, const keys::KeyStore* keys,
                       const std::vector<fs::path>& checkpoints) {
  std::optional<std::vector<keys::PublicKey>> known;
  if (keys) {
    known = keys->former_signing_keys();
    known->push_back(keys::public_key_of(keys->cluster().signing.key));
  }
  for (const auto& found : notary::read_signed_heads(data_directory / "heads", known)) {
    const auto what = "the signed head " + found.file.string();
    if (found.flaw.empty())
      want(found.account, what, found.head->checkpoint.head);
    else if (flaw_.empty())
      flaw_ = what + " " + found.flaw;
  }
  if (!known && heads_ > 0) unchecked_.push_back("whose keys have signed the heads: that takes the keys");
  for (const auto& file : checkpoints) want_checkpoint(file, known);
}

void HeadChecks::want(domain::AccountId account, std::string what, const projections::TreeHead& head) {
  ++heads_;
  logs_[account].wanted.emplace(head.size, Wanted{std::move(what), head});
}

void HeadChecks::want_checkpoint(const fs::path& file, const std::optional<std::vector<keys::PublicKey>>& known) {
  std::ifstream in(file, std::ios::binary);
  const std::string note{std::istreambuf_iterator<char>(in), {}};
  const auto what = "the checkpoint " + file.string();
  const auto wrong = [&](const std::string& why) {
    if (flaw_.empty()) flaw_ = what + " " + why;
  };
  const auto text = notary::text_of_note(note);
  const auto checkpoint = text ? notary::parse_checkpoint(*text) : std::nullopt;
  const auto account = checkpoint ? notary::account_of(checkpoint->origin) : std::nullopt;
  if (!account) return wrong("is none of a log of accounts' events");
  if (known) {
    std::vector<notary::VerifierKey> keys;
    for (const auto& key : *known) keys.push_back({checkpoint->origin, key});
    const auto opened = notary::open_note(note, keys);
    if (const auto* flaw = std::get_if<notary::NoteFlaw>(&opened))
      return wrong(*flaw == notary::NoteFlaw::forged
                       ? "is forged: it names a key of this installation that hasn't signed it"
                       : "is forged: no key of this installation has signed it");
  } else {
    unchecked_.push_back("the signature of " + what + ": that takes the keys");
  }
  want(*account, what, checkpoint->head);
}

std::string HeadChecks::take(const domain::EventView& event, std::string_view bytes) {
  const auto known = logs_.find(event.account());
  if (known == logs_.end()) return {};
  auto& [tree, wanted] = known->second;
  tree.append(projections::hash_of_leaf(projections::merkle_leaf(event, bytes)));
  const auto [first, last] = wanted.equal_range(tree.size());
  for (auto it = first; it != last; ++it) {
    const auto head = tree.head();
    if (head != it->second.head)
      return log_of(event.account()) + " is not the one that was signed: among its first " + std::to_string(head.size) +
             " events one was changed, dropped, inserted or moved. Its root there is " + root_text(head) +
             ", that of " + it->second.what + " is " + root_text(it->second.head);
  }
  wanted.erase(first, last);
  return {};
}

std::string HeadChecks::finish() const {
  for (const auto& [account, log] : logs_)
    for (const auto& [size, wanted] : log.wanted) {
      if (size == 0) continue;
      return log_of(account) + " has " + std::to_string(log.tree.size()) + " events, but " + wanted.what + " is of " +
             std::to_string(size) + ": the end of the log is gone";
    }
  return {};
}

}  // namespace countersign::replay
