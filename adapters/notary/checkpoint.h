#pragma once
// Checkpoints (C2SP tlog-checkpoint): origin, size and root of a log, a line each, as the text of a signed note. A log
// is an account's; its origin is "<host>/log/<account id>", and so is the name of the key that signs it, so that no
// log's checkpoint is taken for another's. No extension lines.

#include <optional>
#include <string>
#include <string_view>

#include "domain/ids.h"
#include "projections/merkle/tree_hash.h"

namespace countersign::notary {

struct Checkpoint {
  std::string origin;
  projections::TreeHead head;
  bool operator==(const Checkpoint&) const = default;
};

std::string text_of(const Checkpoint& checkpoint);
/// Extension lines of others are passed over; nothing for what isn't a checkpoint.
std::optional<Checkpoint> parse_checkpoint(std::string_view text);

std::string origin_of(std::string_view host, domain::AccountId account);
std::optional<domain::AccountId> account_of(std::string_view origin);
/// 253 letters, digits, dots, hyphens and colons at most: what origins may begin with.
bool is_origin_host(std::string_view host);

}  // namespace countersign::notary
