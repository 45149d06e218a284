#pragma once
// Which key goes into a bundle with an event, and why not: nobody who is given a bundle may be able to redeem a code,
// and who has been erased stays erased.

#include <optional>
#include <string_view>

#include "adapters/keys/seal_keys.h"
#include "tools/replay/account_fold.h"

namespace countersign::replay {

enum class Withheld {
  none,                    ///< the key is there
  nothing_sealed,          ///< there is nothing that it would open
  open_registration_code,  ///< it would open the text of a code that can still be redeemed
  erased,                  ///< its person has been erased: nobody has it any more
  no_key,                  ///< whoever exported had no key for it
};

std::string_view text_of(Withheld reason);
std::optional<Withheld> parse_withheld(std::string_view text);

struct Disclosure {
  std::optional<keys::Key> key;
  Withheld withheld = Withheld::none;
};

/// `state`: the account at the end of the log, `now` its newest frame's time. `keys` may be null. Throws
/// boost::system::system_error when a key can't be read.
Disclosure disclose(const domain::EventView& event, const AccountFold& state, domain::UnixMs now, keys::SealKeys* keys);

/// The event's personal part under its key. Nothing: the key isn't the one that the event commits to, or doesn't open
/// it.
std::optional<domain::Personal> open_with(const keys::Key& key, const domain::EventView& event);
/// Whether this is the key that the event's clear part commits to.
bool is_committed(const keys::Key& key, const domain::EventView& event);

}  // namespace countersign::replay
