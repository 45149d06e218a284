#include "tools/replay/prove.h"

#include <algorithm>

#include "adapters/keys/rfc4648.h"
#include "adapters/notary/signed_heads.h"
#include "projections/merkle_leaf.h"
#include "tools/replay/leaf_tree.h"

namespace countersign::replay {
namespace {

namespace json = boost::json;
using projections::TreeHash;

std::string text_of(const TreeHash& hash) {
  return keys::base64(bus::view(hash));
}

struct Leaves {
  LeafTree tree;
  std::string wanted;  ///< the leaf whose inclusion is wanted
};

Leaves read_leaves(const Source& source, const ProofWanted& wanted, const Progress& progress) {
  Leaves leaves;
  AuditedLog log(source);
  std::uint64_t events = 0;
  while (const auto* step = log.next()) {
    const auto* frame = step->frame();
    if (!frame) continue;
    for (const auto bytes : frame->events) {
      ++events;
      const auto event = domain::EventView::parse(bytes);
      if (!event) throw std::runtime_error("frame " + std::to_string(bus::value(frame->number)) + " can't be read");
      if (event->account() != wanted.account) continue;
      auto leaf = projections::merkle_leaf(*event, bytes);
      leaves.tree.append(projections::hash_of_leaf(leaf));
      if (event->sequence() == wanted.sequence) leaves.wanted = std::move(leaf);
    }
    if (progress) progress(bus::value(frame->number), events);
  }
  return leaves;
}

}  // namespace

std::optional<notary::SignedHead> last_signed(const Source& source, domain::AccountId account,
                                              const std::optional<std::vector<keys::PublicKey>>& known) {
  std::optional<notary::SignedHead> last;
  for (const auto& found : notary::read_signed_heads(source.directory / "heads", known))
    if (found.account == account && found.flaw.empty() &&
        (!last || last->checkpoint.head.size <= found.head->checkpoint.head.size))
      last = found.head;
  return last;
}

json::object prove(const Source& source, const ProofWanted& wanted, const Progress& progress) {
  const auto last = last_signed(source, wanted.account);  // before the log, which a server may be writing
  const auto leaves = read_leaves(source, wanted, progress);
  const auto there = leaves.tree.size();
  const auto size = wanted.size != 0 ? wanted.size : last ? last->checkpoint.head.size : there;
  const auto beyond = std::max({size, wanted.sequence, wanted.from});
  if (beyond > there || size == 0)
    throw std::runtime_error("the log of " + account_text(wanted.account) + " has " + std::to_string(there) +
                             " events, not " + std::to_string(beyond));
  if (wanted.sequence > size || wanted.from > size)
    throw std::runtime_error("nothing is proven of event " + std::to_string(std::max(wanted.sequence, wanted.from)) +
                             " by a head of size " + std::to_string(size));
  const auto root = leaves.tree.root(size);
  json::object out{{"account", account_text(wanted.account)}, {"size", size}, {"root", text_of(root)}};
  std::vector<TreeHash> proof;
  if (wanted.sequence > 0) {
    out["sequence"] = wanted.sequence;
    out["index"] = wanted.sequence - 1;
    out["leaf"] = keys::base64(leaves.wanted);
    proof = leaves.tree.inclusion(wanted.sequence - 1, size);
  } else {
    out["from"] = json::object{{"size", wanted.from}, {"root", text_of(leaves.tree.root(wanted.from))}};
    proof = leaves.tree.consistency(wanted.from, size);
  }
  json::array hashes;
  for (const auto& hash : proof) hashes.emplace_back(text_of(hash));
  out["proof"] = std::move(hashes);
  if (last && last->checkpoint.head == projections::TreeHead{size, root}) {
    out["checkpoint"] = last->note;
    out["verifier_key"] = last->key.text();
  }
  return out;
}

}  // namespace countersign::replay
