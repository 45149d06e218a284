#pragma once
// Who has been erased, as a list that goes with a restoration: a signed note (C2SP signed-note) by the installation's
// signing key, so that nobody can have people erased by slipping a line into it, and a list that was cut off is none.
//
//   countersign-erasures v1
//   <cluster: 32 hexadecimal digits>
//   <frame up to which the log was read>
//   acc_... usr_...                        a line a person
//
//   -- countersign/erasures <signature>
//
// Limits: 64 MiB, about a million people. Pure but for OpenSSL.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "adapters/keys/key_cache.h"
#include "adapters/notary/signed_note.h"
#include "bus/log_identity.h"

namespace countersign::notary {

inline constexpr std::string_view erasures_key_name = "countersign/erasures";

struct ErasureList {
  bus::LogIdentity log;
  std::uint64_t frame = 0;
  std::vector<keys::Subject> people;
};

std::string sign_erasures(const ErasureList& list, const keys::Key& seed);
/// The list, or why it isn't one that may be applied, for the operator: it isn't signed, isn't signed by one of
/// `known`, or is another installation's.
std::variant<ErasureList, std::string> open_erasures(std::string_view text, std::span<const keys::PublicKey> known,
                                                     const bus::LogIdentity& log);

/// "acc_... usr_...", a line a person, without any signature; blank lines are passed over. The number of the line that
/// is something else, or the people.
std::variant<std::vector<keys::Subject>, std::size_t> parse_people(std::string_view text);

}  // namespace countersign::notary
